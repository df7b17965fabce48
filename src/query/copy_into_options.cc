#include "query/copy_into_options.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <functional>
#include <utility>

#include "common/text.h"
#include "query/copy_into_types.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using Setter = std::function<Result<void>(CopyIntoOptions&, const std::string& name, const std::string& value)>;

std::unexpected<Error> Wrong(const std::string& name, std::string_view right) {
  return MakeError(ErrorCode::kInvalidArgument, "the option {} must be {}", name, right);
}

Result<bool> ToBool(const std::string& name, const std::string& value) {
  if (EqualsIgnoringCase(value, "true")) return true;
  if (EqualsIgnoringCase(value, "false")) return false;
  return Wrong(name, "true or false");
}

template <typename Field>
Setter Bool(Field CopyIntoOptions::*field) {
  return [field](CopyIntoOptions& options, const std::string& name, const std::string& value) -> Result<void> {
    NL_ASSIGN_OR_RETURN(options.*field, ToBool(name, value));
    return {};
  };
}

// '["a", "b"]' is a list, everything else one text.
Result<std::vector<std::string>> ToList(const std::string& name, const std::string& value) {
  if (!value.starts_with("[")) return std::vector<std::string>{value};
  boost::system::error_code error;
  const json::value parsed = json::parse(value, error);
  if (error || !parsed.is_array()) return Wrong(name, "a text, or a JSON list of texts");
  std::vector<std::string> list;
  for (const json::value& item : parsed.as_array()) {
    if (!item.is_string()) return Wrong(name, "a text, or a JSON list of texts");
    list.emplace_back(item.as_string());
  }
  return list;
}

// "yyyy-MM-dd" to "%Y-%m-%d"; formats of strptime pass as they are.
Result<std::string> ToFormat(const std::string& name, const std::string& value) {
  if (value.find('%') != std::string::npos) return value;
  constexpr std::pair<std::string_view, std::string_view> kParts[] = {
      {"yyyy", "%Y"}, {"yy", "%y"}, {"MMMM", "%B"}, {"MMM", "%b"},    {"MM", "%m"},  {"dd", "%d"}, {"HH", "%H"},
      {"hh", "%I"},   {"mm", "%M"}, {"ss", "%S"},   {"SSSSSS", "%f"}, {"SSS", "%g"}, {"a", "%p"},  {"'T'", "T"}};
  std::string format;
  for (size_t at = 0; at < value.size();) {
    const auto part =
        std::ranges::find_if(kParts, [&](const auto& p) { return value.substr(at).starts_with(p.first); });
    if (part != std::end(kParts)) {
      format += part->second;
      at += part->first.size();
    } else if (std::isalpha(static_cast<unsigned char>(value[at]))) {
      return Wrong(name, "a strptime format such as %d.%m.%Y, or a pattern such as dd.MM.yyyy");
    } else {
      format += value[at++];
    }
  }
  if (format.find('%') == std::string::npos) return Wrong(name, "a strptime format such as %d.%m.%Y");
  return format;
}

Setter Formats(std::vector<std::string> CopyIntoOptions::*field) {
  return [field](CopyIntoOptions& options, const std::string& name, const std::string& value) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto list, ToList(name, value));
    for (const std::string& item : list) {
      NL_ASSIGN_OR_RETURN(auto format, ToFormat(name, item));
      (options.*field).push_back(std::move(format));
    }
    return {};
  };
}

Result<void> SetDelimiter(CopyIntoOptions& options, const std::string& name, const std::string& value) {
  const std::string text = value == "\\t" || EqualsIgnoringCase(value, "tab") ? "\t" : value;
  if (text.size() != 1 || text == "\n" || text == "\r" || text == "\"") {
    return Wrong(name, "one byte such as ',' or ';', or '\\t'");
  }
  options.delimiter = text[0];
  return {};
}

