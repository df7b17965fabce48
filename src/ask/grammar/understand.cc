#include "ask/grammar/understand.h"

#include <cmath>
#include <set>

#include "ask/grammar/internal/assembler.h"
#include "ask/grammar/internal/fragment_parser.h"
#include "ask/grammar/internal/refusal.h"
#include "ask/grammar/internal/rephrase.h"
#include "ask/grammar/internal/second_look.h"
#include "ask/language/words.h"

namespace neurolake::ask {
namespace {

constexpr size_t kBeam = 64;             ///< Ways to cover the beginning of a question that are kept at each token.
constexpr double kRephrasedCost = 0.05;  ///< Of each rewriting of a question that could not be read as it was put.
constexpr size_t kReadingsMax = 4;       ///< Choices a person is asked between.

/// A way to cover the tokens up to some point.
struct Cover {
  double cost = 0;
  std::vector<const Fragment*> parts = {};
};

/// The words that the grammar itself is made of and that may be misspelt.
constexpr std::array<std::string_view, 67> kGrammarWords{
    "average",  "total",      "number",    "between",    "highest",  "lowest",   "largest",    "smallest",  "compared",
    "compare",  "versus",     "without",   "previous",   "month",    "quarter",  "yesterday",  "monthly",   "weekly",
    "daily",    "quarterly",  "yearly",    "percentage", "share",    "growth",   "cumulative", "distinct",  "unique",
    "median",   "maximum",    "minimum",   "before",     "after",    "since",    "until",      "excluding", "except",
    "january",  "february",   "september", "october",    "november", "december", "monday",     "tuesday",   "wednesday",
    "thursday", "friday",     "saturday",  "sunday",     "bottom",   "fewest",   "greater",    "fewer",     "least",
    "never",    "descending", "ascending", "sorted",     "running",  "rolling",  "months",     "quarters",  "august",
    "april",    "weekly",     "percent",   "compare"};

/// Puts words of the grammar right that are spelt wrong; `unknown` are the words that no phrase has a use for.
std::vector<std::string> CorrectGrammar(std::vector<Token>& tokens, const std::vector<std::string>& unknown) {
  std::vector<std::string> notes;
  for (Token& token : tokens) {
    if (token.kind != TokenKind::kWord || token.word.size() < 4 || IsCommonWord(token.word)) continue;
    static constexpr std::string_view kOwn[] = {"last", "next", "past", "most", "many", "more", "less", "than", "late"};
    if (std::ranges::find(kOwn, token.word) != std::end(kOwn)) continue;
    if (std::find(unknown.begin(), unknown.end(), token.text) == unknown.end()) continue;
    std::string_view best;
    double best_cost = 9;
    for (const std::string_view word : kGrammarWords) {
      if (const auto cost = TypoCost(token.word, word); cost && *cost < best_cost) best = word, best_cost = *cost;
    }
    static constexpr std::string_view kShort[] = {"many", "last", "each", "more", "less", "with", "from", "that",
                                                  "show", "list", "most", "much", "this", "year", "days", "week"};
    for (const std::string_view word : kShort) {  // "mnay": a swap in a word too short for any other slip.
      if (word.size() != token.word.size()) continue;
      const auto [a, b] = std::ranges::mismatch(word, token.word);
      if (a == word.end() || a + 1 == word.end() || *a != *(b + 1) || *(a + 1) != *b) continue;
      if (std::equal(a + 2, word.end(), b + 2)) best = word, best_cost = 0.2;
    }
    if (best.empty() || best_cost == 0) continue;
    notes.push_back(fmt::format("“{}” is read as {}", token.text, best));
    token.word = std::string(best);
  }
  return notes;
}

/// "unpaid" is not paid, "inactive" not active: parts the words that no phrase has a use for, where the rest of one is
/// what rows can be. Whether any was parted.
bool PartNegations(std::vector<Token>& tokens, const std::vector<std::string>& unknown, const Linker& linker) {
  static constexpr std::string_view kPrefixes[] = {"un", "in", "non", "im", "ir", "not"};
  bool parted = false;
  for (size_t at = 0; at < tokens.size(); ++at) {
    const Token whole = tokens[at];
    if (whole.kind != TokenKind::kWord || std::ranges::find(unknown, whole.text) == unknown.end()) continue;
    for (const std::string_view prefix : kPrefixes) {
      if (!whole.word.starts_with(prefix) || whole.word.size() < prefix.size() + 4) continue;
      Token rest = whole;
      rest.word = whole.word.substr(prefix.size());
      rest.text = rest.word;
      const auto links = linker.Find(std::span(&rest, 1));
      const bool says = std::ranges::any_of(links, [](const Link& link) {
        return link.note.empty() && (link.kind == LinkKind::kValue || link.kind == LinkKind::kDimension);
      });
      if (!says) continue;
      Token no = whole;
      no.word = no.text = "not";
      tokens[at] = no;
      tokens.insert(tokens.begin() + static_cast<std::ptrdiff_t>(at) + 1, rest);
      parted = true;
      break;
    }
  }
  return parted;
}

/// Fragments and the ways in which they cover the whole question.
class Chart {
 public:
  Chart(std::span<const Token> tokens, FragmentParser& parser) : tokens_(tokens) {
    for (size_t at = 0; at < tokens.size(); ++at) {
      fragments_.push_back(parser.At(at));
      skip_.push_back(parser.SkipCost(at));
    }
  }

