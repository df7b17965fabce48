#include "tables/delta/statistics.h"

#include <simdjson.h>

#include <charconv>
#include <functional>

#include "common/text.h"
#include "tables/delta/internal/json_text.h"

namespace neurolake::tables::delta {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr int kNestingDepthMax = 100;

/// What to do with a leaf: its path and its text; `quoted` tells a JSON string from a number or boolean.
using LeafHandler = std::function<void(const std::string& path, std::string text)>;

bool LooksLikeScalar(std::string_view token) {
  return !token.empty() && std::string_view("-0123456789tf").contains(token.front());
}

/// Walks the nested objects of minValues, maxValues or nullCount. False when something is malformed.
bool Walk(ondemand::object object, const std::string& prefix, int depth, const LeafHandler& handle) {
  if (depth > kNestingDepthMax) return false;
  for (auto field : object) {
    std::string_view key;
    if (field.unescaped_key().get(key) != simdjson::SUCCESS) return false;
    const std::string path = StatisticsPath(prefix, key);
    ondemand::value value;
    ondemand::json_type type;
    if (field.value().get(value) != simdjson::SUCCESS || value.type().get(type) != simdjson::SUCCESS) return false;
    switch (type) {
      case ondemand::json_type::object: {
        ondemand::object nested;
        if (value.get_object().get(nested) != simdjson::SUCCESS || !Walk(nested, path, depth + 1, handle)) return false;
        break;
      }
      case ondemand::json_type::string: {
        std::string_view text;
        if (value.get_string().get(text) != simdjson::SUCCESS) return false;
        handle(path, std::string(text));
        break;
      }
      case ondemand::json_type::number:
      case ondemand::json_type::boolean: {
        // The token itself: a decimal has more digits than a double keeps.
        const std::string_view token = Trim(value.raw_json_token());
        if (!LooksLikeScalar(token)) return false;
        handle(path, std::string(token));
        break;
      }
      case ondemand::json_type::null: {
        bool null = false;
        if (value.is_null().get(null) != simdjson::SUCCESS || !null) return false;
        break;
      }
      case ondemand::json_type::array: {
        // No statistics are known for lists; step over.
        ondemand::array array;
        if (value.get_array().get(array) != simdjson::SUCCESS) return false;
        for (auto item : array) {
          if (item.error() != simdjson::SUCCESS) return false;
        }
        break;
      }
    }
  }
  return true;
}

std::optional<int64_t> ParseCount(const std::string& text) {
  int64_t count = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size() || count < 0) return std::nullopt;
  return count;
}

/// False when malformed: the caller then forgets everything.
bool ParseInto(ondemand::object root, const std::vector<std::string>& wanted, FileStatistics& statistics) {
  auto column = [&](const std::string& path) -> ColumnStatistics* {
    if (!wanted.empty() && std::ranges::find(wanted, path) == wanted.end()) return nullptr;
    return &statistics.columns[path];
  };
  for (auto field : root) {
    std::string_view key;
    ondemand::value value;
    if (field.unescaped_key().get(key) != simdjson::SUCCESS || field.value().get(value) != simdjson::SUCCESS) {
      return false;
    }
    if (key == "numRecords") {
      int64_t count = 0;
      if (value.get_int64().get(count) != simdjson::SUCCESS || count < 0) return false;
      statistics.record_count = count;
    } else if (key == "tightBounds") {
      if (value.get_bool().get(statistics.tight_bounds) != simdjson::SUCCESS) return false;
    } else if (key == "minValues" || key == "maxValues" || key == "nullCount") {
      LeafHandler handle;
      if (key == "minValues") {
        handle = [&](const std::string& path, std::string text) {
          if (auto* found = column(path)) found->min = std::move(text);
        };
      } else if (key == "maxValues") {
        handle = [&](const std::string& path, std::string text) {
          if (auto* found = column(path)) found->max = std::move(text);
        };
      } else {
        handle = [&](const std::string& path, std::string text) {
          if (auto* found = column(path)) found->null_count = ParseCount(text);
        };
      }
      ondemand::object nested;
      if (value.get_object().get(nested) != simdjson::SUCCESS || !Walk(nested, "", 0, handle)) return false;
    }
  }
  return true;
}

/// Guards the log against a value that is no JSON scalar, such as NaN.
bool IsJsonScalar(const std::string& json) {
  simdjson::dom::parser parser;
  simdjson::dom::element element;
  const auto error = parser.parse(simdjson::padded_string(json)).get(element);
  // Integers beyond 64 bits are valid JSON that this parser does not hold.
  if (error == simdjson::NUMBER_ERROR) {
    return !json.empty() && std::ranges::all_of(json, [](char c) { return (c >= '0' && c <= '9') || c == '-'; });
  }
  return error == simdjson::SUCCESS && !element.is_object() && !element.is_array() && !element.is_null();
}

/// Member of one of the three objects for `field`, "" if nothing below it has one.
std::string MemberFor(const StructField& field, const std::string& prefix, const FileStatistics& statistics,
                      const std::function<std::string(const ColumnStatistics&)>& pick) {
  const std::string physical = field.physical_name();
  const std::string path = StatisticsPath(prefix, physical);
  std::string value;
  if (field.type.kind == DataType::Kind::kStruct) {
    for (const StructField& nested : field.type.fields) {
      const std::string member = MemberFor(nested, path, statistics, pick);
      if (!member.empty()) value += value.empty() ? member : "," + member;
    }
    if (!value.empty()) value = "{" + value + "}";
  } else if (auto found = statistics.columns.find(path); found != statistics.columns.end()) {
    value = pick(found->second);
  }
  return value.empty() ? "" : internal::JsonString(physical) + ":" + value;
}

