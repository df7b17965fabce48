#include "ask/answer/checks.h"

#include <algorithm>
#include <cmath>

namespace neurolake::ask {
namespace {

using Role = OutputColumn::Role;

bool IsAdditive(const MetricUse& use, const semantic::SemanticModel& model) {
  if (use.metric.empty()) {
    const bool counts_rows = use.field.name.empty() && !use.entity.empty();
    return counts_rows || use.aggregation == Aggregation::kSum || use.aggregation == Aggregation::kCount;
  }
  if (use.aggregation.has_value()) return false;
  const auto* metric = semantic::FindMetric(model, use.metric);
  if (metric == nullptr || metric->kind != semantic::MetricKind::kSimple) return false;
  const auto* entity = semantic::FindEntity(model, metric->entity);
  const auto* measure = entity == nullptr ? nullptr : semantic::FindMeasure(*entity, metric->measure);
  return measure != nullptr && measure->additivity == semantic::Additivity::kAdditive &&
         (measure->aggregation == Aggregation::kSum || measure->aggregation == Aggregation::kCount);
}

/// A cell in a form that sorts: numbers to nine digits, so that a different order of addition makes no difference.
std::string Form(const Cell& cell) {
  if (const auto number = NumberIn(cell)) return fmt::format("{:.9g}", *number == 0 ? 0 : *number);
  if (const auto* text = std::get_if<std::string>(&cell)) return "'" + *text;
  if (const auto* truth = std::get_if<bool>(&cell)) return *truth ? "true" : "false";
  return "null";
}

std::vector<std::vector<std::string>> Sorted(const AnswerTable& table) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& row : table.rows) {
    auto& forms = rows.emplace_back();
    for (const auto& cell : row) forms.push_back(Form(cell));
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

}  // namespace

std::optional<Intent> WholeOf(const Intent& intent, const semantic::SemanticModel& model) {
  const bool has_groups = !intent.dimensions.empty() || intent.time.grain.has_value();
  if (intent.output != OutputKind::kTable || intent.metrics.empty() || !has_groups) return std::nullopt;
  if (intent.rank.has_value() || !intent.having.empty() || !intent.calculations.empty()) return std::nullopt;
  if (!intent.time.comparisons.empty()) return std::nullopt;
  for (const auto& use : intent.metrics) {
    if (!IsAdditive(use, model)) return std::nullopt;
  }
  Intent whole = intent;
  whole.dimensions.clear();
  whole.order.clear();
  whole.time.grain.reset();
  whole.time.fill_gaps = false;
  whole.keep_empty = false;
  whole.privacy = {};
  return whole;
}

bool AddsUp(const AnswerTable& parts, const AnswerTable& whole) {
  if (parts.is_truncated) return true;
  struct Sum {
    double value = 0;
    double magnitude = 0;  // Of its parts: what rounding errors are measured by where they cancel out.
  };
  std::vector<Sum> sums;
  for (size_t i = 0; i < parts.columns.size(); ++i) {
    if (parts.columns[i].role != Role::kMetric) continue;
    Sum sum;
    for (const auto& row : parts.rows) {
      const double part = NumberIn(row[i]).value_or(0);
      sum.value += part;
      sum.magnitude += std::abs(part);
    }
    sums.push_back(sum);
  }
  size_t metric = 0;
  for (size_t i = 0; i < whole.columns.size(); ++i) {
    if (whole.columns[i].role != Role::kMetric) continue;
    const double total = whole.rows.empty() ? 0 : NumberIn(whole.rows[0][i]).value_or(0);
    if (metric >= sums.size()) return false;
    if (std::abs(sums[metric].value - total) > 1e-9 * std::max(sums[metric].magnitude, std::abs(total))) return false;
    ++metric;
  }
  return metric == sums.size();
}

bool SaysTheSame(const AnswerTable& left, const AnswerTable& right) {
  return left.is_truncated == right.is_truncated && left.rows.size() == right.rows.size() &&
         Sorted(left) == Sorted(right);
}

}  // namespace neurolake::ask
