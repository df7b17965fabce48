// Expectations of a table as a whole: checked on what the version would hold, before it is published.
#include <boost/json.hpp>
#include <cmath>

#include "common/text.h"
#include "engine/duckdb/internal/error_translation.h"
#include "engine/duckdb/internal/expectations.h"
#include "engine/duckdb/internal/lake_catalog.h"
#include "engine/duckdb/internal/lake_transaction.h"

namespace neurolake::engine::duckdb {
namespace {

namespace json = boost::json;
using Kind = Expectation::Kind;
using DataKind = tables::delta::DataType::Kind;

constexpr int kBins = 10;
constexpr int kCategoriesMax = 20;
/// Shares below that count as that: a logarithm wants no zeros.
constexpr double kShareMin = 1e-4;

std::string NameOf(const TableEntry& table) {
  return fmt::format("{}.{}.{}", LakeCatalog::kName, QuoteIdentifier(table.schema_name),
                     QuoteIdentifier(table.table_name));
}

struct Finding {
  int64_t rows = 0;
  int64_t violations = 0;
  std::optional<double> metric;
  std::string profile;
};

/// How the values of a column are spread over bins. The last two shares are those of other values and of NULL; there
/// are either edges (numbers and times) or values (all else).
struct Profile {
  std::vector<double> edges;
  std::vector<std::string> values;
  std::vector<double> shares;

  bool SameBins(const Profile& other) const { return edges == other.edges && values == other.values; }

  std::string ToJson() const {
    return json::serialize(json::object{{"edges", json::array(edges.begin(), edges.end())},
                                        {"values", json::array(values.begin(), values.end())},
                                        {"shares", json::array(shares.begin(), shares.end())}});
  }
  static std::optional<Profile> FromJson(const std::string& text) {
    boost::system::error_code problem;
    const json::value value = json::parse(text, problem);
    if (problem || !value.is_object()) return std::nullopt;
    Profile profile;
    try {
      for (const auto& edge : value.at("edges").as_array()) profile.edges.push_back(edge.to_number<double>());
      for (const auto& one : value.at("values").as_array()) profile.values.emplace_back(one.as_string());
      for (const auto& share : value.at("shares").as_array()) profile.shares.push_back(share.to_number<double>());
    } catch (const boost::system::system_error&) {
      return std::nullopt;
    }
    return profile;
  }
};

/// Population stability index: the sum over bins of (a - e) ln(a / e). Source: Siddiqi, "Credit Risk Scorecards",
/// Wiley 2006, chapter 10.
double StabilityIndex(const std::vector<double>& expected, const std::vector<double>& actual) {
  NL_CHECK(expected.size() == actual.size());
  double index = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    const double e = std::max(expected[i], kShareMin), a = std::max(actual[i], kShareMin);
    index += (a - e) * std::log(a / e);
  }
  return index;
}

class TableChecks {
 public:
  TableChecks(native::ClientContext& context, StatementState& state, LakeWrite& write)
      : write_(write), connection_(context, state), after_(write.Applied()), now_(NowOf(state)) {
    connection_.Show(write.table, after_);
    table_ = NameOf(write.table);
    if (write.base == nullptr) return;
    // Under a name and an id that nothing else has.
    TableEntry before = write.table;
    before.id = TableId(before.id.value() + "#before");
    before.table_name += "#before";
    connection_.Show(before, write.base);
    before_ = NameOf(before);
  }

  Finding Check(const Expectation& expectation) {
    for (const std::string& column : expectation.columns) std::ignore = FieldOf(expectation, column);
    switch (expectation.kind) {
      case Kind::kUnique: return Unique(expectation);
      case Kind::kForeignKey: return ForeignKey(expectation);
      case Kind::kFreshness: return Freshness(expectation);
      case Kind::kRowCount: return RowCount(expectation);
      case Kind::kRowCountDrift: return RowCountDrift(expectation);
      case Kind::kDistribution: return Distribution(expectation);
      case Kind::kCheck: break;
    }
    NL_UNREACHABLE();
  }

