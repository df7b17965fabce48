#include "tables/delta/layout.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "common/text.h"
#include "tables/delta/alter.h"
#include "tables/delta/statistics.h"

namespace neurolake::tables::delta {
namespace {

constexpr int64_t kDefaultTargetBytes = int64_t{256} << 20;

int64_t LiveBytes(const AddFile& file) {
  return static_cast<int64_t>(static_cast<double>(file.size_bytes) * (1 - DeletedShare(file)));
}

class BinPacking {
 public:
  BinPacking(const Snapshot& snapshot, const CompactionOptions& options) : snapshot_(snapshot), options_(options) {}

  void Pack(std::vector<uint32_t> partition) {
    std::erase_if(partition, [&](uint32_t i) { return !IsCandidate(File(i)); });
    const auto small = std::ranges::count_if(partition, [&](uint32_t i) { return IsSmall(File(i)); });
    if (static_cast<size_t>(small) < options_.small_files_min && options_.small_files_min > 2) return;
    // Rows that came together stay together; the path makes the order a stable one.
    std::ranges::sort(partition, [&](uint32_t a, uint32_t b) {
      const FileTable& files = snapshot_.files();
      const int64_t first = files.modification_time_ms(a), second = files.modification_time_ms(b);
      return first != second ? first < second : files.path(a) < files.path(b);
    });
    for (const uint32_t file : partition) Place(file);
    Close();
  }

  std::vector<CompactionBin> Take() { return std::move(bins_); }

 private:
  AddFile File(uint32_t index) const { return snapshot_.files()[index]; }
  bool IsSmall(const AddFile& file) const { return LiveBytes(file) < options_.target_bytes / 4 * 3; }
  bool IsCandidate(const AddFile& file) const {
    return IsSmall(file) || DeletedShare(file) > options_.deleted_share_max;
  }

  void Place(uint32_t file) {
    const int64_t bytes = LiveBytes(File(file));
    if (!open_.files.empty() && open_.bytes + bytes > options_.target_bytes) Close();
    open_.files.push_back(file);
    open_.bytes += bytes;
  }

  void Close() {
    const bool gains = open_.files.size() > 1 ||
                       (open_.files.size() == 1 && DeletedShare(File(open_.files[0])) > options_.deleted_share_max);
    if (gains) bins_.push_back(std::move(open_));
    open_ = {};
  }

  const Snapshot& snapshot_;
  const CompactionOptions& options_;
  CompactionBin open_;
  std::vector<CompactionBin> bins_;
};

/// Empty when there is no such column.
std::vector<std::string> LogicalPath(const DataType& schema, const std::vector<std::string>& physical) {
  std::vector<std::string> logical;
  const DataType* type = &schema;
  for (const std::string& name : physical) {
    const auto field = std::ranges::find_if(
        type->fields, [&](const StructField& candidate) { return candidate.physical_name() == name; });
    if (field == type->fields.end()) return {};
    logical.push_back(field->name);
    type = &field->type;
  }
  return logical;
}

struct Cube {
  std::vector<uint32_t> files;
  int64_t bytes = 0;
};

}  // namespace

Result<int64_t> ParseByteSize(std::string_view text) {
  const auto bad = [&] {
    return MakeError(ErrorCode::kInvalidArgument, "a size is a number of bytes or has kb, mb or gb behind it: {}",
                     text);
  };
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0) return bad();
  std::string unit = LowerAscii(text.substr(static_cast<size_t>(end - text.data())));
  std::erase(unit, ' ');
  int shift = 0;
  if (unit == "k" || unit == "kb") shift = 10;
  else if (unit == "m" || unit == "mb") shift = 20;
  else if (unit == "g" || unit == "gb") shift = 30;
  else if (unit == "t" || unit == "tb") shift = 40;
  else if (!unit.empty() && unit != "b") return bad();
  const double bytes = number * static_cast<double>(int64_t{1} << shift);
  if (!(bytes < 9e18)) return bad();
  return static_cast<int64_t>(bytes);
}

int64_t TargetFileBytes(const Metadata& metadata) {
  const auto found = metadata.configuration.find("delta.targetFileSize");
  if (found == metadata.configuration.end()) return kDefaultTargetBytes;
  const auto bytes = ParseByteSize(found->second);
  return bytes.has_value() && *bytes >= kSmallestTargetBytes ? *bytes : kDefaultTargetBytes;
}

double DeletedShare(const AddFile& file) {
  if (!file.deletion_vector) return 0;
  const auto rows = ParseStatistics(file.stats, {"\n"}).record_count;  // Of no column: the row count alone.
  if (!rows || *rows <= 0) return 0;
  return std::min(1.0, static_cast<double>(file.deletion_vector->cardinality) / static_cast<double>(*rows));
}

std::vector<std::vector<uint32_t>> GroupByPartition(const Snapshot& snapshot, const std::vector<uint32_t>& considered) {
  std::map<PartitionValues, std::vector<uint32_t>> groups;
  for (const uint32_t index : considered) groups[snapshot.files()[index].partition_values].push_back(index);
  std::vector<std::vector<uint32_t>> result;
  for (auto& [values, members] : groups) result.push_back(std::move(members));
  return result;
}

