// Leave to see a table past its policies, in the metadata store.
#include "catalog/internal/rows.h"
#include "catalog/internal/store_catalog.h"
#include "common/text.h"
#include "metastore/stored_text.h"

namespace neurolake::catalog {
namespace {

using metastore::Row;
using metastore::Session;

constexpr size_t kReasonBytesMax = 2000;

}  // namespace

Result<void> StoreCatalog::RequestBreakGlass(const BreakGlassRecord& request) {
  if (request.minutes < 1 || request.minutes > kBreakGlassMinutesMax) {
    return MakeError(ErrorCode::kInvalidArgument, "access past policies is for 1 to {} minutes: {}",
                     kBreakGlassMinutesMax, request.minutes);
  }
  if (Trim(request.reason).empty() || request.reason.size() > kReasonBytesMax) {
    return MakeError(ErrorCode::kInvalidArgument, "access past policies needs a reason of at most {} bytes",
                     kReasonBytesMax);
  }
  const WallTime now = clock_.Now();
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto there, session.Query("SELECT 1 FROM relations WHERE id = ? AND kind = 'table'",
                                                        {request.table.value()}));
    if (there.empty()) return MakeError(ErrorCode::kNotFound, "the table is not there any more");
    NL_ASSIGN_OR_RETURN(
        const auto pending,
        session.Query("SELECT count(*) FROM break_glass WHERE principal_id = ? AND approved_by = '' AND "
                      "ended IS NULL AND requested > ?",
                      {request.principal.value(), ToValue(now - kBreakGlassAnswerWithin)}));
    if (NumberAt(pending.at(0), 0) >= kBreakGlassPendingMax) {
      return MakeError(ErrorCode::kInvalidArgument, "{} requests of yours were not answered yet, revoke some",
                       kBreakGlassPendingMax);
    }
    NL_RETURN_IF_ERROR(
        session.Execute("INSERT INTO break_glass (id, table_id, principal_id, reason, minutes, requested, approved_by, "
                        "ended_by) VALUES "
                        "(?, ?, ?, ?, ?, ?, '', '')",
                        {request.id, request.table.value(), request.principal.value(),
                         metastore::MakeStorable(request.reason), request.minutes, ToValue(now)}));
    return {};
  });
}

Result<void> StoreCatalog::ApproveBreakGlass(const std::string& id, const PrincipalId& approver,
                                             const std::string& approver_name) {
  const WallTime now = clock_.Now();
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto rows,
                        session.Query("SELECT principal_id, minutes FROM break_glass WHERE id = ? AND approved_by = '' "
                                      "AND ended IS NULL AND requested > ?",
                                      {metastore::MakeStorable(id), ToValue(now - kBreakGlassAnswerWithin)}));
    if (rows.empty()) {
      return MakeError(ErrorCode::kNotFound, "there is no such request that waits for an answer: {}", id);
    }
    if (TextAt(rows[0], 0) == approver.value()) {
      return MakeError(ErrorCode::kPermissionDenied, "nobody lets themselves past policies: another has to approve");
    }
    const WallTime expires = now + std::chrono::minutes(NumberAt(rows[0], 1));
    NL_RETURN_IF_ERROR(session.Execute("UPDATE break_glass SET approved_by = ?, expires = ? WHERE id = ?",
                                       {metastore::MakeStorable(approver_name), ToValue(expires), id}));
    return {};
  });
}

Result<void> StoreCatalog::EndBreakGlass(const std::string& id, const std::string& ended_by) {
  const WallTime now = clock_.Now();
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(
        const auto ended,
        session.Execute("UPDATE break_glass SET ended_by = ?, ended = ? WHERE id = ? AND ended IS NULL "
                        "AND (expires IS NULL OR expires > ?)",
                        {metastore::MakeStorable(ended_by), ToValue(now), metastore::MakeStorable(id), ToValue(now)}));
    if (ended > 0) return {};
    return MakeError(ErrorCode::kNotFound, "there is no such access past policies, or it has ended: {}", id);
  });
}

Result<std::vector<BreakGlassRecord>> StoreCatalog::ListBreakGlass() {
  NL_ASSIGN_OR_RETURN(const auto rows,
                      store_.ReadOnce("SELECT id, table_id, principal_id, reason, minutes, requested, approved_by, "
                                      "expires, ended_by, ended FROM break_glass ORDER BY requested DESC, id"));
  std::vector<BreakGlassRecord> records;
  for (const Row& row : rows) {
    records.push_back({.id = TextAt(row, 0),
                       .table = TableId(TextAt(row, 1)),
                       .principal = PrincipalId(TextAt(row, 2)),
                       .reason = TextAt(row, 3),
                       .minutes = NumberAt(row, 4),
                       .requested = TimeAt(row, 5),
                       .approved_by = TextAt(row, 6),
                       .expires = OptionalTimeAt(row, 7),
                       .ended_by = TextAt(row, 8),
                       .ended = OptionalTimeAt(row, 9)});
  }
  return records;
}

Result<std::optional<std::string>> StoreCatalog::ActiveBreakGlass(const TableId& table, const PrincipalId& principal) {
  if (!metastore::IsStorableText(table.value()) || !metastore::IsStorableText(principal.value())) return std::nullopt;
  NL_ASSIGN_OR_RETURN(const auto rows,
                      store_.ReadOnce("SELECT id FROM break_glass WHERE table_id = ? AND principal_id = ? AND "
                                      "approved_by <> '' AND ended IS NULL AND expires > ? ORDER BY expires DESC, id "
                                      "LIMIT 1",
                                      {table.value(), principal.value(), ToValue(clock_.Now())}));
  if (rows.empty()) return std::nullopt;
  return TextAt(rows[0], 0);
}

}  // namespace neurolake::catalog