 private:
  static double NowOf(StatementState& state) {
    const auto now =
        std::chrono::duration_cast<std::chrono::milliseconds>(state.context->clock().Now().time_since_epoch());
    return static_cast<double>(now.count()) / 1000.0;
  }

  std::vector<native::Value> Row(const std::string& sql) {
    auto result = connection_.Query(sql);
    NL_CHECK(result->RowCount() == 1);
    std::vector<native::Value> row;
    for (native::idx_t i = 0; i < result->ColumnCount(); ++i) row.push_back(result->GetValue(i, 0));
    return row;
  }

  int64_t RowsOf(const std::string& table) { return Row("SELECT count(*) FROM " + table)[0].GetValue<int64_t>(); }

  static Finding Counted(int64_t rows, int64_t violations) {
    Finding finding{.rows = rows, .violations = violations, .metric = {}, .profile = {}};
    if (rows > 0) finding.metric = static_cast<double>(violations) / static_cast<double>(rows);
    return finding;
  }

  static std::string NotNull(const std::string& alias, const std::vector<std::string>& columns) {
    std::string condition;
    for (const std::string& column : columns) {
      condition += fmt::format("{}{}{} IS NOT NULL", condition.empty() ? "" : " AND ", alias, QuoteIdentifier(column));
    }
    return condition;
  }

  /// Rows beyond the first of each key. NULL is no key.
  Finding Unique(const Expectation& expectation) {
    std::string key;
    for (const std::string& column : expectation.columns) key += (key.empty() ? "" : ", ") + QuoteIdentifier(column);
    const auto row =
        Row(fmt::format("SELECT CAST(coalesce(sum(n - 1), 0) AS BIGINT) FROM (SELECT count(*) AS n FROM {} "
                        "WHERE {} GROUP BY {} HAVING count(*) > 1)",
                        table_, NotNull("", expectation.columns), key));
    return Counted(RowsOf(table_), row[0].GetValue<int64_t>());
  }

  Finding ForeignKey(const Expectation& expectation) {
    if (!expectation.foreign) {
      ThrowLakeError(Error(ErrorCode::kNotFound,
                           fmt::format("the table that an expectation refers to is not there, drop the expectation: {}",
                                       expectation.name)));
    }
    if (expectation.foreign->id != write_.table.id) connection_.Show(*expectation.foreign, nullptr);
    std::string same;
    for (size_t i = 0; i < expectation.columns.size(); ++i) {
      same += fmt::format("{}c.{} = p.{}", i == 0 ? "" : " AND ", QuoteIdentifier(expectation.columns[i]),
                          QuoteIdentifier(expectation.foreign_columns.at(i)));
    }
    const auto row = Row(fmt::format("SELECT count(*) FROM {} AS c ANTI JOIN {} AS p ON {} WHERE {}", table_,
                                     NameOf(*expectation.foreign), same, NotNull("c.", expectation.columns)));
    return Counted(RowsOf(table_), row[0].GetValue<int64_t>());
  }

  Finding Freshness(const Expectation& expectation) {
    const auto row = Row(fmt::format("SELECT count(*), CAST(epoch(max({})) AS DOUBLE) FROM {}",
                                     QuoteIdentifier(expectation.columns.at(0)), table_));
    Finding finding{.rows = row[0].GetValue<int64_t>(), .violations = 1, .metric = {}, .profile = {}};
    if (row[1].IsNull()) return finding;
    finding.metric = now_ - row[1].GetValue<double>();
    finding.violations = *finding.metric > expectation.limit ? 1 : 0;
    return finding;
  }

  Finding RowCount(const Expectation& expectation) {
    const int64_t rows = RowsOf(table_);
    const bool outside = rows < expectation.least || rows > expectation.most;
    return {.rows = rows, .violations = outside ? 1 : 0, .metric = static_cast<double>(rows), .profile = {}};
  }