// One byte or none.
Setter Byte(std::string CopyIntoOptions::*field) {
  return [field](CopyIntoOptions& options, const std::string& name, const std::string& value) -> Result<void> {
    if (value.size() > 1 || value == "\n" || value == "\r") return Wrong(name, "one byte, or '' for none");
    options.*field = value;
    return {};
  };
}

Setter Number(int64_t CopyIntoOptions::*field, int64_t min, int64_t max) {
  return [=](CopyIntoOptions& options, const std::string& name, const std::string& value) -> Result<void> {
    int64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc() || end != value.data() + value.size() || number < min || number > max) {
      return Wrong(name, fmt::format("a number from {} to {}", min, max));
    }
    options.*field = number;
    return {};
  };
}

Result<void> SetEncoding(CopyIntoOptions& options, const std::string& name, const std::string& value) {
  const std::string encoding = LowerAscii(value);
  if (encoding == "utf-8" || encoding == "utf8") {
    options.encoding = "utf-8";
  } else if (encoding == "latin-1" || encoding == "iso-8859-1" || encoding == "latin1") {
    options.encoding = "latin-1";
  } else {
    return Wrong(name, "utf-8 or latin-1; convert other encodings first");
  }
  return {};
}

Result<void> SetNullTokens(CopyIntoOptions& options, const std::string& name, const std::string& value) {
  NL_ASSIGN_OR_RETURN(options.null_tokens, ToList(name, value));
  return {};
}

Result<std::vector<std::string>> TextList(const std::string& name, const json::value& value) {
  if (value.is_string()) return std::vector<std::string>{std::string(value.as_string())};
  return ToList(name, json::serialize(value));
}

Result<CleaningRule> ToRule(const std::string& name, const json::value& value) {
  constexpr std::string_view kRight =
      R"(JSON like {"price": {"trim": true, "null": ["NA"], "map": {"n/a": "0"}, "format": ["%d.%m.%Y"]}, "*": {"trim": true}})";
  CleaningRule rule;
  if (!value.is_object()) return Wrong(name, kRight);
  for (const auto& [key, part] : value.as_object()) {
    if (key == "trim" && part.is_bool()) {
      rule.trim = part.as_bool();
    } else if (key == "null") {
      NL_ASSIGN_OR_RETURN(rule.null_tokens, TextList(name, part));
    } else if (key == "map" && part.is_object()) {
      for (const auto& [from, to] : part.as_object()) {
        if (!to.is_string()) return Wrong(name, kRight);
        rule.values.emplace_back(from, to.as_string());
      }
    } else if (key == "format") {
      NL_ASSIGN_OR_RETURN(const auto formats, TextList(name, part));
      for (const std::string& format : formats) {
        NL_ASSIGN_OR_RETURN(auto converted, ToFormat(name, format));
        rule.formats.push_back(std::move(converted));
      }
    } else {
      return Wrong(name, kRight);
    }
  }
  return rule;
}

Result<void> SetRules(CopyIntoOptions& options, const std::string& name, const std::string& value) {
  boost::system::error_code error;
  const json::value parsed = json::parse(value, error);
  if (error || !parsed.is_object()) return Wrong(name, R"(JSON like {"price": {"trim": true, "null": ["NA"]}})");
  for (const auto& [column, rule] : parsed.as_object()) {
    NL_ASSIGN_OR_RETURN(options.rules[LowerAscii(column)], ToRule(name, rule));
  }
  return {};
}

Result<void> SetKey(CopyIntoOptions& options, const std::string& name, const std::string& value) {
  if (value.starts_with("[")) {
    NL_ASSIGN_OR_RETURN(options.key, ToList(name, value));
  } else {
    for (const std::string& part : Split(value, ',')) options.key.emplace_back(Trim(part));
  }
  if (std::ranges::any_of(options.key, &std::string::empty))
    return Wrong(name, "names of columns, like 'id' or 'id, day'");
  return {};
}

