#include "query/policy_messages.h"

#include <charconv>

#include <boost/json/array.hpp>

#include "query/messages.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using plan::ColumnMask;
using plan::PolicyColumn;
using plan::PolicyExpression;
using plan::TablePolicy;

json::array EncodeAll(const std::vector<PolicyExpression>& expressions) {
  json::array list;
  for (const auto& one : expressions) list.push_back(EncodePolicyExpression(one));
  return list;
}

Result<const json::array*> ArrayMember(const json::object& object, std::string_view name) {
  const auto* member = object.if_contains(name);
  if (member == nullptr || !member->is_array()) return BadMember(name);
  return &member->get_array();
}

Result<const json::object*> ObjectMember(const json::object& object, std::string_view name) {
  const auto* member = object.if_contains(name);
  if (member == nullptr || !member->is_object()) return BadMember(name);
  return &member->get_object();
}

json::array ToArray(const std::vector<std::string>& texts) { return json::array(texts.begin(), texts.end()); }

json::array EncodeGroups(const std::vector<std::vector<PolicyExpression>>& groups) {
  json::array list;
  for (const auto& one : groups) list.push_back(EncodeAll(one));
  return list;
}

Result<std::vector<PolicyExpression>> DecodeAll(const json::object& object, std::string_view name) {
  std::vector<PolicyExpression> expressions;
  NL_ASSIGN_OR_RETURN(const json::array* list, ArrayMember(object, name));
  for (const auto& one : *list) {
    if (!one.is_object()) return BadMember(name);
    NL_ASSIGN_OR_RETURN(auto expression, DecodePolicyExpression(one.get_object()));
    expressions.push_back(std::move(expression));
  }
  return expressions;
}

Result<std::vector<std::vector<PolicyExpression>>> DecodeGroups(const json::object& object, std::string_view name) {
  std::vector<std::vector<PolicyExpression>> groups;
  NL_ASSIGN_OR_RETURN(const json::array* list, ArrayMember(object, name));
  for (const auto& one : *list) {
    NL_ASSIGN_OR_RETURN(auto group, DecodeAll(json::object{{name, one}}, name));
    groups.push_back(std::move(group));
  }
  return groups;
}

Result<std::vector<std::pair<std::string, std::string>>> DecodePairs(const json::object& object,
                                                                     std::string_view name) {
  std::vector<std::pair<std::string, std::string>> pairs;
  NL_ASSIGN_OR_RETURN(const json::array* list, ArrayMember(object, name));
  for (const auto& one : *list) {
    const bool pair = one.is_array() && one.get_array().size() == 2 && one.get_array()[0].is_string() &&
                      one.get_array()[1].is_string();
    if (!pair) return BadMember(name);
    pairs.emplace_back(one.get_array()[0].get_string(), one.get_array()[1].get_string());
  }
  return pairs;
}

Result<std::vector<std::string>> DecodeTexts(const json::object& object, std::string_view name) {
  std::vector<std::string> texts;
  NL_ASSIGN_OR_RETURN(const json::array* list, ArrayMember(object, name));
  for (const auto& one : *list) {
    if (!one.is_string()) return BadMember(name);
    texts.emplace_back(one.get_string());
  }
  return texts;
}

std::string HexText(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

Result<plan::PolicyKey> DecodeKey(const json::object& object) {
  plan::PolicyKey key;
  NL_ASSIGN_OR_RETURN(key.name, StringMember(object, "name"));
  NL_ASSIGN_OR_RETURN(key.id, StringMember(object, "id"));
  NL_ASSIGN_OR_RETURN(const std::string text, StringMember(object, "bytes"));
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    unsigned byte = 0;
    const auto [end, problem] = std::from_chars(&text[i], &text[i] + 2, byte, 16);
    if (problem != std::errc() || end != &text[i] + 2) return BadMember("bytes");
    key.bytes += static_cast<char>(byte);
  }
  if (const auto* problem = object.if_contains("problem"); problem != nullptr) {
    if (!problem->is_object()) return BadMember("problem");
    key.problem = DecodeError(problem->get_object());
  }
  return key;
}

}  // namespace

json::object EncodePolicyColumn(const PolicyColumn& column) {
  json::object object{{"name", column.name}, {"physical", column.physical}};
  if (!column.label.empty()) object["label"] = column.label;
  return object;
}

Result<PolicyColumn> DecodePolicyColumn(const json::object& object) {
  PolicyColumn column;
  NL_ASSIGN_OR_RETURN(column.name, StringMember(object, "name"));
  NL_ASSIGN_OR_RETURN(column.physical, StringMember(object, "physical"));
  if (object.contains("label")) {
    NL_ASSIGN_OR_RETURN(column.label, StringMember(object, "label"));
  }
  return column;
}

