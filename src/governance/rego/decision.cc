#include "governance/rego/decision.h"

#include <algorithm>
#include <boost/json.hpp>

#include "common/text.h"

namespace neurolake::governance {
namespace {

namespace json = boost::json;

constexpr size_t kExpressionsMax = 256;
constexpr size_t kTextBytesMax = 16 * 1024;
/// What decisions of this kind are called in errors and explanations.
constexpr const char* kPolicyName = "rego";

json::array Sorted(std::vector<std::string> texts) {
  std::ranges::sort(texts);
  const auto repeated = std::ranges::unique(texts);
  texts.erase(repeated.begin(), repeated.end());
  return json::array(texts.begin(), texts.end());
}

Result<std::string> TextOf(const json::value& value, std::string_view member) {
  if (!value.is_string()) {
    return MakeError(ErrorCode::kInvalidArgument, "{} of the decision holds what is no text", member);
  }
  const std::string text(value.get_string());
  if (Trim(text).empty() || text.size() > kTextBytesMax) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "{} of the decision holds a text that is empty or longer than {} bytes", member, kTextBytesMax);
  }
  return text;
}

Result<std::vector<std::string>> TextsOf(const json::value& value, std::string_view member) {
  if (!value.is_array() || value.get_array().size() > kExpressionsMax) {
    return MakeError(ErrorCode::kInvalidArgument, "{} of the decision is no set or array of at most {} texts", member,
                     kExpressionsMax);
  }
  std::vector<std::string> texts;
  for (const auto& one : value.get_array()) {
    NL_ASSIGN_OR_RETURN(auto text, TextOf(one, member));
    texts.push_back(std::move(text));
  }
  return texts;
}

Result<std::vector<std::pair<std::string, std::string>>> MasksOf(const json::value& value) {
  if (!value.is_object() || value.get_object().size() > kExpressionsMax) {
    return MakeError(ErrorCode::kInvalidArgument, "masks of the decision is no object of at most {} columns",
                     kExpressionsMax);
  }
  std::vector<std::pair<std::string, std::string>> masks;
  for (const auto& [column, mask] : value.get_object()) {
    NL_ASSIGN_OR_RETURN(auto text, TextOf(mask, "masks"));
    const auto same = [&](const auto& one) { return EqualsIgnoringCase(one.first, column); };
    if (column.empty() || std::ranges::any_of(masks, same)) {
      return MakeError(ErrorCode::kInvalidArgument, "masks of the decision name a column twice or none: {}",
                       std::string(column));
    }
    masks.emplace_back(std::string(column), std::move(text));
  }
  // The order of an object's members is its writer's.
  std::ranges::sort(masks);
  return masks;
}

Result<void> ReadMember(PolicyDecision& decision, std::string_view name, const json::value& value) {
  if (name == "allow") {
    if (!value.is_bool()) return MakeError(ErrorCode::kInvalidArgument, "allow of the decision is not a boolean");
    decision.allow = value.get_bool();
  } else if (name == "row_filters") {
    NL_ASSIGN_OR_RETURN(decision.row_filters, TextsOf(value, name));
  } else if (name == "masks") {
    NL_ASSIGN_OR_RETURN(decision.masks, MasksOf(value));
  } else if (name == "deny_reasons") {
    NL_ASSIGN_OR_RETURN(decision.deny_reasons, TextsOf(value, name));
  } else if (!name.starts_with('_')) {
    // Most likely one of the four with a typing error, which would hide nothing.
    return MakeError(ErrorCode::kInvalidArgument, "the decision has what is none of its documents: {}", name);
  }
  return {};
}

plan::PolicyExpression Expression(const std::string& sql) {
  return {.policy = kPolicyName, .sql = sql, .columns = {}, .by_name = true};
}

}  // namespace

std::string EncodeDecisionInput(const DecisionRequest& request) {
  json::object attributes;
  for (const auto& [name, value] : request.attributes) attributes.emplace(name, value);
  json::array columns;
  for (const DecisionColumn& column : request.columns) {
    columns.push_back(json::object{{"name", column.name}, {"type", column.type}, {"tags", Sorted(column.tags)}});
  }
  return json::serialize(
      json::object{{"version", 1},
                   {"principal",
                    {{"id", request.principal_id},
                     {"name", request.principal_name},
                     {"role", request.role},
                     {"groups", Sorted(request.groups)},
                     {"attributes", std::move(attributes)}}},
                   {"purpose", request.purpose.empty() ? json::value(nullptr) : json::value(request.purpose)},
                   {"door", request.door},
                   {"action", request.action},
                   {"object",
                    {{"kind", request.object_kind},
                     {"id", request.object_id},
                     {"schema", request.schema},
                     {"name", request.name},
                     {"owner", request.owner_id},
                     {"tags", Sorted(request.tags)},
                     {"columns", std::move(columns)}}}});
}

Result<PolicyDecision> ParseDecision(std::string_view text) {
  boost::system::error_code code;
  const json::value value = json::parse(text, code);
  if (code || !value.is_object()) {
    return MakeError(ErrorCode::kInvalidArgument, "the decision is not a JSON object");
  }
  PolicyDecision decision;
  for (const auto& [name, member] : value.get_object()) NL_RETURN_IF_ERROR(ReadMember(decision, name, member));
  if (!decision.deny_reasons.empty()) decision.allow = false;
  return decision;
}

std::shared_ptr<const plan::TablePolicy> Narrow(const PolicyDecision& decision,
                                                const std::shared_ptr<const plan::TablePolicy>& policy,
                                                const plan::PolicyContext& context) {
  if (decision.allow && decision.row_filters.empty() && decision.masks.empty()) return policy;
  auto narrowed =
      policy == nullptr ? std::make_shared<plan::TablePolicy>() : std::make_shared<plan::TablePolicy>(*policy);
  if (policy == nullptr) narrowed->context = context;
  const bool filters = !decision.allow || !decision.row_filters.empty();
  if (filters && !narrowed->filters_rows) {
    const plan::PolicyExpression all{.policy = kPolicyName, .sql = "true", .columns = {}};
    narrowed->filters_rows = true;
    narrowed->permissive = {all};
    narrowed->permissive_checks = {all};
  }
  if (!decision.allow) {
    narrowed->permissive.clear();
    narrowed->permissive_checks.clear();
  }
  for (const std::string& filter : decision.row_filters) {
    narrowed->restrictive.push_back(Expression(filter));
    narrowed->restrictive_checks.push_back(Expression(filter));
  }
  for (const auto& [column, sql] : decision.masks) {
    const auto same = [&](const plan::ColumnMask& one) { return EqualsIgnoringCase(one.column.table_name(), column); };
    const auto masked = std::ranges::find_if(narrowed->masks, same);
    if (masked != narrowed->masks.end()) {
      // The same said twice, of another action or of whom an agent acts for.
      if (masked->value.by_name && masked->value.sql == sql) continue;
      masked->value = {.policy = kPolicyName, .sql = "NULL", .columns = {}};
    } else {
      // The column is found by its name, as no table's files call one by an empty name.
      narrowed->masks.push_back({.column = {.name = column, .physical = ""}, .value = Expression(sql)});
    }
  }
  return narrowed;
}

}  // namespace neurolake::governance
