#include "cli/copy_into.h"

#include <boost/json.hpp>

#include "arrow/text_format.h"
#include "common/text.h"

namespace neurolake::cli {
namespace {

using Options = std::vector<std::pair<std::string, std::string>>;

std::string Render(const Options& options) {
  std::string text;
  for (const auto& [name, value] : options) {
    text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", QuoteLiteral(name), QuoteLiteral(value));
  }
  return text;
}

std::string Join(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ",") + part;
  return text;
}

/// One text as it is; several as a JSON array, as no separator could be kept out of the texts.
void AddList(const char* name, const std::vector<std::string>& values, Options& options) {
  if (values.empty()) return;
  if (values.size() == 1) {
    options.emplace_back(name, values[0]);
    return;
  }
  std::string list = "[";
  for (const std::string& value : values) {
    if (list.size() > 1) list += ',';
    arrow::AppendJsonString(value, list);
  }
  options.emplace_back(name, list + "]");
}

Result<Options> FormatOptions(const IngestArguments& ingest) {
  Options options;
  AddList("nullValue", ingest.null_tokens, options);
  AddList("dateFormat", ingest.date_formats, options);
  for (const std::string& option : ingest.options) {
    const size_t equals = option.find('=');
    if (equals == std::string::npos || equals == 0) {
      return MakeError(ErrorCode::kInvalidArgument, "--option wants name=value, got: {}", option);
    }
    options.emplace_back(option.substr(0, equals), option.substr(equals + 1));
  }
  return options;
}

/// The cleaning rules as COPY INTO wants them: {"*": {"trim": true}, "speed": {"map": {"unknown": ""}}}; "" for none.
Result<std::string> CleaningRules(const IngestArguments& ingest) {
  boost::json::object rules;
  if (ingest.trim) rules["*"] = {{"trim", true}};
  for (const std::string& map : ingest.value_maps) {
    const size_t colon = map.find(':');
    const size_t equals = map.find('=', colon == std::string::npos ? 0 : colon);
    if (colon == 0 || colon == std::string::npos || equals == std::string::npos) {
      return MakeError(ErrorCode::kInvalidArgument, "--map wants column:from=to, got: {}", map);
    }
    boost::json::value& rule = rules[map.substr(0, colon)];
    if (!rule.is_object()) rule.emplace_object();
    boost::json::value& values = rule.get_object()["map"];
    if (!values.is_object()) values.emplace_object();
    values.get_object()[map.substr(colon + 1, equals - colon - 1)] = map.substr(equals + 1);
  }
  return rules.empty() ? std::string() : boost::json::serialize(rules);
}

Result<Options> CopyOptions(const IngestArguments& ingest, const std::string& schema_text) {
  Options options;
  if (!schema_text.empty()) options.emplace_back("schema", schema_text);
  NL_ASSIGN_OR_RETURN(const std::string rules, CleaningRules(ingest));
  if (!rules.empty()) options.emplace_back("clean", rules);
  if (!ingest.keys.empty()) options.emplace_back("key", Join(ingest.keys));
  if (!ingest.keep.empty()) options.emplace_back("keep", ingest.keep);
  if (!ingest.on_error.empty()) options.emplace_back("on_error", ingest.on_error);
  if (!ingest.quarantine.empty()) options.emplace_back("quarantine", ingest.quarantine);
  // Promotion goes by the load's id.
  if (!ingest.promote.empty()) options.emplace_back("lineage", "true");
  if (ingest.force) options.emplace_back("force", "true");
  return options;
}

Result<std::string> CommonFormat(const std::vector<std::string>& paths) {
  std::string format;
  for (const std::string& path : paths) {
    NL_ASSIGN_OR_RETURN(const std::string own, FormatOfFile(path));
    if (!format.empty() && format != own) {
      return MakeError(ErrorCode::kInvalidArgument, "files of one ingest must have one format, found {} and {}", format,
                       own);
    }
    format = own;
  }
  return format;
}

}  // namespace

Result<std::string> QuoteTableName(std::string_view name) {
  std::vector<std::string> parts;
  std::string part;
  bool quoted = false;
  for (size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (c == '"') {
      if (quoted && i + 1 < name.size() && name[i + 1] == '"') {
        part += '"';
        ++i;
      } else {
        quoted = !quoted;
      }
    } else if (c == '.' && !quoted) {
      parts.push_back(std::exchange(part, {}));
    } else {
      part += c;
    }
  }
  parts.push_back(part);
  const bool has_empty = std::ranges::any_of(parts, [](const std::string& p) { return p.empty(); });
  constexpr size_t kPartsMax = 3;
  if (quoted || has_empty || parts.size() > kPartsMax) {
    return MakeError(ErrorCode::kInvalidArgument, "a table is named as schema.table, not: {}", name);
  }
  std::string text;
  for (const std::string& p : parts) text += (text.empty() ? "" : ".") + QuoteIdentifier(p);
  return text;
}

Result<std::string> FormatOfFile(std::string_view path) {
  std::string name = LowerAscii(path);
  for (const std::string_view compressed : {".gz", ".zst", ".zstd"}) {
    if (name.ends_with(compressed)) name.resize(name.size() - compressed.size());
  }
  struct Ending {
    std::string_view ending;
    const char* format;
  };
  for (const Ending& known : {Ending{".csv", "csv"}, Ending{".tsv", "csv"}, Ending{".json", "json"},
                              Ending{".jsonl", "json"}, Ending{".ndjson", "json"}, Ending{".parquet", "parquet"}}) {
    if (name.ends_with(known.ending)) return known.format;
  }
  return MakeError(ErrorCode::kInvalidArgument, "cannot tell the format of {}: say --format csv, json or parquet",
                   path);
}

bool IsRemotePath(std::string_view path) {
  const size_t colon = path.find("://");
  if (colon == 0 || colon == std::string_view::npos) return false;
  return std::ranges::all_of(path.substr(0, colon),
                             [](unsigned char c) { return std::isalnum(c) != 0 || c == '+' || c == '-'; });
}

Result<std::string> ComposeCopyInto(const IngestArguments& ingest, const std::vector<std::string>& paths,
                                    const std::string& schema_text, CopyMode mode) {
  NL_ASSIGN_OR_RETURN(const std::string table, QuoteTableName(ingest.into));
  NL_ASSIGN_OR_RETURN(const Options format_options, FormatOptions(ingest));
  NL_ASSIGN_OR_RETURN(const Options copy_options, CopyOptions(ingest, schema_text));
  std::string format = ingest.file_format;
  if (format.empty()) {
    NL_ASSIGN_OR_RETURN(format, CommonFormat(paths));
  }
  for (char& c : format) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  std::string sources;
  for (const std::string& path : paths) sources += (sources.empty() ? "" : ", ") + QuoteLiteral(path);
  if (paths.size() > 1) sources = "(" + sources + ")";
  std::string sql = fmt::format("COPY INTO {} FROM {} FILEFORMAT = {}{}", table, sources, format,
                                mode == CopyMode::kDryRun ? " VALIDATE" : "");
  if (!format_options.empty()) sql += fmt::format(" FORMAT_OPTIONS ({})", Render(format_options));
  if (!copy_options.empty()) sql += fmt::format(" COPY_OPTIONS ({})", Render(copy_options));
  return sql;
}

Result<std::string> ComposePromotion(const std::string& from, const std::string& to) {
  NL_ASSIGN_OR_RETURN(const std::string source, QuoteTableName(from));
  NL_ASSIGN_OR_RETURN(const std::string target, QuoteTableName(to));
  return fmt::format("PROMOTE FROM {} INTO {}", source, target);
}

}  // namespace neurolake::cli
