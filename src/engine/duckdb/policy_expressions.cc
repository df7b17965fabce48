#include "engine/duckdb/internal/policy_expressions.h"

#include "common/text.h"
#include "duckdb/execution/expression_executor.hpp"
#include "duckdb/function/cast_rules.hpp"
#include "duckdb/parser/expression/columnref_expression.hpp"
#include "duckdb/parser/expression/constant_expression.hpp"
#include "duckdb/parser/expression/function_expression.hpp"
#include "duckdb/parser/parsed_expression_iterator.hpp"
#include "duckdb/parser/parser.hpp"
#include "duckdb/planner/expression_binder/check_binder.hpp"
#include "engine/duckdb/internal/error_translation.h"
#include "engine/duckdb/internal/field_masks.h"
#include "engine/duckdb/internal/lookup_check.h"
#include "engine/duckdb/internal/session_settings.h"
#include "engine/duckdb/internal/statement_state.h"
#include "engine/duckdb/internal/type_mapping.h"
#include "plan/field_path.h"
#include "tables/delta/field_places.h"

namespace neurolake::engine::duckdb {
namespace {

using tables::delta::DataType;
using ParsedPointer = native::unique_ptr<native::ParsedExpression>;

ParsedPointer Constant(native::Value value) { return native::make_uniq<native::ConstantExpression>(std::move(value)); }

/// The one argument of is_member() and principal_attribute(): a text, so that what a policy depends on can be read off
/// it. In lower case.
std::string NameIn(const native::FunctionExpression& call, const std::string& function) {
  if (call.children.size() == 1 && call.children[0]->GetExpressionClass() == native::ExpressionClass::CONSTANT) {
    const auto& value = call.children[0]->Cast<native::ConstantExpression>().value;
    if (!value.IsNull() && value.type().id() == native::LogicalTypeId::VARCHAR) {
      return LowerAscii(native::StringValue::Get(value));
    }
  }
  ThrowLakeError(Error(ErrorCode::kInvalidArgument, fmt::format("{0}() takes a name as text: {0}('eu')", function)));
}

/// A text, or NULL for none: what was not said is equal to nothing.
native::Value TextOrNull(const std::string& text) {
  return text.empty() ? native::Value(native::LogicalType::VARCHAR) : native::Value(text);
}

native::Value AttributeOf(const plan::PolicyContext& who, const std::string& name) {
  const auto found = std::ranges::find(who.attributes, name, &std::pair<std::string, std::string>::first);
  return found == who.attributes.end() ? native::Value(native::LogicalType::VARCHAR) : native::Value(found->second);
}

/// What a call asks for about who is asking; nullopt: it is another function.
std::optional<native::Value> Answer(const plan::PolicyContext& who, const native::FunctionExpression& call) {
  const std::string name = LowerAscii(call.function_name);
  const bool of_user = name == "current_principal" || name == "current_user" || name == "session_user";
  if (of_user || name == "current_purpose") {
    if (!call.children.empty()) {
      ThrowLakeError(Error(ErrorCode::kInvalidArgument, fmt::format("{}() takes no arguments", name)));
    }
    return of_user ? native::Value(who.principal) : TextOrNull(who.purpose);
  }
  if (name == "mask_null" && call.children.size() == 1) return native::Value();
  if (name == "principal_attribute") return AttributeOf(who, NameIn(call, name));
  if (name != "is_member") return std::nullopt;
  const std::string group = NameIn(call, name);
  return native::Value::BOOLEAN(std::ranges::find(who.groups, group) != who.groups.end());
}

/// `current_user` without parentheses, where no column is called so.
bool AsksForUser(const native::ParsedExpression& expression, const std::vector<std::string>& names) {
  if (expression.GetExpressionClass() != native::ExpressionClass::COLUMN_REF) return false;
  const auto& column = expression.Cast<native::ColumnRefExpression>();
  if (column.IsQualified()) return false;
  const std::string& name = column.GetColumnName();
  if (!EqualsIgnoringCase(name, "current_user") && !EqualsIgnoringCase(name, "session_user")) return false;
  return std::ranges::none_of(names, [&](const std::string& one) { return EqualsIgnoringCase(one, name); });
}

/// Puts who is asking in the place of the functions that ask for it. `names` are those of columns.
void PutContext(const plan::PolicyContext& who, const std::vector<std::string>& names, ParsedPointer& expression) {
  if (AsksForUser(*expression, names)) {
    expression = Constant(native::Value(who.principal));
    return;
  }
  if (expression->GetExpressionClass() == native::ExpressionClass::FUNCTION) {
    if (auto answer = Answer(who, expression->Cast<native::FunctionExpression>())) {
      expression = Constant(*std::move(answer));
      return;
    }
  }
  native::ParsedExpressionIterator::EnumerateChildren(*expression,
                                                      [&](ParsedPointer& child) { PutContext(who, names, child); });
}

ParsedPointer Parse(const std::string& sql) {
  auto parsed = native::Parser::ParseExpressionList("(" + sql + "\n)");
  if (parsed.size() != 1) ThrowLakeError(Error(ErrorCode::kSyntaxError, "a policy is one expression"));
  if (parsed[0]->HasSubquery()) {
    ThrowLakeError(Error(ErrorCode::kNotSupported, "the expression of a policy may not have sub-queries"));
  }
  return std::move(parsed[0]);
}

/// Binds in UTC whatever the session's time zone is, which who asks chooses: it must not decide what is seen.
class InUtc {
 public:
  explicit InUtc(native::ClientContext& context) : context_(context) {
    if (!zone().empty()) SetTimeZone(context_, "");
  }
  ~InUtc() {
    if (!zone().empty()) SetTimeZone(context_, zone());
  }
  InUtc(const InUtc&) = delete;
  InUtc& operator=(const InUtc&) = delete;

