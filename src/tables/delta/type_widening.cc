#include "tables/delta/type_widening.h"

#include <simdjson.h>

#include "tables/delta/internal/json_text.h"

namespace neurolake::tables::delta {
namespace {

using Kind = DataType::Kind;

constexpr const char* kTypeChanges = "delta.typeChanges";

/// 1 for byte … 4 for long, 0 for others.
int IntegerRank(Kind kind) {
  switch (kind) {
    case Kind::kByte: return 1;
    case Kind::kShort: return 2;
    case Kind::kInteger: return 3;
    case Kind::kLong: return 4;
    default: return 0;
  }
}

/// Digits that a decimal needs before the point for all values of an integer type.
int DecimalDigits(Kind kind) { return kind == Kind::kLong ? 20 : 10; }

bool SameLeaf(const DataType& a, const DataType& b) {
  return a.kind == b.kind && (a.kind != Kind::kDecimal || (a.precision == b.precision && a.scale == b.scale));
}

struct TypeChange {
  DataType from;
  DataType to;
  std::string inner_path;
};

std::unexpected<Error> Damaged() {
  return MakeError(ErrorCode::kCorruption, "the table's schema is damaged: delta.typeChanges");
}

/// Types are named as in the schema string.
Result<DataType> ParseLeaf(std::string_view name) {
  std::string schema = R"({"type":"struct","fields":[{"name":"a","type":)";
  internal::AppendJsonString(schema, name);
  schema += R"(,"nullable":true,"metadata":{}}]})";
  NL_ASSIGN_OR_RETURN(auto parsed, ParseSchema(schema));
  return std::move(parsed.fields[0].type);
}

Result<std::vector<TypeChange>> ChangesOf(const StructField& field) {
  std::vector<TypeChange> changes;
  const auto found = field.metadata.find(kTypeChanges);
  if (found == field.metadata.end()) return changes;
  simdjson::dom::parser parser;
  simdjson::dom::array list;
  if (parser.parse(simdjson::padded_string(found->second)).get_array().get(list) != simdjson::SUCCESS) return Damaged();
  for (simdjson::dom::element item : list) {
    std::string_view from, to, path;
    if (item["fromType"].get_string().get(from) != simdjson::SUCCESS ||
        item["toType"].get_string().get(to) != simdjson::SUCCESS) {
      return Damaged();
    }
    if (item["fieldPath"].get_string().get(path) != simdjson::SUCCESS) path = "";
    NL_ASSIGN_OR_RETURN(auto from_type, ParseLeaf(from));
    NL_ASSIGN_OR_RETURN(auto to_type, ParseLeaf(to));
    changes.push_back({.from = std::move(from_type), .to = std::move(to_type), .inner_path = std::string(path)});
  }
  return changes;
}

}  // namespace

bool MayWiden(const DataType& from, const DataType& to) {
  const int rank = IntegerRank(from.kind);
  if (rank > 0 && IntegerRank(to.kind) > rank) return true;
  if (to.kind == Kind::kDouble) return from.kind == Kind::kFloat || (rank > 0 && rank < IntegerRank(Kind::kLong));
  if (from.kind == Kind::kDate) return to.kind == Kind::kTimestampNtz;
  if (to.kind != Kind::kDecimal) return false;
  const int digits = to.precision - to.scale;
  if (rank > 0) return digits >= DecimalDigits(from.kind);
  if (from.kind != Kind::kDecimal || SameLeaf(from, to)) return false;
  return to.scale >= from.scale && digits >= from.precision - from.scale;
}

std::optional<DataType> CommonWidening(const DataType& a, const DataType& b) {
  if (SameLeaf(a, b) || MayWiden(b, a)) return a;
  if (MayWiden(a, b)) return b;
  if (a.kind != Kind::kDecimal || b.kind != Kind::kDecimal) return std::nullopt;
  const int scale = std::max(a.scale, b.scale);
  const int digits = std::max(a.precision - a.scale, b.precision - b.scale);
  if (scale + digits > 38) return std::nullopt;
  return DataType{.kind = Kind::kDecimal, .precision = scale + digits, .scale = scale};
}

std::string PrimitiveTypeName(const DataType& type) {
  DataType schema{.kind = Kind::kStruct};
  schema.fields.push_back({.name = "a", .type = type});
  const std::string json = SerializeSchema(schema);
  constexpr std::string_view kBefore = "\"type\":\"";
  const size_t begin = json.find(kBefore, json.find("\"name\"")) + kBefore.size();
  return json.substr(begin, json.find('"', begin) - begin);
}

void RecordTypeChange(StructField& field, const std::string& inner_path, const DataType& from, const DataType& to) {
  std::string change;
  internal::JsonObjectWriter writer(change);
  writer.Text("fromType", PrimitiveTypeName(from));
  writer.Text("toType", PrimitiveTypeName(to));
  if (!inner_path.empty()) writer.Text("fieldPath", inner_path);
  writer.Close();
  std::string& changes = field.metadata[kTypeChanges];
  const bool first = changes.size() < 2 || changes == "[]";
  changes = first ? "[" + change + "]" : changes.substr(0, changes.size() - 1) + "," + change + "]";
}

Result<void> CheckTypeChanges(const DataType& schema) {
  for (const StructField& field : schema.fields) {
    NL_ASSIGN_OR_RETURN(const auto changes, ChangesOf(field));
    for (const TypeChange& change : changes) {
      if (SameLeaf(change.from, change.to) || MayWiden(change.from, change.to)) continue;
      return MakeError(ErrorCode::kNotSupported,
                       "the table cannot be read, the type of a column changed in a way that is not supported: {} "
                       "from {} to {}",
                       field.name, TypeName(change.from), TypeName(change.to));
    }
    NL_RETURN_IF_ERROR(CheckTypeChanges(field.type));
  }
  for (const DataType& child : schema.children) NL_RETURN_IF_ERROR(CheckTypeChanges(child));
  return {};
}

bool WasOnce(const StructField& field, DataType::Kind kind) {
  const auto changes = ChangesOf(field);
  return changes.has_value() && std::ranges::any_of(*changes, [&](const TypeChange& change) {
           return change.inner_path.empty() && change.from.kind == kind;
         });
}

}  // namespace neurolake::tables::delta