  Finding RowCountDrift(const Expectation& expectation) {
    const int64_t rows = RowsOf(table_);
    Finding finding{.rows = rows, .violations = 0, .metric = static_cast<double>(rows), .profile = {}};
    double sum = 0;
    const size_t known = std::min(expectation.past_metrics.size(), static_cast<size_t>(expectation.versions));
    for (size_t i = 0; i < known; ++i) sum += expectation.past_metrics[i];
    double mean = known > 0 ? sum / static_cast<double>(known) : 0;
    if (known == 0 && !before_.empty()) mean = static_cast<double>(RowsOf(before_));
    if (mean > 0 && std::abs(static_cast<double>(rows) - mean) / mean > expectation.limit) finding.violations = 1;
    return finding;
  }

  const tables::delta::StructField& FieldOf(const Expectation& expectation, const std::string& column) const {
    for (const auto& field : after_->schema().fields) {
      if (EqualsIgnoringCase(field.name, column)) return field;
    }
    ThrowLakeError(
        Error(ErrorCode::kDependentObjects,
              fmt::format("an expectation does not fit the table's columns, drop it first: {}", expectation.name)));
  }

  /// The column as what bins are made of: a number, or text.
  std::string Binned(const Expectation& expectation, bool& numeric) const {
    const std::string& name = expectation.columns.at(0);
    const std::string column = QuoteIdentifier(name);
    numeric = true;
    switch (FieldOf(expectation, name).type.kind) {
      case DataKind::kDate:
      case DataKind::kTimestamp:
      case DataKind::kTimestampNtz: return fmt::format("CAST(epoch({}) AS DOUBLE)", column);
      case DataKind::kByte:
      case DataKind::kShort:
      case DataKind::kInteger:
      case DataKind::kLong:
      case DataKind::kFloat:
      case DataKind::kDouble:
      case DataKind::kDecimal: return fmt::format("CAST({} AS DOUBLE)", column);
      // Profiles are kept: short whatever the values are, and without them.
      default: numeric = false; return fmt::format("left(md5(CAST({} AS VARCHAR)), 16)", column);
    }
  }

  Profile ChooseBins(const std::string& value, bool numeric, const std::string& table) {
    Profile bins;
    if (!numeric) {
      auto result =
          connection_.Query(fmt::format("SELECT v FROM (SELECT {} AS v FROM {}) WHERE v IS NOT NULL GROUP BY v "
                                        "ORDER BY count(*) DESC, v LIMIT {}",
                                        value, table, kCategoriesMax));
      for (auto& row : *result) bins.values.push_back(row.GetValue<std::string>(0));
      return bins;
    }
    std::string shares;
    for (int i = 1; i < kBins; ++i) shares += fmt::format("{}{}", i == 1 ? "" : ", ", static_cast<double>(i) / kBins);
    const auto row =
        Row(fmt::format("SELECT quantile_disc(v, [{}]) FROM (SELECT {} AS v FROM {}) WHERE v IS NOT NULL "
                        "AND isfinite(v)",
                        shares, value, table));
    if (row[0].IsNull()) return bins;
    for (const auto& edge : native::ListValue::GetChildren(row[0])) {
      const double number = edge.GetValue<double>();
      if (bins.edges.empty() || number > bins.edges.back()) bins.edges.push_back(number);
    }
    return bins;
  }

  /// The shares of `table` in these bins. Empty without rows.
  void Fill(const std::string& value, const std::string& table, Profile& profile) {
    std::string bin = "0";
    for (const double edge : profile.edges) bin += fmt::format(" + CAST(v > {:.17g}::DOUBLE AS INTEGER)", edge);
    if (!profile.values.empty()) {
      std::string values;
      for (const std::string& one : profile.values) values += (values.empty() ? "" : ", ") + QuoteLiteral(one);
      bin = fmt::format("coalesce(nullif(list_position([{}], v), 0) - 1, {})", values, profile.values.size());
    }
    const size_t last = profile.edges.size() + profile.values.size();
    auto result = connection_.Query(fmt::format(
        "SELECT CAST(CASE WHEN v IS NULL THEN {} ELSE {} END AS BIGINT), count(*) FROM (SELECT {} AS v FROM "
        "{}) GROUP BY 1",
        last + 1, bin, value, table));
    std::vector<double> counts(last + 2, 0);
    double total = 0;
    for (auto& row : *result) {
      const auto count = static_cast<double>(row.GetValue<int64_t>(1));
      counts.at(static_cast<size_t>(row.GetValue<int64_t>(0))) += count;
      total += count;
    }
    profile.shares.clear();
    if (total == 0) return;
    for (const double count : counts) profile.shares.push_back(count / total);
  }