 private:
  const std::string& zone() const { return StatementState::Get(context_).grants.time_zone; }
  native::ClientContext& context_;
};

/// While it lives, look-ups are those of a policy.
class BindsPolicy {
 public:
  BindsPolicy(StatementState& state, const PolicyBinding& binding) : state_(state) {
    NL_CHECK(state_.policy_binding == nullptr);
    state_.policy_binding = &binding;
  }
  ~BindsPolicy() { state_.policy_binding = nullptr; }
  BindsPolicy(const BindsPolicy&) = delete;
  BindsPolicy& operator=(const BindsPolicy&) = delete;

 private:
  StatementState& state_;
};

/// Binds over columns called `names`, in the order of `schema`. `keys` takes the names of keys where they are not there
/// yet.
native::unique_ptr<native::Expression> Bind(native::ClientContext& context, const plan::PolicyContext& who,
                                            const std::string& sql, const DataType& schema,
                                            const std::vector<std::string>& names,
                                            std::optional<native::LogicalType> type, native::physical_index_set_t& used,
                                            std::vector<std::string>* keys = nullptr) {
  const InUtc utc(context);
  const PolicyBinding binding{.keys = who.keys, .named = keys};
  const BindsPolicy binds_policy(StatementState::Get(context), binding);
  ParsedPointer parsed = Parse(sql);
  PutContext(who, names, parsed);
  auto binder = native::Binder::CreateBinder(context);
  SetLookupCheck(*binder, StatementState::Get(context));
  native::ColumnList columns;
  for (size_t i = 0; i < names.size(); ++i) {
    columns.AddColumn(native::ColumnDefinition(names[i], ToDuckDbType(schema.fields[i].type)));
  }
  native::CheckBinder check(*binder, context, /*table=*/"", columns, used);
  // Of itself it would want an INTEGER.
  check.target_type = type.value_or(native::LogicalType(native::LogicalTypeId::INVALID));
  auto bound = check.Bind(parsed);
  if (bound->IsVolatile()) {
    ThrowLakeError(Error(ErrorCode::kInvalidArgument, "the expression of a policy cannot depend on chance"));
  }
  return bound;
}

/// NULL alone, which the binder gives a type that it does not have.
bool IsNull(const native::Expression& expression) {
  if (expression.GetExpressionClass() == native::ExpressionClass::BOUND_CAST) {
    return IsNull(*expression.Cast<native::BoundCastExpression>().child);
  }
  return expression.GetExpressionClass() == native::ExpressionClass::BOUND_CONSTANT &&
         expression.Cast<native::BoundConstantExpression>().value.IsNull();
}

/// Whether `bound`, of `sql`, can stand in the place of a column of type `wanted` without loss.
bool Fits(const native::Expression& bound, const native::LogicalType& wanted) {
  return IsNull(bound) || bound.return_type == wanted ||
         native::CastRules::ImplicitCast(bound.return_type, wanted) >= 0;
}

/// What is checked of other policies when they are made. Throws.
void CheckByName(native::ClientContext& context, const plan::PolicyContext& who,
                 const plan::PolicyExpression& expression, const DataType& schema,
                 const std::vector<std::string>& names, const native::LogicalType& type) {
  native::physical_index_set_t used;
  const auto bound = Bind(context, who, expression.sql, schema, names, std::nullopt, used);
  if (IsNull(*bound) || bound->return_type == type) return;
  const bool condition = type == native::LogicalType::BOOLEAN;
  if (!condition && native::CastRules::ImplicitCast(bound->return_type, type) >= 0) return;
  throw native::BinderException("a policy's expression is of another type");
}

/// What a mask's expression calls a column: by its name, but for the field that it masks (WithMaskedValue), which goes
/// before a column of that name.
std::string NameInMask(const DataType& schema, size_t column) {
  const std::string& name = schema.fields[column].name;
  if (name == plan::kMaskedValuePhysical) return plan::kMaskedValue;
  const bool has_value = !schema.fields.empty() && schema.fields.back().name == plan::kMaskedValuePhysical;
  return has_value && EqualsIgnoringCase(name, plan::kMaskedValue) ? fmt::format("\x01{}", column) : name;
}

using Conditions = native::vector<native::unique_ptr<native::Expression>>;

native::unique_ptr<native::Expression> Combine(native::ExpressionType how, Conditions conditions) {
  if (conditions.size() == 1) return std::move(conditions[0]);
  auto combined = native::make_uniq<native::BoundConjunctionExpression>(how);
  combined->children = std::move(conditions);
  return combined;
}

}  // namespace

std::optional<size_t> FindPolicyColumn(const DataType& schema, const plan::PolicyColumn& column) {
  const auto position = [&](const auto& is_it) -> std::optional<size_t> {
    const auto found = std::ranges::find_if(schema.fields, is_it);
    if (found == schema.fields.end()) return std::nullopt;
    return static_cast<size_t>(found - schema.fields.begin());
  };
  if (auto same = position([&](const auto& field) { return field.physical_name() == column.physical; })) return same;
  return position([&](const auto& field) { return EqualsIgnoringCase(field.name, column.table_name()); });
}

native::unique_ptr<native::Expression> BindPolicyExpression(native::ClientContext& context,
                                                            const plan::PolicyContext& who,
                                                            const plan::PolicyExpression& expression,
                                                            const DataType& schema, const native::LogicalType& type) {
  const auto refuse = [&]() {
    ThrowLakeError(Error(
        ErrorCode::kPermissionDenied,
        fmt::format("a policy does not fit the table any more, so nothing of it can be read: {}", expression.policy)));
  };
  std::vector<std::string> names;
  // What the expression does not name gets a name that it cannot have.
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    names.push_back(expression.by_name ? NameInMask(schema, i) : fmt::format("\x01{}", i));
  }
  DataType over = schema;
  std::vector<native::unique_ptr<native::Expression>> fields;
  for (const plan::PolicyColumn& column : expression.columns) {
    if (const auto found = FindPolicyColumn(schema, column)) {
      names[*found] = column.name;
      continue;
    }
    auto field = FindFieldValue(context, schema, column);
    if (!field) refuse();
    names.push_back(column.name);
    over.fields.push_back({.name = column.name, .type = field->type});
    fields.push_back(std::move(field->value));
  }
  native::physical_index_set_t used;
  try {
    // Nobody has looked at it before; a condition has to be BOOLEAN of itself, as one of CREATE ROW POLICY is.
    if (expression.by_name) CheckByName(context, who, expression, schema, names, type);
    auto bound = Bind(context, who, expression.sql, over, names, type, used);
    ReplaceBehind(bound, schema.fields.size(), [&](size_t field) { return fields[field]->Copy(); });
    // A text that is no value of the type would fail only once there is a row.
    if (expression.by_name && bound->IsFoldable()) native::ExpressionExecutor::EvaluateScalar(context, *bound);
    return bound;
  } catch (const std::exception& exception) {
    if (!expression.by_name && native::ErrorData(exception).Type() != native::ExceptionType::BINDER) throw;
    refuse();
  }
  NL_UNREACHABLE();
}

