#include "engine/duckdb/internal/written_file.h"

#include <boost/json.hpp>
#include <chrono>

#include "common/utf8.h"
#include "duckdb/common/types/timestamp.hpp"
#include "engine/duckdb/internal/native.h"
#include "tables/delta/file_path.h"

namespace neurolake::engine::duckdb {

using tables::delta::ColumnStatistics;
using tables::delta::DataType;
using tables::delta::StructField;
using Kind = tables::delta::DataType::Kind;

namespace {

constexpr size_t kTextBoundCharacters = 32;

/// Bytes of the first `characters` code points of valid UTF-8.
size_t PrefixLength(std::string_view text, size_t characters) {
  size_t position = 0;
  while (position < text.size() && characters > 0) {
    ++position;
    while (position < text.size() && (static_cast<unsigned char>(text[position]) & 0xC0) == 0x80) ++position;
    --characters;
  }
  return position;
}

uint32_t DecodeLast(std::string_view text, size_t start) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[start + i]); };
  switch (text.size() - start) {
    case 1: return byte(0);
    case 2: return (byte(0) & 0x1Fu) << 6 | (byte(1) & 0x3Fu);
    case 3: return (byte(0) & 0x0Fu) << 12 | (byte(1) & 0x3Fu) << 6 | (byte(2) & 0x3Fu);
    default: return (byte(0) & 0x07u) << 18 | (byte(1) & 0x3Fu) << 12 | (byte(2) & 0x3Fu) << 6 | (byte(3) & 0x3Fu);
  }
}

/// The least text, of the prefix's length at most, that is above everything that starts with `prefix`.
std::optional<std::string> RoundUp(std::string prefix) {
  while (!prefix.empty()) {
    size_t start = prefix.size() - 1;
    while (start > 0 && (static_cast<unsigned char>(prefix[start]) & 0xC0) == 0x80) --start;
    uint32_t code = DecodeLast(prefix, start) + 1;
    prefix.resize(start);
    if (code == 0xD800) code = 0xE000;  // Surrogates are no characters.
    if (code > 0x10FFFF) continue;
    AppendUtf8(prefix, code);
    return prefix;
  }
  return std::nullopt;
}

std::optional<std::string> TextBound(const std::string& text, Bound bound) {
  const size_t length = PrefixLength(text, kTextBoundCharacters);
  if (length == text.size()) return boost::json::serialize(boost::json::string(text));
  std::optional<std::string> cut = text.substr(0, length);
  if (bound == Bound::kMax) cut = RoundUp(std::move(*cut));
  if (!cut) return std::nullopt;
  return boost::json::serialize(boost::json::string(*cut));
}

std::optional<int64_t> ParseMicros(const std::string& text) {
  native::timestamp_t value;
  native::string error;
  if (!native::Value(text).DefaultTryCastAs(native::LogicalType::TIMESTAMP)) return std::nullopt;
  try {
    value = native::Timestamp::FromString(text, /*use_offset=*/true);
  } catch (const std::exception&) {
    return std::nullopt;
  }
  if (!native::Timestamp::IsFinite(value)) return std::nullopt;
  return value.value;
}

/// ISO 8601 with `digits` (3 or 6) of the fraction; nullopt outside of the years 1 to 9999.
std::optional<std::string> IsoTimestamp(int64_t micros, int digits, bool utc) {
  using namespace std::chrono;
  const sys_time<microseconds> time{microseconds(micros)};
  const auto day = floor<days>(time);
  const year_month_day date(day);
  if (int(date.year()) < 1 || int(date.year()) > 9999) return std::nullopt;
  const hh_mm_ss<microseconds> clock(time - day);
  const int64_t fraction = clock.subseconds().count();
  std::string text =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", int(date.year()), unsigned(date.month()), unsigned(date.day()),
                  clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  text += digits == 3 ? fmt::format(".{:03}", fraction / 1000) : fmt::format(".{:06}", fraction);
  return utc ? text + "Z" : text;
}