  /// What is expected: the mean of what the last versions had, in the bins of the newest of them; else what the table
  /// had before. Without shares if there was nothing.
  Profile Baseline(const Expectation& expectation, const std::string& value, bool numeric) {
    Profile baseline;
    std::vector<Profile> past;
    for (const std::string& text : expectation.past_profiles) {
      if (past.size() >= static_cast<size_t>(expectation.versions)) break;
      auto profile = Profile::FromJson(text);
      if (!profile || profile->shares.size() != profile->edges.size() + profile->values.size() + 2) continue;
      if (!past.empty() && !profile->SameBins(past[0])) break;
      past.push_back(std::move(*profile));
    }
    if (past.empty()) {
      if (before_.empty()) return baseline;
      baseline = ChooseBins(value, numeric, before_);
      Fill(value, before_, baseline);
      return baseline;
    }
    baseline = past[0];
    for (size_t i = 1; i < past.size(); ++i) {
      for (size_t bin = 0; bin < baseline.shares.size(); ++bin) baseline.shares[bin] += past[i].shares[bin];
    }
    for (double& share : baseline.shares) share /= static_cast<double>(past.size());
    return baseline;
  }

  Finding Distribution(const Expectation& expectation) {
    bool numeric = false;
    const std::string value = Binned(expectation, numeric);
    Finding finding{.rows = RowsOf(table_), .violations = 0, .metric = {}, .profile = {}};
    if (finding.rows == 0) return finding;
    const Profile baseline = Baseline(expectation, value, numeric);
    Profile now = baseline.shares.empty() ? ChooseBins(value, numeric, table_) : baseline;
    Fill(value, table_, now);
    finding.metric = baseline.shares.empty() ? 0 : StabilityIndex(baseline.shares, now.shares);
    finding.violations = *finding.metric > expectation.limit ? 1 : 0;
    finding.profile = now.ToJson();
    return finding;
  }

  LakeWrite& write_;
  CheckConnection connection_;
  SnapshotPointer after_;
  double now_;
  std::string table_;
  std::string before_;
};

bool ChangesRows(const LakeWrite& write) {
  const auto changes = [](const auto& action) { return action.data_change; };
  return std::ranges::any_of(write.adds, changes) || std::ranges::any_of(write.removes, changes);
}

}  // namespace

std::vector<ExpectationEvidence> CheckTableExpectations(native::ClientContext& context, StatementState& state,
                                                        const ExpectationSet& expectations, LakeWrite& write) {
  std::vector<ExpectationEvidence> evidence = RowEvidence(expectations, write.findings);
  std::optional<TableChecks> checks;
  const Expectation* failed = nullptr;
  const bool changes = ChangesRows(write);
  for (size_t i = 0; i < evidence.size() && changes; ++i) {
    const Expectation& expectation = expectations.all[i];
    if (expectation.of_rows() || expectation.of_keys()) continue;
    if (!checks) checks.emplace(context, state, write);
    Finding finding = checks->Check(expectation);
    evidence[i] = {.id = expectation.id,
                   .checked = true,
                   .rows_checked = finding.rows,
                   .violations = finding.violations,
                   .metric = finding.metric,
                   .profile = std::move(finding.profile)};
    const bool fails = expectation.action == Expectation::Action::kFail && finding.violations > 0;
    if (fails && failed == nullptr) failed = &expectation;
  }
  if (failed != nullptr) {
    const auto& found = *std::ranges::find(evidence, failed->id, &ExpectationEvidence::id);
    ThrowViolated(state, write.table, *failed, found.violations, found.rows_checked, evidence);
  }
  return evidence;
}

}  // namespace neurolake::engine::duckdb
