#pragma once
#include <duckdb.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/text.h"
#include "query/copy_into.h"

namespace neurolake::query {

/// ProductSql over plain DuckDB tables in memory: what the worker does over the lake, without Delta. Versions are
/// counted, and old ones kept as copies, so that `t AT (VERSION => n)` can be answered.
class FakeProductSql final : public ProductSql {
 public:
  FakeProductSql() {
    duckdb_open(nullptr, &database_);
    duckdb_connect(database_, &connection_);
    EXPECT_TRUE(Run("SET threads = 2").has_value());
    EXPECT_TRUE(Run("SET TimeZone = 'UTC'").has_value());
  }
  ~FakeProductSql() override {
    duckdb_disconnect(&connection_);
    duckdb_close(&database_);
  }
  FakeProductSql(const FakeProductSql&) = delete;
  FakeProductSql& operator=(const FakeProductSql&) = delete;

  Result<Rows> Query(const std::string& sql) override {
    statements.push_back(sql);
    return Run(WithVersions(sql));
  }

  Result<Written> Write(const std::vector<std::string>& sql, const WriteCommit& commit) override {
    NL_RETURN_IF_ERROR(Run("BEGIN"));
    auto written = WriteAll(sql, commit);
    NL_RETURN_IF_ERROR(Run(written.has_value() ? "COMMIT" : "ROLLBACK"));
    if (!written.has_value()) return written;
    const std::string table = QuoteIdentifier(commit.target.schema) + "." + QuoteIdentifier(commit.target.name);
    State& state = tables_[table];
    written->version = ++state.version;
    for (const auto& transaction : commit.transactions) state.transactions[transaction.app_id] = transaction.version;
    NL_RETURN_IF_ERROR(Run(fmt::format("CREATE OR REPLACE TABLE memory.main.{} AS FROM {}",
                                       QuoteIdentifier(fmt::format("{}@{}", table, state.version)), table)));
    return written;
  }

  Result<void> Drop(const std::string& sql) override {
    NL_ASSIGN_OR_RETURN(const auto rows, Run(sql));
    if (sql.find("temp.main.") == std::string::npos) tables_.erase(TableOf(sql));
    return {};
  }

  Result<std::optional<TableShape>> FindTable(const std::string& schema, const std::string& table) override {
    NL_ASSIGN_OR_RETURN(
        const auto rows,
        Run(fmt::format("SELECT column_name, data_type, is_nullable FROM duckdb_columns() WHERE schema_name = {} AND "
                        "table_name = {} AND database_name = 'memory' ORDER BY column_index",
                        QuoteLiteral(schema), QuoteLiteral(table))));
    if (rows.rows.empty()) return std::nullopt;
    const State& state = tables_[QuoteIdentifier(schema) + "." + QuoteIdentifier(table)];
    TableShape shape{.id = fmt::format("{}-{}-{}", schema, table, generations_[schema + "-" + table]),
                     .version = state.version,
                     .columns = {},
                     .transactions = state.transactions};
    for (const auto& row : rows.rows) shape.columns.push_back({*row[0], *row[1], row[2] == "true"});
    return shape;
  }

  Result<std::vector<SourceFile>> ResolveSource(const std::string& source, const std::string&) override {
    std::vector<SourceFile> files;
    const std::string directory = folder;
    const size_t star = source.find('*');
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
      const std::string name = entry.path().filename().string();
      const bool match = star == std::string::npos
                             ? name == source
                             : name.starts_with(source.substr(0, star)) && name.ends_with(source.substr(star + 1));
      if (match) files.push_back({entry.path().string(), name, static_cast<int64_t>(entry.file_size())});
      if (match && name.find_first_of("*?[") != std::string::npos)
        named_like_patterns_.push_back(entry.path().string());
    }
    std::ranges::sort(files, {}, &SourceFile::name);
    if (files.empty()) return MakeError(ErrorCode::kNotFound, "no file matches the source: {}", source);
    return files;
  }
  Result<void> CheckAlive() override { return {}; }
  const Clock& clock() const override { return fake_clock; }

  /// Rows as "a|b" lines, NULL as "~".
  std::string Show(const std::string& sql) {
    const auto rows = Run(WithVersions(sql));
    if (!rows.has_value()) return "error: " + last_error;
    std::string text;
    for (const auto& row : rows->rows) {
      for (size_t i = 0; i < row.size(); ++i) text += (i == 0 ? "" : "|") + row[i].value_or("~");
      text += "\n";
    }
    return text;
  }

