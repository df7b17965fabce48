#include "tables/delta/column_mapping.h"

#include <set>

#include "common/ids.h"
#include "common/text.h"
#include "tables/delta/internal/json_text.h"

namespace neurolake::tables::delta {
namespace {

using Kind = DataType::Kind;

/// Parquet files, or other readers of them, do not take these in a column's name.
constexpr std::string_view kNameNeedsMapping = " ,;{}()\n\t=";

void Map(DataType& type, int64_t& last_id, bool keep_names) {
  for (StructField& field : type.fields) {
    // Ids of fields that have one already stay: files carry them.
    if (field.column_mapping_id() < 0 || !keep_names) {
      field.metadata.insert_or_assign(kColumnMappingId, fmt::format("{}", ++last_id));
    }
    if (!keep_names) {
      field.metadata.insert_or_assign(kPhysicalName, internal::JsonString("col-" + NewUuid()));
    } else if (!field.metadata.contains(kPhysicalName)) {
      field.metadata.emplace(kPhysicalName, internal::JsonString(field.name));
    }
    Map(field.type, last_id, keep_names);
  }
  for (DataType& child : type.children) Map(child, last_id, keep_names);
}

}  // namespace

Result<bool> CheckColumns(const DataType& type) {
  bool needs_mapping = false;
  if (type.kind == Kind::kDecimal &&
      (type.precision < 1 || type.precision > 38 || type.scale < 0 || type.scale > type.precision)) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "a decimal has 1 to 38 digits, of them at most all after the point: "
                     "{}",
                     TypeName(type));
  }
  if (type.kind == Kind::kStruct && type.fields.empty()) {
    return MakeError(ErrorCode::kInvalidArgument, "a table, or a struct in it, needs at least one column");
  }
  std::set<std::string> names;
  for (const StructField& field : type.fields) {
    if (field.name.empty()) return MakeError(ErrorCode::kInvalidArgument, "a column has no name");
    if (!names.insert(LowerAscii(field.name)).second) {
      return MakeError(ErrorCode::kInvalidArgument, "two columns have one name, case aside: {}", field.name);
    }
    if (field.name.find_first_of(kNameNeedsMapping) != std::string::npos) needs_mapping = true;
    NL_ASSIGN_OR_RETURN(const bool nested, CheckColumns(field.type));
    needs_mapping = needs_mapping || nested;
  }
  for (const DataType& child : type.children) {
    NL_ASSIGN_OR_RETURN(const bool nested, CheckColumns(child));
    needs_mapping = needs_mapping || nested;
  }
  return needs_mapping;
}

void MapNewColumns(DataType& type, int64_t& last_id) { Map(type, last_id, /*keep_names=*/false); }

void MapExistingColumns(DataType& type, int64_t& last_id) { Map(type, last_id, /*keep_names=*/true); }

int64_t LargestMappingId(const DataType& type) {
  int64_t largest = 0;
  for (const StructField& field : type.fields) {
    largest = std::max({largest, field.column_mapping_id(), LargestMappingId(field.type)});
  }
  for (const DataType& child : type.children) largest = std::max(largest, LargestMappingId(child));
  return largest;
}

}  // namespace neurolake::tables::delta