std::optional<std::string> TimestampBound(const std::string& text, Bound bound, bool utc) {
  auto micros = ParseMicros(text);
  if (!micros) return std::nullopt;
  int64_t millis = *micros / 1000;
  const int64_t rest = *micros % 1000;
  if (rest < 0) --millis;
  if (rest != 0 && bound == Bound::kMax) ++millis;
  const auto iso = IsoTimestamp(millis * 1000, 3, utc);
  if (!iso) return std::nullopt;
  return "\"" + *iso + "\"";
}

bool IsPlainDate(const std::string& text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || c == '-'; });
}

/// Undoes the engine's text of bytes, which has `\x5C` for those that are not plain characters.
std::optional<std::string> CharacterForEachByte(const std::string& text) {
  const auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; };
  std::string characters;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      AppendUtf8(characters, static_cast<unsigned char>(text[i]));
      continue;
    }
    if (i + 3 >= text.size() || text[i + 1] != 'x') return std::nullopt;
    const int high = digit(text[i + 2]);
    const int low = digit(text[i + 3]);
    if (high < 0 || low < 0) return std::nullopt;
    AppendUtf8(characters, static_cast<uint32_t>(high * 16 + low));
    i += 3;
  }
  return characters;
}

bool IsJsonNumber(const std::string& text) {
  if (text.empty()) return false;
  // DuckDB writes inf and nan as letters; an exponent is the only letter of a number.
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'; });
}

std::string QuotedName(const std::string& name) { return native::KeywordHelper::WriteQuoted(name, '"'); }

class StatisticsCollector {
 public:
  StatisticsCollector(const WrittenFile& file, const FileLayout& layout, const std::set<std::string>& nan_columns)
      : file_(file), nan_columns_(nan_columns), wanted_(layout.statistics_leaves), left_(layout.statistics_columns) {
    result_.record_count = file.row_count;
    for (const StructField& field : layout.schema.fields) {
      if (!layout.IsPartition(field.name)) Visit(field, "", "");
    }
  }
  tables::delta::FileStatistics Take() { return std::move(result_); }

 private:
  void Visit(const StructField& field, const std::string& quoted_prefix, const std::string& prefix) {
    const std::string physical = field.physical_name();
    const std::string quoted = quoted_prefix + (quoted_prefix.empty() ? "" : ".") + QuotedName(physical);
    const std::string path = tables::delta::StatisticsPath(prefix, physical);
    if (field.type.kind == Kind::kStruct) {
      for (const StructField& nested : field.type.fields) Visit(nested, quoted, path);
      return;
    }
    if (wanted_ && !wanted_->contains(path)) return;
    if (!wanted_ && left_ == 0) return;
    --left_;  // Below zero from the start means all of them.
    const auto found = file_.columns.find(quoted);
    if (found == file_.columns.end() || field.type.kind == Kind::kArray || field.type.kind == Kind::kMap) return;
    // Only top-level columns were looked through for NaN.
    const bool may_have_nan = !prefix.empty() || nan_columns_.contains(physical);
    Collect(field.type, found->second, path, may_have_nan);
  }

  void Collect(const DataType& type, const std::map<std::string, std::string>& statistics, const std::string& path,
               bool may_have_nan) {
    ColumnStatistics column;
    if (auto count = statistics.find("null_count"); count != statistics.end()) {
      column.null_count = std::stoll(count->second);
    }
    const bool floating = type.kind == Kind::kFloat || type.kind == Kind::kDouble;
    if (!floating || !may_have_nan) {
      if (auto min = statistics.find("min"); min != statistics.end()) {
        column.min = BoundAsJson(type, min->second, Bound::kMin);
      }
      if (auto max = statistics.find("max"); max != statistics.end()) {
        column.max = BoundAsJson(type, max->second, Bound::kMax);
      }
    }
    result_.columns[path] = std::move(column);
  }

  const WrittenFile& file_;
  const std::set<std::string>& nan_columns_;
  const std::optional<std::set<std::string>>& wanted_;
  int left_;
  tables::delta::FileStatistics result_;
};

}  // namespace