Result<void> SetKeep(CopyIntoOptions& options, const std::string& name, const std::string& value) {
  if (!EqualsIgnoringCase(value, "first") && !EqualsIgnoringCase(value, "last")) return Wrong(name, "first or last");
  options.keep = EqualsIgnoringCase(value, "last") ? KeepDuplicate::kLast : KeepDuplicate::kFirst;
  return {};
}

Result<void> SetOnError(CopyIntoOptions& options, const std::string& name, const std::string& value) {
  constexpr std::pair<std::string_view, OnError> kWays[] = {
      {"quarantine", OnError::kQuarantine}, {"abort", OnError::kAbort}, {"skip", OnError::kSkip}};
  for (const auto& [word, way] : kWays) {
    if (!EqualsIgnoringCase(value, word)) continue;
    options.on_error = way;
    return {};
  }
  return Wrong(name, "quarantine, abort or skip");
}

Result<void> SetQuarantine(CopyIntoOptions& options, const std::string& name, const std::string& value) {
  const std::vector<std::string> parts = Split(value, '.');
  if (parts.size() != 2 || parts[0].empty() || parts[1].empty())
    return Wrong(name, "a table's name like bronze.bad_rows");
  options.quarantine = ObjectName{.schema = parts[0], .name = parts[1]};
  return {};
}

Result<void> SetSchema(CopyIntoOptions& options, const std::string&, const std::string& value) {
  NL_ASSIGN_OR_RETURN(options.schema, ParseSchemaText(value));
  return {};
}

struct OptionEntry {
  std::string_view name;
  std::string_view formats;  ///< "c", "j", "p": which formats have it.
  Setter set;
};

const std::vector<OptionEntry>& FormatOptions() {
  using O = CopyIntoOptions;
  static const std::vector<OptionEntry> entries = {
      {"header", "c", Bool(&O::header)},
      {"delimiter", "c", SetDelimiter},
      {"sep", "c", SetDelimiter},
      {"quote", "c", Byte(&O::quote)},
      {"escape", "c", Byte(&O::escape)},
      {"comment", "c", Byte(&O::comment)},
      {"encoding", "c", SetEncoding},
      {"skip", "c", Number(&O::skip_lines, 0, 1'000'000)},
      {"nullvalue", "cjp", SetNullTokens},
      {"dateformat", "cjp", Formats(&O::date_formats)},
      {"timestampformat", "cjp", Formats(&O::timestamp_formats)},
      {"maxlinesize", "cj", Number(&O::line_size_max_bytes, 1024, int64_t{256} << 20)},
      {"strict", "c", Bool(&O::strict)},
  };
  return entries;
}

const std::vector<OptionEntry>& CopyOptions() {
  using O = CopyIntoOptions;
  static const std::vector<OptionEntry> entries = {
      {"schema", "cjp", SetSchema},
      {"by_name", "cjp", Bool(&O::by_name)},
      {"ignore_extra", "cjp", Bool(&O::ignore_extra)},
      {"clean", "cjp", SetRules},
      {"key", "cjp", SetKey},
      {"keep", "cjp", SetKeep},
      {"order_by", "cjp",
       [](O& options, const std::string&, const std::string& value) -> Result<void> {
         options.order_by = value;
         return {};
       }},
      {"dedupe_target", "cjp", Bool(&O::dedupe_target)},
      {"force", "cjp", Bool(&O::force)},
      {"exact_integers", "cjp", Bool(&O::exact_integers)},
      {"on_error", "cjp", SetOnError},
      {"quarantine", "cjp", SetQuarantine},
      {"lineage", "cjp", Bool(&O::lineage)},
  };
  return entries;
}