json::object EncodePolicyExpression(const PolicyExpression& expression) {
  json::array columns;
  for (const auto& column : expression.columns) columns.push_back(EncodePolicyColumn(column));
  json::object object{{"policy", expression.policy}, {"sql", expression.sql}, {"columns", std::move(columns)}};
  if (expression.by_name) object["by_name"] = true;
  if (!expression.keys.empty()) {
    json::array keys;
    for (const auto& key : expression.keys) keys.push_back({{"name", key.name}, {"id", key.id}});
    object["keys"] = std::move(keys);
  }
  return object;
}

Result<PolicyExpression> DecodePolicyExpression(const json::object& object) {
  PolicyExpression expression;
  NL_ASSIGN_OR_RETURN(expression.policy, StringMember(object, "policy"));
  NL_ASSIGN_OR_RETURN(expression.sql, StringMember(object, "sql"));
  NL_ASSIGN_OR_RETURN(const json::array* columns, ArrayMember(object, "columns"));
  for (const auto& one : *columns) {
    if (!one.is_object()) return BadMember("columns");
    NL_ASSIGN_OR_RETURN(auto column, DecodePolicyColumn(one.get_object()));
    expression.columns.push_back(std::move(column));
  }
  // What was stored before there were others was bound.
  if (object.contains("by_name")) {
    NL_ASSIGN_OR_RETURN(expression.by_name, BoolMember(object, "by_name"));
  }
  if (!object.contains("keys")) return expression;
  NL_ASSIGN_OR_RETURN(const json::array* keys, ArrayMember(object, "keys"));
  for (const auto& one : *keys) {
    if (!one.is_object()) return BadMember("keys");
    plan::PolicyKeyName key;
    NL_ASSIGN_OR_RETURN(key.name, StringMember(one.get_object(), "name"));
    NL_ASSIGN_OR_RETURN(key.id, StringMember(one.get_object(), "id"));
    expression.keys.push_back(std::move(key));
  }
  return expression;
}

namespace {

json::array EncodeMinimums(const std::vector<plan::GroupMinimum>& minimums) {
  json::array list;
  for (const auto& one : minimums) {
    list.push_back({{"size", one.size},
                    {"entity", one.entity ? json::value(EncodePolicyColumn(*one.entity)) : json::value(nullptr)}});
  }
  return list;
}

Result<std::vector<plan::GroupMinimum>> DecodeMinimums(const json::object& object) {
  std::vector<plan::GroupMinimum> minimums;
  NL_ASSIGN_OR_RETURN(const json::array* list, ArrayMember(object, "group_minimums"));
  for (const auto& one : *list) {
    if (!one.is_object()) return BadMember("group_minimums");
    plan::GroupMinimum minimum;
    NL_ASSIGN_OR_RETURN(minimum.size, IntMember(one.get_object(), "size"));
    const auto* entity = one.get_object().if_contains("entity");
    if (entity == nullptr || (!entity->is_null() && !entity->is_object())) return BadMember("entity");
    if (entity->is_object()) {
      NL_ASSIGN_OR_RETURN(minimum.entity, DecodePolicyColumn(entity->get_object()));
    }
    minimums.push_back(std::move(minimum));
  }
  return minimums;
}

}  // namespace

json::value EncodePolicy(const std::shared_ptr<const TablePolicy>& policy) {
  if (policy == nullptr) return nullptr;
  json::array masks;
  for (const ColumnMask& mask : policy->masks) {
    masks.push_back({{"column", EncodePolicyColumn(mask.column)},
                     {"value", EncodePolicyExpression(mask.value)},
                     {"null_if_unfit", mask.null_if_unfit}});
  }
  json::array groups(policy->context.groups.begin(), policy->context.groups.end());
  json::array attributes;
  for (const auto& [name, value] : policy->context.attributes) attributes.push_back(json::array{name, value});
  json::array keys;
  for (const auto& key : policy->context.keys) {
    json::object encoded{{"name", key.name}, {"id", key.id}, {"bytes", HexText(key.bytes)}};
    if (key.problem) encoded["problem"] = EncodeError(*key.problem);
    keys.push_back(std::move(encoded));
  }
  return json::object{{"principal", policy->context.principal},
                      {"groups", std::move(groups)},
                      {"purpose", policy->context.purpose},
                      {"attributes", std::move(attributes)},
                      {"keys", std::move(keys)},
                      {"filters_rows", policy->filters_rows},
                      {"permissive", EncodeAll(policy->permissive)},
                      {"restrictive", EncodeAll(policy->restrictive)},
                      {"permissive_checks", EncodeAll(policy->permissive_checks)},
                      {"restrictive_checks", EncodeAll(policy->restrictive_checks)},
                      {"any_of", EncodeGroups(policy->any_of)},
                      {"any_of_checks", EncodeGroups(policy->any_of_checks)},
                      {"masks", std::move(masks)},
                      {"lacks_purpose", policy->lacks_purpose},
                      {"readable_columns", policy->readable_columns ? json::value(ToArray(*policy->readable_columns))
                                                                    : json::value(nullptr)},
                      {"denied_columns", ToArray(policy->denied_columns)},
                      {"group_minimums", EncodeMinimums(policy->group_minimums)},
                      {"purposes", json::array(policy->purposes.begin(), policy->purposes.end())}};
}