std::vector<CompactionBin> PlanCompaction(const Snapshot& snapshot, const std::vector<uint32_t>& considered,
                                          const CompactionOptions& options) {
  BinPacking packing(snapshot, options);
  for (auto& partition : GroupByPartition(snapshot, considered)) packing.Pack(std::move(partition));
  return packing.Take();
}

Result<std::vector<std::vector<std::string>>> ClusteringColumns(const Snapshot& snapshot) {
  NL_ASSIGN_OR_RETURN(const auto physical, ReadClusteringColumns(snapshot.log().domains));
  std::vector<std::vector<std::string>> columns;
  for (const auto& path : physical) {
    columns.push_back(LogicalPath(snapshot.schema(), path));
    if (columns.back().empty()) {
      return MakeError(ErrorCode::kCorruption, "a clustering column in the log is not in the table's schema");
    }
  }
  return columns;
}

std::vector<uint32_t> PlanClustering(const Snapshot& snapshot, const std::vector<uint32_t>& considered,
                                     const std::string& columns_tag, bool full) {
  std::vector<uint32_t> chosen;
  std::map<std::string, Cube> cubes;
  int64_t chosen_bytes = 0;
  bool others = false;
  for (const uint32_t index : considered) {
    const AddFile& file = snapshot.files()[index];
    const auto id = file.tags.find(kCubeIdTag);
    const auto columns = file.tags.find(kCubeColumnsTag);
    const bool clustered = file.clustering_provider == kClusteringProvider && DeletedShare(file) == 0;
    if (clustered && id != file.tags.end() && columns != file.tags.end() && columns->second == columns_tag) {
      cubes[id->second].files.push_back(index);
      cubes[id->second].bytes += file.size_bytes;
    } else if (file.clustering_provider.empty() || DeletedShare(file) > 0) {
      chosen.push_back(index);
      chosen_bytes += file.size_bytes;
    } else {
      others = true;
    }
  }
  if (full) {
    const bool done = chosen.empty() && !others && cubes.size() <= 1;
    return done ? std::vector<uint32_t>() : considered;
  }
  if (chosen.empty()) return chosen;
  std::vector<Cube> by_size;
  for (auto& [id, cube] : cubes) by_size.push_back(std::move(cube));
  std::ranges::sort(by_size, {}, &Cube::bytes);
  for (const Cube& cube : by_size) {
    if (cube.bytes > 2 * chosen_bytes) break;
    chosen.insert(chosen.end(), cube.files.begin(), cube.files.end());
    chosen_bytes += cube.bytes;
  }
  std::ranges::sort(chosen);
  return chosen;
}

namespace {

/// Files below or above a file do not overlap it; `Value` compares as the column's values do.
template <typename Value>
double Depth(std::vector<Value> minima, std::vector<Value> maxima) {
  const std::vector<Value> lower = minima, upper = maxima;
  std::ranges::sort(minima);
  std::ranges::sort(maxima);
  double overlaps = 0;
  for (size_t i = 0; i < lower.size(); ++i) {
    const auto below = std::ranges::lower_bound(maxima, lower[i]) - maxima.begin();
    const auto above = minima.end() - std::ranges::upper_bound(minima, upper[i]);
    overlaps += static_cast<double>(static_cast<std::ptrdiff_t>(lower.size()) - below - above);
  }
  return overlaps / static_cast<double>(lower.size());
}

bool IsNumber(const DataType& type) {
  using Kind = DataType::Kind;
  return type.kind == Kind::kLong || type.kind == Kind::kInteger || type.kind == Kind::kShort ||
         type.kind == Kind::kByte || type.kind == Kind::kFloat || type.kind == Kind::kDouble ||
         type.kind == Kind::kDecimal;
}

}  // namespace

std::optional<double> OverlapDepth(const Snapshot& snapshot, const StructField& column) {
  if (snapshot.files().empty()) return std::nullopt;
  const std::string name = StatisticsPath("", column.physical_name());
  std::vector<std::string> minima, maxima;
  for (const AddFile& file : snapshot.files()) {
    const auto statistics = ParseStatistics(file.stats, {name});
    const auto found = statistics.columns.find(name);
    if (found == statistics.columns.end() || !found->second.min || !found->second.max) return std::nullopt;
    minima.push_back(*found->second.min);
    maxima.push_back(*found->second.max);
  }
  // Dates and times compare as their texts do.
  if (!IsNumber(column.type)) return Depth(std::move(minima), std::move(maxima));
  const auto numbers = [](const std::vector<std::string>& texts) {
    std::vector<double> values;
    for (const std::string& text : texts) {
      std::from_chars(text.data(), text.data() + text.size(), values.emplace_back(0));
    }
    return values;
  };
  return Depth(numbers(minima), numbers(maxima));
}

}  // namespace neurolake::tables::delta
