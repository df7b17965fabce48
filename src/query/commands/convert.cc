#include "query/commands/convert.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <map>
#include <set>

#include "common/text.h"
#include "query/commands/server_action.h"
#include "query/front_parser_cursor.h"
#include "storage/path.h"
#include "tables/delta/file_path.h"
#include "tables/delta/statistics.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using storage::ObjectInfo;
using tables::delta::AddFile;
using tables::delta::DataType;
using tables::delta::PartitionValues;

constexpr std::string_view kNullPartition = "__HIVE_DEFAULT_PARTITION__";

struct PartitionColumn {
  std::string name;
  std::string type;  ///< SQL, as written.
};

struct ConvertStatement {
  std::string path;
  ObjectName table;
  std::vector<PartitionColumn> partitions;
  bool statistics = true;
};

struct SourceParquet {
  ObjectInfo info;
  std::string relative;
  PartitionValues partition;
};

class Convert final : public TableCommand {
 public:
  explicit Convert(ConvertStatement statement) : statement_(std::move(statement)) {}
  std::string kind() const override { return "CONVERT"; }
  bool needs_memory() const override { return true; }
  const ObjectName& target() const override { return statement_.table; }
  Result<OwnResult> Run(CommandContext& context) const override;

 private:
  Result<std::vector<SourceParquet>> FindFiles(CommandContext& context, const std::string& root) const;
  Result<PartitionValues> PartitionOf(const std::string& relative) const;
  Result<void> CreateEmpty(CommandContext& context, const ObjectName& name, const std::string& list) const;
  Result<void> AddStatistics(CommandContext& context, const OpenedTable& table, const std::string& list,
                             std::vector<AddFile>& adds, const std::map<std::string, size_t>& by_path) const;
  Result<int64_t> AddFiles(CommandContext& context, const OpenedTable& table, const std::vector<SourceParquet>& files,
                           const std::string& list) const;
  Result<void> CheckPartitionValues(CommandContext& context, const std::vector<SourceParquet>& files) const;
  Result<void> Undo(CommandContext& context, const engine::duckdb::TableEntry& table) const;
  Result<int64_t> Fill(CommandContext& context, const ObjectName& name, const std::vector<SourceParquet>& files,
                       const std::string& list) const;
  ConvertStatement statement_;
};

/// `day=2024-01-01/…` in the order of PARTITIONED BY, or in any other.
Result<PartitionValues> Convert::PartitionOf(const std::string& relative) const {
  PartitionValues values;
  const auto parts = Split(relative, '/');
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    const size_t equals = parts[i].find('=');
    if (equals == std::string::npos) continue;
    NL_ASSIGN_OR_RETURN(const std::string name, tables::delta::DecodePath(parts[i].substr(0, equals)));
    NL_ASSIGN_OR_RETURN(std::string value, tables::delta::DecodePath(parts[i].substr(equals + 1)));
    const auto column = std::ranges::find_if(
        statement_.partitions, [&](const auto& candidate) { return EqualsIgnoringCase(candidate.name, name); });
    if (column == statement_.partitions.end()) {
      return MakeError(ErrorCode::kInvalidArgument,
                       "a directory is that of a partition, PARTITIONED BY must name the column and its type: {}",
                       name);
    }
    values[column->name] = value == kNullPartition || value.empty() ? std::nullopt : std::optional(std::move(value));
  }
  if (values.size() != statement_.partitions.size()) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "a file is not in directories of all the partition columns, such as day=2024-01-01: {}", relative);
  }
  return values;
}

Result<std::vector<SourceParquet>> Convert::FindFiles(CommandContext& context, const std::string& root) const {
  std::vector<SourceParquet> files;
  NL_RETURN_IF_ERROR(context.store().Walk(
      root,
      [](const std::string& relative) {
        const std::string name = relative.substr(relative.rfind('/') + 1);
        return !name.starts_with('.') && (!name.starts_with('_') || name.contains('='));
      },
      [&](const ObjectInfo& info) -> Result<void> {
        NL_RETURN_IF_ERROR(context.request().CheckAlive());
        std::string relative = info.path.substr(root.size() + 1);
        const std::string name = relative.substr(relative.rfind('/') + 1);
        if (name.starts_with('_') || name.starts_with('.') || !name.ends_with(".parquet")) return {};
        NL_ASSIGN_OR_RETURN(const bool linked, context.store().LeadsThroughLink(root, info.path));
        if (linked) {
          return MakeError(ErrorCode::kPermissionDenied, "a file of the directory is a link, CONVERT takes none: {}",
                           relative);
        }
        NL_ASSIGN_OR_RETURN(PartitionValues partition, PartitionOf(relative));
        files.push_back({info, std::move(relative), std::move(partition)});
        return {};
      }));
  if (files.empty()) return MakeError(ErrorCode::kNotFound, "the directory has no files *.parquet: {}", root);
  std::ranges::sort(files, {}, &SourceParquet::relative);
  return files;
}

