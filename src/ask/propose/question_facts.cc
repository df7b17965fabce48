#include "ask/propose/question_facts.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "ask/language/words.h"
#include "ask/propose/intent_parts.h"

namespace neurolake::ask {
namespace {

constexpr std::array<std::string_view, 16> kNegations{"not",     "no",      "without", "never",  "except", "excluding",
                                                      "exclude", "neither", "nor",     "none",   "nobody", "but",
                                                      "besides", "apart",   "other",   "lacking"};

/// Words that ask for the one at an end.
bool IsSuperlative(std::string_view word) {
  constexpr std::array<std::string_view, 13> kWords{"top",  "most", "least", "best",    "worst",   "bottom", "first",
                                                    "last", "max",  "min",   "maximum", "minimum", "record"};
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end() || (word.size() > 5 && word.ends_with("est"));
}

bool IsNegation(std::string_view word) {
  return std::find(kNegations.begin(), kNegations.end(), word) != kNegations.end();
}

bool Near(double a, double b) { return std::abs(a - b) <= 1e-9 * std::max({1.0, std::abs(a), std::abs(b)}); }

std::string MemberOf(const Link& link) {
  return link.kind == LinkKind::kMetric ? link.name : link.field.entity + "." + link.field.name;
}

}  // namespace

Result<QuestionFacts> QuestionFacts::Of(std::string_view question, const semantic::SemanticModel& model,
                                        const ValueIndex* values, const TimeContext& time) {
  NL_ASSIGN_OR_RETURN(std::vector<Token> tokens, Tokenize(question));
  return QuestionFacts(std::move(tokens), model, values, time);
}

QuestionFacts::QuestionFacts(std::vector<Token> tokens, const semantic::SemanticModel& model, const ValueIndex* values,
                             const TimeContext& time)
    : tokens_(std::move(tokens)), padded_(" " + JoinWords(tokens_) + " "), model_(model), values_(values) {
  links_ = Linker(model, values).Find(tokens_);
  FindTimes(time);
  FindNumbers();
}

void QuestionFacts::FindTimes(const TimeContext& time) {
  std::vector<std::string> problems;
  for (size_t at = 0; at < tokens_.size(); ++at) {
    auto readings = ParseTime(std::span(tokens_).subspan(at), time, problems);
    if (readings.empty()) continue;
    size_t longest = 0;
    for (const TimePhrase& reading : readings) longest = std::max(longest, reading.tokens);
    times_.push_back({.begin = at, .end = at + longest, .readings = std::move(readings)});
    at += std::max<size_t>(longest, 1) - 1;
  }
}

void QuestionFacts::FindNumbers() {
  for (size_t at = 0; at < tokens_.size(); ++at) {
    const auto number = ParseNumber(std::span(tokens_).subspan(at));
    if (!number || number->tokens == 0) continue;
    numbers_.push_back({.begin = at,
                        .end = at + number->tokens,
                        .value = number->value,
                        .percent = number->unit == NumberUnit::kPercent});
    at += number->tokens - 1;
  }
}

bool QuestionFacts::SaysNumber(double number) const {
  return std::any_of(numbers_.begin(), numbers_.end(), [&](const Number& said) {
    return Near(said.value, number) || (said.percent && Near(said.value / 100, number));
  });
}

bool QuestionFacts::SaysInstant(LocalTime time) const {
  const auto has = [&](const TimePhrase& phrase) { return phrase.range.from == time || phrase.range.to == time; };
  return std::any_of(times_.begin(), times_.end(), [&](const Time& said) {
    return std::any_of(said.readings.begin(), said.readings.end(), [&](const TimePhrase& reading) {
      return has(reading) || std::any_of(reading.ends.begin(), reading.ends.end(), has);
    });
  });
}

bool QuestionFacts::SaysRange(const TimeRange& range) const {
  return (!range.from || SaysInstant(*range.from)) && (!range.to || SaysInstant(*range.to));
}

bool QuestionFacts::SaysWords(std::string_view text) const {
  const std::vector<Token> words = TokenizeName(text);
  return !words.empty() && padded_.find(" " + JoinWords(words) + " ") != std::string::npos;
}

std::optional<std::string> QuestionFacts::GroundText(Filter& filter, std::string& text) const {
  if (const auto* entity = semantic::FindEntity(model_, filter.field.entity)) {
    const auto* dimension = semantic::FindDimension(*entity, filter.field.name);
    if (dimension != nullptr && dimension->type == semantic::DimensionType::kTime) {
      return SaysWords(text) ? std::nullopt : std::optional<std::string>("a time in a condition");
    }
  }
  // Said in the question: then as the data writes it.
  std::set<std::string> known;
  for (const Link& link : links_) {
    const auto* value = link.kind == LinkKind::kValue ? std::get_if<std::string>(&link.value) : nullptr;
    if (value == nullptr || link.field.entity != filter.field.entity || link.field.name != filter.field.name) continue;
    if (*value == text || Words(link.begin, link.end) == JoinWords(TokenizeName(text))) known.insert(*value);
  }
  if (known.contains(text)) return std::nullopt;
  if (known.size() == 1) {
    text = *known.begin();
    return std::nullopt;
  }
  if (known.empty() && SaysWords(text)) return std::nullopt;
  return "a value in a condition";
}

bool QuestionFacts::Names(const FieldRef& field) const {
  return std::any_of(links_.begin(), links_.end(), [&](const Link& link) {
    return link.kind == LinkKind::kDimension && link.field.entity == field.entity && link.field.name == field.name;
  });
}

std::optional<std::string> QuestionFacts::GroundFilters(std::vector<FilterGroup>& groups) const {
  for (FilterGroup& group : groups) {
    for (Filter& filter : group.any_of) {
      const bool is_flag = filter.values.empty() || std::holds_alternative<bool>(filter.values.front());
      if (is_flag && !Names(filter.field)) return "a condition";
      for (Literal& literal : filter.values) {
        if (auto* text = std::get_if<std::string>(&literal)) {
          if (auto wrong = GroundText(filter, *text)) return wrong;
        } else if (!std::holds_alternative<bool>(literal) && !filter.part) {
          const auto* whole = std::get_if<int64_t>(&literal);
          if (!SaysNumber(whole != nullptr ? static_cast<double>(*whole) : std::get<double>(literal)))
            return "a number in a condition";
        }
      }
      if (filter.part) {
        bool said = false;
        for (size_t at = 0; at < tokens_.size() && !said; ++at) {
          const auto part = ParseTimePart(std::span(tokens_).subspan(at));
          said = part && part->part == *filter.part &&
                 std::all_of(filter.values.begin(), filter.values.end(), [&](const Literal& literal) {
                   const auto* whole = std::get_if<int64_t>(&literal);
                   return whole != nullptr &&
                          std::find(part->values.begin(), part->values.end(), *whole) != part->values.end();
                 });
        }
        if (!said) return "a recurring time in a condition";
      }
    }
  }
  return std::nullopt;
}

std::optional<std::string> QuestionFacts::GroundShape(const Intent& intent) const {
  const auto operands = [&](CompareOperator op, double operand, double upper) {
    return SaysNumber(operand) && (op != CompareOperator::kBetween || SaysNumber(upper));
  };
  for (const Having& having : intent.having) {
    if (!operands(having.op, having.operand, having.upper)) return "a number to compare with";
  }
  for (const SetCondition& set : intent.sets) {
    if (set.metric && !operands(set.op, set.operand, set.upper)) return "a number to compare with";
  }
  // The one largest needs no number.
  if (intent.rank && intent.rank->n != 1 && !SaysNumber(static_cast<double>(intent.rank->n)))
    return "how many there are to be";
  for (const Calculation& calculation : intent.calculations) {
    if (calculation.window > 0 && !SaysNumber(static_cast<double>(calculation.window))) return "the length of a window";
  }
  for (const MetricUse& metric : intent.metrics) {
    if (metric.aggregation == Aggregation::kPercentile && !Near(metric.percentile, 0.5) &&
        !SaysNumber(metric.percentile * 100) && !SaysNumber(metric.percentile))
      return "a percentile";
  }
  for (const Comparison& comparison : intent.time.comparisons) {
    if (comparison.kind == ComparisonKind::kOffset && comparison.count != 1 &&
        !SaysNumber(static_cast<double>(comparison.count)))
      return "how far back it compares";
  }
  for (const TimeRange& range : RangesOf(intent)) {
    if (!SaysRange(range)) return "a range of time";
  }
  return std::nullopt;
}

std::optional<std::string> QuestionFacts::Ground(Intent& intent) const {
  if (auto wrong = GroundFilters(intent.filters)) return wrong;
  for (MetricUse& metric : intent.metrics) {
    if (auto wrong = GroundFilters(metric.filters)) return wrong;
  }
  for (SetCondition& set : intent.sets) {
    if (auto wrong = GroundFilters(set.filters)) return wrong;
    if (!set.metric) continue;
    if (auto wrong = GroundFilters(set.metric->filters)) return wrong;
  }
  return GroundShape(intent);
}

std::string QuestionFacts::Words(size_t begin, size_t end) const {
  return JoinWords(std::span(tokens_).subspan(begin, end - begin));
}

void QuestionFacts::DoubtTimes(const Intent& intent, std::vector<std::string>& doubts) const {
  const auto ranges = RangesOf(intent);
  const auto used = [&](const TimePhrase& phrase) {
    return std::any_of(ranges.begin(), ranges.end(), [&](const TimeRange& range) {
      return (!phrase.range.from || range.from == phrase.range.from || range.to == phrase.range.from) &&
             (!phrase.range.to || range.to == phrase.range.to || range.from == phrase.range.to);
    });
  };
  for (const Time& time : times_) {
    const bool fits = std::any_of(time.readings.begin(), time.readings.end(), used);
    if (!fits && intent.time.comparisons.empty())
      doubts.push_back(fmt::format("the time “{}” is not in it", Words(time.begin, time.end)));
  }
}

void QuestionFacts::DoubtNumbers(const Intent& intent, std::vector<std::string>& doubts) const {
  const auto numbers = NumbersOf(intent);
  std::string texts = " ";
  ForEachFilter(intent, [&](const Filter& filter) {
    for (const Literal& literal : filter.values) {
      if (const auto* text = std::get_if<std::string>(&literal)) texts += JoinWords(TokenizeName(*text)) + " ";
    }
  });
  for (const Number& number : numbers_) {
    const bool in_time = std::any_of(times_.begin(), times_.end(),
                                     [&](const Time& time) { return Covers(time, number.begin, number.end); });
    const bool in_value = texts.find(" " + Words(number.begin, number.end) + " ") != std::string::npos;
    const bool used = std::any_of(numbers.begin(), numbers.end(), [&](double one) {
      return Near(one, number.value) || (number.percent && Near(one, number.value / 100));
    });
    if (!in_time && !in_value && !used)
      doubts.push_back(fmt::format("the number “{}” is not in it", Words(number.begin, number.end)));
  }
}

void QuestionFacts::DoubtNames(const Intent& intent, std::vector<std::string>& doubts) const {
  const auto members = MembersOf(intent);
  std::vector<Literal> literals;
  ForEachFilter(intent, [&](const Filter& filter) {
    literals.insert(literals.end(), filter.values.begin(), filter.values.end());
  });
  const auto used = [&](const Link& link) {
    if (link.kind == LinkKind::kValue) return std::find(literals.begin(), literals.end(), link.value) != literals.end();
    if (link.kind == LinkKind::kMetric || link.kind == LinkKind::kDimension)
      return std::find(members.begin(), members.end(), MemberOf(link)) != members.end();
    return true;  // Entities and roles are said by what is theirs.
  };
  size_t done = 0;
  for (const Link& first : links_) {  // By begin, then longest first.
    if (first.begin < done || first.cost > 0) continue;
    done = first.end;
    std::set<std::string> fields;
    bool any = false;
    for (const Link& link : links_) {
      if (link.begin != first.begin || link.end != first.end || link.cost > 0) continue;
      any = any || used(link);
      if (link.kind == LinkKind::kValue) fields.insert(MemberOf(link));
    }
    if (!any) doubts.push_back(fmt::format("“{}” is not in it", Words(first.begin, first.end)));
    else if (fields.size() > 1)
      doubts.push_back(fmt::format("“{}” can be several things", Words(first.begin, first.end)));
  }
}

void QuestionFacts::DoubtShape(const Intent& intent, std::vector<std::string>& doubts) const {
  const bool superlative =
      std::any_of(tokens_.begin(), tokens_.end(), [](const Token& token) { return IsSuperlative(token.word); });
  if (intent.rank && intent.rank->n == 1 && !superlative && !SaysNumber(1))
    doubts.push_back("it shows one of them, and the question does not say which");
  for (const SetCondition& set : intent.sets) {
    const bool named = std::any_of(links_.begin(), links_.end(), [&](const Link& link) {
      const auto* metric = link.kind == LinkKind::kMetric ? semantic::FindMetric(model_, link.name) : nullptr;
      return (link.kind == LinkKind::kEntity && link.name == set.related) || link.field.entity == set.related ||
             (metric != nullptr && metric->entity == set.related);
    });
    if (!named) doubts.push_back("it looks at what the question does not name");
  }
}

std::vector<std::string> QuestionFacts::Doubts(const Intent& intent) const {
  std::vector<std::string> doubts;
  DoubtTimes(intent, doubts);
  DoubtNumbers(intent, doubts);
  DoubtNames(intent, doubts);
  DoubtShape(intent, doubts);
  const auto negation =
      std::find_if(tokens_.begin(), tokens_.end(), [](const Token& token) { return IsNegation(token.word); });
  if ((negation != tokens_.end()) != Negates(intent)) {
    doubts.push_back(negation == tokens_.end() ? "it keeps something out that the question does not"
                                               : fmt::format("“{}” is not in it", negation->text));
  }
  return doubts;
}

}  // namespace neurolake::ask
