#include "cli/eval_report.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cmath>

#include "common/check.h"

namespace neurolake::cli {
namespace {

namespace json = boost::json;

double Share(size_t part, size_t whole, double otherwise) {
  return whole == 0 ? otherwise : static_cast<double>(part) / static_cast<double>(whole);
}

json::object CostJson(const EvalCost& cost) {
  return {{"predicted", cost.predicted},
          {"bytes", cost.bytes},
          {"rows", cost.rows},
          {"files", cost.files},
          {"model_calls", cost.model_calls},
          {"model_tokens", cost.model_tokens},
          {"dollars", cost.dollars}};
}

json::object Figures(const EvalSums& sums) {
  return {{"questions", sums.questions},
          {"to_answer", sums.to_answer},
          {"answered", sums.answered},
          {"answered_right", sums.answered_right},
          {"to_refuse", sums.to_refuse},
          {"refused_right", sums.refused_right},
          {"wrong", sums.wrong},
          {"accuracy", sums.accuracy()},
          {"coverage", sums.coverage()},
          {"silently_wrong", sums.silently_wrong()},
          {"refusals_right", sums.refusals()},
          {"cost", CostJson(sums.cost)}};
}

json::object Details(const ScoredQuestion& scored) {
  json::object details{{"id", scored.question->id},
                       {"class", scored.question->kind},
                       {"question", scored.question->text},
                       {"expect", scored.question->expect},
                       {"outcome", OutcomeName(scored.outcome)},
                       {"status", scored.status},
                       {"confidence", scored.confidence},
                       {"milliseconds", scored.milliseconds},
                       {"said", scored.said}};
  if (!scored.sql.empty()) details["sql"] = scored.sql;
  if (scored.cost.predicted > 0 || scored.cost.model_calls > 0) details["cost"] = CostJson(scored.cost);
  if (!scored.problem.empty()) details["problem"] = scored.problem;
  return details;
}

std::vector<std::string> Line(const std::string& name, const EvalSums& sums) {
  const auto percent = [](double share) { return fmt::format("{:.1f} %", share * 100); };
  return {name,
          std::to_string(sums.questions),
          percent(sums.accuracy()),
          percent(sums.coverage()),
          percent(sums.silently_wrong()),
          percent(sums.refusals()),
          sums.cost.predicted == 0 ? "-" : BytesText(sums.cost.bytes),
          sums.cost.model_calls == 0 ? "-" : fmt::format("${:.4f}", sums.cost.dollars)};
}

}  // namespace

void EvalCost::Add(const EvalCost& other) {
  predicted += other.predicted;
  bytes += other.bytes;
  rows += other.rows;
  files += other.files;
  model_calls += other.model_calls;
  model_tokens += other.model_tokens;
  dollars += other.dollars;
}

std::string BytesText(int64_t bytes) {
  static constexpr std::string_view kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double size = static_cast<double>(bytes);
  size_t unit = 0;
  while (size >= 1024 && unit + 1 < std::size(kUnits)) {
    size /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", size, kUnits[unit]);
}

std::string CostLine(const EvalCost& cost) {
  const std::string read = fmt::format("{} answers were predicted to read {} in {} files, {} rows", cost.predicted,
                                       BytesText(cost.bytes), cost.files, cost.rows);
  if (cost.model_calls == 0) return read + "; no language model was called";
  return fmt::format("{}; {} calls of language models took {} tokens, ${:.4f}", read, cost.model_calls,
                     cost.model_tokens, cost.dollars);
}

void EvalSums::Add(const ScoredQuestion& scored) {
  cost.Add(scored.cost);
  if (scored.outcome == Outcome::kNotScored) return;
  ++questions;
  const bool is_to_answer = scored.question->expect == "answer";
  const bool is_right = scored.outcome == Outcome::kRight;
  const bool was_answered = scored.status == "answered";
  to_answer += is_to_answer ? 1 : 0;
  to_refuse += is_to_answer ? 0 : 1;
  answered += is_to_answer && was_answered ? 1 : 0;
  answered_right += is_to_answer && was_answered && is_right ? 1 : 0;
  refused_right += !is_to_answer && is_right ? 1 : 0;
  wrong += scored.outcome == Outcome::kWrong ? 1 : 0;
}

double EvalSums::accuracy() const { return Share(answered_right, answered, 1); }
double EvalSums::coverage() const { return Share(answered, to_answer, 1); }
double EvalSums::silently_wrong() const { return Share(wrong, questions, 0); }
double EvalSums::refusals() const { return Share(refused_right, to_refuse, 1); }

EvalSums EvalReport::all() const {
  EvalSums sums;
  for (const ScoredQuestion& one : scored) sums.Add(one);
  return sums;
}

std::map<std::string, EvalSums> EvalReport::by_kind() const {
  std::map<std::string, EvalSums> sums;
  for (const ScoredQuestion& one : scored) sums[one.question->kind.empty() ? "(none)" : one.question->kind].Add(one);
  return sums;
}

double EvalReport::quantile_milliseconds(double share) const {
  std::vector<double> times;
  for (const ScoredQuestion& one : scored) times.push_back(one.milliseconds);
  if (times.empty()) return 0;
  std::ranges::sort(times);
  return times[std::min(times.size() - 1, static_cast<size_t>(static_cast<double>(times.size()) * share))];
}

double EvalReport::calibration_error() const {
  struct Bin {
    double confidence = 0;
    size_t right = 0, answers = 0;
  };
  std::array<Bin, 10> bins;
  size_t answers = 0;
  for (const ScoredQuestion& one : scored) {
    if (one.status != "answered" || one.outcome == Outcome::kNotScored) continue;
    Bin& bin = bins[std::min<size_t>(9, static_cast<size_t>(std::clamp(one.confidence, 0.0, 1.0) * 10))];
    bin.confidence += one.confidence;
    bin.right += one.outcome == Outcome::kRight ? 1 : 0;
    ++bin.answers;
    ++answers;
  }
  double error = 0;
  for (const Bin& bin : bins) error += std::abs(bin.confidence - static_cast<double>(bin.right));
  return answers == 0 ? 0 : error / static_cast<double>(answers);
}

std::vector<std::vector<std::string>> LinesOf(const EvalReport& report, bool names_model) {
  std::vector<std::vector<std::string>> lines;
  for (const auto& [kind, sums] : report.by_kind()) lines.push_back(Line(kind, sums));
  lines.push_back(Line("all", report.all()));
  if (!names_model) return lines;
  for (auto& line : lines) line.insert(line.begin(), report.model);
  return lines;
}

std::string ReportJson(const std::vector<EvalReport>& reports) {
  json::array written;
  for (const EvalReport& report : reports) {
    json::object classes;
    for (const auto& [kind, sums] : report.by_kind()) classes[kind] = Figures(sums);
    json::array questions;
    for (const ScoredQuestion& scored : report.scored) questions.push_back(Details(scored));
    written.push_back(json::object{{"model", report.model},
                                   {"inferred", report.is_inferred},
                                   {"all", Figures(report.all())},
                                   {"classes", std::move(classes)},
                                   {"milliseconds_p50", report.quantile_milliseconds(0.5)},
                                   {"milliseconds_p95", report.quantile_milliseconds(0.95)},
                                   {"calibration_error", report.calibration_error()},
                                   {"questions", std::move(questions)}});
  }
  return json::serialize(json::object{{"reports", std::move(written)}}) + "\n";
}

std::string_view OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kRight: return "right";
    case Outcome::kNotAnswered: return "not answered";
    case Outcome::kWrong: return "WRONG";
    case Outcome::kNotScored: return "not scored";
  }
  NL_UNREACHABLE();
}

}  // namespace neurolake::cli