  void ForgetTables() { tables_.clear(); }
  /// As if the table were another one of the same name.
  void MakeAnew(const std::string& schema, const std::string& table) { ++generations_[schema + "-" + table]; }
  /// As if its newest version were gone.
  void GoBack(const std::string& schema, const std::string& table) {
    --tables_[QuoteIdentifier(schema) + "." + QuoteIdentifier(table)].version;
  }

  FakeClock fake_clock;
  std::string folder;
  std::vector<std::string> statements;
  std::function<Result<void>(const std::string&)> before_write;
  std::string last_error;

 private:
  Result<Written> WriteAll(const std::vector<std::string>& texts, const WriteCommit& commit) {
    Written written;
    for (const std::string& text : texts) {
      statements.push_back(text);
      if (before_write) NL_RETURN_IF_ERROR(before_write(text));
      NL_ASSIGN_OR_RETURN(const auto rows, Run(WithVersions(text)));
      const bool counts = text.find(" AS ") != std::string::npos || text.starts_with("INSERT");
      if (counts && !rows.rows.empty()) written.rows += std::stoll(rows.rows[0][0].value_or("0"));
    }
    if (commit.check) NL_RETURN_IF_ERROR(commit.check());
    return written;
  }

  struct State {
    int64_t version = -1;
    std::map<std::string, int64_t> transactions;
  };

  // `"s"."t"` behind INSERT INTO, CREATE TABLE and the like.
  static std::string TableOf(const std::string& sql) {
    const size_t begin = sql.find('"');
    const size_t dot = sql.find("\".\"", begin);
    return sql.substr(begin, sql.find('"', dot + 3) + 1 - begin);
  }

  // `"s"."t" AT (VERSION => 3)` to the copy of that version.
  static std::string WithVersions(std::string sql) {
    for (size_t at = sql.find(" AT (VERSION => "); at != std::string::npos; at = sql.find(" AT (VERSION => ")) {
      const size_t end = sql.find(')', at);
      const std::string version = sql.substr(at + 16, end - at - 16);
      size_t begin = sql.rfind("\".\"", at);
      begin = sql.rfind('"', begin - 1);
      const std::string table = sql.substr(begin, at - begin);
      sql.replace(begin, end + 1 - begin, "memory.main." + QuoteIdentifier(table + "@" + version));
    }
    return sql;
  }

  // The product's file system expands no pattern; the one here is asked for the same.
  std::string WithoutPatterns(std::string sql) const {
    for (const std::string& path : named_like_patterns_) {
      std::string escaped;
      for (const char byte : path)
        escaped += byte == '*' || byte == '?' || byte == '[' ? std::string{'[', byte, ']'} : std::string{byte};
      const std::string list = "([" + QuoteLiteral(path);
      for (size_t at = sql.find(list); at != std::string::npos; at = sql.find(list, at + 1))
        sql.replace(at, list.size(), "([" + QuoteLiteral(escaped));
    }
    return sql;
  }

  Result<Rows> Run(const std::string& text) {
    const std::string sql = WithoutPatterns(text);
    duckdb_result result;
    if (duckdb_query(connection_, sql.c_str(), &result) == DuckDBError) {
      last_error = duckdb_result_error(&result);
      const duckdb_error_type type = duckdb_result_error_type(&result);
      duckdb_destroy_result(&result);
      return Translate(type);
    }
    Rows rows;
    const idx_t columns = duckdb_column_count(&result);
    for (idx_t column = 0; column < columns; ++column) rows.columns.emplace_back(duckdb_column_name(&result, column));
    rows.types.resize(columns);
    for (idx_t column = 0; column < columns; ++column)
      rows.types[column] = TypeName(sql, column, rows.columns[column], result);
    for (idx_t row = 0; row < duckdb_row_count(&result); ++row) {
      auto& values = rows.rows.emplace_back();
      for (idx_t column = 0; column < columns; ++column) {
        char* text = duckdb_value_is_null(&result, column, row) ? nullptr : duckdb_value_varchar(&result, column, row);
        values.push_back(text == nullptr ? std::nullopt : std::optional<std::string>(text));
        duckdb_free(text);
      }
    }
    duckdb_destroy_result(&result);
    return rows;
  }