native::unique_ptr<native::Expression> BindPolicyCondition(native::ClientContext& context,
                                                           const plan::PolicyContext& who,
                                                           const std::vector<plan::PolicyExpression>& permissive,
                                                           const std::vector<plan::PolicyExpression>& restrictive,
                                                           const Alternatives& any_of, const DataType& schema) {
  const native::LogicalType boolean = native::LogicalType::BOOLEAN;
  Conditions all;
  const auto add_any = [&](const std::vector<plan::PolicyExpression>& alternatives) {
    Conditions any;
    for (const auto& one : alternatives) any.push_back(BindPolicyExpression(context, who, one, schema, boolean));
    // Nobody said that anything may be seen.
    if (any.empty()) any.push_back(native::make_uniq<native::BoundConstantExpression>(native::Value::BOOLEAN(false)));
    all.push_back(Combine(native::ExpressionType::CONJUNCTION_OR, std::move(any)));
  };
  add_any(permissive);
  for (const auto& alternatives : any_of) add_any(alternatives);
  for (const auto& one : restrictive) all.push_back(BindPolicyExpression(context, who, one, schema, boolean));
  return Combine(native::ExpressionType::CONJUNCTION_AND, std::move(all));
}

native::unique_ptr<native::Expression> BindMask(native::ClientContext& context, const plan::PolicyContext& who,
                                                const plan::ColumnMask& mask, const DataType& schema,
                                                const native::LogicalType& type) {
  if (!mask.null_if_unfit) return BindPolicyExpression(context, who, mask.value, schema, type);
  try {
    const auto as_it_is =
        BindPolicyExpression(context, who, mask.value, schema, native::LogicalType(native::LogicalTypeId::INVALID));
    auto bound = BindPolicyExpression(context, who, mask.value, schema, type);
    // A text that is no value of the type would fail for each row.
    if (bound->IsFoldable()) native::ExpressionExecutor::EvaluateScalar(context, *bound);
    if (Fits(*as_it_is, type)) return bound;
  } catch (const std::exception& exception) {
    const native::ErrorData error(exception);
    // What is no fault of the expression ends the statement.
    if (error.Type() == native::ExceptionType::INTERNAL || error.Type() == native::ExceptionType::INTERRUPT ||
        error.Type() == native::ExceptionType::OUT_OF_MEMORY) {
      throw;
    }
  }
  return native::make_uniq<native::BoundConstantExpression>(native::Value(type));
}

