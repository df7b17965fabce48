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

constexpr double kShortEntityCost = 0.03;
constexpr double kHeadCost = 0.02;

/// Words that end names of many kinds of things and say of none what it is.
bool SaysNoThing(std::string_view word) {
  static constexpr std::string_view kWords[] = {"line", "item", "entry",  "record", "detail", "list", "history",
                                                "data", "info", "master", "table",  "type",   "unit", "registration"};
  return word.size() < 4 || std::ranges::find(kWords, Singular(word)) != std::end(kWords);
}

bool IsParticiple(std::string_view word) {
  static constexpr std::string_view kIrregular[] = {"sold",  "bought", "paid", "taught", "led",  "made",  "written",
                                                    "drawn", "given",  "held", "kept",   "seen", "driven"};
  return word.ends_with("ed") || std::ranges::find(kIrregular, word) != std::end(kIrregular);
}

}  // namespace

/// "orders" for work orders: the last word of a thing's name, where nothing else is called so.
void Linker::AddShortEntities() {
  std::vector<std::pair<std::string, std::string>> found;
  for (const Entity& entity : model_.entities) {
    for (const std::string& name : NamesOf(entity)) {
      const std::vector<std::string> words = WordsOf(name);
      if (words.size() < 2 || words.size() > 3 || SaysNoThing(words.back())) continue;
      found.emplace_back(Singular(words.back()), entity.name);
    }
  }
  for (const auto& [noun, entity] : found) {
    const bool rivals =
        std::ranges::any_of(found, [&](const auto& other) { return other.first == noun && other.second != entity; });
    if (rivals || HasTerm(noun)) continue;
    AddTerm(noun, {.kind = LinkKind::kEntity, .name = entity, .shown = entity, .cost = kShortEntityCost});
  }
}

/// "due date", "arrival date", "supply end date": the date of what is done at a time, or of what it is called.
void Linker::AddDates(const Entity& entity, const Dimension& dimension) {
  std::vector<std::string> nouns;
  if (WordsOf(dimension.role).size() == 1) {
    nouns = EventNouns(Fold(dimension.role));
    nouns.push_back(Fold(dimension.role));
  }
  static constexpr std::string_view kTimes[] = {"date", "time", "day", "timestamp", "at", "on", "since"};
  for (const std::string& name : NamesOf(dimension)) {
    const std::vector<std::string> words = WordsOf(name);
    const bool says = std::ranges::any_of(
        words, [](const std::string& word) { return std::ranges::find(kTimes, word) != std::end(kTimes); });
    if (!says && words.size() >= 2 && words.size() <= 4) nouns.push_back(Join(words));
  }
  for (const std::string& noun : nouns) {
    for (const std::string_view kind : {" date", " time", " day"}) {
      const std::string name = noun + std::string(kind);
      if (!HasTerm(name))
        AddTerm(name, {.kind = LinkKind::kDimension,
                       .field = {entity.name, dimension.name},
                       .shown = dimension.label,
                       .cost = 0.02});
    }
  }
}

/// "planned" of planned downtime, "external" of an external lecturer: what is yes or no of a thing, without its name.
void Linker::AddHeads() {
  for (const Entity& entity : model_.entities) {
    std::vector<std::string> owners = NamesOf(entity);
    for (const Metric& metric : model_.metrics) {
      if (!metric.hidden && EqualsIgnoringCase(metric.entity, entity.name)) owners.push_back(metric.label);
    }
    for (const Dimension& dimension : entity.dimensions) {
      if (dimension.type == DimensionType::kTime && !dimension.hidden) AddDates(entity, dimension);
      if (dimension.hidden || dimension.value_type != semantic::ValueType::kBoolean) continue;
      for (const std::string& name : NamesOf(dimension)) {
        const std::string folded = Fold(name);
        for (const std::string& owner : owners) {
          const std::string tail = " " + Singular(Fold(owner));
          const std::string singular = Singular(folded);
          if (singular.size() <= tail.size() || !singular.ends_with(tail)) continue;
          AddTerm(std::string_view(singular).substr(0, singular.size() - tail.size()),
                  {.kind = LinkKind::kDimension,
                   .field = {entity.name, dimension.name},
                   .shown = dimension.label,
                   .cost = kHeadCost});
        }
      }
    }
  }
}

