#include "privacy/detector/detector.h"

#include <algorithm>
#include <cmath>

#include "privacy/detector/context.h"
#include "privacy/detector/names.h"
#include "privacy/detector/phone_numbers.h"

namespace neurolake::privacy {
namespace {

/// What a word of its own kind beside it is worth: it is nearly a hundred times as frequent beside the entity as beside
/// other text of the same form. Names of people and places have vaguer words, which are worth less.
constexpr double kContextWorth = 4.5;
constexpr double kNameContextWorth = 3.0;

double Probability(double odds) { return 1 / (1 + std::exp(-odds)); }

/// Collects the candidates of one text and resolves them.
class TextFindings {
 public:
  TextFindings(std::string_view text, const DetectOptions& options) : text_(text), options_(options) {}

  void AddPatterns(const std::vector<PatternMatch>& matches) {
    for (const PatternMatch& match : matches) {
      const Pattern& pattern = *match.pattern;
      if (!options_.entities.test(static_cast<size_t>(pattern.entity))) continue;
      double odds = pattern.prior - std::log(pattern.base_rate);
      std::string why = pattern.check != nullptr ? "its form and its check" : "its form";
      if (pattern.entity == Entity::kPhone) {
        // The library takes its time, and most numbers are none's: first whether the answer would matter.
        if (!Reaches(pattern.entity, match.begin, match.end, odds, kContextWorth)) continue;
        const PhoneForm form = JudgePhone(text_.substr(match.begin, match.end - match.begin));
        if (form == PhoneForm::kNone) continue;
        why = "a valid telephone number";
      }
      Add(pattern.entity, match.begin, match.end, odds, kContextWorth, std::move(why));
    }
  }

  void AddNames(const std::vector<NameMatch>& matches) {
    for (const NameMatch& match : matches) {
      if (!options_.entities.test(static_cast<size_t>(match.entity))) continue;
      Add(match.entity, match.begin, match.end, match.odds, kNameContextWorth, match.why);
    }
  }

  std::vector<Span> Resolve() {
    std::ranges::sort(found_, [](const Span& a, const Span& b) {
      return std::tie(a.begin, b.end, a.entity) < std::tie(b.begin, a.end, b.entity);
    });
    std::vector<Span> spans;
    size_t winner_length = 0;
    for (Span& span : found_) {
      const size_t length = span.end - span.begin;
      if (spans.empty() || span.begin >= spans.back().end) {
        spans.push_back(std::move(span));
        winner_length = length;
        continue;
      }
      Span& merged = spans.back();
      const size_t end = std::max(merged.end, span.end);
      if (span.confidence > merged.confidence || (span.confidence == merged.confidence && length > winner_length)) {
        span.begin = merged.begin;
        merged = std::move(span);
        winner_length = length;
      }
      merged.end = end;
    }
    return spans;
  }

 private:
  double ThresholdOf(Entity entity) const {
    return options_.thresholds[static_cast<size_t>(entity)].value_or(options_.threshold);
  }
  std::string_view WordBeside(Entity entity, size_t begin, size_t end) {
    if (context_begin_ != begin || context_end_ != end) {
      context_ = ContextOf(text_, begin, end);
      context_begin_ = begin, context_end_ = end;
    }
    return ContextWordIn(context_, entity);
  }
  bool Reaches(Entity entity, size_t begin, size_t end, double odds, double context_worth) {
    const double threshold = ThresholdOf(entity);
    if (Probability(odds) >= threshold) return true;
    return Probability(odds + context_worth) >= threshold && !WordBeside(entity, begin, end).empty();
  }

  void Add(Entity entity, size_t begin, size_t end, double odds, double context_worth, std::string why) {
    if (begin >= end) return;
    const double threshold = ThresholdOf(entity);
    // Context is looked for only where it can change the answer, or is to be told of.
    if (Probability(odds + context_worth) < threshold) return;
    if (Probability(odds) < threshold || options_.explain || odds < 3) {
      if (const auto word = WordBeside(entity, begin, end); !word.empty()) {
        odds += context_worth;
        if (options_.explain) why += "; the word \"" + std::string(word) + "\" beside it";
      }
    }
    const double confidence = Probability(odds);
    if (confidence < threshold) return;
    if (!options_.explain) why.clear();
    found_.push_back({entity, begin, end, confidence, std::move(why)});
  }

  std::string_view text_;
  const DetectOptions& options_;
  std::vector<Span> found_;
  std::string context_;
  size_t context_begin_ = 0, context_end_ = 0;
};

/// One scratch for each thread: the automaton is that of the process.
PatternScanner::Scratch& ScratchOf(const PatternScanner& scanner) {
  thread_local std::pair<const PatternScanner*, std::unique_ptr<PatternScanner::Scratch>> mine;
  if (mine.first != &scanner) {
    mine.second = std::make_unique<PatternScanner::Scratch>(scanner);
    mine.first = &scanner;
  }
  return *mine.second;
}

bool WantsNames(const EntitySet& entities) {
  for (const Entity entity : {Entity::kPerson, Entity::kLocation, Entity::kOrganization, Entity::kNrp}) {
    if (entities.test(static_cast<size_t>(entity))) return true;
  }
  return false;
}

}  // namespace

Result<std::shared_ptr<const Detector>> Detector::Get() {
  static const Result<std::shared_ptr<const Detector>> kDetector = []() -> Result<std::shared_ptr<const Detector>> {
    NL_ASSIGN_OR_RETURN(auto scanner, PatternScanner::Make());
    return std::make_shared<const Detector>(std::move(scanner));
  }();
  return kDetector;
}

std::vector<Span> Detector::Find(std::string_view text, const DetectOptions& options) const {
  TextFindings findings(text, options);
  std::vector<PatternMatch> patterns;
  scanner_->Scan(text, ScratchOf(*scanner_), patterns);
  findings.AddPatterns(patterns);
  if (WantsNames(options.entities)) {
    std::vector<NameMatch> names;
    FindNames(text, names);
    findings.AddNames(names);
  }
  return findings.Resolve();
}

std::string Detector::Redact(std::string_view text, const DetectOptions& options) const {
  std::string redacted;
  size_t from = 0;
  for (const Span& span : Find(text, options)) {
    redacted += text.substr(from, span.begin - from);
    redacted += '<';
    redacted += InfoOf(span.entity).name;
    redacted += '>';
    from = span.end;
  }
  redacted += text.substr(from);
  return redacted;
}

}  // namespace neurolake::privacy
