#include "privacy/detector/column_scanner.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>

#include "common/text.h"
#include "privacy/detector/checks.h"
#include "privacy/detector/context.h"
#include "privacy/detector/phone_numbers.h"

namespace neurolake::privacy {
namespace {

constexpr double kPassRate = 0.97;         ///< Of values that are the identifier; the rest are typing errors.
constexpr double kNameWorth = 4.5;         ///< Of a column's name, as of a word beside a value in a text.
constexpr double kEvidenceMax = 25;        ///< More certainty would only hide what speaks against it.
constexpr double kCoverageMin = 0.7;       ///< Share of values that must have the form.
constexpr double kCoverageMinNamed = 0.4;  ///< The same where the column's name says it.
constexpr size_t kValueBytesMax = 128;     ///< Longer values are texts.
constexpr int64_t kTextsMax = 2000;        ///< Texts that are read.
constexpr int64_t kExaminedMax = 5000;     ///< Values that are examined; more would not change an answer.
constexpr int64_t kPhonesMax = 300;        ///< Numbers that libphonenumber is asked about: it is slow.
constexpr size_t kTextBytesMax = 16384;

double Probability(double odds) { return 1 / (1 + std::exp(-odds)); }

/// Ratio of a binomial count under two rates, as natural log.
double Ratio(int64_t hits, int64_t count, double expected, double by_chance) {
  return static_cast<double>(hits) * std::log(expected / by_chance) +
         static_cast<double>(count - hits) * std::log((1 - expected) / (1 - by_chance));
}

double Share(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::string Percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

void Also(std::string& why, const std::string& more) { why += (why.empty() ? "" : "; ") + more; }

}  // namespace

std::string ColumnFinding::tag() const {
  const EntityInfo& info = InfoOf(entity);
  const std::string name = LowerAscii(info.name);
  if (info.group == EntityGroup::kSecret) return "secret." + name;
  return fmt::format("pii.{}.{}", EntityGroupName(info.group), name);
}

EntitySet ColumnOptions::ColumnEntities() {
  EntitySet set = AllEntities();
  for (const Entity entity : {Entity::kDateTime, Entity::kUrl, Entity::kUuid}) set.reset(static_cast<size_t>(entity));
  return set;
}

ColumnScanner::ColumnScanner(std::shared_ptr<const Detector> detector, std::string column)
    : detector_(std::move(detector)), words_(WordsOfName(column)), scratch_(detector_->scanner()) {}

void ColumnScanner::Add(std::string_view value) {
  value = Trim(value);
  if (value.empty()) return;
  ++rows_;
  if (!seen_.insert(std::hash<std::string_view>{}(value)).second || examined_ >= kExaminedMax) return;
  ++examined_;
  ++lengths_[value.size()];
  int64_t number = 0;
  if (std::from_chars(value.data(), value.data() + value.size(), number).ptr == value.data() + value.size()) {
    ++numbers_;
    smallest_ = std::min(smallest_, number);
    largest_ = std::max(largest_, number);
  }
  if (value.size() <= kValueBytesMax) {
    AddWhole(value);
    AddNames(value);
  }
  AddText(value);
}

void ColumnScanner::AddWhole(std::string_view value) {
  detector_->scanner().ScanForms(value, scratch_, matches_);
  // For each entity the form that says most: one that passed before one that did not.
  std::map<Entity, const PatternMatch*> best;
  for (const PatternMatch& match : matches_) {
    if (match.begin != 0 || match.end != value.size()) continue;
    const PatternMatch*& mine = best[match.pattern->entity];
    if (mine == nullptr || (match.passed && !mine->passed) ||
        (match.passed == mine->passed && match.pattern->prior > mine->pattern->prior)) {
      mine = &match;
    }
  }
  for (const auto& [entity, match] : best) {
    if (match == nullptr) continue;
    const Pattern& pattern = *match->pattern;
    Tally& tally = tallies_[entity];
    const bool phone = entity == Entity::kPhone;
    if (phone && tally.matched >= kPhonesMax) {
      ++tally.skipped;
      continue;
    }
    const bool passed = phone ? JudgePhone(value) != PhoneForm::kNone : match->passed;
    const double rate = pattern.base_rate;
    ++tally.matched;
    tally.passed += passed ? 1 : 0;
    tally.prior += pattern.prior;
    tally.base += rate;
    tally.checked = tally.checked || pattern.check != nullptr || phone;
    if (pattern.check != nullptr && pattern.independent && rate < 1) {
      tally.independent = true;
      tally.ratio += passed ? std::log(kPassRate / rate) : std::log((1 - kPassRate) / (1 - rate));
    }
  }
  // Keys without a form of their own; only the column's name can make them secrets.
  if (!best.contains(Entity::kHighEntropySecret) && value.size() >= 16 && !value.contains(' ') &&
      checks::HighEntropy(value)) {
    Tally& tally = tallies_[Entity::kHighEntropySecret];
    ++tally.matched;
    ++tally.passed;
    tally.prior += -4.0;
    tally.base += 1;
  }
}

void ColumnScanner::AddNames(std::string_view value) {
  const CellNames names = NamesOfCell(value);
  given_ += names.given_name ? 1 : 0;
  surnames_ += names.surname ? 1 : 0;
  full_ += names.full_name ? 1 : 0;
  places_ += names.place ? 1 : 0;
  companies_ += names.company ? 1 : 0;
  groups_ += names.group ? 1 : 0;
}

void ColumnScanner::AddText(std::string_view value) {
  if (texts_ >= kTextsMax || !value.contains(' ')) return;
  ++texts_;
  DetectOptions options;
  options.threshold = 0.7;
  EntitySet found;
  for (const Span& span : detector_->Find(value.substr(0, kTextBytesMax), options)) {
    if (span.begin == 0 && span.end == value.size()) continue;
    found.set(static_cast<size_t>(span.entity));
  }
  for (size_t i = 0; i < kEntityCount; ++i) {
    if (found.test(i)) ++in_text_[static_cast<Entity>(i)];
  }
}

double ColumnScanner::NameEvidence(Entity entity, double worth, std::string& why) const {
  const std::string_view word = ContextWordIn(words_, entity);
  if (word.empty()) return 0;
  Also(why, fmt::format("the column's name has \"{}\"", word));
  return worth;
}

double ColumnScanner::ShapeEvidence(bool checked, std::string& why) const {
  const auto distinct = static_cast<int64_t>(seen_.size());
  double odds = 0;
  if (lengths_.size() == 1 && distinct > 1)
    Also(why, fmt::format("all values have {} characters", lengths_.begin()->first));
  if (distinct == rows_ && rows_ > 1) {
    Also(why, "no value repeats");
  } else if (rows_ >= 50 && distinct * 20 <= rows_) {
    Also(why, fmt::format("against it: values repeat like categories ({} distinct in {})", distinct, rows_));
    odds -= 2;
  }
  // A check refutes counters by itself.
  if (!checked && numbers_ == examined_ && distinct >= 10 && largest_ - smallest_ < 3 * distinct) {
    Also(why, "against it: values run on like a counter");
    odds -= 4;
  }
  return odds;
}

std::optional<ColumnScanner::Candidate> ColumnScanner::JudgePattern(Entity entity, const Tally& tally) const {
  const double coverage = Share(tally.matched + tally.skipped, examined_);
  Candidate candidate{entity, 0, {}};
  std::string& why = candidate.finding.why;
  why = fmt::format("{} of {} distinct values have its form ({})", tally.matched + tally.skipped, examined_,
                    Percent(coverage));
  const double count = static_cast<double>(tally.matched);
  double odds = tally.prior / count;
  if (tally.checked) {
    const double rate = tally.base / count, share = Share(tally.passed, tally.matched);
    if (tally.independent) {
      odds += std::clamp(tally.ratio, -kEvidenceMax, kEvidenceMax);
      Also(why, fmt::format("{} of those pass its check ({}; of random ones {} would)", tally.passed, Percent(share),
                            Percent(rate)));
    } else {
      // Whole columns of other things pass ranges and dates together, so all rows are worth what one is.
      odds += share >= 0.9 ? std::min(-std::log(rate), 2.0) : -5;
      Also(why, fmt::format("{} of those are possible values of it ({})", tally.passed, Percent(share)));
    }
  }
  const double named = NameEvidence(entity, kNameWorth, why);
  if (coverage < (named > 0 ? kCoverageMinNamed : kCoverageMin)) return std::nullopt;
  candidate.odds = odds + named + ShapeEvidence(tally.checked, why);
  candidate.finding.matched = tally.matched;
  candidate.finding.passed = tally.passed;
  return candidate;
}

std::optional<ColumnScanner::Candidate> ColumnScanner::JudgeName(Entity entity, int64_t hits, double by_chance,
                                                                 double expected, const char* what) const {
  const int64_t distinct = examined_;
  if (distinct < 3 || Share(hits, distinct) < 0.25) return std::nullopt;
  Candidate candidate{entity, 0, {}};
  std::string& why = candidate.finding.why;
  why = fmt::format("{} of {} distinct values are {} in the gazetteer ({}; of other words {} would be)", hits, distinct,
                    what, Percent(Share(hits, distinct)), Percent(by_chance));
  const double ratio = std::clamp(Ratio(hits, distinct, expected, by_chance), -kEvidenceMax, kEvidenceMax);
  // Few values prove little, whatever their share: names lie close to other words.
  candidate.odds = std::min(ratio, static_cast<double>(hits)) - 3 + NameEvidence(entity, 2.5, why);
  candidate.finding.matched = candidate.finding.passed = hits;
  return candidate;
}

std::optional<ColumnScanner::Candidate> ColumnScanner::JudgeText(Entity entity) const {
  const int64_t hits = in_text_.at(entity);
  const bool secret = InfoOf(entity).group == EntityGroup::kSecret;
  Candidate candidate{entity, 0, {}};
  candidate.odds =
      std::clamp(Ratio(hits, texts_, secret ? 0.02 : 0.1, secret ? 0.0001 : 0.01), -kEvidenceMax, kEvidenceMax) - 1;
  candidate.finding.why = fmt::format("found in {} of {} texts ({})", hits, texts_, Percent(Share(hits, texts_)));
  candidate.finding.matched = candidate.finding.passed = hits;
  candidate.finding.in_text = true;
  return candidate;
}

void ColumnScanner::AddNameCandidates(std::vector<Candidate>& candidates) const {
  const auto add = [&](std::optional<Candidate> candidate) {
    if (candidate) candidates.push_back(std::move(*candidate));
  };
  add(JudgeName(Entity::kPerson, full_, 0.03, 0.7, "names of persons"));
  if (given_ >= surnames_) {
    add(JudgeName(Entity::kPerson, given_, 0.1, 0.75, "given names"));
  } else {
    add(JudgeName(Entity::kPerson, surnames_, 0.1, 0.65, "surnames"));
  }
  add(JudgeName(Entity::kLocation, places_, 0.08, 0.7, "places"));
  add(JudgeName(Entity::kOrganization, companies_, 0.04, 0.4, "companies"));
  add(JudgeName(Entity::kNrp, groups_, 0.02, 0.7, "nationalities, religions or political groups"));
}

std::vector<ColumnFinding> ColumnScanner::Finish(const ColumnOptions& options) const {
  std::vector<ColumnFinding> findings;
  if (seen_.empty()) return findings;
  std::vector<Candidate> whole;
  for (const auto& [entity, tally] : tallies_) {
    if (auto candidate = JudgePattern(entity, tally)) whole.push_back(std::move(*candidate));
  }
  AddNameCandidates(whole);
  std::ranges::stable_sort(whole, std::greater{}, &Candidate::odds);
  const auto wanted = [&](const Candidate& candidate) {
    const auto at = static_cast<size_t>(candidate.entity);
    return options.entities.test(at) &&
           Probability(candidate.odds) >= options.thresholds[at].value_or(options.threshold);
  };
  const auto report = [&](const Candidate& candidate) -> ColumnFinding& {
    ColumnFinding& finding = findings.emplace_back(candidate.finding);
    finding.entity = candidate.entity;
    finding.confidence = Probability(candidate.odds);
    finding.values = examined_;
    return finding;
  };
  for (const Candidate& candidate : whole) {
    if (!wanted(candidate)) continue;
    if (findings.empty()) {
      report(candidate);
    } else if (candidate.entity != findings[0].entity &&
               std::log(findings[0].confidence / (1 - findings[0].confidence)) - candidate.odds < 3 &&
               std::ranges::find(findings[0].also, candidate.entity) == findings[0].also.end()) {
      findings[0].also.push_back(candidate.entity);
    }
  }
  if (!findings.empty() || texts_ * 2 < std::min(examined_, kTextsMax)) return findings;
  std::vector<Candidate> in_text;
  for (const auto& [entity, hits] : in_text_) {
    if (auto candidate = JudgeText(entity); candidate && wanted(*candidate)) in_text.push_back(std::move(*candidate));
  }
  std::ranges::stable_sort(in_text, std::greater{}, &Candidate::odds);
  for (const Candidate& candidate : in_text) report(candidate);
  return findings;
}

}  // namespace neurolake::privacy
