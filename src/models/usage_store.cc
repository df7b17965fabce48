#include "models/usage_store.h"

#include "metastore/stored_text.h"

namespace neurolake::models {
namespace {

using metastore::Row;
using metastore::Session;
using metastore::Value;

constexpr std::string_view kColumns =
    "id, principal_id, request_id, task, provider, model, prompt_sha256, outcome, input_tokens, output_tokens, "
    "cost_nanodollars, attempts, started, took_us";

int64_t Micros(WallTime time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

int64_t DayOf(WallTime time) { return std::chrono::floor<std::chrono::days>(time).time_since_epoch().count(); }

int64_t NumberAt(const Row& row, size_t at) { return std::get<int64_t>(row.at(at)); }
std::string WordAt(const Row& row, size_t at) { return std::get<std::string>(row.at(at)); }

CallRecord FromRow(const Row& row) {
  return {.id = WordAt(row, 0),
          .principal = PrincipalId(WordAt(row, 1)),
          .request_id = WordAt(row, 2),
          .task = WordAt(row, 3),
          .provider = WordAt(row, 4),
          .model = WordAt(row, 5),
          .prompt_sha256 = WordAt(row, 6),
          .outcome = WordAt(row, 7),
          .input_tokens = NumberAt(row, 8),
          .output_tokens = NumberAt(row, 9),
          .cost_nanodollars = NumberAt(row, 10),
          .attempts = NumberAt(row, 11),
          .started = WallTime(std::chrono::microseconds(NumberAt(row, 12))),
          .took = std::chrono::microseconds(NumberAt(row, 13))};
}

}  // namespace

Result<void> UsageStore::Reserve(const PrincipalId& principal, WallTime now, int64_t tokens, int64_t tokens_max) {
  return store_.Write([&](Session& session) -> Result<void> {
    const std::vector<Value> key = {principal.value(), DayOf(now)};
    NL_ASSIGN_OR_RETURN(const auto rows,
                        session.Query("SELECT tokens FROM model_days WHERE principal_id = ? AND day = ?", key));
    const int64_t used = rows.empty() ? 0 : NumberAt(rows[0], 0);
    if (tokens > tokens_max - used) {
      return MakeError(ErrorCode::kTooManyRequests,
                       "the day's tokens for models are used up: {} of {} are left (models.tokens_per_day), needed: {}",
                       std::max<int64_t>(0, tokens_max - used), tokens_max, tokens);
    }
    if (rows.empty()) {
      NL_RETURN_IF_ERROR(
          session.Execute("INSERT INTO model_days (principal_id, day, tokens, cost_nanodollars) VALUES (?, ?, ?, 0)",
                          {principal.value(), DayOf(now), tokens}));
      return {};
    }
    NL_RETURN_IF_ERROR(session.Execute("UPDATE model_days SET tokens = tokens + ? WHERE principal_id = ? AND day = ?",
                                       {tokens, principal.value(), DayOf(now)}));
    return {};
  });
}

Result<void> UsageStore::Settle(const PrincipalId& principal, WallTime reserved_at, int64_t reserved, int64_t used,
                                int64_t cost_nanodollars) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(session.Execute(
        "UPDATE model_days SET tokens = tokens + ?, cost_nanodollars = cost_nanodollars + ? WHERE principal_id = ? AND "
        "day = ?",
        {used - reserved, cost_nanodollars, principal.value(), DayOf(reserved_at)}));
    return {};
  });
}

Result<UsageStore::Day> UsageStore::UsedOn(const PrincipalId& principal, WallTime time) {
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      store_.ReadOnce("SELECT tokens, cost_nanodollars FROM model_days WHERE principal_id = ? AND day = ?",
                      {principal.value(), DayOf(time)}));
  if (rows.empty()) return Day{};
  return Day{.tokens = NumberAt(rows[0], 0), .cost_nanodollars = NumberAt(rows[0], 1)};
}

Result<void> UsageStore::Record(const CallRecord& record) {
  const auto text = [](const std::string& words) { return Value(metastore::MakeStorable(words)); };
  return store_.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(session.Execute(
        fmt::format("INSERT INTO model_calls ({}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", kColumns),
        {record.id, record.principal.value(), text(record.request_id), text(record.task), text(record.provider),
         text(record.model), record.prompt_sha256, record.outcome, record.input_tokens, record.output_tokens,
         record.cost_nanodollars, record.attempts, Micros(record.started), static_cast<int64_t>(record.took.count())}));
    return {};
  });
}

Result<std::vector<CallRecord>> UsageStore::Calls(const std::optional<PrincipalId>& principal, int64_t limit) {
  const std::string order = " ORDER BY started DESC, id DESC LIMIT ?";
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      principal ? store_.ReadOnce(fmt::format("SELECT {} FROM model_calls WHERE principal_id = ?{}", kColumns, order),
                                  {principal->value(), limit})
                : store_.ReadOnce(fmt::format("SELECT {} FROM model_calls{}", kColumns, order), {limit}));
  std::vector<CallRecord> calls;
  for (const Row& row : rows) calls.push_back(FromRow(row));
  return calls;
}

Result<void> UsageStore::Forget(WallTime time) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(session.Execute("DELETE FROM model_calls WHERE started < ?", {Micros(time)}));
    NL_RETURN_IF_ERROR(session.Execute("DELETE FROM model_days WHERE day < ?", {DayOf(time)}));
    return {};
  });
}

}  // namespace neurolake::models
