#include "ask/language/related_words.h"
#include "ask/language/words.h"
#include "ask/link/internal/name_words.h"
#include "ask/link/linker.h"
#include "common/text.h"

namespace neurolake::ask {
namespace {

using semantic::Dimension;
using semantic::DimensionType;
using semantic::Entity;
using semantic::Metric;
using semantic::MetricKind;

constexpr double kShortNameCost = 0.08;
constexpr size_t kSharedNameMax = 4;  ///< More names than this that end alike: the ending names none.

/// Words that end so many names that they name nothing by themselves.
bool IsGeneric(std::string_view word) {
  static constexpr std::string_view kWords[] = {"name", "number", "id",    "code",  "date",  "time",     "day",
                                                "key",  "data",   "info",  "year",  "flag",  "month",    "hour",
                                                "week", "amount", "value", "total", "count", "quantity", "sum"};
  return std::ranges::find(kWords, word) != std::end(kWords);
}

/// A word that only says how a number is made or written.
bool IsAmountWord(std::string_view word) {
  static constexpr std::string_view kWords[] = {"amount", "value", "total", "quantity", "number", "count", "sum"};
  return std::ranges::find(kWords, word) != std::end(kWords);
}

}  // namespace

bool Linker::HasTerm(std::string_view text, bool but_values) const {
  const std::string folded = Fold(text);
  const std::string singular = Singular(folded);
  return std::ranges::any_of(terms_, [&](const Term& term) {
    if (term.link.kind == LinkKind::kRole || term.link.verb) return false;
    if (but_values && term.link.kind == LinkKind::kValue) return false;
    return Join(term.words) == folded || (term.words.size() == 1 && term.singular[0] == singular);
  });
}

/// The verbs of each thing: "placed" of orders, "borrowed" of loans. Those of a number are its entity's where no entity
/// has them of its own: what is sold makes revenue.
void Linker::AddVerbs() {
  using Verbs = std::vector<std::pair<std::string_view, std::string>>;
  const auto collect = [](std::string_view name, const std::string& entity, bool last_only, Verbs& verbs) {
    const std::vector<std::string> words = WordsOf(name);
    for (size_t i = last_only && !words.empty() ? words.size() - 1 : 0; i < words.size(); ++i) {
      for (const std::string_view verb : VerbsOf(Singular(words[i]))) verbs.emplace_back(verb, entity);
    }
  };
  const auto add = [&](const Verbs& verbs) {
    for (const auto& [verb, entity] : verbs) {
      const auto is_name = [&](const Term& term) {
        const bool inflected = !term.link.verb && term.singular.size() == 1 && term.singular[0] == Singular(verb);
        return term.link.kind == LinkKind::kEntity && term.link.name == entity &&
               (inflected || Join(term.words) == verb);
      };
      if (std::ranges::any_of(terms_, is_name)) continue;
      AddTerm(verb, {.kind = LinkKind::kEntity, .name = entity, .shown = entity, .verb = true});
    }
  };
  Verbs own, of_numbers;
  for (const Entity& entity : model_.entities) {
    for (const std::string& name : NamesOf(entity)) collect(name, entity.name, true, own);
  }
  for (const Metric& metric : model_.metrics) {
    if (metric.hidden || metric.kind != MetricKind::kSimple || metric.entity.empty()) continue;
    collect(metric.label, metric.entity, false, of_numbers);
  }
  std::erase_if(of_numbers, [&](const auto& verb) {
    return std::ranges::any_of(own, [&](const auto& known) { return known.first == verb.first; });
  });
  add(own);
  add(of_numbers);
}

/// "average trip duration" is the average duration of trips: a number's name with what it is of before its last word.
void Linker::AddOwnedNames(const Metric& metric, const Link& link) {
  const Entity* entity = semantic::FindEntity(model_, metric.entity);
  if (entity == nullptr) return;
  std::vector<std::string> names{metric.label};
  names.insert(names.end(), metric.synonyms.begin(), metric.synonyms.end());
  std::vector<std::string> owners{entity->label};
  owners.insert(owners.end(), entity->synonyms.begin(), entity->synonyms.end());
  for (const std::string& name : names) {
    std::vector<std::string> words = WordsOf(name);
    if (words.empty() || words.size() > 3 || std::ranges::find(words, "of") != words.end()) continue;
    for (const std::string& owner_name : owners) {
      const std::vector<std::string> owner_words = WordsOf(owner_name);
      if (owner_words.size() != 1) continue;
      const std::string owner = Singular(owner_words[0]);
      const bool has = std::ranges::any_of(words, [&](const std::string& word) { return Singular(word) == owner; });
      if (has) continue;
      std::vector<std::string> owned = words;
      owned.insert(owned.end() - 1, owner);
      Link with_owner = link;
      with_owner.cost = 0.02;
      AddTerm(Join(owned), with_owner);
    }
  }
}

/// What happens at the times of an entity, as a noun: "hires" by the hire date, "cancellations" by cancelled.
void Linker::AddEvents() {
  std::vector<std::pair<std::string, Link>> found;
  for (const Entity& entity : model_.entities) {
    for (const Dimension& dimension : entity.dimensions) {
      if (dimension.hidden || dimension.type != DimensionType::kTime) continue;
      const Link link{.kind = LinkKind::kEntity,
                      .name = entity.name,
                      .field = {entity.name, dimension.name},
                      .shown = dimension.label,
                      .verb = true,
                      .event = true};
      std::vector<std::string> names{dimension.role, dimension.label, dimension.name};
      for (const std::string& name : names) {
        std::vector<std::string> words = WordsOf(name);
        const std::string owner = Singular(WordsOf(entity.label).empty() ? "" : WordsOf(entity.label).back());
        std::erase_if(words, [&](const std::string& word) {
          static constexpr std::string_view kTimes[] = {"date", "time", "day", "timestamp", "at", "on", "of", "the"};
          return std::ranges::find(kTimes, word) != std::end(kTimes) || Singular(word) == owner;
        });
        if (words.empty() || words.size() > 2) continue;
        for (const std::string& noun : EventNouns(Join(words))) found.emplace_back(noun, link);
      }
    }
  }
  for (const auto& [noun, link] : found) {
    const bool named = std::ranges::any_of(terms_, [&](const Term& term) {
      const bool is_name =
          term.link.kind == LinkKind::kMetric || (term.link.kind == LinkKind::kEntity && !term.link.verb);
      return is_name && (Join(term.words) == noun || Join(term.singular) == noun);
    });
    if (!named) AddTerm(noun, link);
  }
}

/// How many numbers and fields have all these words in their name.
size_t Linker::CountNamesWith(const std::vector<std::string>& singular) const {
  size_t count = 0;
  const auto look = [&](const semantic::Described& member) {
    std::vector<std::string> words;
    for (const std::string& word : WordsOf(member.label + " " + member.name)) words.push_back(Singular(word));
    count += std::ranges::all_of(
        singular, [&](const std::string& word) { return std::ranges::find(words, word) != words.end(); });
  };
  for (const Metric& metric : model_.metrics) {
    if (!metric.hidden) look(metric);
  }
  for (const Entity& entity : model_.entities) {
    for (const Dimension& dimension : entity.dimensions) {
      if (!dimension.hidden) look(dimension);
    }
  }
  return count;
}

void Linker::AddShortName(std::string_view text, const Link& link, std::vector<Term>& open) const {
  if (HasTerm(text)) return;
  Term term{.link = link};
  term.link.cost += kShortNameCost;
  term.link.note = link.shown;  // Said in full once it is found.
  for (const std::string& word : WordsOf(text)) {
    term.words.push_back(word);
    term.singular.push_back(Singular(word));
    term.stems.push_back(Stem(word));
  }
  const auto same = [&](const Term& other) {
    return other.singular == term.singular && other.link.kind == link.kind && other.link.name == link.name &&
           other.link.field == link.field;
  };
  if (!term.words.empty() && std::ranges::none_of(open, same)) open.push_back(std::move(term));
}

/// "region" for the sales region, "cost" for the total cost: the last word of a name, where no other name is that word.
/// Several that end so are several readings.
void Linker::AddShortNames() {
  std::vector<Term> open;
  const auto shorten = [&](const semantic::Described& member, const Link& link, bool is_number) {
    for (const std::string& name : {member.label, member.name}) {
      std::vector<std::string> words = WordsOf(name);
      if (words.size() >= 2 && IsAmountWord(words.back())) {  // "total cost" of total cost amount
        words.pop_back();
        static constexpr std::string_view kNoNames[] = {"of",  "average", "total",  "mean", "median", "minimum",
                                                        "sum", "maximum", "number", "min",  "max",    "count"};
        const bool counts = words.size() == 1 && link.kind == LinkKind::kDimension;
        if (!counts && std::ranges::find(kNoNames, words.back()) == std::end(kNoNames))
          AddShortName(Join(words), link, open);
      }
      if (words.size() < 2 || words.size() > 3 || words.back().size() < 4 || IsGeneric(words.back())) continue;
      if (std::ranges::find(words, "of") != words.end()) continue;
      const bool plain = std::all_of(words.begin(), words.end() - 1, [&](const std::string& word) {
        static constexpr std::string_view kPlain[] = {"total", "overall", "sum", "average", "mean", "number", "full"};
        return std::ranges::find(kPlain, word) != std::end(kPlain);
      });
      if (is_number && !plain) continue;  // The speed of a wind is no speed of what flies in it.
      AddShortName(words.back(), link, open);
    }
  };
  for (const Metric& metric : model_.metrics) {  // "quantity" of quantity ordered
    std::vector<std::string> names{metric.label};
    names.insert(names.end(), metric.synonyms.begin(), metric.synonyms.end());
    for (const std::string& name : metric.hidden ? std::vector<std::string>{} : names) {
      const std::vector<std::string> words = WordsOf(name);
      const bool done = words.size() == 2 && (words[1].ends_with("ed") || words[1] == "sold" || words[1] == "bought");
      if (done && (words[0] == "quantity" || !IsGeneric(words[0])))
        AddShortName(words[0], {.kind = LinkKind::kMetric, .name = metric.name, .shown = metric.label}, open);
    }
  }
  for (const Metric& metric : model_.metrics) {
    if (!metric.hidden) shorten(metric, {.kind = LinkKind::kMetric, .name = metric.name, .shown = metric.label}, true);
  }
  for (const Entity& entity : model_.entities) {
    for (const Dimension& dimension : entity.dimensions) {
      if (dimension.hidden || dimension.type == DimensionType::kTime) continue;
      shorten(dimension,
              {.kind = LinkKind::kDimension, .field = {entity.name, dimension.name}, .shown = dimension.label},
              dimension.value_type == semantic::ValueType::kInteger ||
                  dimension.value_type == semantic::ValueType::kNumber);
    }
  }
  for (const Term& term : open) {
    const auto shared = static_cast<size_t>(
        std::ranges::count_if(open, [&](const Term& other) { return other.singular == term.singular; }));
    // A name that has the word elsewhere might be meant as well.
    if (shared <= kSharedNameMax && shared >= CountNamesWith(term.singular)) Keep(term);
  }
}

}  // namespace neurolake::ask
