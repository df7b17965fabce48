#include "ask/grammar/internal/fragment_parser.h"
#include "ask/grammar/internal/words_of_verbs.h"

namespace neurolake::ask {
namespace {

bool IsHavingVerb(std::string_view word) { return std::ranges::find(kHavingVerbs, word) != std::end(kHavingVerbs); }

}  // namespace

bool FragmentParser::IsNoWord(size_t at) const {
  return LinksAt(at).empty() || std::ranges::all_of(LinksAt(at), [](const Link& link) {
           return link.verb && link.kind == LinkKind::kDimension;
         });
}

/// "that used", "which contain both", "paying": the length of what says only that the thing before it has what follows;
/// 0: it is no such. Verbs that the model itself knows are its own.
size_t FragmentParser::Has(size_t at) const {
  if (at == 0) return 0;
  size_t next = at + (Is(at, {"that", "which", "who"}) ? 1 : 0);
  if (next > at && Is(next, {"have", "has", "had"})) ++next;
  if (!IsHavingVerb(Word(next)) || next + 1 >= tokens_.size()) return 0;
  const bool ranks = Is(next + 1, {"the"}) && Is(next + 2, {"most", "fewest", "least", "highest", "lowest"});
  if (ranks ? !IsNoWord(next) : !LinksAt(next).empty()) return 0;  // "worked the most hours"
  ++next;
  if (Is(next, {"both", "either"})) ++next;
  return next - at;
}

/// Whether the word only weighs what is said: "actually", "ever" behind a superlative.
bool FragmentParser::SaysNoMore(size_t at) const {
  if (at >= tokens_.size() || tokens_[at].kind != TokenKind::kWord || !LinksAt(at).empty()) return false;
  if (Is(at, {"actually", "really", "altogether", "respectively", "basically", "simply", "finally", "eventually",
              "exactly", "precisely", "usually", "normally", "generally"}))
    return !ParseNumber(From(at + 1));
  if (!Is(at, {"ever"})) return false;
  return std::ranges::any_of(tokens_.first(at), [](const Token& token) {
    return token.word.ends_with("est") || token.word == "first" || token.word == "last" || token.word == "most" ||
           token.word == "least" || token.word == "maximum" || token.word == "minimum" || token.word == "record";
  });
}

/// "that did not use", "not containing": the length of what says that the thing before it has not what follows.
size_t FragmentParser::HasNot(size_t at) const {
  if (at == 0) return 0;
  size_t next = at + (Is(at, {"that", "which", "who"}) ? 1 : 0);
  if (Is(next, {"did", "do", "does", "have", "has", "had"})) ++next;
  if (!Is(next, {"not", "never"})) return 0;
  ++next;
  if (!IsHavingVerb(Word(next)) || !LinksAt(next).empty() || next + 1 >= tokens_.size()) return 0;
  ++next;
  if (Is(next, {"any", "a", "an"})) ++next;
  return next - at;
}

/// "orders with a promo code", "that have an e-mail": a field that is there.
void FragmentParser::Given(size_t at) {
  static constexpr std::string_view kLeads[] = {
      "with a",       "with an",    "with any",    "having a",   "having an",  "that have a",
      "that have an", "who have a", "who have an", "that had a", "that has a", "that have any",
      "have a",       "have an",    "had a",       "had an",     "has a",      "has an"};
  size_t lead = Phrase(at, kLeads);
  const size_t had = Has(at);
  if (lead == 0 && had > 0 && Is(at + had, {"a", "an", "any", "some"})) lead = had + 1;
  if (lead == 0) return;
  for (const Link& link : LinksAt(at + lead)) {
    const auto* dimension = link.kind == LinkKind::kDimension && !link.verb ? DimensionOf(link.field) : nullptr;
    const bool text = dimension != nullptr && dimension->value_type == semantic::ValueType::kText &&
                      !dimension->is_label && dimension->type != semantic::DimensionType::kTime;
    if (!text || link.plural || !Values(link.end).empty()) continue;
    size_t end = link.end;
    if (Is(end, {"address", "number", "value", "entry"}) && LinksAt(end).empty()) ++end;
    Fragment& fragment = Add(FragmentKind::kFilter, at, end, link.cost + 0.06);
    fragment.notes.push_back(fmt::format("those with any {}", dimension->label));
    fragment.filters = {{.any_of = {{.field = link.field, .op = FilterOperator::kIsNotNull}}}};
  }
}

}  // namespace neurolake::ask
