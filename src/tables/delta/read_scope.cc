#include "tables/delta/read_scope.h"

#include "tables/delta/internal/comparable_value.h"
#include "tables/delta/statistics.h"

namespace neurolake::tables::delta {
namespace {

using internal::ComparableValue;
using Kind = DataType::Kind;

/// What is known of one column in one file: nothing, unless something is said.
struct Known {
  std::optional<std::string> min, max;
  bool may_have_null = true;
  bool may_have_value = true;
  bool exact = false;
  bool cut_texts = false;
};

Known KnownOfPartition(const AddFile& file, const StructField& field) {
  const auto found = file.partition_values.find(field.physical_name());
  Known known;
  if (found == file.partition_values.end()) return known;
  const bool null = !found->second.has_value() || found->second->empty();
  known.may_have_null = null;
  known.may_have_value = !null;
  if (!null) known.min = known.max = found->second;
  known.exact = field.type.kind != Kind::kFloat && field.type.kind != Kind::kDouble;
  return known;
}

Known KnownOfStatistics(const AddFile& file, const StructField& field) {
  Known known;
  const std::string path = StatisticsPath("", field.physical_name());
  const auto statistics = ParseStatistics(file.stats, {path});
  const auto found = statistics.columns.find(path);
  if (found == statistics.columns.end()) return known;
  const ColumnStatistics& column = found->second;
  if (column.min.has_value() && IsExactBound(*column.min, field.type)) known.min = column.min;
  if (column.max.has_value() && IsExactBound(*column.max, field.type)) known.max = column.max;
  known.may_have_null = column.null_count != 0;
  known.may_have_value = !column.null_count.has_value() || !statistics.record_count.has_value() ||
                         *column.null_count < *statistics.record_count;
  known.cut_texts = field.type.kind == Kind::kString;
  return known;
}

bool AllBelow(const Known& known, const ValueRange& range, const DataType& type) {
  if (!known.max.has_value() || !range.min.has_value()) return false;
  // NaN is the greatest value and in no statistics: only a range that ends excludes it.
  if ((type.kind == Kind::kFloat || type.kind == Kind::kDouble) && !range.max.has_value()) return false;
  if (known.cut_texts && range.min->starts_with(*known.max)) return false;
  const auto file_max = ComparableValue::Parse(*known.max, type);
  const auto wanted = ComparableValue::Parse(*range.min, type);
  if (!file_max.has_value() || !wanted.has_value()) return false;
  return (known.exact ? *file_max : file_max->WidenedUp()) < *wanted;
}

bool AllAbove(const Known& known, const ValueRange& range, const DataType& type) {
  if (!known.min.has_value() || !range.max.has_value()) return false;
  const auto file_min = ComparableValue::Parse(*known.min, type);
  const auto wanted = ComparableValue::Parse(*range.max, type);
  if (!file_min.has_value() || !wanted.has_value()) return false;
  return *wanted < (known.exact ? *file_min : file_min->WidenedDown());
}

bool MayMatch(const ColumnCondition& condition, const Known& known, const DataType& type) {
  if (condition.or_null && known.may_have_null) return true;
  if (!known.may_have_value) return false;
  return std::ranges::any_of(condition.ranges, [&](const ValueRange& range) {
    return !AllBelow(known, range, type) && !AllAbove(known, range, type);
  });
}

}  // namespace

bool MayMatch(const ReadPredicate& predicate, const AddFile& file, const DataType& schema,
              const std::vector<std::string>& partition_columns) {
  return std::ranges::all_of(predicate, [&](const ColumnCondition& condition) {
    const auto field = std::ranges::find_if(
        schema.fields, [&](const StructField& candidate) { return candidate.physical_name() == condition.column; });
    if (field == schema.fields.end()) return true;
    const bool partition = std::ranges::find(partition_columns, field->name) != partition_columns.end();
    return MayMatch(condition, partition ? KnownOfPartition(file, *field) : KnownOfStatistics(file, *field),
                    field->type);
  });
}

}  // namespace neurolake::tables::delta
