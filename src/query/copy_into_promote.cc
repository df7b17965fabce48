#include "query/copy_into_promote.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/text.h"

namespace neurolake::query {
namespace {

using tables::delta::SetTransaction;

constexpr size_t kLoadIdsMax = 10'000;
/// Another writer's version of the target is looked at, and the promotion tried again.
constexpr int kAttemptsMax = 5;

std::string Quoted(const ObjectName& name) { return QuoteIdentifier(name.schema) + "." + QuoteIdentifier(name.name); }

class Promotion {
 public:
  Promotion(const Promote& promote, ProductSql& sql) : promote_(promote), sql_(sql) {}

  Result<PromoteReport> Run() {
    const SteadyTime start = sql_.clock().SteadyNow();
    NL_RETURN_IF_ERROR(FindTables());
    NL_ASSIGN_OR_RETURN(const bool current, IsCurrent());
    if (!current) NL_RETURN_IF_ERROR(promote_.replace ? Replace() : Append());
    const std::chrono::duration<double> took = sql_.clock().SteadyNow() - start;
    report_.seconds = took.count();
    return report_;
  }

 private:
  Result<void> FindTables() {
    NL_ASSIGN_OR_RETURN(auto source, sql_.FindTable(promote_.source.schema, promote_.source.name));
    if (!source.has_value()) {
      return MakeError(ErrorCode::kNotFound, "there is no table {}.{} to promote from", promote_.source.schema,
                       promote_.source.name);
    }
    source_ = std::move(*source);
    NL_ASSIGN_OR_RETURN(target_, sql_.FindTable(promote_.target.schema, promote_.target.name));
    report_.to_version = source_.version;
    return {};
  }

  static constexpr std::string_view kLedger = "neurolake.promote:";

  // The id stays over renames; the name tells a table that was dropped and made anew from another source.
  std::string LedgerId() const {
    return fmt::format("{}{}:{}.{}", kLedger, source_.id, promote_.source.schema, promote_.source.name);
  }
  // A changed SELECT makes another aggregate, though the source is the same.
  std::string SelectLedgerId() const { return LedgerId() + ":" + Sha256Hex(promote_.select).substr(0, 16); }

  Result<bool> IsCurrent() {
    if (!target_.has_value() || promote_.full) return false;
    NL_ASSIGN_OR_RETURN(const auto before, PromotedVersion());
    if (!before.has_value()) return false;
    if (*before > source_.version) {
      return MakeError(ErrorCode::kInvalidArgument,
                       "version {} of the source was promoted, but it is at version {} now; promote it with FULL",
                       *before, source_.version);
    }
    report_.from_version = *before;
    if (*before != source_.version) return false;
    if (!promote_.replace) return true;
    const auto select = target_->transactions.find(SelectLedgerId());
    return select != target_->transactions.end() && select->second == source_.version;
  }

  // The newest version of the source that the target has. Errors: kInvalidArgument for another table of its name.
  Result<std::optional<int64_t>> PromotedVersion() const {
    const std::string own = fmt::format("{}{}:", kLedger, source_.id);
    const std::string same_name = fmt::format(":{}.{}", promote_.source.schema, promote_.source.name);
    std::optional<int64_t> newest;
    bool other = false;
    for (const auto& [app_id, version] : target_->transactions) {
      if (!app_id.starts_with(kLedger)) continue;
      if (app_id.starts_with(own)) newest = std::max(newest.value_or(version), version);
      else other = other || app_id.ends_with(same_name);
    }
    if (newest.has_value() || !other || promote_.replace) return newest;
    return MakeError(ErrorCode::kInvalidArgument,
                     "the source {}.{} was dropped and made anew since it was promoted; promote it with FULL, and with "
                     "KEY if the target must not get rows twice",
                     promote_.source.schema, promote_.source.name);
  }

  std::vector<SetTransaction> Ledger() const {
    const int64_t now_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(sql_.clock().Now().time_since_epoch()).count();
    std::vector<SetTransaction> ledger{{.app_id = LedgerId(), .version = source_.version, .last_updated_ms = now_ms}};
    if (promote_.replace)
      ledger.push_back({.app_id = SelectLedgerId(), .version = source_.version, .last_updated_ms = now_ms});
    return ledger;
  }

