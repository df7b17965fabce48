#include "tables/delta/column_bounds.h"

#include <simdjson.h>

#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>
#include <optional>

#include "common/text.h"
#include "tables/delta/statistics.h"

namespace neurolake::tables::delta {
namespace {

namespace ondemand = simdjson::ondemand;
using Kind = DataType::Kind;

constexpr int kNumberDigitsMax = 18;

ColumnBounds::Form FormOf(const DataType& type, bool partition) {
  switch (type.kind) {
    case Kind::kByte:
    case Kind::kShort:
    case Kind::kInteger:
    case Kind::kLong:
    case Kind::kDate:
    case Kind::kTimestamp:
    case Kind::kTimestampNtz: return ColumnBounds::Form::kNumber;
    // Values of wider ones do not fit.
    case Kind::kDecimal: return ColumnBounds::Form::kNumber;
    case Kind::kBoolean: return partition ? ColumnBounds::Form::kNumber : ColumnBounds::Form::kNone;
    case Kind::kFloat:
    case Kind::kDouble: return ColumnBounds::Form::kReal;
    case Kind::kString: return ColumnBounds::Form::kText;
    case Kind::kBinary: return partition ? ColumnBounds::Form::kText : ColumnBounds::Form::kNone;
    case Kind::kStruct:
    case Kind::kArray:
    case Kind::kMap: return ColumnBounds::Form::kNone;
  }
  return ColumnBounds::Form::kNone;
}

std::optional<int64_t> ParseInteger(std::string_view text, int64_t least, int64_t greatest) {
  int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number < least || number > greatest ? std::nullopt : std::optional(number);
}

template <typename Integer>
std::optional<int64_t> ParseIntegerOf(std::string_view text) {
  return ParseInteger(text, std::numeric_limits<Integer>::min(), std::numeric_limits<Integer>::max());
}

/// Days of the epoch of "2013-01-31".
std::optional<int64_t> ParseDays(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = ParseInteger(text.substr(0, 4), 1, 9999);
  const auto month = ParseInteger(text.substr(5, 2), 1, 12);
  const auto day = ParseInteger(text.substr(8, 2), 1, 31);
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count();
}

/// "-12.5" times ten to `scale`; nullopt where that is no whole number of at most 18 digits, or does not fit the type.
std::optional<int64_t> ParseDecimal(std::string_view text, const DataType& type) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const size_t point = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction = point == text.size() ? std::string_view() : text.substr(point + 1);
  const auto digits = [](std::string_view part) {
    return std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
  };
  const auto scale = static_cast<size_t>(type.scale);
  if (whole.empty() || !digits(whole) || !digits(fraction) || (point != text.size() && fraction.empty()) ||
      fraction.size() > scale || whole.size() + scale > kNumberDigitsMax) {
    return std::nullopt;
  }
  int64_t number = 0;
  for (const char c : whole) number = number * 10 + (c - '0');
  for (size_t i = 0; i < scale; ++i) number = number * 10 + (i < fraction.size() ? fraction[i] - '0' : 0);
  int64_t limit = 1;
  for (int i = 0; i < type.precision; ++i) limit *= 10;
  if (number >= limit) return std::nullopt;
  return negative ? -number : number;
}

template <typename Real>
std::optional<double> ParseReal(std::string_view text) {
  Real number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
  return static_cast<double>(number);
}

/// A text as a number of the column's type, as ColumnBounds::kNumber has it.
std::optional<int64_t> ParseNumber(std::string_view text, const DataType& type) {
  switch (type.kind) {
    case Kind::kByte: return ParseIntegerOf<int8_t>(text);
    case Kind::kShort: return ParseIntegerOf<int16_t>(text);
    case Kind::kInteger: return ParseIntegerOf<int32_t>(text);
    case Kind::kLong: return ParseIntegerOf<int64_t>(text);
    case Kind::kDate: return ParseDays(text);
    case Kind::kTimestamp:
    case Kind::kTimestampNtz: {
      const auto time = ParseTimestamp(text);
      return time.has_value() ? std::optional<int64_t>(time->time_since_epoch().count()) : std::nullopt;
    }
    case Kind::kDecimal: return type.precision > kNumberDigitsMax ? std::nullopt : ParseDecimal(text, type);
    case Kind::kBoolean:
      if (text == "true" || text == "false") return text == "true" ? 1 : 0;
      return std::nullopt;
    default: return std::nullopt;
  }
}

/// Fills the arrays, file by file.
class BoundsReader {
 public:
  BoundsReader(const FileTable& files, const StructField& field, const ColumnBoundsOptions& options)
      : files_(files), field_(field), name_(field.physical_name()), was_float_(options.was_float) {
    bounds_.partition = options.partition;
    bounds_.form = FormOf(field.type, options.partition);
    bounds_.known.resize(files.size());
    bounds_.nulls.assign(files.size(), -1);
    if (bounds_.form == ColumnBounds::Form::kNone) return;
    bounds_.min.resize(files.size());
    bounds_.max.resize(files.size());
  }

