#include "ask/grammar/internal/fragment_parser.h"
#include "ask/grammar/internal/words_of_filters.h"
#include "common/text.h"

namespace neurolake::ask {
namespace {

using semantic::Dimension;
using semantic::DimensionType;
using semantic::ValueType;

FilterGroup One(Filter filter) { return {.any_of = {std::move(filter)}}; }

}  // namespace

/// Whether one of the field's names ends with the word: "gold status" of the loyalty status.
bool FragmentParser::EndsNameOf(const Dimension& dimension, std::string_view word) {
  std::vector<std::string> names{dimension.label};
  names.insert(names.end(), dimension.synonyms.begin(), dimension.synonyms.end());
  return !word.empty() && std::ranges::any_of(names, [&](const std::string& name) {
    const auto words = TokenizeName(name);
    return words.size() > 1 && words.back().word == word;
  });
}

/// "with children", "without seats": more than none of what a row counts, or none.
void FragmentParser::WithSome(size_t at) {
  static constexpr std::string_view kWith[] = {"with", "having", "that have", "that had", "who have", "with any"};
  static constexpr std::string_view kNone[] = {"without", "with no", "without any", "that have no", "who have no"};
  const size_t none = Phrase(at, kNone);
  const size_t lead = none > 0 ? none : Phrase(at, kWith);
  if (lead == 0) return;
  for (const Link& link : LinksAt(at + lead)) {
    const Dimension* dimension = link.kind == LinkKind::kDimension && !link.verb ? DimensionOf(link.field) : nullptr;
    if (dimension == nullptr || !link.plural || !IsMeasured(link.field) || !IsManyOf(link.field)) continue;
    if (!Comparisons(link.end).empty()) continue;
    Fragment& fragment = Add(FragmentKind::kFilter, at, link.end, link.cost + 0.06);
    fragment.notes.push_back(fmt::format("{} {}", dimension->label, none > 0 ? "is 0" : "is more than 0"));
    fragment.filters = {One({.field = link.field,
                             .op = none > 0 ? FilterOperator::kIn : FilterOperator::kGreater,
                             .values = {NumberLiteral(0, dimension->value_type)}})};
  }
}

/// "with asthma as secondary diagnosis": the values of the one that a join leads to.
void FragmentParser::AsRole(size_t at, size_t begin, const ValuePhrase& value, bool negated) {
  if (!Is(at, {"as"}) || !value.field.via.empty()) return;
  const size_t noun = SkipDeterminers(at + 1);
  for (const Link& link : LinksAt(noun)) {
    FieldRef field = value.field;
    if (link.kind == LinkKind::kRole && !link.name.empty()) field.via = {link.name};
    else if (link.kind == LinkKind::kDimension && !link.verb) field.via = link.field.via;
    if (field.via.empty() || field.via.size() > 1) continue;
    const semantic::Join* join = semantic::FindJoin(model_, field.via[0]);
    if (join == nullptr || !EqualsIgnoringCase(join->to, field.entity)) continue;
    Fragment& fragment = Add(FragmentKind::kFilter, begin, link.end, value.cost + link.cost, value.notes);
    fragment.filters = {
        One({.field = field, .op = negated ? FilterOperator::kNotIn : FilterOperator::kIn, .values = value.values})};
  }
}

/// "junior account managers", "chronic main diagnoses": those whose one that a join leads to is such.
void FragmentParser::OfRole(size_t begin, size_t at, Filter filter, double cost) {
  if (!filter.field.via.empty()) return;
  for (const Link& role : LinksAt(at)) {
    const bool of_role = role.kind == LinkKind::kDimension && !role.verb && role.field.via.size() == 1 &&
                         role.field.entity == filter.field.entity;
    if (!of_role) continue;
    filter.field.via = role.field.via;
    Add(FragmentKind::kFilter, begin, role.end, cost + role.cost).filters = {One(filter)};
  }
}

/// What happens in a place is where it happens; who comes from one is a person.
double FragmentParser::OriginCost(size_t at, size_t length, const FieldRef& field) const {
  const semantic::Entity* entity = semantic::FindEntity(model_, field.entity);
  const Dimension* place = DimensionOf(field);
  if (length != 1 || place == nullptr || place->type != DimensionType::kGeographic) return 0;
  const bool person =
      std::ranges::any_of(entity->dimensions, [](const Dimension& one) { return !one.personal.empty(); });
  return (Is(at, {"in", "at"}) && person) || (Is(at, {"from"}) && !person) ? 0.12 : 0;
}

/// "without an e-mail", "have no area recorded".
void FragmentParser::MissingFilters(size_t at) {
  size_t missing = std::max(Phrase(at, kDimensionFiltersMissing), HasNot(at));
  const size_t no = Phrase(at, kValueFiltersNot);
  if (no > 0 && IsDoneSomehow(at + no)) {  // "not paid with a voucher"
    missing = std::max(missing, no + 2);
    if (Is(at + missing, {"a", "an", "any"})) ++missing;
  }
  if (missing == 0) return;
  for (const Link& named : LinksAt(at + missing)) {
    Link link = named;
    const auto* entity = link.kind == LinkKind::kEntity && !link.verb && !link.plural
                             ? semantic::FindEntity(model_, link.name)
                             : nullptr;
    const auto* label = entity == nullptr ? nullptr : semantic::LabelDimension(*entity);
    if (label != nullptr) {  // "with no guest profile"
      link.kind = LinkKind::kDimension;
      link.field = {entity->name, label->name};
      link.cost += 0.03;
    }
    if (link.kind != LinkKind::kDimension || link.verb) continue;
    const Dimension* dimension = DimensionOf(link.field);
    if (dimension == nullptr || dimension->value_type == ValueType::kBoolean) continue;
    size_t end = link.end;
    static constexpr std::string_view kTails[] = {
        "is given",      "is known",   "is recorded",  "is set",         "is specified",
        "is available",  "was given",  "was recorded", "has been given", "has been recorded",
        "has been set",  "is present", "is stored",    "is entered",     "exists",
        "was specified", "recorded",   "known",        "on record",      "entered",
        "registered",    "stored",     "specified",    "given",          "set",
        "attached",      "assigned",   "linked",       "associated",     "available",
        "noted",         "is there",   "on file",      "address"};
    end += Phrase(end, kTails);
    if (Is(at, {"where", "for"}) && end == link.end) continue;
    Fragment& fragment = Add(FragmentKind::kFilter, at, end, link.cost + 0.03);
    fragment.filters = {One({.field = link.field, .op = FilterOperator::kIsNull})};
  }
}

}  // namespace neurolake::ask