  /// The cheapest ways, cheapest first.
  std::vector<Cover> Covers() const {
    std::vector<std::vector<Cover>> at(tokens_.size() + 1);
    at[0].push_back({});
    for (size_t position = 0; position < tokens_.size(); ++position) {
      auto& here = at[position];
      std::stable_sort(here.begin(), here.end(), [](const Cover& a, const Cover& b) { return a.cost < b.cost; });
      if (here.size() > kBeam) here.resize(kBeam);
      for (const Cover& cover : here) {
        if (skip_[position]) {
          Cover longer = cover;
          longer.cost += *skip_[position];
          at[position + 1].push_back(std::move(longer));
        }
        for (const Fragment& fragment : fragments_[position]) {
          if (fragment.end <= position || fragment.end > tokens_.size()) continue;
          Cover longer = cover;
          longer.cost += fragment.cost;
          longer.parts.push_back(&fragment);
          at[fragment.end].push_back(std::move(longer));
        }
      }
    }
    auto& end = at[tokens_.size()];
    std::stable_sort(end.begin(), end.end(), [](const Cover& a, const Cover& b) { return a.cost < b.cost; });
    if (end.size() > 2 * kBeam) end.resize(2 * kBeam);
    return end;
  }

  /// Words that no phrase uses and that cannot be left out.
  std::vector<std::string> Unknown() const {
    std::vector<bool> used(tokens_.size(), false);
    for (const auto& starting : fragments_) {
      for (const Fragment& fragment : starting) {
        for (size_t i = fragment.begin; i < std::min(fragment.end, tokens_.size()); ++i) used[i] = true;
      }
    }
    std::vector<std::string> words;
    for (size_t i = 0; i < tokens_.size(); ++i) {
      if (!used[i] && !skip_[i]) words.push_back(tokens_[i].text);
    }
    return words;
  }