native::unique_ptr<native::Expression> BindOverColumns(native::ClientContext& context, const std::string& sql,
                                                       const DataType& schema, const std::vector<std::string>& names,
                                                       const native::LogicalType& type) {
  native::physical_index_set_t used;
  return Bind(context, {}, sql, schema, names, type, used);
}

DataType WithMaskedValue(const DataType& schema, const DataType& type) {
  DataType with = schema;
  with.fields.push_back({.name = plan::kMaskedValuePhysical, .type = type});
  return with;
}

plan::PolicyNeeds CheckFieldMask(native::ClientContext& context, const std::string& sql, const DataType& schema,
                                 const DataType& type) {
  const DataType with = WithMaskedValue(schema, type);
  std::vector<std::string> names;
  for (size_t i = 0; i < with.fields.size(); ++i) names.push_back(NameInMask(with, i));
  plan::PolicyNeeds needs;
  native::physical_index_set_t used;
  const native::LogicalType wanted = ToDuckDbType(type);
  const auto bound = Bind(context, {}, sql, with, names, std::nullopt, used, &needs.keys);
  if (!Fits(*bound, wanted)) {
    ThrowLakeError(Error(ErrorCode::kTypeMismatch, fmt::format("a mask keeps the field's type: it is {}, the mask {}",
                                                               wanted.ToString(), bound->return_type.ToString())));
  }
  // A text that is no value of the type would fail at each scan.
  const auto shown = Bind(context, {}, sql, with, names, wanted, used, &needs.keys);
  if (shown->IsFoldable()) native::ExpressionExecutor::EvaluateScalar(context, *shown);
  for (size_t i = 0; i < with.fields.size(); ++i) {
    if (!used.contains(native::PhysicalIndex(i))) continue;
    needs.columns.push_back({.name = names[i], .physical = with.fields[i].physical_name()});
  }
  return needs;
}

