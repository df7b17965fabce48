#include <set>

#include "ask/language/words.h"
#include "ask/link/internal/name_words.h"
#include "ask/link/linker.h"

namespace neurolake::ask {
namespace {

constexpr double kPartialCost = 0.08;
constexpr double kMissingCost = 0.02;  ///< For each word of the name that was not said.
constexpr size_t kWordsMax = 4;
constexpr size_t kReadingsMax = 3;

/// Words between those of a name.
bool IsInner(std::string_view word) {
  static constexpr std::string_view kWords[] = {"of", "the", "a", "an", "to", "for", "in", "on", "per", "by", "its"};
  return std::ranges::find(kWords, word) != std::end(kWords);
}

/// What says how a number is split or limited: "views by page" are no page views.
bool Splits(std::string_view word) {
  return word == "by" || word == "per" || word == "in" || word == "on" || word == "for";
}

/// Words that are no part of a name by themselves: they say what is done with it.
bool IsOperation(std::string_view word) {
  static constexpr std::string_view kWords[] = {
      "total",   "sum",    "average", "avg",      "mean",    "median", "number",   "count",   "many",  "much",  "most",
      "least",   "fewest", "highest", "lowest",   "top",     "bottom", "maximum",  "minimum", "max",   "min",   "share",
      "percent", "first",  "last",    "largest",  "biggest", "worst",  "smallest", "best",    "each",  "every", "not",
      "never",   "month",  "year",    "week",     "day",     "today",  "quarter",  "without", "other", "same",  "new",
      "between", "than",   "more",    "less",     "fewer",   "only",   "list",     "show",    "which", "what",  "who",
      "and",     "or",     "versus",  "compared", "when",    "where",  "growth",   "trend",   "date"};
  return std::ranges::find(kWords, word) != std::end(kWords);
}

/// Words of a name that may go unsaid: they limit nothing.
bool IsNeutral(std::string_view word) {
  static constexpr std::string_view kWords[] = {"total", "average", "mean",  "number", "overall",
                                                "sum",   "amount",  "value", "count",  "figure"};
  return IsInner(word) || std::ranges::find(kWords, word) != std::end(kWords);
}

}  // namespace

/// Whether the thing is called by that word.
bool Linker::IsWordOf(std::string_view entity_name, const std::string& word) const {
  const semantic::Entity* entity = semantic::FindEntity(model_, entity_name);
  if (entity == nullptr) return false;
  for (const std::string& name : NamesOf(*entity)) {
    const auto words = WordsOf(name);
    if (std::ranges::any_of(words, [&](const std::string& one) { return Singular(one) == word; })) return true;
  }
  return false;
}

/// "net invoice" of the net amount of an invoice: words side by side that are parts of one name, one of which says
/// nothing else.
void Linker::FindPartial(std::span<const Token> tokens, std::vector<Link>& found) const {
  const auto is_content = [&](size_t at) {
    const Token& token = tokens[at];
    return token.kind == TokenKind::kWord && token.word.size() >= 3 && !IsInner(token.word) && !IsFiller(token.word) &&
           !IsOperation(Singular(token.word)) && !ParseNumber(tokens.subspan(at, 1));
  };
  const auto is_linked = [&](size_t at) {
    return std::ranges::any_of(found, [&](const Link& link) {
      return link.begin <= at && at < link.end && link.note.empty() && link.kind != LinkKind::kRole;
    });
  };
  std::vector<Link> made;
  for (size_t begin = 0; begin < tokens.size(); ++begin) {
    if (!is_content(begin)) continue;
    std::set<std::string> said{Singular(tokens[begin].word)};
    bool open = !is_linked(begin);  // Some word of it means nothing by itself.
    std::vector<const Term*> names;
    for (const Term& term : terms_) {
      const bool is_name = (term.link.kind == LinkKind::kMetric || term.link.kind == LinkKind::kDimension) &&
                           !term.link.verb && term.link.note.empty() && term.singular.size() > 1;
      if (is_name && std::ranges::find(term.singular, *said.begin()) != term.singular.end()) names.push_back(&term);
    }
    if (names.empty()) continue;
    for (size_t end = begin + 1; end < tokens.size() && said.size() < kWordsMax; ++end) {
      if (Splits(tokens[end].word)) break;
      if (IsInner(tokens[end].word)) continue;
      const std::string& last = tokens[end - 1].word;
      if (!is_content(end) || (!IsInner(last) && Singular(last) != last)) break;  // Several things, and something else.
      said.insert(Singular(tokens[end].word));
      open = open || !is_linked(end);
      const bool named = std::ranges::any_of(
          found, [&](const Link& link) { return link.begin == begin && link.end == end + 1 && link.note.empty(); });
      if (!open || named || said.size() < 2) continue;
      std::vector<std::pair<size_t, const Term*>> fits;
      for (const Term* named_so : names) {
        const Term& term = *named_so;
        if (term.singular.size() < said.size()) continue;
        const bool all = std::ranges::all_of(said, [&](const std::string& word) {
          return std::ranges::find(term.singular, word) != term.singular.end();
        });
        const semantic::Metric* metric = semantic::FindMetric(model_, term.link.name);
        const std::string& owner = metric != nullptr ? metric->entity : term.link.field.entity;
        const bool limits = std::ranges::any_of(term.singular, [&](const std::string& word) {
          return !said.contains(word) && !IsNeutral(word) && !IsWordOf(owner, word);
        });
        if (limits) continue;
        const auto words = static_cast<size_t>(
            std::ranges::count_if(term.words, [](const std::string& word) { return !IsInner(word); }));
        if (all && words <= 2 * said.size()) fits.emplace_back(words - said.size(), &term);
      }
      std::ranges::stable_sort(fits, {}, [](const auto& one) { return one.first; });
      std::vector<Link> links;
      for (const auto& [missing, term] : fits) {
        const auto same = [&](const Link& other) {
          return other.kind == term->link.kind && other.name == term->link.name && other.field == term->link.field;
        };
        if (std::ranges::any_of(links, same)) continue;
        Link link = term->link;
        link.begin = begin;
        link.end = end + 1;
        link.cost = kPartialCost + kMissingCost * static_cast<double>(missing);
        link.note = fmt::format("“{}” is read as {}", JoinWords(tokens.subspan(begin, end + 1 - begin)), link.shown);
        link.plural = Singular(tokens[end].word) != tokens[end].word;
        links.push_back(std::move(link));
      }
      if (links.size() <= kReadingsMax) made.insert(made.end(), links.begin(), links.end());
    }
  }
  std::erase_if(made, [&](const Link& link) {  // The longest that is read so.
    return std::ranges::any_of(made, [&](const Link& other) {
      return other.begin <= link.begin && other.end >= link.end && other.end - other.begin > link.end - link.begin;
    });
  });
  found.insert(found.end(), made.begin(), made.end());
}

}  // namespace neurolake::ask