  ColumnBounds Read() && {
    for (size_t i = 0; i < files_.size(); ++i) bounds_.partition ? ReadPartition(i) : ReadFile(i);
    return std::move(bounds_);
  }

 private:
  void ReadPartition(size_t file) {
    const auto value = files_.partition_value(file, name_);
    bounds_.nulls[file] = !value.has_value() || value->empty() ? 1 : 0;
    if (bounds_.nulls[file] == 1) return;
    if (bounds_.form == ColumnBounds::Form::kNone || field_.type.kind == Kind::kBinary) {
      bounds_.known[file] = ColumnBounds::kUncommon;
    } else if (Set(file, *value, ColumnBounds::kMin, bounds_.min)) {
      bounds_.max[file] = bounds_.min[file];
      bounds_.known[file] |= ColumnBounds::kMax;
    }
  }

  void ReadFile(size_t file) {
    const std::string_view stats = files_.stats(file);
    if (stats.empty()) return;
    ondemand::document document;
    ondemand::object root;
    const simdjson::padded_string_view padded(stats.data(), stats.size(), stats.size() + simdjson::SIMDJSON_PADDING);
    if (parser_.iterate(padded).get(document) == simdjson::SUCCESS &&
        document.get_object().get(root) == simdjson::SUCCESS && ReadRoot(root, file) &&
        document.current_location().error() == simdjson::OUT_OF_BOUNDS) {
      return;
    }
    bounds_.known[file] = 0;
    bounds_.nulls[file] = -1;
  }

  bool ReadRoot(ondemand::object root, size_t file) {
    for (auto member : root) {
      std::string_view key;
      if (member.unescaped_key().get(key) != simdjson::SUCCESS) return false;
      const bool min = key == "minValues", max = key == "maxValues", nulls = key == "nullCount";
      if (!min && !max && !nulls) continue;
      ondemand::object columns;
      if (member.value().get_object().get(columns) != simdjson::SUCCESS) return false;
      for (auto column : columns) {
        if (column.unescaped_key().get(key) != simdjson::SUCCESS) return false;
        if (key != name_) continue;
        ondemand::value value;
        if (column.value().get(value) != simdjson::SUCCESS) return false;
        if (nulls ? !ReadNulls(value, file) : !ReadBound(value, file, min)) return false;
      }
    }
    return true;
  }

  bool ReadNulls(ondemand::value value, size_t file) {
    ondemand::json_type type;
    if (value.type().get(type) != simdjson::SUCCESS) return false;
    int64_t count = 0;
    if (type == ondemand::json_type::number && value.get_int64().get(count) == simdjson::SUCCESS && count >= 0) {
      bounds_.nulls[file] = count;
    }
    return true;
  }

  bool ReadBound(ondemand::value value, size_t file, bool min) {
    if (bounds_.form == ColumnBounds::Form::kNone) return true;
    ondemand::json_type type;
    if (value.type().get(type) != simdjson::SUCCESS) return false;
    std::string_view text;
    if (type == ondemand::json_type::string) {
      if (value.get_string().get(text) != simdjson::SUCCESS) return false;
    } else if (type == ondemand::json_type::number || type == ondemand::json_type::boolean) {
      text = Trim(value.raw_json_token());
    } else {
      return true;
    }
    if (!IsExactBound(text, field_.type)) return true;
    Set(file, text, min ? ColumnBounds::kMin : ColumnBounds::kMax, min ? bounds_.min : bounds_.max);
    return true;
  }