std::string FileList(const std::vector<SourceParquet>& files) {
  std::string list = "[";
  for (const auto& file : files) list += (list.size() > 1 ? "," : "") + QuoteLiteral(file.info.path);
  return fmt::format("read_parquet({}], hive_partitioning = false, union_by_name = true", list);
}

// The engine knows which Delta types its own are, so the table is made by it.
Result<void> Convert::CreateEmpty(CommandContext& context, const ObjectName& name, const std::string& list) const {
  std::string columns = "*", names;
  for (const auto& column : statement_.partitions) {
    columns += fmt::format(", CAST(NULL AS {}) AS {}", column.type, QuoteIdentifier(column.name));
    names += (names.empty() ? "" : ", ") + QuoteIdentifier(column.name);
  }
  if (!names.empty()) names = fmt::format(" PARTITIONED BY ({})", names);
  const auto made = context.Write(fmt::format("CREATE TABLE {}.{}{} WITH (location = {}) AS SELECT {} FROM {}) LIMIT 0",
                                              QuoteIdentifier(name.schema), QuoteIdentifier(name.name), names,
                                              QuoteLiteral(statement_.path), columns, list),
                                  {});
  if (!made.has_value()) return std::unexpected(made.error());
  return {};
}

bool HasBounds(const DataType& type) {
  using Kind = DataType::Kind;
  return type.kind == Kind::kLong || type.kind == Kind::kInteger || type.kind == Kind::kShort ||
         type.kind == Kind::kByte || type.kind == Kind::kDate || type.kind == Kind::kDecimal;
}

/// Row counts of all files; with STATISTICS also NULLs of each column, and bounds of numbers that are exact and of
/// dates.
Result<void> Convert::AddStatistics(CommandContext& context, const OpenedTable& table, const std::string& list,
                                    std::vector<AddFile>& adds, const std::map<std::string, size_t>& by_path) const {
  const auto& schema = table.snapshot->schema();
  std::vector<const tables::delta::StructField*> columns;
  std::string select = "filename, count(*)";
  for (const auto& field : schema.fields) {
    const bool partition = std::ranges::any_of(
        statement_.partitions, [&](const auto& column) { return EqualsIgnoringCase(column.name, field.name); });
    if (partition || !statement_.statistics) continue;
    const std::string column = QuoteIdentifier(field.name);
    const bool bounds = HasBounds(field.type);
    select += fmt::format(", count({0}), {1}, {2}", column, bounds ? fmt::format("min({})", column) : "NULL",
                          bounds ? fmt::format("max({})", column) : "NULL");
    columns.push_back(&field);
  }
  NL_ASSIGN_OR_RETURN(const auto rows, context.Query(fmt::format(
                                           "SELECT {} FROM {}, filename = true) GROUP BY filename", select, list)));
  for (const auto& row : rows.rows) {
    const auto add = by_path.find(row[0].value_or(""));
    if (add == by_path.end()) return MakeError(ErrorCode::kInternal, "the engine read a file that was not asked for");
    tables::delta::FileStatistics statistics;
    statistics.record_count = std::stoll(row[1].value_or("0"));
    for (size_t i = 0; i < columns.size(); ++i) {
      auto& one = statistics.columns[tables::delta::StatisticsPath("", columns[i]->physical_name())];
      one.null_count = *statistics.record_count - std::stoll(row[2 + 3 * i].value_or("0"));
      const bool quoted = columns[i]->type.kind == DataType::Kind::kDate;
      const auto bound = [&](const std::optional<std::string>& text) -> std::optional<std::string> {
        // Dates beyond four digits have a spelling of the engine's own.
        if (!text || (quoted && text->size() != 10)) return std::nullopt;
        return quoted ? "\"" + *text + "\"" : *text;
      };
      one.min = bound(row[3 + 3 * i]);
      one.max = bound(row[4 + 3 * i]);
    }
    adds[add->second].stats = tables::delta::SerializeStatistics(statistics, schema);
  }
  return {};
}