  std::string SourceAt(int64_t version) const {
    return fmt::format("{} AT (VERSION => {})", Quoted(promote_.source), version);
  }

  bool SourceHas(std::string_view name) const {
    return std::ranges::any_of(source_.columns,
                               [&](const ColumnShape& column) { return EqualsIgnoringCase(column.name, name); });
  }
  static bool Has(const std::vector<std::string>& columns, std::string_view name) {
    return std::ranges::any_of(columns, [&](const std::string& column) { return EqualsIgnoringCase(column, name); });
  }

  // Rows can be told apart by all of their columns only.
  Result<void> CheckSameColumns(const std::vector<std::string>& before) const {
    const bool same = std::ranges::equal(before, source_.columns, EqualsIgnoringCase, {}, &ColumnShape::name);
    if (same) return {};
    return MakeError(ErrorCode::kInvalidArgument,
                     "the source has other columns than at version {}, so that its new rows cannot be told; promote it "
                     "with FULL",
                     report_.from_version);
  }

  // The rows that came into the source since.
  Result<std::string> NewRows() {
    const std::string now = SourceAt(source_.version);
    if (report_.from_version < 0) return "SELECT * FROM " + now;
    const std::string before = SourceAt(report_.from_version);
    NL_ASSIGN_OR_RETURN(const auto columns, sql_.Query("SELECT * FROM " + before + " LIMIT 0"));
    if (!SourceHas("_load_id") || !Has(columns.columns, "_load_id")) {
      NL_RETURN_IF_ERROR(CheckSameColumns(columns.columns));
      return fmt::format("SELECT * FROM {} EXCEPT ALL SELECT * FROM {}", now, before);
    }
    // Named one by one, so that the files' statistics leave out those of older loads.
    NL_ASSIGN_OR_RETURN(const auto loads,
                        sql_.Query(fmt::format("SELECT DISTINCT _load_id FROM {} WHERE _load_id IS NOT NULL EXCEPT "
                                               "SELECT DISTINCT _load_id FROM {} LIMIT {}",
                                               now, before, kLoadIdsMax + 1)));
    std::string rows;
    if (loads.rows.size() > kLoadIdsMax) {
      rows = fmt::format(
          "SELECT * FROM {} WHERE _load_id IS NOT NULL AND _load_id NOT IN (SELECT DISTINCT _load_id FROM {} WHERE "
          "_load_id IS NOT NULL)",
          now, before);
    } else {
      std::string list;
      for (const auto& row : loads.rows) list += (list.empty() ? "" : ", ") + QuoteLiteral(row.at(0).value_or(""));
      rows = fmt::format("SELECT * FROM {} WHERE {}", now, list.empty() ? "false" : "_load_id IN (" + list + ")");
    }
    // Rows that nobody's load brought, by INSERT say.
    NL_ASSIGN_OR_RETURN(
        const auto unnamed,
        sql_.Query(fmt::format("SELECT count(*) FROM (SELECT 1 FROM {} WHERE _load_id IS NULL LIMIT 1)", now)));
    if (unnamed.rows.at(0).at(0) == "0") return rows;
    NL_RETURN_IF_ERROR(CheckSameColumns(columns.columns));
    return fmt::format(
        "({}) UNION ALL (SELECT * FROM {} WHERE _load_id IS NULL EXCEPT ALL SELECT * FROM {} WHERE _load_id IS NULL)",
        rows, now, before);
  }

  // A line of its own for the bracket: the SELECT may end in a comment.
  std::string Selected(const std::string& rows) const {
    return fmt::format("WITH source AS ({}) SELECT * FROM (\n{}\n)", rows,
                       promote_.select.empty() ? "SELECT * FROM source" : promote_.select);
  }

