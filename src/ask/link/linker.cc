#include "ask/link/linker.h"

#include "ask/language/words.h"
#include "ask/link/join_paths.h"
#include "common/text.h"

namespace neurolake::ask {
namespace {

using semantic::Dimension;
using semantic::Entity;
using semantic::Metric;

constexpr double kLongNameBonus = 0.03;

/// Words for the two ends of a way, where a join's name is one of its usual names.
std::vector<std::string> RoleWords(std::string_view name) {
  const std::string folded = Fold(name);
  const auto has = [&](std::string_view part) { return folded.find(part) != std::string::npos; };
  const auto words = TokenizeName(name);
  const auto is = [&](std::string_view word) {
    return std::ranges::any_of(words, [&](const Token& token) { return token.word == word; });
  };
  if (is("start") || is("begin")) {
    return {"from",       "starting at", "starting in",  "starting from",   "started at",
            "started in", "start at",    "start in",     "began at",        "began in",
            "went from",  "going from",  "beginning at", "that started at", "leaving from"};
  }
  if (is("end") || is("finish") || is("return")) {
    return {"to",       "ending at", "ending in",   "ended at",    "ended in",   "end at",     "end in",
            "going to", "went to",   "finished at", "arriving at", "arrived at", "returned to"};
  }
  if (has("origin") || has("departure") || has("source") || has("pickup") || has("from")) {
    return {"from",          "departing", "departing from", "leaving",  "leaving from",  "out of",    "originating in",
            "starting from", "left",      "left from",      "departed", "departed from", "flew from", "took off from"};
  }
  if (has("dest") || has("arrival") || has("target") || has("dropoff")) {
    return {"to",        "into",      "arriving at", "arriving in", "going to",  "bound for",  "destined for",
            "flying to", "headed to", "went to",     "flew to",     "landed in", "arrived at", "arrived in"};
  }
  return {};
}

/// "customer nation": the nation that customers lead to, and not another's. False: there is no such way, or several.
bool QualifyByEntity(const semantic::SemanticModel& model, const Link& qualifier, const Link& head, Link& link) {
  if (head.kind == LinkKind::kValue || head.event || head.verb || !head.field.via.empty()) return false;
  const std::string& target = head.kind == LinkKind::kEntity ? head.name : head.field.entity;
  if (EqualsIgnoringCase(target, qualifier.name)) return false;
  const auto paths = ToOnePaths(model, qualifier.name, target);
  if (paths.size() != 1 || paths[0].empty()) return false;
  if (head.kind == LinkKind::kEntity) {
    const Entity* entity = semantic::FindEntity(model, target);
    const Dimension* label = entity == nullptr ? nullptr : semantic::LabelDimension(*entity);
    if (label == nullptr) return false;
    link.kind = LinkKind::kDimension;
    link.field = {entity->name, label->name};
  }
  link.field.via = {paths[0].front()};
  link.shown = qualifier.shown + " " + head.shown;
  return true;
}

/// Whether more than one is meant; "paid" is no number of anything.
bool IsPlural(std::string_view word) {
  static constexpr std::string_view kVerbs[] = {"paid", "sold", "bought", "flew", "flown", "spent"};
  return Singular(word) != word && std::ranges::find(kVerbs, word) == std::end(kVerbs);
}

/// "when did the last delivery …": a verb behind it stands in its base form.
bool AsksWhatWasDone(std::span<const Token> before) {
  return std::ranges::any_of(
      before, [](const Token& token) { return token.word == "did" || token.word == "do" || token.word == "does"; });
}

/// Whether a verb may stand here in its base form: "did the shop join", "contracts that expire".
bool AllowsBase(std::span<const Token> tokens, size_t at) {
  static constexpr std::string_view kLeads[] = {"that", "which", "who", "to", "will", "did", "do", "does", "not"};
  if (at == 0) return false;
  return std::ranges::find(kLeads, tokens[at - 1].word) != std::end(kLeads) || AsksWhatWasDone(tokens.first(at));
}

bool IsArticle(std::string_view word) { return word == "the" || word == "a" || word == "an"; }

/// Other usual names of a number whose name begins so: "average delay" is the mean delay, too.
std::vector<std::string> OtherNames(const std::string& label) {
  constexpr std::string_view kNumberOf = "number of ";
  static constexpr std::pair<std::string_view, std::string_view> kLeads[] = {
      {"average ", "mean "}, {"average ", "avg "}, {"maximum ", "max "}, {"minimum ", "min "}};
  std::vector<std::string> names;
  const std::string folded = Fold(label);
  for (const auto& [lead, other] : kLeads) {
    if (folded.starts_with(lead)) names.push_back(std::string(other) + folded.substr(lead.size()));
  }
  const bool is_count = folded.starts_with(kNumberOf) && std::ranges::count(folded, ' ') >= 4;
  if (is_count) names.push_back(folded.substr(kNumberOf.size()));  // "contracts lost to a competitor"
  return names;
}

/// "at", "us", "it", as people write them, are no codes of countries.
bool IsCodeLikeAWord(const Token& token, std::string_view code) {
  if (code.size() > 3 || token.word != code || token.kind != TokenKind::kWord) return false;
  static constexpr std::string_view kWords[] = {"it", "is", "as", "by", "be",  "no",  "am",  "so", "or",
                                                "an", "my", "me", "we", "do",  "if",  "up",  "us", "at",
                                                "in", "to", "on", "of", "per", "and", "the", "for"};
  const bool lower = token.text == token.word;
  return lower && (IsFiller(token.word) || std::ranges::find(kWords, token.word) != std::end(kWords));
}

}  // namespace

Linker::Linker(const semantic::SemanticModel& model, const ValueIndex* values, Similarity similarity)
    : model_(model), values_(values), similarity_(std::move(similarity)) {
  for (const Metric& metric : model.metrics) {
    if (metric.hidden) continue;
    Link link{.kind = LinkKind::kMetric, .name = metric.name, .shown = metric.label};
    AddTerm(metric.label, link);
    AddTerm(metric.name, link);
    for (const std::string& name : OtherNames(metric.label)) AddTerm(name, link);
    for (const std::string& synonym : metric.synonyms) {
      AddTerm(synonym, link);
      for (const std::string& name : OtherNames(synonym)) AddTerm(name, link);
    }
    AddOwnedNames(metric, link);
  }
  for (const Entity& entity : model.entities) AddEntity(entity);
  AddJoins();
  AddShortEntities();
  AddVerbs();
  AddEvents();
  AddRoleVerbs();
  AddDoneVerbs();
  AddAdverbs();
  AddHeads();
  AddShortNames();
  AddAlikeNames();
}

void Linker::AddEntity(const Entity& entity) {
  Link link{.kind = LinkKind::kEntity, .name = entity.name, .shown = entity.label};
  AddTerm(entity.label, link);
  AddTerm(entity.name, link);
  for (const std::string& synonym : entity.synonyms) AddTerm(synonym, link);
  for (const Dimension& dimension : entity.dimensions) {
    if (!dimension.hidden) AddDimension(entity, dimension);
  }
  const Dimension* label = semantic::LabelDimension(entity);
  if (label != nullptr && label->is_label && !label->hidden && label->value_type == semantic::ValueType::kText) {
    Link name{.kind = LinkKind::kDimension, .field = {entity.name, label->name}, .shown = label->label};
    name.cost = 0.03;  // "airports whose name starts with San"
    AddTerm("name", name);
  }
}

void Linker::AddDimension(const Entity& entity, const Dimension& dimension) {
  Link link{.kind = LinkKind::kDimension, .field = {entity.name, dimension.name}, .shown = dimension.label};
  AddTerm(dimension.label, link);
  AddTerm(dimension.name, link);
  for (const std::string& synonym : dimension.synonyms) AddTerm(synonym, link);
  if (dimension.type != semantic::DimensionType::kTime) AddBareNames(entity, dimension, link);
  if (!dimension.role.empty() && dimension.type == semantic::DimensionType::kTime) {
    link.verb = true;
    AddTerm(dimension.role, link);
  }
  const std::vector<std::string> role_words = RoleWords(dimension.name);
  const bool has_other_end = std::ranges::any_of(entity.dimensions, [&](const Dimension& other) {
    const auto words =
        other.type == semantic::DimensionType::kTime ? std::vector<std::string>{} : RoleWords(other.name);
    return !words.empty() && words != role_words;
  });
  if (dimension.type != semantic::DimensionType::kTime && has_other_end) {
    Link role{.kind = LinkKind::kRole, .field = {entity.name, dimension.name}, .shown = dimension.label};
    for (const std::string& word : role_words) AddTerm(word, role);
  }
  for (const semantic::NamedValue& value : dimension.values) {
    Link named{.kind = LinkKind::kValue,
               .field = {entity.name, dimension.name},
               .value = value.value,
               .shown = value.label.empty() ? value.value : value.label};
    if (dimension.value_type == semantic::ValueType::kBoolean) named.value = EqualsIgnoringCase(value.value, "true");
    AddTerm(value.value, named);
    if (!value.label.empty()) AddTerm(value.label, named);
    for (const std::string& synonym : value.synonyms) AddTerm(synonym, named);
  }
}

/// "by account executive": what a join calls the one it leads to, where that is another word than the entity's own.
void Linker::AddRoleNouns(const semantic::Join& join) {
  const Entity* target = semantic::FindEntity(model_, join.to);
  const Dimension* label = target == nullptr ? nullptr : semantic::LabelDimension(*target);
  if (label == nullptr || label->hidden) return;
  const Link link{.kind = LinkKind::kDimension,
                  .field = {target->name, label->name, {join.name}},
                  .shown = join.label,
                  .cost = 0.02};
  std::vector<std::string> names{join.label, join.name};
  names.insert(names.end(), join.synonyms.begin(), join.synonyms.end());
  for (const std::string& name : names) {
    const auto words = TokenizeName(name);
    static constexpr std::string_view kNoNouns[] = {"of", "by", "at", "in", "to", "from", "for", "is", "on", "with"};
    const auto says_how = [&](const Token& token) {
      return std::ranges::find(kNoNouns, token.word) != std::end(kNoNouns) || token.word.ends_with("ed");
    };
    if (std::ranges::any_of(words, says_how) || !RoleWords(name).empty() || HasTerm(name, true)) continue;
    AddTerm(name, link);
  }
}

void Linker::AddJoins() {
  for (const semantic::Join& join : model_.joins) AddRoleNouns(join);
  for (const semantic::Join& join : model_.joins) {
    // A role is worth a word only where more than one join leads to the same entity.
    const auto rivals = std::count_if(model_.joins.begin(), model_.joins.end(), [&](const semantic::Join& other) {
      return EqualsIgnoringCase(other.to, join.to) && EqualsIgnoringCase(other.from, join.from);
    });
    if (rivals < 2) continue;
    const bool says_entity = EqualsIgnoringCase(join.name, join.to);
    if (says_entity) continue;
    Link link{.kind = LinkKind::kRole, .name = join.name, .shown = join.label};
    AddTerm(join.label, link);
    AddTerm(join.name, link);
    for (const std::string& synonym : join.synonyms) AddTerm(synonym, link);
    for (const std::string& word : RoleWords(join.name)) AddTerm(word, link);
    // "destination_airport" to airports: "destination" alone tells the end, too.
    const auto words = TokenizeName(join.name);
    const std::string target = Singular(TokenizeName(join.to).back().word);
    if (words.size() == 2 && Singular(words[1].word) == target) AddTerm(words[0].word, link);
  }
}

void Linker::AddTerm(std::string_view text, const Link& link) {
  Term term{.link = link};
  for (const Token& token : TokenizeName(text)) {
    if (token.kind == TokenKind::kSymbol && token.word != "%") continue;
    for (const Token& word : token.kind == TokenKind::kQuoted ? TokenizeName(token.text) : std::vector{token}) {
      // "hours to the first reply" is called "hours to first reply", too.
      if (!term.words.empty() && IsArticle(word.word) && link.kind != LinkKind::kValue) continue;
      term.words.push_back(word.word);
      term.singular.push_back(Singular(word.word));
      term.stems.push_back(Stem(word.word));
    }
  }
  if (term.words.empty()) return;
  for (const Term& other : terms_) {
    // Verbs are known in each of their forms: "sold" is no other spelling of "sell".
    const bool alike = link.verb && !link.event ? other.words == term.words : other.singular == term.singular;
    if (alike && other.link.kind == link.kind && other.link.verb == link.verb && other.link.name == link.name &&
        other.link.field == link.field && other.link.value == link.value) {
      return;
    }
  }
  Keep(std::move(term));
}

void Linker::Keep(Term term) {
  known_.insert(term.singular.begin(), term.singular.end());
  terms_.push_back(std::move(term));
}

bool Linker::Knows(std::string_view word) const { return known_.contains(Singular(word)); }

std::vector<std::string> Linker::Nearest(std::string_view word, size_t limit) const {
  std::vector<std::pair<double, std::string>> scored;
  for (const Term& term : terms_) {
    if (term.link.kind == LinkKind::kRole) continue;
    for (const std::string& part : term.words) {
      if (const auto cost = TypoCost(word, part)) scored.emplace_back(*cost, term.link.shown);
    }
  }
  std::sort(scored.begin(), scored.end());
  std::vector<std::string> names;
  for (const auto& [cost, name] : scored) {
    if (names.size() < limit && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

void Linker::Match(std::span<const Token> tokens, size_t at, const Term& term, std::vector<Link>& found) const {
  if (term.base && !AllowsBase(tokens, at)) return;
  if (term.link.kind == LinkKind::kValue && term.words.size() == 1 && IsCodeLikeAWord(tokens[at], term.words[0]))
    return;
  size_t position = at;
  double cost = 0;
  bool by_stem = false;
  std::string typos;
  for (size_t i = 0; i < term.words.size(); ++i, ++position) {
    if (i > 0 && position < tokens.size() && tokens[position].word == "-") ++position;
    const bool ampersand = i > 0 && position < tokens.size() && tokens[position].word == "&";
    if (ampersand && term.words[i] == "and") continue;  // "click & collect"
    if (ampersand) ++position;
    const bool article = i > 0 && position < tokens.size() && IsArticle(tokens[position].word);
    if (article && !IsArticle(term.words[i])) ++position;  // "cost of a visit" is "cost of visit"
    const bool copula = i > 0 && position < tokens.size() && term.link.kind == LinkKind::kMetric &&
                        (tokens[position].word == "are" || tokens[position].word == "were");
    if (copula && tokens[position].word != term.words[i]) ++position;  // "how many bikes are available"
    if (position >= tokens.size() || tokens[position].kind == TokenKind::kSymbol) return;
    const Token& token = tokens[position];
    if (token.kind == TokenKind::kQuoted && !(term.words.size() == 1 && term.link.kind == LinkKind::kValue)) return;
    if (i > 0 && IsArticle(token.word) && IsArticle(term.words[i])) continue;
    const bool sibilant = token.word.ends_with("s") || term.words[i].ends_with("s");
    const bool is_state = term.link.kind == LinkKind::kValue && !sibilant;  // "sell" is not to be sold.
    const bool inflects = (!term.link.verb || term.link.event) && !is_state;
    if (token.word == term.words[i] || (inflects && Singular(token.word) == term.singular[i])) continue;
    if (term.link.event && token.word == term.words[i] + "s") continue;  // "ups"
    if (term.link.kind == LinkKind::kRole || token.kind != TokenKind::kWord) return;
    if (term.link.kind == LinkKind::kEntity && term.link.verb) return;  // All its forms are terms of their own.
    if (token.word.size() >= 5 && Stem(token.word) == term.stems[i]) {
      const bool verb_form = token.word.ends_with("ed") || token.word.ends_with("ing") ||
                             Singular(token.word) != token.word || term.words[i].ends_with("ed");
      const bool inflected = token.word.ends_with("ed") || token.word.ends_with("ing");
      if (term.link.verb && !inflected && !AsksWhatWasDone(tokens.first(at))) return;
      if (verb_form) {
        cost += term.link.verb ? 0 : 0.12;
        by_stem = true;
        continue;
      }
    }
    const bool of_several =
        term.words.size() > 1 && token.word.size() >= 8;  // "cancelation rate", whatever else is called so
    const bool misspelt = !IsCommonWord(token.word) && !IsFiller(token.word) && (of_several || !Knows(token.word));
    auto typo = misspelt ? TypoCost(token.word, term.words[i]) : std::nullopt;
    if (misspelt && !typo) typo = TypoCost(Singular(token.word), term.singular[i]);
    if (!typo) return;
    cost += *typo;
    typos += fmt::format("{}“{}” is read as {}", typos.empty() ? "" : ", ", token.text, term.words[i]);
  }
  Link link = term.link;
  link.begin = at;
  link.end = position;
  link.cost += cost;
  // What is named by several words is not what its parts might be.
  if (link.cost == 0 && term.words.size() > 1)
    link.cost = -kLongNameBonus * std::min<double>(2, term.words.size() - 1.0);
  if (link.note.empty() || !typos.empty()) link.note = typos;
  else link.note = fmt::format("“{}” is read as {}", JoinWords(tokens.subspan(at, position - at)), link.shown);
  link.verb = link.verb || by_stem;
  const std::string& last = tokens[position - 1].word;
  link.plural = IsPlural(last) || last == "people" || (link.event && last == term.words.back() + "s");
  found.push_back(std::move(link));
}

void Linker::FindValues(std::span<const Token> tokens, size_t at, std::vector<Link>& found) const {
  if (values_ == nullptr) return;
  const size_t longest = std::min(values_->WordsMax(), tokens.size() - at);
  for (size_t length = longest; length >= 1; --length) {
    for (const ValueMatch& match : values_->Find(tokens.subspan(at, length))) {
      if (match.guessed && length == 1 && Knows(tokens[at].word)) continue;
      Link link{.begin = at,
                .end = at + length,
                .kind = LinkKind::kValue,
                .field = match.field,
                .value = match.value,
                .shown = match.shown,
                .cost = match.cost};
      const std::string& last = tokens[at + length - 1].word;
      link.plural = Singular(last) != last && !Fold(match.shown).ends_with(last);
      if (match.guessed)
        link.note = fmt::format("“{}” is read as {}", JoinWords(tokens.subspan(at, length)), match.shown);
      found.push_back(std::move(link));
    }
  }
}

/// Adds links of two parts: "customer country", "country of the customer", "destination airport", "origin city".
void Linker::Qualify(std::span<const Token> tokens, std::vector<Link>& found) const {
  std::vector<Link> made;
  const auto combine = [&](const Link& qualifier, const Link& head, size_t begin, size_t end) {
    Link link = head;
    link.begin = begin;
    link.end = end;
    link.cost = qualifier.cost + head.cost - 0.02;
    if (!qualifier.note.empty()) link.note = qualifier.note + (head.note.empty() ? "" : ", " + head.note);
    if (qualifier.kind == LinkKind::kRole &&
        qualifier.name.empty()) {  // A dimension such as flights.origin: "from JFK".
      if (head.kind != LinkKind::kValue || head.field != qualifier.field) return;
    } else if (qualifier.kind == LinkKind::kRole) {
      const semantic::Join* join = semantic::FindJoin(model_, qualifier.name);
      if (join == nullptr) return;
      const std::string entity = head.kind == LinkKind::kEntity ? head.name : head.field.entity;
      if (ToOnePaths(model_, join->to, entity).empty()) return;
      if (head.kind == LinkKind::kEntity) {
        const Entity* target = semantic::FindEntity(model_, head.name);
        const Dimension* label = target == nullptr ? nullptr : semantic::LabelDimension(*target);
        if (label == nullptr) return;
        link.kind = LinkKind::kDimension;
        link.field = {target->name, label->name};
      }
      link.field.via = {join->name};
      if (!EqualsIgnoringCase(entity, join->to))
        link.cost += 0.06;  // "sold by Berg" is Berg's, and not of Berg's team.
      link.shown = join->label + " " + head.shown;
    } else if (qualifier.name != head.field.entity || head.kind != LinkKind::kDimension) {
      const bool has_own = std::ranges::any_of(found, [&](const Link& own) {  // "department of the course" is its own.
        return own.kind == LinkKind::kDimension && own.begin == head.begin && own.end == head.end &&
               own.field.entity == qualifier.name && own.field.via.empty();
      });
      if (has_own) return;
      if (!QualifyByEntity(model_, qualifier, head, link)) return;
    }
    made.push_back(std::move(link));
  };
  const auto is_head = [](const Link& link) {
    return link.kind == LinkKind::kDimension || link.kind == LinkKind::kEntity || link.kind == LinkKind::kValue;
  };
  for (const Link& first : found) {
    for (const Link& second : found) {
      const bool first_qualifies = first.kind == LinkKind::kRole || (first.kind == LinkKind::kEntity && !first.verb);
      size_t gap = first.end;
      while (gap < second.begin && (tokens[gap].word == "the" || tokens[gap].word == "a")) ++gap;
      if (first_qualifies && is_head(second) && gap == second.begin && !second.verb)
        combine(first, second, first.begin, second.end);
      Link whose = second;  // "specialty of the referrer", "type of the payer"
      const bool of_role = second.kind == LinkKind::kDimension && second.field.via.size() == 1 && !second.verb;
      if (of_role)
        whose = {.kind = LinkKind::kRole, .name = second.field.via[0], .cost = second.cost, .note = second.note};
      const bool is_role = whose.kind == LinkKind::kRole && !whose.name.empty() && first.field.via.empty();
      if (first.kind != LinkKind::kDimension || (second.kind != LinkKind::kEntity && !is_role) || first.verb) continue;
      size_t next = first.end;
      const bool counts = first.end == first.begin + 1 && tokens[first.begin].word == "number" && second.plural;
      if (counts) continue;  // "number of claims" is no number that a claim has.
      if (next < tokens.size() && tokens[next].word == "of") {
        ++next;
        while (next < tokens.size() && (tokens[next].word == "the" || tokens[next].word == "a")) ++next;
        if (next == second.begin) combine(whose, first, first.begin, second.end);
      }
    }
  }
  found.insert(found.end(), made.begin(), made.end());
}

/// "adjuster" where claims have one is whom they have, and not which employees are such; nor are words inside a longer
/// name values by themselves ("annual premium").
void Linker::PreferRoles(std::vector<Link>& found) const {
  constexpr double kInsideCost = 0.15;
  for (Link& value : found) {
    if (value.kind != LinkKind::kValue) continue;
    const bool inside = std::ranges::any_of(found, [&](const Link& other) {
      const bool covers = other.begin <= value.begin && other.end >= value.end && !other.verb && other.note.empty();
      const bool longer = other.end - other.begin > value.end - value.begin;
      const bool is_name = other.kind == LinkKind::kMetric || other.kind == LinkKind::kDimension;
      const bool role = other.kind == LinkKind::kDimension && !other.field.via.empty() && other.begin == value.begin &&
                        other.end == value.end && other.field.entity == value.field.entity;
      const bool parts = std::ranges::any_of(found, [&](const Link& noun) {  // "defaulted loans" are also loans.
        return noun.kind == LinkKind::kEntity && !noun.verb && noun.plural && noun.begin == value.end &&
               noun.end == other.end;
      });
      return covers && ((longer && is_name && !parts) || role);
    });
    if (inside) value.cost += kInsideCost;
  }
}

std::vector<Link> Linker::Find(std::span<const Token> tokens) const {
  std::vector<Link> found;
  for (size_t at = 0; at < tokens.size(); ++at) {
    for (const Term& term : terms_) Match(tokens, at, term, found);
    FindValues(tokens, at, found);
  }
  // A misspelling is no reading of words that mean something as they stand.
  std::erase_if(found, [&](const Link& link) {
    return !link.note.empty() && std::any_of(found.begin(), found.end(), [&](const Link& other) {
      const bool is_role = other.kind == LinkKind::kRole && other.end - other.begin < 2;  // Not "brought back to".
      return other.note.empty() && other.begin <= link.begin && other.end >= link.end && !is_role;
    });
  });
  // Values that the model names and the index also holds are one.
  std::vector<Link> kept;
  for (Link& link : found) {
    const auto same = std::find_if(kept.begin(), kept.end(), [&](const Link& other) {
      return other.begin == link.begin && other.end == link.end && other.kind == link.kind && other.name == link.name &&
             other.verb == link.verb && other.field == link.field && other.value == link.value;
    });
    if (same == kept.end()) kept.push_back(std::move(link));
    else if (link.cost < same->cost) *same = std::move(link);
  }
  PreferRoles(kept);
  Qualify(tokens, kept);
  if (similarity_) {
    for (Link& link : kept) {  // At most 0.02: less than any other difference.
      const double likeness = similarity_(JoinWords(tokens.subspan(link.begin, link.end - link.begin)), link.shown);
      link.cost += 0.01 * (1 - std::clamp(likeness, -1.0, 1.0));
    }
  }
  std::stable_sort(kept.begin(), kept.end(),
                   [](const Link& a, const Link& b) { return a.begin != b.begin ? a.begin < b.begin : a.end > b.end; });
  return kept;
}

}  // namespace neurolake::ask