Result<int64_t> Convert::AddFiles(CommandContext& context, const OpenedTable& table,
                                  const std::vector<SourceParquet>& files, const std::string& list) const {
  tables::delta::CommitRequest request;
  std::map<std::string, size_t> by_path;
  int64_t bytes = 0;
  for (const auto& file : files) {
    AddFile add;
    add.path = tables::delta::EncodePath(file.relative);
    add.size_bytes = file.info.size_bytes;
    add.modification_time_ms =
        std::chrono::floor<std::chrono::milliseconds>(file.info.modified).time_since_epoch().count();
    for (const auto& [name, value] : file.partition) {
      const auto field = std::ranges::find_if(table.snapshot->schema().fields,
                                              [&](const auto& one) { return EqualsIgnoringCase(one.name, name); });
      NL_CHECK(field != table.snapshot->schema().fields.end());
      add.partition_values[field->physical_name()] = value;
    }
    by_path[file.info.path] = request.adds.size();
    request.adds.push_back(std::move(add));
    bytes += file.info.size_bytes;
  }
  NL_RETURN_IF_ERROR(AddStatistics(context, table, list, request.adds, by_path));
  json::array names;
  for (const auto& column : statement_.partitions) names.emplace_back(column.name);
  request.operation = "CONVERT";
  request.operation_parameters = {{"numFiles", std::to_string(files.size())},
                                  {"partitionedBy", json::serialize(json::value(json::serialize(names)))},
                                  {"collectStats", statement_.statistics ? "true" : "false"},
                                  {"sourceFormat", "\"parquet\""}};
  request.operation_metrics = {{"numConvertedFiles", std::to_string(files.size())},
                               {"numOutputBytes", std::to_string(bytes)}};
  NL_RETURN_IF_ERROR(context.Commit(table, std::move(request)));
  return bytes;
}

// Without its files the name would be a trap. The log of the empty table goes too, so that one can try again.
Result<void> Convert::Undo(CommandContext& context, const engine::duckdb::TableEntry& table) const {
  NL_RETURN_IF_ERROR(context.provider().ChangeName({.kind = engine::duckdb::NameChange::Kind::kDropTable,
                                                    .schema_name = table.schema_name,
                                                    .name = table.table_name}));
  const std::string& root = table.location;
  NL_ASSIGN_OR_RETURN(const auto log, context.store().List(root + "/_delta_log"));
  // Somebody may have written to the table meanwhile; then UNDROP brings it back.
  const bool ours = std::ranges::all_of(log, [](const ObjectInfo& file) {
    return std::string_view(file.path).substr(file.path.rfind('/') + 1).starts_with("00000000000000000000.");
  });
  if (!ours) return {};
  NL_RETURN_IF_ERROR(AskServer(context, "forget_dropped", {{"id", table.id.value()}}));
  for (const ObjectInfo& file : log) NL_RETURN_IF_ERROR(context.store().DeleteBelow(root, file.path));
  return {};
}

/// A directory's name that is no value of its column would make a table that nobody can read.
Result<void> Convert::CheckPartitionValues(CommandContext& context, const std::vector<SourceParquet>& files) const {
  for (const auto& column : statement_.partitions) {
    std::set<std::string> values;
    for (const auto& file : files) {
      const auto& value = file.partition.at(column.name);
      if (value) values.insert(*value);
    }
    if (values.empty()) continue;
    std::string list;
    for (const std::string& value : values) list += (list.empty() ? "(" : ", (") + QuoteLiteral(value) + ")";
    const auto bad = context.Query(fmt::format(
        "SELECT v FROM (VALUES {}) AS given(v) WHERE TRY_CAST(v AS {}) IS NULL LIMIT 1", list, column.type));
    if (!bad.has_value()) return std::unexpected(bad.error());
    if (bad->rows.empty()) continue;
    return MakeError(ErrorCode::kInvalidArgument,
                     "the name of a directory is no value of the partition column's type: "
                     "{} {}",
                     column.name, column.type);
  }
  return {};
}

/// Puts the files into the empty table `name`, which is taken away again if that fails. Returns bytes.
Result<int64_t> Convert::Fill(CommandContext& context, const ObjectName& name, const std::vector<SourceParquet>& files,
                              const std::string& list) const {
  const auto table = context.Open(name);
  auto bytes =
      table.has_value() ? AddFiles(context, *table, files, list) : Result<int64_t>(std::unexpected(table.error()));
  // With an answer lost it may be whole.
  if (bytes.has_value() || bytes.error().code() == ErrorCode::kCommitUnknown) return bytes;
  NL_ASSIGN_OR_RETURN(const auto made, context.provider().FindTable({name.schema, name.name}));
  if (made) NL_RETURN_IF_ERROR(Undo(context, *made));
  return bytes;
}

