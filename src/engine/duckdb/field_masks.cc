#include "engine/duckdb/internal/field_masks.h"

#include "common/text.h"
#include "duckdb/planner/expression_iterator.hpp"
#include "engine/duckdb/internal/policy_expressions.h"
#include "engine/duckdb/internal/type_mapping.h"
#include "plan/field_path.h"

namespace neurolake::engine::duckdb {
namespace {

using tables::delta::DataType;
using tables::delta::StructField;
using ExpressionPointer = native::unique_ptr<native::Expression>;

bool IsMeant(const FieldStep& meant, const StructField& field) {
  return field.physical_name() == meant.physical || EqualsIgnoringCase(field.name, meant.name);
}

/// Writes the column anew as SQL with a place for each masked field, and puts the masks there once both are bound.
class FieldMasks {
 public:
  FieldMasks(native::ClientContext& context, const plan::PolicyContext& who, const DataType& schema, size_t column)
      : context_(context), who_(who), schema_(schema), column_(column), with_places_(schema) {
    for (size_t i = 0; i < schema.fields.size(); ++i)
      names_.push_back(i == column ? kColumn : fmt::format("\x01{}", i));
  }

  ExpressionPointer Make(const std::vector<FieldMask>& masks) {
    const DataType& type = schema_.fields[column_].type;
    const std::string sql = Shown(type, kColumn, masks, 0);
    auto shown = BindOverColumns(context_, sql, with_places_, names_, ToDuckDbType(type));
    ReplaceBehind(shown, schema_.fields.size(), [&](size_t place) { return std::move(places_[place]); });
    return shown;
  }

 private:
  static constexpr const char* kColumn = "c";

  /// SQL of the value `reference` of `type` as it is seen; all of `masks` are of it or of what is in it.
  std::string Shown(const DataType& type, const std::string& reference, const std::vector<FieldMask>& masks,
                    size_t depth) {
    const bool is_whole = std::ranges::any_of(masks, [&](const auto& one) { return one.path.size() == depth; });
    if (is_whole && masks.size() == 1) return Place(type, Masked(*masks[0].mask, type, reference));
    if (is_whole || type.kind != DataType::Kind::kStruct) {
      return Place(type, native::make_uniq<native::BoundConstantExpression>(native::Value(ToDuckDbType(type))));
    }
    std::string fields;
    for (const StructField& field : type.fields) {
      std::vector<FieldMask> inside;
      for (const FieldMask& one : masks) {
        if (IsMeant(one.path[depth], field)) inside.push_back(one);
      }
      const std::string name = QuoteLiteral(field.name);
      const std::string value = fmt::format("struct_extract({}, {})", reference, name);
      fields += fmt::format("{}{}: {}", fields.empty() ? "" : ", ", name,
                            inside.empty() ? value : Shown(field.type, value, inside, depth + 1));
    }
    return fmt::format("CASE WHEN {} IS NULL THEN NULL ELSE {{{}}} END", reference, fields);
  }

  /// The name of a new place for `value`.
  std::string Place(const DataType& type, ExpressionPointer value) {
    names_.push_back(fmt::format("m{}", places_.size()));
    with_places_.fields.push_back({.name = names_.back(), .type = type});
    places_.push_back(std::move(value));
    return names_.back();
  }

  ExpressionPointer Masked(const plan::ColumnMask& mask, const DataType& type, const std::string& reference) {
    const std::vector<std::string> names(names_.begin(), names_.begin() + static_cast<int64_t>(schema_.fields.size()));
    const auto value = BindOverColumns(context_, reference, schema_, names, ToDuckDbType(type));
    plan::ColumnMask fitting = mask;
    // The place may be of another type by now; what was decided for the table as it is has to fit.
    fitting.null_if_unfit = mask.null_if_unfit || !mask.value.by_name;
    auto bound = BindMask(context_, who_, fitting, WithMaskedValue(schema_, type), ToDuckDbType(type));
    ReplaceBehind(bound, schema_.fields.size(), [&](size_t) { return value->Copy(); });
    return bound;
  }

  native::ClientContext& context_;
  const plan::PolicyContext& who_;
  const DataType& schema_;
  const size_t column_;
  DataType with_places_;
  std::vector<std::string> names_;
  std::vector<ExpressionPointer> places_;
};

}  // namespace

std::optional<std::pair<size_t, std::vector<FieldStep>>> FindDottedField(const DataType& schema,
                                                                         const std::string& name) {
  const std::vector<std::string> parts = Split(name, '.');
  const auto find = [](const DataType& type, const std::string& part) {
    return std::ranges::find_if(type.fields, [&](const auto& one) { return EqualsIgnoringCase(one.name, part); });
  };
  if (parts.size() < 2 || find(schema, name) != schema.fields.end()) return std::nullopt;
  std::vector<FieldStep> path;
  const DataType* type = &schema;
  for (const std::string& part : parts) {
    const auto field = find(*type, part);
    if (field == type->fields.end()) return std::nullopt;
    path.push_back({.name = field->name, .physical = field->physical_name()});
    type = &field->type;
  }
  const auto column = find(schema, parts[0]) - schema.fields.begin();
  path.erase(path.begin());
  return std::pair(static_cast<size_t>(column), std::move(path));
}

void ReplaceBehind(ExpressionPointer& expression, size_t first,
                   const std::function<ExpressionPointer(size_t)>& replacement) {
  if (expression->GetExpressionClass() == native::ExpressionClass::BOUND_REF) {
    const auto index = expression->Cast<native::BoundReferenceExpression>().index;
    if (index >= first) expression = replacement(index - first);
    return;
  }
  native::ExpressionIterator::EnumerateChildren(
      *expression, [&](ExpressionPointer& child) { ReplaceBehind(child, first, replacement); });
}

std::optional<FieldValue> FindFieldValue(native::ClientContext& context, const DataType& schema,
                                         const plan::PolicyColumn& column) {
  const auto physical = plan::FieldPath(column.physical);
  const auto names = plan::FieldPath(column.table_name());
  if (physical.size() < 2 || physical.size() != names.size()) return std::nullopt;
  std::vector<std::string> called;
  for (size_t i = 0; i < schema.fields.size(); ++i) called.push_back(fmt::format("\x01{}", i));
  const DataType* type = &schema;
  std::string sql;
  for (size_t i = 0; i < physical.size(); ++i) {
    const auto& fields = type->fields;
    auto field = std::ranges::find(fields, physical[i], [](const auto& one) { return one.physical_name(); });
    if (field == fields.end()) {
      field = std::ranges::find_if(fields, [&](const auto& one) { return EqualsIgnoringCase(one.name, names[i]); });
    }
    if (field == fields.end()) return std::nullopt;
    type = &field->type;
    if (i == 0) called[static_cast<size_t>(field - fields.begin())] = "c";
    sql = i == 0 ? "c" : fmt::format("struct_extract({}, {})", sql, QuoteLiteral(field->name));
  }
  return FieldValue{.type = *type, .value = BindOverColumns(context, sql, schema, called, ToDuckDbType(*type))};
}

ExpressionPointer BindFieldMasks(native::ClientContext& context, const plan::PolicyContext& who,
                                 const std::vector<FieldMask>& masks, const DataType& schema, size_t column) {
  return FieldMasks(context, who, schema, column).Make(masks);
}

}  // namespace neurolake::engine::duckdb