/// "advised by": what a join says of the one it leads to, with a verb.
void Linker::AddRoleVerbs() {
  for (const semantic::Join& join : model_.joins) {
    for (const std::string& name : NamesOf(join)) {
      const std::vector<std::string> words = WordsOf(name);
      static constexpr std::string_view kPrepositions[] = {"by", "at", "in", "to", "from", "for", "on", "with", "of"};
      const bool leads = words.size() >= 2 && words.size() <= 3 && IsParticiple(words.front()) &&
                         std::ranges::find(kPrepositions, words.back()) != std::end(kPrepositions);
      if (leads) AddTerm(name, {.kind = LinkKind::kRole, .name = join.name, .shown = join.label});
    }
  }
}

/// "currently" says what "current" says of a thing.
void Linker::AddAdverbs() {
  for (const Entity& entity : model_.entities) {
    for (const Dimension& dimension : entity.dimensions) {
      for (const semantic::NamedValue& value : dimension.values) {
        if (dimension.hidden || dimension.value_type != semantic::ValueType::kText) continue;
        std::vector<std::string> names = value.synonyms;
        names.push_back(value.value);
        names.push_back(value.label);
        for (const std::string& name : names) {
          const std::vector<std::string> words = WordsOf(name);
          if (words.size() != 1 || words[0].size() < 5 || words[0].ends_with("y")) continue;
          AddTerm(words[0] + "ly", {.kind = LinkKind::kValue,
                                    .field = {entity.name, dimension.name},
                                    .value = value.value,
                                    .shown = value.label.empty() ? value.value : value.label,
                                    .cost = 0.02});
        }
      }
    }
  }
}

/// "status" beside claims is the claim status, "rating" beside trips the rating of a trip.
void Linker::AddBareNames(const Entity& entity, const Dimension& dimension, const Link& link) {
  std::vector<std::string> owners;
  for (const std::string& name : {entity.label, entity.name}) {
    const std::vector<Token> words = TokenizeName(name);
    owners.push_back(Singular(Fold(name)));
    if (!words.empty()) owners.push_back(Singular(words.back().word));
  }
  const size_t own = owners.size();  // "departure delay" is no delay of departures where flights are also called so.
  for (const std::string& synonym : entity.synonyms) owners.push_back(Singular(Fold(synonym)));
  std::vector<std::string> names{dimension.label};
  names.insert(names.end(), dimension.synonyms.begin(), dimension.synonyms.end());
  for (const std::string& said : names) {
    const std::string name = Fold(said);
    for (size_t i = 0; i < owners.size(); ++i) {
      const std::string& owner = owners[i];
      if (owner.empty()) continue;
      if (i < own && name.starts_with(owner + " ")) AddTerm(std::string_view(name).substr(owner.size() + 1), link);
      AddAmountOf(dimension, name, owner, link);
      for (const std::string_view of : {" of a ", " of an ", " of the ", " of "}) {
        const std::string tail = std::string(of) + owner;
        if (name.ends_with(tail)) AddTerm(std::string_view(name).substr(0, name.size() - tail.size()), link);
      }
    }
  }
}

/// "net invoice" of the net amount of an invoice: what kind of amount, before the thing that has it.
void Linker::AddAmountOf(const Dimension& dimension, const std::string& name, const std::string& owner,
                         const Link& link) {
  static constexpr std::string_view kAmounts[] = {"amount", "value", "total", "sum", "price", "cost", "volume"};
  using enum semantic::ValueType;
  if (dimension.value_type != kNumber && dimension.value_type != kInteger) return;
  const std::string bare = name.substr(0, std::min(name.find(" of "), name.size()));
  const size_t blank = bare.rfind(' ');
  if (blank == std::string::npos || bare.starts_with(owner) || owner.find(' ') != std::string::npos) return;
  if (std::ranges::find(kAmounts, std::string_view(bare).substr(blank + 1)) == std::end(kAmounts)) return;
  Link amount = link;
  amount.cost = 0.03;
  if (bare.find(' ') == blank) AddTerm(bare.substr(0, blank + 1) + owner, amount);
  AddTerm(owner + " " + bare, amount);
}

}  // namespace neurolake::ask