 private:
  std::span<const Token> tokens_;
  std::vector<std::vector<Fragment>> fragments_;
  std::vector<std::optional<double>> skip_;
};

double Confidence(double cost) { return std::exp(-std::max(cost, 0.0)); }

std::string Quoted(const std::vector<std::string>& words) {
  std::string text;
  for (size_t i = 0; i < words.size() && i < 4; ++i) text += fmt::format("{}“{}”", i == 0 ? "" : ", ", words[i]);
  return text;
}

/// Whether a fiscal year or quarter is asked for, other than by a field of the model that is called so.
bool AsksFiscal(std::span<const Token> tokens, const std::vector<Link>& links) {
  for (size_t at = 0; at < tokens.size(); ++at) {
    const bool is_field = std::ranges::any_of(
        links, [&](const Link& link) { return link.begin <= at && at < link.end && link.note.empty(); });
    if (SaysFiscal(tokens, at) && !is_field) return true;
  }
  return false;
}

Understanding Abstain(const semantic::SemanticModel& model, std::span<const Token> tokens, std::string reason) {
  std::vector<std::string> words;
  for (const Token& token : tokens) {
    if (token.kind == TokenKind::kWord && !IsFiller(token.word)) words.push_back(token.word);
  }
  return {.status = Status::kAbstained, .reason = std::move(reason), .nearest = NearestQuestions(model, words)};
}

}  // namespace

Result<Understanding> Understander::Understand(std::string_view question, const TimeContext& time,
                                               const Intent* previous) const {
  NL_ASSIGN_OR_RETURN(const std::vector<Token> tokens, Tokenize(question));
  if (tokens.empty()) return Abstain(model_, tokens, "there is no question");
  bool settled = false;
  Understanding first = Read(tokens, time, previous, settled);
  if (first.status != Status::kAbstained || settled) return first;
  Understanding best;
  const std::vector<Link> links = linker_.Find(tokens);
  for (const Rephrased& other : Rephrase(tokens, linker_)) {
    Understanding again = Read(other.tokens, time, previous, settled);
    // What the question said as it was put holds for the reading, too: its numbers, denials and ends.
    std::erase_if(again.readings, [&](const Reading& reading) {
      return LeftOut(tokens, links, reading.intent, time, model_).has_value();
    });
    if (again.status == Status::kAbstained || again.readings.empty()) continue;
    for (Reading& reading : again.readings) {
      reading.confidence *= Confidence(kRephrasedCost * static_cast<double>(other.steps));
      reading.assumptions.insert(reading.assumptions.begin(), fmt::format("read as “{}”", JoinWords(other.tokens)));
    }
    if (again.readings.front().confidence < thresholds_.answer - 0.05) continue;
    const bool better =
        best.status == Status::kAbstained || (again.status == Status::kAnswered && best.status == Status::kClarify);
    if (better) best = std::move(again);
    if (best.status == Status::kAnswered) break;
  }
  return best.status == Status::kAbstained ? first : best;
}

Understanding Understander::Read(std::vector<Token> tokens, const TimeContext& time, const Intent* previous,
                                 bool& settled) const {
  std::vector<std::string> problems;
  std::vector<Link> links;
  const auto parse = [&] {
    problems.clear();
    links = linker_.Find(tokens);
    FragmentParser parser(tokens, links, model_, time, problems);
    return Chart(tokens, parser);
  };
  Chart chart = parse();
  auto unknown = chart.Unknown();
  std::vector<std::string> corrections;
  if (!unknown.empty()) {
    const bool parted = PartNegations(tokens, unknown, linker_);
    corrections = CorrectGrammar(tokens, unknown);
    if (parted || !corrections.empty()) {
      chart = parse();
      unknown = chart.Unknown();
    }
  }
  settled = true;
  if (!problems.empty()) return Abstain(model_, tokens, problems.front());
  if (!model_.calendar.fiscal_year_known && AsksFiscal(tokens, links)) {
    return Abstain(model_, tokens, "nobody has said when the fiscal year begins: the model's calendar may say it");
  }
  if (auto deed = AsksForDeed(tokens, links)) return Abstain(model_, tokens, std::move(*deed));
  if (!unknown.empty()) {
    if (auto reason = OutOfScope(tokens, links)) return Abstain(model_, tokens, std::move(*reason));
    settled = false;
    std::string reason = fmt::format("{} {} not known here", Quoted(unknown), unknown.size() == 1 ? "is" : "are");
    const auto near = linker_.Nearest(Fold(unknown.front()), 3);
    if (!near.empty()) reason += fmt::format("; known is {}", Quoted(near));
    return Abstain(model_, tokens, std::move(reason));
  }
  const AssemblyContext context{.model = model_, .time = time, .tokens = tokens, .previous = previous};
  std::vector<Draft> drafts;
  std::string reason;
  for (const Cover& cover : chart.Covers()) {
    std::string why;
    for (Draft& draft : Assemble(context, cover.parts, why)) {
      draft.cost += cover.cost - [&] {
        double parts = 0;
        for (const Fragment* part : cover.parts) parts += part->cost;
        return parts;
      }();
      draft.cost += 0.15 * static_cast<double>(corrections.size());
      draft.notes.insert(draft.notes.begin(), corrections.begin(), corrections.end());
      draft.intent = Canonical(draft.intent, model_);
      if (auto left_out = LeftOut(tokens, links, draft.intent, time, model_)) {
        if (why.empty()) why = std::move(*left_out);
        continue;
      }
      if (usage_ && !draft.intent.metrics.empty())
        draft.cost -= 0.02 * std::clamp(usage_(draft.intent.metrics[0].metric), 0.0, 1.0);
      const auto same =
          std::find_if(drafts.begin(), drafts.end(), [&](const Draft& other) { return other.intent == draft.intent; });
      if (same == drafts.end()) drafts.push_back(std::move(draft));
      else if (draft.cost < same->cost) *same = std::move(draft);
    }
    if (reason.empty()) reason = why;
  }
  if (drafts.empty()) {
    if (auto scope = OutOfScope(tokens, links)) reason = *scope;
    else settled = false;
    if (reason.empty()) reason = "the parts of the question do not fit together";
    return Abstain(model_, tokens, reason);
  }
  settled = false;
  std::stable_sort(drafts.begin(), drafts.end(), [](const Draft& a, const Draft& b) { return a.cost < b.cost; });
  Understanding result;
  const double best = Confidence(drafts.front().cost);
  if (best < thresholds_.answer / 1.6)
    return Abstain(
        model_, tokens,
        "no reading of the question is sure enough: the likeliest is “" + Restate(drafts.front().intent, model_) + "”");
  const auto unordered = [&](Intent intent, const std::string& text) {  // The order of its columns is no other meaning.
    const bool refers = !intent.calculations.empty() || !intent.having.empty() || intent.rank || !intent.order.empty();
    if (refers || intent.metrics.size() < 2) return text;
    std::ranges::sort(intent.metrics, {}, [](const MetricUse& use) {
      return std::tuple(use.metric, use.entity, use.field.entity, use.field.name, use.aggregation);
    });
    return Restate(intent, model_);
  };
  std::set<std::string> texts;
  for (Draft& draft : drafts) {
    const double confidence = Confidence(draft.cost);
    if (best - confidence >= thresholds_.margin || result.readings.size() >= kReadingsMax) break;
    Reading reading{.intent = draft.intent,
                    .confidence = confidence,
                    .text = Restate(draft.intent, model_),
                    .assumptions = draft.notes,
                    .follow_up = draft.follow_up};
    if (texts.insert(unordered(reading.intent, reading.text)).second) result.readings.push_back(std::move(reading));
  }
  const bool only_slips =
      !result.readings.empty() && std::ranges::any_of(result.readings[0].assumptions, [](const std::string& text) {
        return text.find(" is read as ") != std::string::npos;
      });
  if (result.readings.size() == 1 && best < (only_slips ? thresholds_.answer / 1.4 : thresholds_.answer - 0.05))
    return Abstain(model_, tokens,
                   "no reading of the question is sure enough: the likeliest is “" + result.readings[0].text + "”");
  if (result.readings.size() > 1 || best < thresholds_.answer) {
    result.status = Status::kClarify;
    result.reason = result.readings.size() > 1 ? "the question can mean more than one thing" : "this is a guess";
  } else {
    result.status = Status::kAnswered;
  }
  return result;
}

}  // namespace neurolake::ask