  // The C interface has no name for a type; DESCRIBE has, for the statements where it matters.
  std::string TypeName(const std::string& sql, idx_t column, const std::string&, duckdb_result&) {
    if (!sql.ends_with("LIMIT 0")) return "VARCHAR";
    duckdb_result described;
    std::string name = "VARCHAR";
    if (duckdb_query(connection_, ("DESCRIBE " + sql).c_str(), &described) == DuckDBSuccess) {
      char* text = duckdb_value_varchar(&described, 1, column);
      name = text;
      duckdb_free(text);
    }
    duckdb_destroy_result(&described);
    return name;
  }

  // The codes of engine/duckdb/error_translation.cc, with texts that hold no values.
  static std::unexpected<Error> Translate(duckdb_error_type type) {
    switch (type) {
      case DUCKDB_ERROR_CONVERSION:
        return MakeError(ErrorCode::kConversionFailed, "a value cannot be converted to the type asked for");
      case DUCKDB_ERROR_OUT_OF_RANGE: return MakeError(ErrorCode::kNumericOutOfRange, "a number is out of range");
      case DUCKDB_ERROR_CONSTRAINT: return MakeError(ErrorCode::kNotNullViolation, "a column must not be NULL");
      case DUCKDB_ERROR_IO: return MakeError(ErrorCode::kIoError, "a file cannot be read");
      case DUCKDB_ERROR_INVALID:
      case DUCKDB_ERROR_INVALID_INPUT:
        return MakeError(ErrorCode::kInvalidArgument, "a function was given a value it does not take");
      case DUCKDB_ERROR_BINDER:
      case DUCKDB_ERROR_CATALOG: return MakeError(ErrorCode::kBindError, "the statement does not fit the tables");
      case DUCKDB_ERROR_PARSER: return MakeError(ErrorCode::kSyntaxError, "the statement is not SQL");
      default: return MakeError(ErrorCode::kInternal, "the engine failed");
    }
  }

  duckdb_database database_ = nullptr;
  duckdb_connection connection_ = nullptr;
  std::map<std::string, State> tables_;
  std::map<std::string, int> generations_;
  std::vector<std::string> named_like_patterns_;
};

/// A folder with files, and COPY INTO statements over them.
class CopyIntoFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "copy_into_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    sql.folder = pattern;
    Do("CREATE SCHEMA bronze");
    Do("CREATE SCHEMA silver");
    Do("CREATE SCHEMA gold");
  }
  void TearDown() override {
    EXPECT_EQ(sql.Show("SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE 'nl_%'"), "0\n");
    std::filesystem::remove_all(sql.folder);
  }

  std::string File(const std::string& name, const std::string& bytes) {
    std::ofstream(sql.folder + "/" + name, std::ios::binary) << bytes;
    return name;
  }
  void Do(const std::string& text) {
    const auto done = sql.Query(text);
    ASSERT_TRUE(done.has_value()) << sql.last_error;
  }
  static CopyInto Statement(const std::string& table, const std::string& source,
                            std::map<std::string, std::string> copy_options = {},
                            std::map<std::string, std::string> format_options = {}, const std::string& format = "csv") {
    CopyInto statement;
    statement.target = {.schema = table.substr(0, table.find('.')), .name = table.substr(table.find('.') + 1)};
    statement.sources = {source};
    statement.file_format = format;
    statement.copy_options = std::move(copy_options);
    statement.format_options = std::move(format_options);
    return statement;
  }
  Result<CopyReport> Copy(const CopyInto& statement) { return RunCopyInto(statement, sql); }
  CopyReport Loaded(const CopyInto& statement) {
    auto report = Copy(statement);
    EXPECT_TRUE(report.has_value()) << report.error().message() << "\n" << sql.last_error;
    if (!report.has_value()) return {};
    EXPECT_EQ(report->rows_read,
              report->rows_loaded + report->rows_quarantined + report->rows_duplicate + report->rows_skipped);
    return *report;
  }
  std::string Failure(const CopyInto& statement) {
    const auto report = Copy(statement);
    EXPECT_FALSE(report.has_value());
    return report.has_value() ? "" : report.error().message();
  }
  std::string Quarantined(const std::string& table) {
    return sql.Show("SELECT file, line, column_name, reason, raw_value, raw_line FROM " + table +
                    "__quarantine ORDER BY ALL");
  }

  FakeProductSql sql;
};

}  // namespace neurolake::query