Result<void> Apply(const std::map<std::string, std::string>& given, const std::vector<OptionEntry>& known,
                   std::string_view clause, std::string_view format, CopyIntoOptions& options) {
  for (const auto& [name, value] : given) {
    const auto entry = std::ranges::find_if(known, [&](const OptionEntry& e) {
      return e.name == LowerAscii(name) && e.formats.find(format[0]) != std::string_view::npos;
    });
    if (entry == known.end()) {
      std::string names;
      for (const OptionEntry& e : known) {
        if (e.formats.find(format[0]) != std::string_view::npos)
          names += fmt::format("{}{}", names.empty() ? "" : ", ", e.name);
      }
      return MakeError(ErrorCode::kInvalidArgument, "{} of {} files has no option \"{}\"; it has {}", clause, format,
                       name, names);
    }
    NL_RETURN_IF_ERROR(entry->set(options, name, value));
  }
  return {};
}

std::string Fingerprint(const CopyInto& statement) {
  std::string text = statement.file_format;
  for (const std::string& column : statement.columns) text += '\x1f' + column;
  for (const auto* part : {&statement.format_options, &statement.copy_options}) {
    text += '\x1e';
    for (const auto& [name, value] : *part) text += name + '\x1f' + value + '\x1f';
  }
  return Sha256Hex(text).substr(0, 16);
}

}  // namespace

CleaningRule CopyIntoOptions::RuleFor(const ColumnShape& column) const {
  CleaningRule rule;
  if (const auto all = rules.find("*"); all != rules.end()) rule = all->second;
  if (const auto own = rules.find(LowerAscii(column.name)); own != rules.end()) {
    const CleaningRule& from = own->second;
    if (from.trim.has_value()) rule.trim = from.trim;
    if (!from.null_tokens.empty()) rule.null_tokens = from.null_tokens;
    if (!from.values.empty()) rule.values = from.values;
    if (!from.formats.empty()) rule.formats = from.formats;
  }
  rule.null_tokens.insert(rule.null_tokens.end(), null_tokens.begin(), null_tokens.end());
  if (!IsTemporalType(column.type)) {
    rule.formats.clear();
  } else if (rule.formats.empty()) {
    rule.formats = column.type == "DATE" ? date_formats : timestamp_formats;
  }
  return rule;
}

Result<CopyIntoOptions> ParseCopyIntoOptions(const CopyInto& statement) {
  CopyIntoOptions options;
  const std::string format = LowerAscii(statement.file_format);
  if (format == "csv") {
    options.format = SourceFormat::kCsv;
  } else if (format == "json") {
    options.format = SourceFormat::kJsonLines;
  } else if (format == "parquet") {
    options.format = SourceFormat::kParquet;
  } else {
    return MakeError(ErrorCode::kInvalidArgument, "FILEFORMAT must be CSV, JSON or PARQUET");
  }
  NL_RETURN_IF_ERROR(Apply(statement.format_options, FormatOptions(), "FORMAT_OPTIONS", format, options));
  NL_RETURN_IF_ERROR(Apply(statement.copy_options, CopyOptions(), "COPY_OPTIONS", format, options));
  options.header_given = statement.format_options.contains("header");
  options.validate = statement.validate;
  options.validate_rows = statement.validate_rows;
  if (options.escape.empty()) options.escape = options.quote;
  if (!options.order_by.empty() && options.key.empty()) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "the option order_by needs key: it says which of the rows with one key is kept");
  }
  if (options.dedupe_target && options.key.empty()) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "the option dedupe_target needs key, the columns that tell rows apart");
  }
  if (!statement.columns.empty() && options.by_name) {
    return MakeError(ErrorCode::kInvalidArgument, "give either a list of columns or by_name");
  }
  options.fingerprint = Fingerprint(statement);
  return options;
}

std::string NameAsPattern(const std::string& name) {
  if (name.find_first_of("*?[") == std::string::npos) return name;
  std::string pattern;
  for (const char byte : name) {
    if (byte == '\\') pattern += '\\';
    pattern += byte == '*' || byte == '?' || byte == '[' ? std::string{'[', byte, ']'} : std::string{byte};
  }
  return pattern;
}

}  // namespace neurolake::query
