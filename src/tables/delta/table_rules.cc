#include "tables/delta/table_rules.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>

#include "common/text.h"

namespace neurolake::tables::delta {
namespace {

using Kind = DataType::Kind;

Result<Expression> ParseFor(const std::string& text, std::string_view what, const std::string& name,
                            bool volatile_too) {
  auto expression = Expression::Parse(text, Expression::Dialect::kSpark);
  if (!expression.has_value()) {
    return MakeError(ErrorCode::kNotSupported, "the table cannot be written, {} {} is not understood: {}", what, name,
                     expression.error().message());
  }
  if (!volatile_too && !expression->IsDeterministic()) {
    return MakeError(ErrorCode::kNotSupported, "the table cannot be written, {} {} depends on time or chance", what,
                     name);
  }
  return expression;
}

std::unexpected<Error> Damaged(const std::string& column, std::string_view what) {
  return MakeError(ErrorCode::kCorruption, "the table's schema is damaged: {} of column {}", what, column);
}

/// {"expression": {"expression": "x > 3"}}
Result<std::string> InvariantText(const StructField& field) {
  const auto json = field.TextMetadata(kInvariant);
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  std::string_view text;
  if (!json || parser.parse(simdjson::padded_string(*json)).get(root) != simdjson::SUCCESS ||
      root["expression"]["expression"].get_string().get(text) != simdjson::SUCCESS) {
    return Damaged(field.name, kInvariant);
  }
  return std::string(text);
}

bool AnyInside(const DataType& type, const std::string& key) {
  const auto inside = [&](const DataType& child) { return AnyInside(child, key); };
  return std::ranges::any_of(type.fields,
                             [&](const StructField& f) { return f.metadata.contains(key) || inside(f.type); }) ||
         std::ranges::any_of(type.children, inside);
}

Result<std::optional<int64_t>> Number(const StructField& field, const char* key) {
  const auto found = field.metadata.find(key);
  if (found == field.metadata.end()) return std::nullopt;
  int64_t value = 0;
  const std::string& json = found->second;
  const auto read = std::from_chars(json.data(), json.data() + json.size(), value);
  if (read.ec != std::errc() || read.ptr != json.data() + json.size()) return Damaged(field.name, key);
  return value;
}

Result<IdentityRule> ReadIdentity(const StructField& field, size_t column) {
  NL_ASSIGN_OR_RETURN(const auto start, Number(field, kIdentityStart));
  NL_ASSIGN_OR_RETURN(const auto step, Number(field, kIdentityStep));
  NL_ASSIGN_OR_RETURN(const auto mark, Number(field, kIdentityHighWaterMark));
  if (!start || !step || *step == 0 || field.type.kind != Kind::kLong) return Damaged(field.name, "the identity");
  const auto allow = field.metadata.find(kIdentityAllowExplicit);
  return IdentityRule{.column = column,
                      .start = *start,
                      .step = *step,
                      .allow_explicit = allow != field.metadata.end() && allow->second == "true",
                      .high_water_mark = mark};
}

/// Only columns of the table itself may have these; a writer that put one deeper means something we do not know.
Result<void> RefuseInside(const StructField& field) {
  for (const char* key : {kInvariant, kGenerationExpression, kIdentityStart, kCurrentDefault}) {
    if (AnyInside(field.type, key)) {
      return MakeError(ErrorCode::kNotSupported, "the table cannot be written, a field inside of column {} has {}",
                       field.name, key);
    }
  }
  return {};
}

bool Touches(const Expression& expression, const std::vector<std::string>& path) {
  return std::ranges::any_of(expression.Columns(), [&](const std::vector<std::string>& read) {
    const size_t common = std::min(read.size(), path.size());
    for (size_t i = 0; i < common; ++i) {
      if (!EqualsIgnoringCase(read[i], path[i])) return false;
    }
    return true;
  });
}

bool MayTouch(const std::string& text, const std::vector<std::string>& path) {
  const auto expression = Expression::Parse(text, Expression::Dialect::kSpark);
  return !expression.has_value() || Touches(*expression, path);
}

}  // namespace

Result<TableRules> ReadTableRules(const Metadata& metadata, const DataType& schema) {
  TableRules rules;
  for (auto it = metadata.configuration.lower_bound(std::string(kConstraintPrefix));
       it != metadata.configuration.end() && it->first.starts_with(kConstraintPrefix); ++it) {
    std::string name = it->first.substr(kConstraintPrefix.size());
    NL_ASSIGN_OR_RETURN(auto condition, ParseFor(it->second, "constraint", name, false));
    rules.checks.push_back({std::move(name), std::move(condition)});
  }
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    const StructField& field = schema.fields[i];
    NL_RETURN_IF_ERROR(RefuseInside(field));
    if (field.metadata.contains(kInvariant)) {
      NL_ASSIGN_OR_RETURN(const auto text, InvariantText(field));
      NL_ASSIGN_OR_RETURN(auto condition, ParseFor(text, "the invariant of column", field.name, false));
      rules.checks.push_back({"invariant of " + field.name, std::move(condition)});
    }
    if (field.metadata.contains(kGenerationExpression)) {
      const auto text = field.TextMetadata(kGenerationExpression);
      if (!text) return Damaged(field.name, kGenerationExpression);
      NL_ASSIGN_OR_RETURN(auto value, ParseFor(*text, "the generated column", field.name, false));
      rules.generated.push_back({i, std::move(value)});
    }
    if (field.metadata.contains(kIdentityStart)) {
      NL_ASSIGN_OR_RETURN(auto identity, ReadIdentity(field, i));
      rules.identities.push_back(identity);
    }
    if (field.metadata.contains(kCurrentDefault)) {
      const auto text = field.TextMetadata(kCurrentDefault);
      if (!text) return Damaged(field.name, kCurrentDefault);
      NL_ASSIGN_OR_RETURN(auto value, ParseFor(*text, "the default of column", field.name, true));
      if (!value.Columns().empty()) return Damaged(field.name, kCurrentDefault);
      rules.defaults.push_back({i, std::move(value)});
    }
  }
  return rules;
}

