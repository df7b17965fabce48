#include "engine/duckdb/internal/log_statistics.h"

#include "duckdb/storage/statistics/base_statistics.hpp"
#include "duckdb/storage/statistics/numeric_stats.hpp"
#include "engine/duckdb/internal/file_pruning.h"
#include "engine/duckdb/internal/type_mapping.h"
#include "tables/delta/clone.h"
#include "tables/delta/statistics.h"

namespace neurolake::engine::duckdb {
namespace {

using Kind = tables::delta::DataType::Kind;

// More files than this take longer to ask than a better plan saves.
constexpr size_t kFilesMax = 1'000;

// The log holds these columns' bounds in full; of others it may hold shortened or rounded ones.
bool IsExact(Kind kind) {
  return kind == Kind::kLong || kind == Kind::kInteger || kind == Kind::kShort || kind == Kind::kByte ||
         kind == Kind::kDate || kind == Kind::kDecimal;
}

bool IsNested(Kind kind) { return kind == Kind::kStruct || kind == Kind::kArray || kind == Kind::kMap; }

struct Bounds {
  std::optional<native::Value> min, max;
  bool has_null = false;

  void Add(const native::Value& low, const native::Value& high) {
    if (!min.has_value() || native::ValueOperations::LessThan(low, *min)) min = low;
    if (!max.has_value() || native::ValueOperations::GreaterThan(high, *max)) max = high;
  }
};

// False when what is asked of the file is not known: whether it has NULLs and, of exact columns, its bounds.
bool AddFile(const tables::delta::AddFile& file, const tables::delta::StructField& field, bool partition,
             Bounds& bounds) {
  if (partition) {
    const native::Value value = PartitionValue(file, field);
    if (value.IsNull()) {
      bounds.has_null = true;
    } else {
      bounds.Add(value, value);
    }
    return true;
  }
  if (file.tags.contains(tables::delta::kForeignStatisticsTag)) return false;
  const std::string path = tables::delta::StatisticsPath("", field.physical_name());
  const auto statistics = tables::delta::ParseStatistics(file.stats, {path});
  auto found = statistics.columns.find(path);
  if (found == statistics.columns.end() || !found->second.null_count.has_value()) return false;
  if (*found->second.null_count > 0) bounds.has_null = true;
  if (!IsExact(field.type.kind)) return true;
  if (statistics.record_count.has_value() && *found->second.null_count >= *statistics.record_count) return true;
  if (!found->second.min.has_value() || !found->second.max.has_value()) return false;
  const auto exact = [&](const std::string& text) { return tables::delta::IsExactBound(text, field.type); };
  if (!exact(*found->second.min) || !exact(*found->second.max)) return false;
  auto low = ParseDeltaValue(*found->second.min, field.type);
  auto high = ParseDeltaValue(*found->second.max, field.type);
  if (!low.has_value() || !high.has_value()) return false;
  bounds.Add(*low, *high);
  return true;
}

}  // namespace

native::unique_ptr<native::BaseStatistics> LogStatistics(const LakeScan& scan, const std::vector<uint32_t>& files,
                                                         native::column_t column) {
  const auto& fields = scan.snapshot->schema().fields;
  if (native::IsVirtualColumn(column) || column >= fields.size()) return nullptr;
  // Facts are only what this engine wrote itself, not what others say of their files.
  const TableEntry& table = scan.table->entry();
  if (!table.managed || !table.foreign_roots.empty()) return nullptr;
  const auto& field = fields[column];
  if (IsNested(field.type.kind) || files.empty() || files.size() > kFilesMax) return nullptr;
  const auto& partitions = scan.snapshot->metadata().partition_columns;
  const bool partition = std::ranges::find(partitions, field.name) != partitions.end();
  Bounds bounds;
  for (uint32_t file : files) {
    if (!AddFile(scan.snapshot->files()[file], field, partition, bounds)) return nullptr;
  }
  auto statistics = native::BaseStatistics::CreateUnknown(ToDuckDbType(field.type));
  if (IsExact(field.type.kind)) {
    if (!bounds.min.has_value()) return nullptr;
    native::NumericStats::SetMin(statistics, *bounds.min);
    native::NumericStats::SetMax(statistics, *bounds.max);
  } else if (bounds.has_null) {
    return nullptr;
  }
  // Without NULLs the engine compares and aggregates by shorter ways.
  if (!bounds.has_null) statistics.Set(native::StatsInfo::CANNOT_HAVE_NULL_VALUES);
  return statistics.ToUnique();
}

}  // namespace neurolake::engine::duckdb