bool FileLayout::IsPartition(const std::string& logical_name) const {
  return std::ranges::find(partition_columns, logical_name) != partition_columns.end();
}

std::optional<std::string> BoundAsJson(const DataType& type, const std::string& text, Bound bound) {
  switch (type.kind) {
    case Kind::kString: return TextBound(text, bound);
    case Kind::kLong:
    case Kind::kInteger:
    case Kind::kShort:
    case Kind::kByte:
    case Kind::kFloat:
    case Kind::kDouble:
    case Kind::kDecimal: return IsJsonNumber(text) ? std::optional(text) : std::nullopt;
    case Kind::kDate: return IsPlainDate(text) ? std::optional("\"" + text + "\"") : std::nullopt;
    case Kind::kTimestamp: return TimestampBound(text, bound, /*utc=*/true);
    case Kind::kTimestampNtz: return TimestampBound(text, bound, /*utc=*/false);
    case Kind::kBoolean:  // No reader prunes by these.
    case Kind::kBinary:
    case Kind::kStruct:
    case Kind::kArray:
    case Kind::kMap: return std::nullopt;
  }
  NL_UNREACHABLE();
}

std::optional<std::string> PartitionText(const DataType& type, const std::string& text) {
  if (text.empty()) return std::nullopt;
  if (type.kind == Kind::kBinary) return CharacterForEachByte(text);
  // Years before the first and infinity are words in the engine's text, which no other reader knows.
  if (type.kind == Kind::kDate && !(text[0] >= '0' && text[0] <= '9' && text.back() != ')')) return std::nullopt;
  if (type.kind == Kind::kTimestampNtz && (!IsPlainDate(text.substr(0, 10)) || text.contains('('))) return std::nullopt;
  if (type.kind == Kind::kTimestamp) {
    const auto micros = ParseMicros(text);
    return micros ? IsoTimestamp(*micros, 6, /*utc=*/true) : std::nullopt;
  }
  if (type.kind == Kind::kFloat || type.kind == Kind::kDouble) {
    if (text == "inf") return "Infinity";
    if (text == "-inf") return "-Infinity";
    if (text == "nan" || text == "-nan") return "NaN";
  }
  return text;
}

Result<tables::delta::AddFile> DescribeFile(const WrittenFile& file, const FileLayout& layout,
                                            const std::set<std::string>& nan_columns, int64_t modification_time_ms) {
  tables::delta::AddFile add;
  if (!file.path.starts_with(layout.location + "/")) {
    return MakeError(ErrorCode::kInternal, "a data file was written outside of its table");
  }
  add.path = tables::delta::EncodePath(std::string_view(file.path).substr(layout.location.size() + 1));
  add.size_bytes = file.size_bytes;
  add.modification_time_ms = modification_time_ms;
  for (const StructField& field : layout.schema.fields) {
    if (!layout.IsPartition(field.name)) continue;
    const auto value = std::ranges::find(file.partition, field.physical_name(),
                                         &std::pair<std::string, std::optional<std::string>>::first);
    if (value == file.partition.end()) return MakeError(ErrorCode::kInternal, "a data file lacks a partition value");
    auto text = value->second && !file.partition_spelled ? PartitionText(field.type, *value->second) : value->second;
    if (!text && value->second && !value->second->empty()) {
      return MakeError(
          ErrorCode::kNotSupported,
          "a table cannot be partitioned by infinity, by dates before the year 1 or by times outside of the "
          "years 1 to 9999, which its log has no spelling for: {}",
          field.name);
    }
    if (!text && !field.nullable) {
      return MakeError(ErrorCode::kNotNullViolation,
                       "NULL (or an empty text) in a partition column that is NOT NULL: "
                       "{}",
                       field.name);
    }
    add.partition_values[field.physical_name()] = std::move(text);
  }
  add.stats = tables::delta::SerializeStatistics(StatisticsCollector(file, layout, nan_columns).Take(), layout.schema);
  return add;
}

}  // namespace neurolake::engine::duckdb
