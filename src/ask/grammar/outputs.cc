#include "ask/grammar/internal/fragment_parser.h"
#include "ask/grammar/internal/words_of_outputs.h"

namespace neurolake::ask {

void FragmentParser::Outputs(size_t at) {
  if (const size_t length = at <= 1 ? Phrase(at, kOutputsExists) : 0; length > 0)
    Add(FragmentKind::kExists, at, at + length, 0);
  if (const size_t length = Phrase(at, kOutputsAskable); length > 0) {
    Add(FragmentKind::kAskable, at, at + length, 0);
    if (Is(at + length, {"about", "of", "on"})) {  // "what can I ask about flights"
      for (const Link& link : LinksAt(SkipDeterminers(at + length + 1))) {
        if (link.kind == LinkKind::kEntity && !link.verb) Add(FragmentKind::kAskable, at, link.end, link.cost);
      }
    }
  }
  for (const OutputsFrame& frame : kOutputsDescribe) {
    const std::string_view before[] = {frame.before};
    const size_t length = Phrase(at, before);
    if (length == 0) continue;
    const size_t noun = SkipDeterminers(at + length);
    for (const Link& link : LinksAt(noun)) {
      if (link.verb || link.kind == LinkKind::kValue || link.kind == LinkKind::kRole) continue;
      size_t end = link.end;
      if (!frame.after.empty()) {
        const std::string_view after[] = {frame.after};
        const size_t tail = Phrase(end, after);
        if (tail == 0) continue;
        end += tail;
      }
      Fragment& fragment =
          Add(FragmentKind::kDescribe, at, end, link.cost + (link.kind == LinkKind::kMetric ? 0 : 0.1));
      if (!link.note.empty()) fragment.notes.push_back(link.note);
      fragment.entity = link.kind == LinkKind::kDimension ? link.field.entity + "." + link.field.name : link.name;
    }
  }
  if (const size_t length = Phrase(at, kOutputsEmpty); length > 0) Add(FragmentKind::kKeepEmpty, at, at + length, 0);
  const size_t first = Phrase(at, kOutputsFirst);
  if (const auto number = ParseNumber(From(at + first));
      number && !number->ordinal && number->value >= 1 && number->value <= 1e6 && number->unit == NumberUnit::kNone) {
    size_t end = at + first + number->tokens;
    if (Is(end, {"rows", "row", "records", "lines", "results", "examples", "entries", "example"})) ++end;
    else if (first == 0 || !Is(at, {"limit", "limited"})) return;
    Add(FragmentKind::kLimit, at, end, 0).n = static_cast<int64_t>(number->value);
  }
}

/// The first thing named, which is what is listed.
std::string FragmentParser::ListedEntity() const {
  for (const std::vector<Link>& links : links_) {
    for (const Link& link : links) {
      if (link.kind == LinkKind::kEntity && !link.verb) return link.name;
    }
  }
  return {};
}

/// "date", "amount", "name" of the rows listed, where they have one that is it.
std::vector<FieldRef> FragmentParser::BareColumns(size_t at) const {
  const bool date = Is(at, {"date", "dates", "day"});
  const bool amount = Is(at, {"amount", "amounts", "value", "total"});
  const bool name = Is(at, {"name", "names"});
  if (!date && !amount && !name) return {};
  for (const std::vector<Link>& links : links_) {  // The first thing named is what is listed.
    for (const Link& link : links) {
      const auto* entity =
          link.kind == LinkKind::kEntity && !link.verb ? semantic::FindEntity(model_, link.name) : nullptr;
      if (entity == nullptr) continue;
      if (date && !entity->default_time.empty() && !entity->default_time.contains('.'))
        return {{entity->name, entity->default_time}};
      const auto* label = semantic::LabelDimension(*entity);
      if (name && label != nullptr && label->value_type == semantic::ValueType::kText)
        return {{entity->name, label->name}};
      for (const semantic::Dimension& dimension : entity->dimensions) {
        const FieldRef field{entity->name, dimension.name};
        const auto words = TokenizeName(dimension.label + " " + dimension.name);
        const bool says =
            std::ranges::any_of(words, [&](const Token& word) { return word.word == Singular(Word(at)); });
        if (amount && !dimension.hidden && says && IsMeasured(field)) return {field};
      }
      return {};
    }
  }
  return {};
}

/// "list hotels with their stars and city": fields to be shown of the rows.
void FragmentParser::Columns(size_t at) {
  static constexpr std::string_view kLeads[] = {
      "with",          "with their", "with its", "with the",        "including", "including the", "along with",
      "together with", "and their",  "and its",  "including their", "showing",   "with all their"};
  static constexpr std::string_view kShow[] = {"show",    "show the",      "show me",  "show me the", "show their",
                                               "display", "give me the",   "give the", "please show", "i need",
                                               "show us", "include the",   "include",  "also show",   "and show",
                                               "i want",  "i want to see", "columns"};
  const bool behind_rows = at > 2 && Is(at - 1, {"?", ".", ",", ";", ":", "-", "and"});  // "…? show name and city"
  size_t next = at + std::max(Phrase(at, kLeads), behind_rows ? Phrase(at, kShow) : 0);
  if (next == at) return;
  std::string listed;  // The first thing named is what is listed.
  for (size_t begin = 0; begin < at && listed.empty(); ++begin) {
    for (const Link& link : LinksAt(begin)) {
      if (link.kind == LinkKind::kEntity && !link.verb && listed.empty()) listed = link.name;
    }
  }
  std::vector<std::pair<size_t, std::vector<DimensionUse>>> open{{next, {}}};
  for (int depth = 0; depth < 6 && !open.empty(); ++depth) {
    std::vector<std::pair<size_t, std::vector<DimensionUse>>> longer;
    for (const auto& [end, uses] : open) {
      size_t from = end;
      if (depth > 0) {
        if (Word(from) == ",") ++from;
        if (Is(from, {"and", "&"})) ++from;
        if (from == end) continue;
      }
      const size_t word = SkipDeterminers(from);
      for (const FieldRef& field : BareColumns(word)) {
        auto all = uses;
        all.push_back({.field = field});
        Add(FragmentKind::kColumns, at, word + 1, 0.04).dimensions = all;
        longer.emplace_back(word + 1, std::move(all));
      }
      for (const Link& link : LinksAt(word)) {
        if (link.verb || link.event) continue;
        const bool own = std::ranges::any_of(LinksAt(word), [&](const Link& other) {  // "status" is that of the rows.
          return other.kind == LinkKind::kDimension && other.end == link.end && other.field.entity == ListedEntity();
        });
        if (own && link.kind == LinkKind::kDimension && link.field.entity != ListedEntity()) continue;
        DimensionUse use{.field = link.field};
        if (link.kind == LinkKind::kEntity) {
          const auto* entity = semantic::FindEntity(model_, link.name);
          const auto* label = entity == nullptr || link.plural ? nullptr : semantic::LabelDimension(*entity);
          if (label == nullptr) continue;
          use.field = {entity->name, label->name};
        } else if (link.kind == LinkKind::kMetric) {  // "with their weight", where weights are averaged
          const auto field = RowFieldOf({.metric = link.name});
          if (!field) continue;
          use.field = *field;
        } else if (link.kind != LinkKind::kDimension) {
          continue;
        }
        const bool compared = !Comparisons(Is(link.end, {"is", "of", "was"}) ? link.end + 1 : link.end).empty();
        if (compared) continue;  // "with a price below 30"
        if (IsTime(link.field) && !ParseTime(From(link.end), time_, problems_).empty())
          continue;  // "with check-in in May"
        auto all = uses;
        all.push_back(use);
        const bool others = std::ranges::any_of(LinksAt(word), [&](const Link& other) {  // Their own "status" first.
          return other.kind == LinkKind::kDimension && other.end == link.end && other.field.entity == listed &&
                 use.field.entity != listed;
        });
        Fragment& fragment = Add(FragmentKind::kColumns, at, link.end, 0.02 + link.cost + (others ? 0.15 : 0));
        if (!link.note.empty()) fragment.notes.push_back(link.note);
        fragment.dimensions = all;
        longer.emplace_back(link.end, std::move(all));
      }
    }
    open = std::move(longer);
    if (open.size() > 16) open.resize(16);
  }
}

/// "remove PII", "without personal data", "mask the e-mails".
void FragmentParser::Privacy(size_t at) {
  if (const size_t remove = Phrase(at, kPrivacyRemove); remove > 0) {
    if (const size_t personal = Phrase(at + remove, kPrivacyPersonal); personal > 0)
      Add(FragmentKind::kPrivacy, at, at + remove + personal, 0);
  }
  if (const size_t removed = Phrase(at, kPrivacyRemoved); removed > 0 && Word(at) != "without")
    Add(FragmentKind::kPrivacy, at, at + removed, 0.02);
  const size_t mask = Phrase(at, kPrivacyMask);
  if (mask == 0) return;
  if (const size_t personal = Phrase(at + mask, kPrivacyPersonal); personal > 0) {
    Fragment& fragment = Add(FragmentKind::kPrivacy, at, at + mask + personal, 0);
    fragment.mask = true;
  }
  std::vector<DimensionUse> uses;
  double cost = 0;
  size_t next = at + mask;
  for (int i = 0; i < 6; ++i) {
    const Link* found = nullptr;
    for (const Link& link : LinksAt(SkipDeterminers(next))) {
      if (link.kind == LinkKind::kDimension && !link.verb && (found == nullptr || link.cost < found->cost))
        found = &link;
    }
    if (found == nullptr) break;
    uses.push_back({.field = found->field});
    cost += found->cost;
    Fragment& fragment = Add(FragmentKind::kPrivacy, at, found->end, cost);
    fragment.mask = true;
    fragment.dimensions = uses;
    next = found->end;
    if (Is(next, {"addresses", "address"})) ++next;
    if (Word(next) == ",") ++next;
    if (Is(next, {"and", "&"})) ++next;
    if (next == found->end) break;
  }
}

}  // namespace neurolake::ask