  Result<std::string> Deduplicated(const std::string& select) {
    if (promote_.key.empty()) return select;
    NL_ASSIGN_OR_RETURN(const auto shape, sql_.Query("SELECT * FROM (" + select + ") LIMIT 0"));
    const std::string order = promote_.order_by.empty() ? "_loaded_at" : promote_.order_by;
    if (!Has(shape.columns, order)) {
      return MakeError(ErrorCode::kColumnNotFound,
                       "KEY needs ORDER BY a column of the SELECT, to tell which row of one key stays; it has no {}",
                       order);
    }
    std::string keys;
    std::string no_key;
    std::string same;
    for (const std::string& column : promote_.key) {
      if (!Has(shape.columns, column))
        return MakeError(ErrorCode::kColumnNotFound, "KEY must name columns of the SELECT; it has no {}", column);
      const std::string name = QuoteIdentifier(column);
      keys += (keys.empty() ? "" : ", ") + name;
      no_key += fmt::format(" OR {} IS NULL", name);
      same += fmt::format("{}nl_old.{} = nl_new.{}", same.empty() ? "" : " AND ", name, name);
    }
    std::string text =
        fmt::format("SELECT * FROM ({}) QUALIFY row_number() OVER (PARTITION BY {} ORDER BY {} {} NULLS LAST) = 1{}",
                    select, keys, QuoteIdentifier(order), promote_.keep_last ? "DESC" : "ASC", no_key);
    // Rows of a target that is made anew do not count.
    if (!target_.has_value() || promote_.replace) return text;
    return fmt::format("SELECT * FROM ({}) AS nl_new WHERE NOT EXISTS (SELECT 1 FROM {} AS nl_old WHERE {})", text,
                       Quoted(promote_.target), same);
  }

  Result<void> Append() {
    NL_ASSIGN_OR_RETURN(const auto rows, NewRows());
    NL_RETURN_IF_ERROR(CountNew(rows));
    NL_ASSIGN_OR_RETURN(const auto select, Deduplicated(Selected(rows)));
    const std::string target = Quoted(promote_.target);
    return Write(target_.has_value() ? fmt::format("INSERT INTO {} BY NAME {}", target, select)
                                     : fmt::format("CREATE TABLE {} AS {}", target, select));
  }

  Result<void> Replace() {
    report_.from_version = -1;
    const std::string rows = "SELECT * FROM " + SourceAt(source_.version);
    NL_RETURN_IF_ERROR(CountNew(rows));
    NL_ASSIGN_OR_RETURN(const auto select, Deduplicated(Selected(rows)));
    return Write(fmt::format("CREATE OR REPLACE TABLE {} AS {}", Quoted(promote_.target), select));
  }

  Result<void> Write(const std::string& statement) {
    NL_ASSIGN_OR_RETURN(const Written written, sql_.Write({statement}, {.target = promote_.target,
                                                                        .found = target_ ? &*target_ : nullptr,
                                                                        .transactions = Ledger(),
                                                                        .check = {}}));
    report_.rows_written = written.rows;
    report_.version = written.version;
    return {};
  }

  Result<void> CountNew(const std::string& rows) {
    NL_ASSIGN_OR_RETURN(const auto count, sql_.Query("SELECT count(*) FROM (" + rows + ")"));
    report_.rows_read = std::stoll(count.rows.at(0).at(0).value_or("0"));
    return {};
  }

  const Promote& promote_;
  ProductSql& sql_;
  TableShape source_;
  std::optional<TableShape> target_;
  PromoteReport report_;
};

}  // namespace

Result<PromoteReport> RunPromote(const Promote& promote, ProductSql& sql) {
  for (int attempt = 1;; ++attempt) {
    auto report = Promotion(promote, sql).Run();
    if (report.has_value() || attempt == kAttemptsMax) return report;
    const ErrorCode code = report.error().code();
    if (code != ErrorCode::kConflict && code != ErrorCode::kAlreadyExists) return report;
    NL_RETURN_IF_ERROR(sql.CheckAlive());
  }
}

ProductSql::Rows ReportRows(const PromoteReport& report) {
  const auto number = [](int64_t value) { return value < 0 ? std::nullopt : std::optional(std::to_string(value)); };
  ProductSql::Rows rows;
  rows.columns = {"rows_read", "rows_written", "from_version", "to_version", "version", "seconds"};
  rows.types = {"BIGINT", "BIGINT", "BIGINT", "BIGINT", "BIGINT", "DOUBLE"};
  rows.rows.push_back({number(report.rows_read), number(report.rows_written), number(report.from_version),
                       number(report.to_version), number(report.version), fmt::format("{:.3f}", report.seconds)});
  return rows;
}

}  // namespace neurolake::query