  /// False where the text is not understood; that the file is uncommon is noted then.
  bool Set(size_t file, std::string_view text, ColumnBounds::Known what, std::vector<int64_t>& values) {
    std::optional<int64_t> value;
    if (bounds_.form == ColumnBounds::Form::kNumber) {
      value = ParseNumber(text, field_.type);
      const bool time = field_.type.kind == Kind::kTimestamp || field_.type.kind == Kind::kTimestampNtz;
      // Statistics are cut to milliseconds.
      if (value && time && !bounds_.partition && what == ColumnBounds::kMax) {
        value = *value > INT64_MAX - 1000 ? INT64_MAX : *value + 1000;
      }
    } else if (bounds_.form == ColumnBounds::Form::kReal) {
      const auto real = field_.type.kind == Kind::kFloat ? ParseReal<float>(text) : ParseReal<double>(text);
      if (real) value = std::bit_cast<int64_t>(Widened(*real, what));
    } else {
      value = Keep(text);
    }
    bounds_.known[file] |= value ? what : ColumnBounds::kUncommon;
    if (value) values[file] = *value;
    return value.has_value();
  }

  /// 0.1 in the statistics of a FLOAT stands for the float next to it.
  double Widened(double value, ColumnBounds::Known what) const {
    if (!was_float_ || bounds_.partition) return value;
    const double rounded = static_cast<double>(static_cast<float>(value));
    return what == ColumnBounds::kMin ? std::min(value, rounded) : std::max(value, rounded);
  }

  std::optional<int64_t> Keep(std::string_view text) {
    if (text.size() >= (1U << ColumnBounds::kTextSizeBits)) return std::nullopt;
    const auto place = static_cast<int64_t>(bounds_.texts.size());
    bounds_.texts += text;
    return place << ColumnBounds::kTextSizeBits | static_cast<int64_t>(text.size());
  }

  const FileTable& files_;
  const StructField& field_;
  const std::string name_;
  const bool was_float_;
  ColumnBounds bounds_;
  ondemand::parser parser_;
};

}  // namespace

int64_t ColumnBounds::memory_bytes() const {
  return static_cast<int64_t>(known.capacity() + texts.capacity() +
                              (min.capacity() + max.capacity() + nulls.capacity()) * sizeof(int64_t));
}

ColumnBounds ReadColumnBounds(const FileTable& files, const StructField& field, const ColumnBoundsOptions& options) {
  return BoundsReader(files, field, options).Read();
}

std::optional<ColumnBounds> AppendBounds(ColumnBounds first, const ColumnBounds& base,
                                         const std::vector<uint32_t>& positions) {
  // Texts of files that have gone stay, for a while.
  constexpr size_t kTextsPerFileMax = 128;
  if (base.form != first.form || base.partition != first.partition ||
      base.texts.size() > kTextsPerFileMax * (positions.size() + 1024)) {
    return std::nullopt;
  }
  const size_t fresh = first.known.size();
  const auto append = [&]<typename T>(std::vector<T>& values, const std::vector<T>& more) {
    if (more.empty()) return;
    values.reserve(fresh + positions.size());
    for (const uint32_t position : positions) values.push_back(more[position]);
  };
  append(first.known, base.known);
  append(first.nulls, base.nulls);
  if (first.form == ColumnBounds::Form::kText) {
    const auto shift = static_cast<int64_t>(base.texts.size()) << ColumnBounds::kTextSizeBits;
    for (size_t i = 0; i < fresh; ++i) {
      first.min[i] += shift;
      first.max[i] += shift;
    }
    first.texts.insert(0, base.texts);
  }
  append(first.min, base.min);
  append(first.max, base.max);
  return first;
}

std::vector<int64_t> ReadRecordCounts(const FileTable& files) {
  std::vector<int64_t> counts(files.size(), -1);
  for (size_t i = 0; i < files.size(); ++i) counts[i] = ReadRecordCount(files.stats(i)).value_or(-1);
  return counts;
}

}  // namespace neurolake::tables::delta