Result<std::shared_ptr<const TablePolicy>> DecodePolicy(const json::object& table) {
  const auto* member = table.if_contains("policy");
  if (member == nullptr) return BadMember("policy");
  if (member->is_null()) return nullptr;
  if (!member->is_object()) return BadMember("policy");
  const json::object& object = member->get_object();
  auto policy = std::make_shared<TablePolicy>();
  NL_ASSIGN_OR_RETURN(policy->context.principal, StringMember(object, "principal"));
  NL_ASSIGN_OR_RETURN(policy->context.groups, DecodeTexts(object, "groups"));
  NL_ASSIGN_OR_RETURN(policy->context.purpose, StringMember(object, "purpose"));
  NL_ASSIGN_OR_RETURN(policy->context.attributes, DecodePairs(object, "attributes"));
  NL_ASSIGN_OR_RETURN(policy->lacks_purpose, BoolMember(object, "lacks_purpose"));
  NL_ASSIGN_OR_RETURN(policy->purposes, DecodeTexts(object, "purposes"));
  const auto* readable = object.if_contains("readable_columns");
  if (readable == nullptr) return BadMember("readable_columns");
  if (!readable->is_null()) {
    NL_ASSIGN_OR_RETURN(policy->readable_columns, DecodeTexts(object, "readable_columns"));
  }
  NL_ASSIGN_OR_RETURN(policy->denied_columns, DecodeTexts(object, "denied_columns"));
  NL_ASSIGN_OR_RETURN(policy->group_minimums, DecodeMinimums(object));
  NL_ASSIGN_OR_RETURN(const json::array* keys, ArrayMember(object, "keys"));
  for (const auto& one : *keys) {
    if (!one.is_object()) return BadMember("keys");
    NL_ASSIGN_OR_RETURN(auto key, DecodeKey(one.get_object()));
    policy->context.keys.push_back(std::move(key));
  }
  NL_ASSIGN_OR_RETURN(policy->filters_rows, BoolMember(object, "filters_rows"));
  NL_ASSIGN_OR_RETURN(policy->permissive, DecodeAll(object, "permissive"));
  NL_ASSIGN_OR_RETURN(policy->restrictive, DecodeAll(object, "restrictive"));
  NL_ASSIGN_OR_RETURN(policy->permissive_checks, DecodeAll(object, "permissive_checks"));
  NL_ASSIGN_OR_RETURN(policy->restrictive_checks, DecodeAll(object, "restrictive_checks"));
  NL_ASSIGN_OR_RETURN(policy->any_of, DecodeGroups(object, "any_of"));
  NL_ASSIGN_OR_RETURN(policy->any_of_checks, DecodeGroups(object, "any_of_checks"));
  NL_ASSIGN_OR_RETURN(const json::array* masks, ArrayMember(object, "masks"));
  for (const auto& one : *masks) {
    if (!one.is_object()) return BadMember("masks");
    ColumnMask mask;
    NL_ASSIGN_OR_RETURN(const json::object* column, ObjectMember(one.get_object(), "column"));
    NL_ASSIGN_OR_RETURN(const json::object* value, ObjectMember(one.get_object(), "value"));
    NL_ASSIGN_OR_RETURN(mask.column, DecodePolicyColumn(*column));
    NL_ASSIGN_OR_RETURN(mask.value, DecodePolicyExpression(*value));
    NL_ASSIGN_OR_RETURN(mask.null_if_unfit, BoolMember(one.get_object(), "null_if_unfit"));
    policy->masks.push_back(std::move(mask));
  }
  return std::shared_ptr<const TablePolicy>(std::move(policy));
}

}  // namespace neurolake::query