std::optional<Expression> UnderstoodDefault(const StructField& field) {
  const auto text = field.TextMetadata(kCurrentDefault);
  if (!text) return std::nullopt;
  auto expression = Expression::Parse(*text, Expression::Dialect::kSpark);
  if (!expression.has_value() || !expression->Columns().empty()) return std::nullopt;
  return *std::move(expression);
}

bool OnlyIdentityMarksMoved(const Metadata& before, const Metadata& after) {
  auto old_schema = ParseSchema(before.schema_string);
  auto new_schema = ParseSchema(after.schema_string);
  if (!old_schema.has_value() || !new_schema.has_value()) return false;
  for (DataType* schema : {&*old_schema, &*new_schema}) {
    for (StructField& field : schema->fields) field.metadata.erase(kIdentityHighWaterMark);
  }
  Metadata moved = after;
  moved.schema_string = SerializeSchema(*new_schema);
  Metadata stayed = before;
  stayed.schema_string = SerializeSchema(*old_schema);
  return ToJsonLine(moved) == ToJsonLine(stayed);
}

std::string FindDependent(const Metadata& metadata, const DataType& schema, const std::vector<std::string>& path) {
  for (auto it = metadata.configuration.lower_bound(std::string(kConstraintPrefix));
       it != metadata.configuration.end() && it->first.starts_with(kConstraintPrefix); ++it) {
    if (MayTouch(it->second, path)) return "constraint " + it->first.substr(kConstraintPrefix.size());
  }
  for (const StructField& field : schema.fields) {
    if (field.metadata.contains(kInvariant)) {
      const auto text = InvariantText(field);
      if (!text.has_value() || MayTouch(*text, path)) return "the invariant of column " + field.name;
    }
    if (const auto text = field.TextMetadata(kGenerationExpression); text && MayTouch(*text, path)) {
      return "generated column " + field.name;
    }
  }
  return "";
}

}  // namespace neurolake::tables::delta