std::string ObjectFor(const FileStatistics& statistics, const DataType& schema,
                      const std::function<std::string(const ColumnStatistics&)>& pick) {
  std::string members;
  for (const StructField& field : schema.fields) {
    const std::string member = MemberFor(field, "", statistics, pick);
    if (!member.empty()) members += members.empty() ? member : "," + member;
  }
  return "{" + members + "}";
}

std::string PickValue(const std::optional<std::string>& json) {
  return json.has_value() && IsJsonScalar(*json) ? *json : "";
}

}  // namespace

std::string StatisticsPath(std::string_view parent, std::string_view physical_name) {
  std::string path(parent);
  if (!path.empty()) path += '.';
  if (physical_name.empty()) return path + "\\e";  // Not as if what is in it stood at the top.
  for (const char c : physical_name) {
    if (c == '.' || c == '\\') path += '\\';
    path += c;
  }
  return path;
}

FileStatistics ParseStatistics(std::string_view stats_json, const std::vector<std::string>& paths) {
  if (stats_json.empty()) return {};
  ondemand::parser parser;
  const simdjson::padded_string padded(stats_json);
  ondemand::document document;
  ondemand::object root;
  FileStatistics statistics;
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS ||
      document.get_object().get(root) != simdjson::SUCCESS || !ParseInto(root, paths, statistics) ||
      document.current_location().error() != simdjson::OUT_OF_BOUNDS) {
    return {};
  }
  return statistics;
}

bool IsExactBound(std::string_view text, const DataType& type) {
  /// Decimal digits that survive a double.
  constexpr size_t kDigitsMax = 15;
  /// Digits that the shortest spelling of a double has at most.
  constexpr size_t kDoubleDigitsMax = 17;
  switch (type.kind) {
    case DataType::Kind::kByte:
    case DataType::Kind::kShort:
    case DataType::Kind::kInteger:
    case DataType::Kind::kLong: return text.find_first_of(".eE") == std::string_view::npos;
    case DataType::Kind::kDecimal: {
      if (text.find_first_of("eE") != std::string_view::npos) return false;
      const std::string_view whole = text.substr(0, text.find('.'));
      const std::string_view fraction = text.substr(std::min(text.size(), whole.size() + 1));
      const size_t first = std::min(whole.find_first_not_of("-0"), whole.size());
      // Not the text's digits: zeros at the end of a number's real digits are cut.
      if (whole.size() - first + static_cast<size_t>(type.scale) <= kDigitsMax) return true;
      // Spelt in full, as we and Spark do. A double is never printed with a zero at its end, nor with more digits than
      // tell it from all others.
      if (type.scale < 2 || fraction.size() != static_cast<size_t>(type.scale)) return false;
      const size_t zeros = first < whole.size() ? 0 : std::min(fraction.find_first_not_of('0'), fraction.size());
      return fraction.back() == '0' || whole.size() - first + fraction.size() - zeros > kDoubleDigitsMax;
    }
    default: return true;
  }
}

std::optional<int64_t> ReadRecordCount(std::string_view stats_json) {
  // All common writers put it first. (Further in, a column could have that name.)
  constexpr std::string_view kFirst = "{\"numRecords\":";
  if (stats_json.starts_with(kFirst)) {
    std::string_view rest = stats_json.substr(kFirst.size());
    if (rest.starts_with(' ')) rest.remove_prefix(1);
    int64_t count = 0;
    const char* end = rest.data() + rest.size();
    auto [stop, problem] = std::from_chars(rest.data(), end, count);
    if (problem == std::errc() && count >= 0 && stop != end && (*stop == ',' || *stop == '}')) return count;
  }
  // A name that no column has, so that none is parsed.
  return ParseStatistics(stats_json, {"\n"}).record_count;
}

std::string SerializeStatistics(const FileStatistics& statistics, const DataType& schema) {
  std::string out;
  internal::JsonObjectWriter writer(out);
  if (statistics.record_count.has_value()) writer.Number("numRecords", *statistics.record_count);
  writer.Raw("minValues", ObjectFor(statistics, schema, [](const auto& column) { return PickValue(column.min); }));
  writer.Raw("maxValues", ObjectFor(statistics, schema, [](const auto& column) { return PickValue(column.max); }));
  writer.Raw("nullCount", ObjectFor(statistics, schema, [](const auto& column) {
               return column.null_count.has_value() ? fmt::format("{}", *column.null_count) : std::string();
             }));
  writer.Boolean("tightBounds", statistics.tight_bounds);
  writer.Close();
  return out;
}

std::string LoosenBounds(const std::string& stats_json) {
  simdjson::dom::parser parser;
  simdjson::dom::object root;
  const auto error = parser.parse(simdjson::padded_string(stats_json)).get_object().get(root);
  // A number the parser does not hold is no reason to give up, anything else is: such statistics say nothing.
  if (stats_json.empty() || (error != simdjson::SUCCESS && error != simdjson::NUMBER_ERROR)) return "";
  std::string out = stats_json;
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < out.size(); ++i) {
    const char c = out[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (c != '"') continue;
    constexpr std::string_view kKey = "\"tightBounds\"";
    if (depth == 1 && std::string_view(out).substr(i).starts_with(kKey)) {
      const size_t value = out.find_first_not_of(": \t\r\n", i + kKey.size());
      if (value != std::string::npos && std::string_view(out).substr(value).starts_with("true")) {
        return out.replace(value, 4, "false");
      }
      return out;
    }
    in_string = true;
  }
  const size_t brace = out.find('{');
  if (brace == std::string::npos) return "";
  const bool has_members = out.find_first_not_of(" \t\r\n", brace + 1) != out.find('}', brace);
  return out.insert(brace + 1, has_members ? "\"tightBounds\":false," : "\"tightBounds\":false");
}

}  // namespace neurolake::tables::delta