/// Of a policy by tag over a field of `type` alone.
plan::PolicyNeeds CheckOverField(native::ClientContext& context, const std::string& sql, const DataType& type,
                                 bool masks) {
  DataType only;
  only.kind = DataType::Kind::kStruct;
  only.fields.push_back({.name = plan::kMaskedValue, .type = type});
  return CheckPolicyExpression(context, sql, only, masks ? plan::kMaskedValue : "", plan::kMaskedValue);
}

plan::PolicyNeeds CheckPolicyExpression(native::ClientContext& context, const std::string& sql, const DataType& schema,
                                        const std::string& mask_of, const std::string& value_of) {
  if (plan::IsFieldPath(mask_of) || plan::IsFieldPath(value_of)) {
    const auto place = tables::delta::FindPlace(schema, plan::FieldPath(value_of.empty() ? mask_of : value_of));
    NL_CHECK(place && !place->repeated);
    if (value_of.empty()) return CheckFieldMask(context, sql, schema, *place->type);
    return CheckOverField(context, sql, *place->type, !mask_of.empty());
  }
  plan::PolicyNeeds needs;
  std::vector<std::string> names;
  for (const auto& field : schema.fields) {
    const bool is_value = EqualsIgnoringCase(field.name, value_of);
    // Of a tag's policy: whatever else the tables have, it is not there.
    names.push_back(value_of.empty() ? field.name : is_value ? "value" : fmt::format("\x01{}", names.size()));
  }
  native::physical_index_set_t used;
  const auto bound = Bind(context, {}, sql, schema, names, std::nullopt, used, &needs.keys);
  const native::LogicalType& type = bound->return_type;
  if (mask_of.empty()) {
    if (type != native::LogicalType::BOOLEAN) {
      ThrowLakeError(
          Error(ErrorCode::kTypeMismatch, "a row policy is a condition, BOOLEAN of itself, not " + type.ToString()));
    }
  } else {
    const auto field =
        std::ranges::find_if(schema.fields, [&](const auto& one) { return EqualsIgnoringCase(one.name, mask_of); });
    NL_CHECK(field != schema.fields.end());
    const native::LogicalType wanted = ToDuckDbType(field->type);
    if (!Fits(*bound, wanted)) {
      ThrowLakeError(
          Error(ErrorCode::kTypeMismatch, fmt::format("a mask keeps the column's type: {} is {}, the mask {}",
                                                      field->name, wanted.ToString(), type.ToString())));
    }
    // A text that is no value of the type would fail at each scan.
    const auto shown = Bind(context, {}, sql, schema, names, wanted, used, &needs.keys);
    if (shown->IsFoldable()) native::ExpressionExecutor::EvaluateScalar(context, *shown);
  }
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    if (!used.contains(native::PhysicalIndex(i))) continue;
    needs.columns.push_back({.name = names[i], .physical = schema.fields[i].physical_name()});
  }
  return needs;
}

}  // namespace neurolake::engine::duckdb
