#include "catalog/internal/rows.h"
#include "catalog/internal/store_catalog.h"
#include "metastore/stored_text.h"

namespace neurolake::catalog {
namespace {

using metastore::MakeStorable;
using metastore::Row;
using metastore::Value;

constexpr std::string_view kColumns =
    "id, principal, door, request_id, sql_text, fingerprint, kind, state, started, ended, tables_json, rows_returned, "
    "bytes_returned, rows_scanned, bytes_scanned, rows_changed, stages_json, prediction_json, error_code, "
    "error_message, purpose, break_glass, on_behalf_of, authentication";
constexpr int64_t kForgottenAtOnce = 2000;

std::vector<Value> ToRow(const StatementRecord& record) {
  // A statement's text is whatever a client sent; evidence is kept rather than refused.
  return {MakeStorable(record.id.value()),
          MakeStorable(record.principal),
          MakeStorable(record.door),
          MakeStorable(record.request_id),
          MakeStorable(record.text),
          MakeStorable(record.fingerprint),
          MakeStorable(record.kind),
          MakeStorable(record.state),
          ToValue(record.started),
          ToValue(record.ended),
          MakeStorable(record.tables_json),
          record.rows_returned,
          record.bytes_returned,
          record.rows_scanned,
          record.bytes_scanned,
          record.rows_changed,
          MakeStorable(record.stages_json),
          MakeStorable(record.prediction_json),
          MakeStorable(record.error_code),
          MakeStorable(record.error_message),
          MakeStorable(record.purpose),
          MakeStorable(record.break_glass),
          MakeStorable(record.on_behalf_of),
          MakeStorable(record.authentication)};
}

StatementRecord ToStatement(const Row& row) {
  StatementRecord record;
  record.id = StatementId(TextAt(row, 0));
  record.principal = TextAt(row, 1);
  record.door = TextAt(row, 2);
  record.request_id = TextAt(row, 3);
  record.text = TextAt(row, 4);
  record.fingerprint = TextAt(row, 5);
  record.kind = TextAt(row, 6);
  record.state = TextAt(row, 7);
  record.started = TimeAt(row, 8);
  record.ended = OptionalTimeAt(row, 9);
  record.tables_json = TextAt(row, 10);
  record.rows_returned = NumberAt(row, 11);
  record.bytes_returned = NumberAt(row, 12);
  record.rows_scanned = NumberAt(row, 13);
  record.bytes_scanned = NumberAt(row, 14);
  record.rows_changed = NumberAt(row, 15);
  record.stages_json = TextAt(row, 16);
  record.prediction_json = TextAt(row, 17);
  record.error_code = TextAt(row, 18);
  record.error_message = TextAt(row, 19);
  record.purpose = TextAt(row, 20);
  record.break_glass = TextAt(row, 21);
  record.on_behalf_of = TextAt(row, 22);
  record.authentication = TextAt(row, 23);
  return record;
}

// DO NOTHING, as a relaxed write may run twice when the connection breaks.
const std::string& InsertText() {
  static const std::string text = fmt::format(
      "INSERT INTO statements ({}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
      "ON CONFLICT (id) DO NOTHING",
      kColumns);
  return text;
}

}  // namespace

Result<void> StoreCatalog::BeginStatement(const StatementRecord& record) {
  NL_RETURN_IF_ERROR(store_.WriteRelaxed(InsertText(), ToRow(record)));
  return {};
}

Result<void> StoreCatalog::FinishStatement(const StatementRecord& record) {
  // Who, where, when and the text were written by BeginStatement and do not change: rewriting the text would cost the
  // most of all. What is learnt later (the kind, by parsing) is written here.
  std::vector<Value> row = ToRow(record);
  const std::vector<Value> changes = {row[5],  row[6],  row[7],  row[9],  row[10], row[11], row[12], row[13],
                                      row[14], row[15], row[16], row[17], row[18], row[19], row[21], row[0]};
  NL_ASSIGN_OR_RETURN(
      const auto changed,
      store_.WriteRelaxed(
          "UPDATE statements SET fingerprint = ?, kind = ?, state = ?, ended = ?, tables_json = ?, "
          "rows_returned = ?, bytes_returned = ?, rows_scanned = ?, bytes_scanned = ?, rows_changed = ?, "
          "stages_json = ?, prediction_json = ?, error_code = ?, error_message = ?, break_glass = ? WHERE id = ?",
          changes));
  if (changed == 0) NL_RETURN_IF_ERROR(store_.WriteRelaxed(InsertText(), row));
  return {};
}

Result<std::vector<StatementRecord>> StoreCatalog::ListStatements(const std::optional<std::string>& principal,
                                                                  int64_t limit, int64_t offset) {
  if (limit < 0 || offset < 0) {
    return MakeError(ErrorCode::kInvalidArgument, "limit and offset must not be negative: {}, {}", limit, offset);
  }
  std::vector<Value> values;
  if (principal) values.emplace_back(MakeStorable(*principal));
  values.emplace_back(limit);
  values.emplace_back(offset);
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      store_.ReadOnce(fmt::format("SELECT {} FROM statements {} ORDER BY started DESC, id DESC LIMIT ? OFFSET ?",
                                  kColumns, principal ? "WHERE principal = ?" : ""),
                      values));
  std::vector<StatementRecord> records;
  records.reserve(rows.size());
  for (const Row& row : rows) records.push_back(ToStatement(row));
  return records;
}

Result<int64_t> StoreCatalog::RecoverStatements(WallTime keep_after) {
  NL_ASSIGN_OR_RETURN(
      const auto marked,
      store_.WriteRelaxed("UPDATE statements SET state = 'failed', ended = ?, error_code = ?, error_message = "
                          "'the server stopped before the statement ended; whether it took effect is not known' "
                          "WHERE state = 'running'",
                          {ToValue(clock_.Now()), std::string(ErrorName(ErrorCode::kCommitUnknown))}));
  NL_RETURN_IF_ERROR(ForgetStatements(keep_after));
  return marked;
}

Result<int64_t> StoreCatalog::ForgetStatements(WallTime keep_after) {
  int64_t forgotten = 0;
  for (;;) {
    // In pieces: one statement over a month of history would hold up every other writer.
    NL_ASSIGN_OR_RETURN(const auto now_forgotten,
                        store_.WriteRelaxed("DELETE FROM statements WHERE id IN (SELECT id FROM statements "
                                            "WHERE started < ? AND state <> 'running' LIMIT ?)",
                                            {ToValue(keep_after), kForgottenAtOnce}));
    forgotten += now_forgotten;
    if (now_forgotten < kForgottenAtOnce) return forgotten;
  }
}

}  // namespace neurolake::catalog