Result<OwnResult> Convert::Run(CommandContext& context) const {
  NL_RETURN_IF_ERROR(context.Authorize(Right::kRegisterLocation));
  NL_RETURN_IF_ERROR(context.Authorize(Right::kWrite));
  if (!statement_.path.starts_with('/') && !storage::IsUrl(statement_.path)) {
    return MakeError(ErrorCode::kInvalidArgument, "CONVERT TO DELTA takes an absolute path of the server or a URL: {}",
                     statement_.path);
  }
  const ObjectName name = context.Qualified(statement_.table);
  // Whether this place may be looked at at all is for the server to say; its answer makes nothing.
  NL_ASSIGN_OR_RETURN(const auto prepared,
                      context.provider().PrepareTable(
                          {.schema_name = name.schema, .table_name = name.name, .location = statement_.path}));
  const std::string& root = prepared.table.location;
  NL_ASSIGN_OR_RETURN(const auto log, context.store().List(root + "/_delta_log"));
  if (!log.empty()) {
    return MakeError(ErrorCode::kAlreadyExists,
                     "it is a Delta table already; CREATE TABLE … LOCATION gives it a name: {}", statement_.path);
  }
  NL_ASSIGN_OR_RETURN(const auto files, FindFiles(context, root));
  const std::string list = FileList(files);
  NL_RETURN_IF_ERROR(CheckPartitionValues(context, files));
  NL_RETURN_IF_ERROR(CreateEmpty(context, name, list));
  NL_ASSIGN_OR_RETURN(const int64_t bytes, Fill(context, name, files, list));
  return MakeOwnResult({{"table_name", "VARCHAR"}, {"files", "BIGINT"}, {"bytes", "BIGINT"}},
                       {{prepared.table.schema_name + "." + prepared.table.table_name, std::to_string(files.size()),
                         std::to_string(bytes)}});
}

/// The last part of the path, as a name.
std::string NameOf(std::string path) {
  while (path.ends_with('/')) path.pop_back();
  return LowerAscii(path.substr(path.rfind('/') + 1));
}

Result<std::vector<PartitionColumn>> TakePartitions(TokenCursor& cursor) {
  std::vector<PartitionColumn> columns;
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol("("));
  do {
    PartitionColumn& column = columns.emplace_back();
    NL_ASSIGN_OR_RETURN(column.name, cursor.ExpectIdentifier("a partition column"));
    const size_t begin = cursor.Position();
    size_t end = begin;
    for (size_t depth = 0; !cursor.AtEnd(); cursor.Skip()) {
      if (depth == 0 && (cursor.IsSymbol(",") || cursor.IsSymbol(")"))) break;
      if (cursor.IsSymbol("(")) ++depth;
      if (cursor.IsSymbol(")")) --depth;
      end = cursor.token().end;
    }
    if (end == begin) return cursor.Unexpected("the type of the partition column");
    column.type = std::string(cursor.sql().substr(begin, end - begin));
    // It becomes part of a statement of the product's: a type and nothing else.
    const bool plain = std::ranges::all_of(column.type, [](unsigned char c) {
      return std::isalnum(c) || c == '_' || c == ' ' || c == '(' || c == ')' || c == ',';
    });
    if (!plain) return cursor.Unexpected("the type of the partition column");
  } while (cursor.AcceptSymbol(","));
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol(")"));
  return columns;
}

/// A path in backticks, which are no quotes to the tokenizer, or in quotes.
Result<std::string> TakePath(TokenCursor& cursor) {
  if (cursor.IsString()) return cursor.ExpectString("a directory");
  const size_t begin = cursor.Position();
  const std::string_view sql = cursor.sql();
  if (begin >= sql.size() || sql[begin] != '`') return cursor.ExpectIdentifier("a directory in backticks");
  const size_t end = sql.find('`', begin + 1);
  if (end == std::string_view::npos) return cursor.Unexpected("a directory in backticks");
  while (!cursor.AtEnd() && cursor.Position() <= end) cursor.Skip();
  return std::string(sql.substr(begin + 1, end - begin - 1));
}

}  // namespace

Result<std::shared_ptr<const TableCommand>> ParseConvert(TokenCursor cursor) {
  if (!cursor.AcceptWords({"convert", "to"})) return nullptr;
  NL_RETURN_IF_ERROR(cursor.ExpectWord("delta"));
  if (!cursor.AcceptWord("parquet")) return cursor.NotSupported("CONVERT TO DELTA of anything but parquet.`path`");
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol("."));
  ConvertStatement statement;
  NL_ASSIGN_OR_RETURN(statement.path, TakePath(cursor));
  if (cursor.AcceptWords({"no", "statistics"})) statement.statistics = false;
  if (cursor.AcceptWords({"partitioned", "by"})) {
    NL_ASSIGN_OR_RETURN(statement.partitions, TakePartitions(cursor));
  }
  statement.table = {.schema = "", .name = NameOf(statement.path)};
  if (cursor.AcceptWord("as")) {
    NL_ASSIGN_OR_RETURN(statement.table, cursor.ExpectObjectName());
  }
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<Convert>(std::move(statement));
}

}  // namespace neurolake::query
