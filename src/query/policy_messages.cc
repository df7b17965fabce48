#include "query/policy_messages.h"

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

}  // namespace

json::object EncodePolicyColumn(const PolicyColumn& column) {
  return {{"name", column.name}, {"physical", column.physical}};
}

Result<PolicyColumn> DecodePolicyColumn(const json::object& object) {
  PolicyColumn column;
  NL_ASSIGN_OR_RETURN(column.name, StringMember(object, "name"));
  NL_ASSIGN_OR_RETURN(column.physical, StringMember(object, "physical"));
  return column;
}

json::object EncodePolicyExpression(const PolicyExpression& expression) {
  json::array columns;
  for (const auto& column : expression.columns) columns.push_back(EncodePolicyColumn(column));
  return {{"policy", expression.policy}, {"sql", expression.sql}, {"columns", std::move(columns)}};
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
  return expression;
}

json::value EncodePolicy(const std::shared_ptr<const TablePolicy>& policy) {
  if (policy == nullptr) return nullptr;
  json::array masks;
  for (const ColumnMask& mask : policy->masks) {
    masks.push_back({{"column", EncodePolicyColumn(mask.column)}, {"value", EncodePolicyExpression(mask.value)}});
  }
  json::array groups(policy->context.groups.begin(), policy->context.groups.end());
  return json::object{{"principal", policy->context.principal},
                      {"groups", std::move(groups)},
                      {"filters_rows", policy->filters_rows},
                      {"permissive", EncodeAll(policy->permissive)},
                      {"restrictive", EncodeAll(policy->restrictive)},
                      {"permissive_checks", EncodeAll(policy->permissive_checks)},
                      {"restrictive_checks", EncodeAll(policy->restrictive_checks)},
                      {"masks", std::move(masks)}};
}

Result<std::shared_ptr<const TablePolicy>> DecodePolicy(const json::object& table) {
  const auto* member = table.if_contains("policy");
  if (member == nullptr) return BadMember("policy");
  if (member->is_null()) return nullptr;
  if (!member->is_object()) return BadMember("policy");
  const json::object& object = member->get_object();
  auto policy = std::make_shared<TablePolicy>();
  NL_ASSIGN_OR_RETURN(policy->context.principal, StringMember(object, "principal"));
  NL_ASSIGN_OR_RETURN(const json::array* groups, ArrayMember(object, "groups"));
  for (const auto& group : *groups) {
    if (!group.is_string()) return BadMember("groups");
    policy->context.groups.emplace_back(group.get_string());
  }
  NL_ASSIGN_OR_RETURN(policy->filters_rows, BoolMember(object, "filters_rows"));
  NL_ASSIGN_OR_RETURN(policy->permissive, DecodeAll(object, "permissive"));
  NL_ASSIGN_OR_RETURN(policy->restrictive, DecodeAll(object, "restrictive"));
  NL_ASSIGN_OR_RETURN(policy->permissive_checks, DecodeAll(object, "permissive_checks"));
  NL_ASSIGN_OR_RETURN(policy->restrictive_checks, DecodeAll(object, "restrictive_checks"));
  NL_ASSIGN_OR_RETURN(const json::array* masks, ArrayMember(object, "masks"));
  for (const auto& one : *masks) {
    if (!one.is_object()) return BadMember("masks");
    ColumnMask mask;
    NL_ASSIGN_OR_RETURN(const json::object* column, ObjectMember(one.get_object(), "column"));
    NL_ASSIGN_OR_RETURN(const json::object* value, ObjectMember(one.get_object(), "value"));
    NL_ASSIGN_OR_RETURN(mask.column, DecodePolicyColumn(*column));
    NL_ASSIGN_OR_RETURN(mask.value, DecodePolicyExpression(*value));
    policy->masks.push_back(std::move(mask));
  }
  return std::shared_ptr<const TablePolicy>(std::move(policy));
}

}  // namespace neurolake::query
