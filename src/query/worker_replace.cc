// INSERT OVERWRITE, INSERT … REPLACE and TRUNCATE: WorkerStatement's part that puts rows in the place of others.
#include <boost/json.hpp>

#include "common/text.h"
#include "query/commands/alter_table.h"
#include "query/worker_statement.h"

namespace neurolake::query {

namespace json = boost::json;
using engine::duckdb::ExecutionStatistics;
using engine::duckdb::WriteIntent;
using governance::StatementOrigin;
using What = ReplaceRows::What;
using Kind = tables::delta::DataType::Kind;

namespace {

std::string JsonList(const std::vector<std::string>& names) {
  return JsonText(json::serialize(json::array(names.begin(), names.end())));
}

const PartitionClause* FindClause(const ReplaceRows& replace, std::string_view column) {
  const auto found = std::ranges::find_if(
      replace.partition, [&](const PartitionClause& clause) { return EqualsIgnoringCase(clause.column, column); });
  return found == replace.partition.end() ? nullptr : &*found;
}

/// Checks names against the table's partition columns.
Result<void> CheckPartitionNames(const std::vector<std::string>& names, const std::vector<std::string>& partitions) {
  for (const std::string& name : names) {
    const bool known =
        std::ranges::any_of(partitions, [&](const std::string& known) { return EqualsIgnoringCase(known, name); });
    if (!known) return MakeError(ErrorCode::kInvalidArgument, "this is not a partition column of the table: {}", name);
  }
  return {};
}

/// The engine's INSERT, which has values for the columns that PARTITION fixes.
Result<std::string> InsertSql(const ReplaceRows& replace, const std::string& table,
                              const tables::delta::Snapshot& snapshot) {
  std::string fixed_columns, fixed_values;
  for (const PartitionClause& clause : replace.partition) {
    if (clause.value.empty()) continue;
    fixed_columns += fmt::format("{}{}", fixed_columns.empty() ? "" : ", ", QuoteIdentifier(clause.column));
    fixed_values += replace.by_name ? fmt::format(", ({}) AS {}", clause.value, QuoteIdentifier(clause.column))
                                    : fmt::format(", ({})", clause.value);
  }
  const std::string query =
      fixed_values.empty() ? replace.query : fmt::format("SELECT q.*{} FROM ({}) AS q", fixed_values, replace.query);
  if (replace.by_name) {
    if (!replace.columns.empty()) {
      return MakeError(ErrorCode::kSyntaxError, "INSERT takes a list of columns or BY NAME, not both");
    }
    return fmt::format("INSERT INTO {} BY NAME {}", table, query);
  }
  if (fixed_columns.empty() && replace.columns.empty()) return fmt::format("INSERT INTO {} {}", table, query);
  std::string columns;
  if (!replace.columns.empty()) {
    for (const std::string& column : replace.columns) columns += QuoteIdentifier(column) + ", ";
  } else {
    for (const auto& field : snapshot.schema().fields) {
      const PartitionClause* clause = FindClause(replace, field.name);
      if (clause == nullptr || clause->value.empty()) columns += QuoteIdentifier(field.name) + ", ";
    }
  }
  columns += fixed_columns;
  if (columns.ends_with(", ")) columns.resize(columns.size() - 2);
  return fmt::format("INSERT INTO {} ({}) {}", table, columns, query);
}

/// Property names that are not Delta's may have lost their case.
bool OverwritesByRows(const tables::delta::Snapshot& snapshot) {
  return std::ranges::any_of(snapshot.metadata().configuration, [](const auto& property) {
    return EqualsIgnoringCase(property.first, "partitionOverwriteMode") &&
           EqualsIgnoringCase(property.second, "dynamic");
  });
}

/// What PARTITION (p = 1, q = 'x') replaces, as a predicate.
std::string PartitionPredicate(const ReplaceRows& replace, const tables::delta::DataType& schema) {
  std::string predicate;
  for (const PartitionClause& clause : replace.partition) {
    if (clause.value.empty()) continue;
    const auto field = std::ranges::find_if(
        schema.fields, [&](const tables::delta::StructField& f) { return EqualsIgnoringCase(f.name, clause.column); });
    std::string value = fmt::format("({})", clause.value);
    // '' is stored as NULL.
    if (field != schema.fields.end() && field->type.kind == Kind::kString) {
      value = fmt::format("nullif(CAST({} AS VARCHAR), '')", value);
    }
    if (field != schema.fields.end() && field->type.kind == Kind::kBinary) {
      value = fmt::format("nullif(CAST({} AS BLOB), ''::BLOB)", value);
    }
    predicate += fmt::format("{}{} IS NOT DISTINCT FROM {}", predicate.empty() ? "" : " AND ",
                             QuoteIdentifier(clause.column), value);
  }
  return predicate;
}

}  // namespace

Result<ExecutionStatistics> WorkerStatement::RunTruncate(const ReplaceRows& replace) {
  WriteIntent intent;
  intent.operation = "TRUNCATE";
  const std::string sql =
      fmt::format("DELETE FROM {}.{}", QuoteIdentifier(SchemaOf(replace.target)), QuoteIdentifier(replace.target.name));
  NL_ASSIGN_OR_RETURN(auto costed, Prepare(sql, StatementOrigin::kUser, ApplicationTransactions(), std::move(intent)));
  NL_RETURN_IF_ERROR(AwaitGrant(costed, "TRUNCATE"));
  NL_ASSIGN_OR_RETURN(const bool applied_before, WasAppliedBefore(costed));
  if (applied_before) return AnswerAppliedBefore();
  return ExecuteAndSend(std::move(costed), /*send_count=*/true);
}

Result<ExecutionStatistics> WorkerStatement::RunReplaceMatching(const std::string& table, const std::string& predicate,
                                                                const std::string& insert, WriteIntent intent) {
  intent.parameters["predicate"] = JsonText(predicate);
  WriteIntent clearing = intent;
  clearing.keeps_base = true;  // The query may read the rows it replaces.
  intent.row_predicate = predicate;
  bool applied_before = false;
  NL_RETURN_IF_ERROR(RunTransactionStep("BEGIN TRANSACTION"));
  auto body = [&]() -> Result<ExecutionStatistics> {
    NL_ASSIGN_OR_RETURN(auto cleared, Prepare(fmt::format("DELETE FROM {} WHERE ({})", table, predicate),
                                              StatementOrigin::kUser, {}, std::move(clearing)));
    NL_RETURN_IF_ERROR(AwaitGrant(cleared, "INSERT"));
    NL_ASSIGN_OR_RETURN(applied_before, WasAppliedBefore(cleared));
    if (applied_before) return ExecutionStatistics{};
    NL_RETURN_IF_ERROR(ExecuteAndSend(std::move(cleared), /*send_count=*/false));
    NL_ASSIGN_OR_RETURN(auto inserted, Prepare(insert, StatementOrigin::kUser, {}, std::move(intent)));
    NL_RETURN_IF_ERROR(AwaitGrant(inserted, "INSERT"));
    return ExecuteAndSend(std::move(inserted), /*send_count=*/false);
  };
  auto done = body();
  // What cannot be rolled back must not meet the next statement: the engine is then given up.
  const bool commits = done.has_value() && !applied_before;
  NL_RETURN_IF_ERROR(RunTransactionStep(commits ? "COMMIT" : "ROLLBACK", ApplicationTransactions()));
  if (applied_before) return AnswerAppliedBefore();
  if (done.has_value()) NL_RETURN_IF_ERROR(SendRowsChanged(done->rows_changed));
  return done;
}

Result<ExecutionStatistics> WorkerStatement::RunReplaceRows(const ReplaceRows& replace) {
  if (replace.query.empty()) return RunTruncate(replace);
  NL_RETURN_IF_ERROR(Begin(StatementOrigin::kUser));
  const std::string schema = SchemaOf(replace.target);
  NL_ASSIGN_OR_RETURN(const auto opened, engine_.OpenTable({schema, replace.target.name}, std::nullopt));
  if (!opened) {
    return MakeError(ErrorCode::kNotFound, "table does not exist or may not be read: {}.{}", schema,
                     replace.target.name);
  }
  const auto& partitions = opened->snapshot->metadata().partition_columns;
  std::vector<std::string> named = replace.using_columns;
  for (const PartitionClause& clause : replace.partition) named.push_back(clause.column);
  NL_RETURN_IF_ERROR(CheckPartitionNames(named, partitions));
  const bool fixes = std::ranges::any_of(replace.partition, [](const auto& clause) { return !clause.value.empty(); });
  if (!replace.using_columns.empty() && replace.using_columns.size() != partitions.size()) {
    return MakeError(ErrorCode::kNotSupported,
                     "REPLACE USING takes all partition columns of the table; use REPLACE WHERE for others");
  }

  const std::string table = QuoteIdentifier(schema) + "." + QuoteIdentifier(replace.target.name);
  NL_ASSIGN_OR_RETURN(const std::string insert, InsertSql(replace, table, *opened->snapshot));
  WriteIntent intent;
  intent.parameters["partitionBy"] = JsonList(partitions);
  intent.operation = "WRITE";
  intent.parameters["mode"] = JsonText(replace.what == What::kNothing ? "Append" : "Overwrite");
  if (replace.what == What::kMatching) return RunReplaceMatching(table, replace.predicate, insert, std::move(intent));
  const bool by_rows = std::ranges::any_of(replace.partition, [](const auto& clause) { return clause.value.empty(); });
  const bool dynamic = by_rows || OverwritesByRows(*opened->snapshot);
  if (replace.what == What::kTable && fixes && !by_rows) {
    return RunReplaceMatching(table, PartitionPredicate(replace, opened->snapshot->schema()), insert,
                              std::move(intent));
  }
  if (replace.what == What::kTable) {
    intent.replace = dynamic && !partitions.empty() ? WriteIntent::Replace::kPartitions : WriteIntent::Replace::kTable;
  } else if (replace.what == What::kPartitions) {
    intent.replace = WriteIntent::Replace::kPartitions;
  }
  NL_ASSIGN_OR_RETURN(auto costed,
                      Prepare(insert, StatementOrigin::kUser, ApplicationTransactions(), std::move(intent)));
  NL_RETURN_IF_ERROR(AwaitGrant(costed, costed.digest().statement_kind));
  NL_ASSIGN_OR_RETURN(const bool applied_before, WasAppliedBefore(costed));
  if (applied_before) return AnswerAppliedBefore();
  NL_ASSIGN_OR_RETURN(const Statistics done, ExecuteAndSend(std::move(costed), /*send_count=*/true));
  if (done.committed_version >= 0) CompactAfterWriting({schema, replace.target.name});
  return done;
}

}  // namespace neurolake::query
