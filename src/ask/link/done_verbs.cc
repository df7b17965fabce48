#include "ask/language/words.h"
#include "ask/link/internal/name_words.h"
#include "ask/link/linker.h"
#include "common/text.h"

namespace neurolake::ask {
namespace {

using semantic::Dimension;
using semantic::DimensionType;
using semantic::Entity;

constexpr double kOtherVerbCost = 0.06;

struct Forms {
  std::string_view done;   ///< As models call the time: "left".
  std::string_view base;   ///< "leave".
  std::string_view third;  ///< "leaves".
  std::string_view going;  ///< "leaving".
};
constexpr Forms kIrregular[] = {{"left", "leave", "leaves", "leaving"},
                                {"paid", "pay", "pays", "paying"},
                                {"sent", "send", "sends", "sending"},
                                {"sold", "sell", "sells", "selling"},
                                {"began", "begin", "begins", "beginning"},
                                {"begun", "begin", "begins", "beginning"},
                                {"went", "go", "goes", "going"},
                                {"seen", "see", "sees", "seeing"},
                                {"bought", "buy", "buys", "buying"},
                                {"built", "build", "builds", "building"},
                                {"written", "write", "writes", "writing"},
                                {"quit", "quit", "quits", "quitting"},
                                {"taken", "take", "takes", "taking"},
                                {"begins", "begin", "begins", "beginning"},
                                {"shipped", "ship", "ships", "shipping"},
                                {"stopped", "stop", "stops", "stopping"},
                                {"dropped", "drop", "drops", "dropping"},
                                {"planned", "plan", "plans", "planning"},
                                {"departed", "depart", "departs", "departing"}};

/// Other verbs for what is done at a time, where the model gives that time no other and has no such word.
struct Alike {
  std::string_view done;  ///< Blanks around each.
  std::string_view verbs;
};
constexpr Alike kAlike[] = {
    {" left ", "departed quit resigned stopped ended"},
    {" ended terminated stopped ", "stopped finished left quit ended terminated"},
    {" hired employed ", "joined recruited started employed hired"},
    {" joined ", "started registered enrolled"},
    {" closed ", "resolved finished completed"},
    {" resolved ", "closed solved fixed settled"},
    {" shipped dispatched sent ", "shipped dispatched sent"},
    {" delivered ", "arrived"},
    {" expires expired ", "lapsed expired ended ends lapses"},
    {" opened created raised submitted filed reported received logged ",
     "opened created raised submitted filed reported logged lodged received"},
    {" built ", "constructed erected completed"},
    {" founded ", "established started"},
    {" published ", "released"},
    {" finished completed ", "finished completed ended"},
    {" started began ", "started began begun commenced"},
    {" invoiced issued billed ", "invoiced issued billed"},
    {" admitted ", "hospitalised hospitalized"},
    {" discharged ", "released"},
};

/// The word's own other forms: of "expires", expired, expiring, expire.
std::vector<std::string> FormsOf(std::string_view done, std::vector<std::string>& bases) {
  std::vector<std::string> forms;
  for (const Forms& entry : kIrregular) {
    if (entry.done != done) continue;
    bases = {std::string(entry.base), std::string(entry.third)};
    forms.emplace_back(entry.going);
    return forms;
  }
  std::string base(done);
  std::vector<std::string> stems;
  if (base.ends_with("ied")) stems = {base.substr(0, base.size() - 3) + "y"};
  else if (base.ends_with("ed")) stems = {base.substr(0, base.size() - 2), base.substr(0, base.size() - 1)};
  else if (base.ends_with("s") && !base.ends_with("ss")) stems = {base.substr(0, base.size() - 1)};
  else return forms;
  const bool is_present = !base.ends_with("ed");
  for (const std::string& stem : stems) {
    bases.push_back(stem);
    bases.push_back(stem + "s");
    forms.push_back((stem.ends_with("e") ? stem.substr(0, stem.size() - 1) : stem) + "ing");
    if (is_present) forms.push_back(stem.ends_with("e") ? stem + "d" : stem + "ed");
  }
  return forms;
}

}  // namespace

/// What is done at a time, in its other forms and by other words: contracts "expiring in May", staff that "quit".
void Linker::AddDoneVerbs() {
  struct Found {
    std::string word;
    Link link;
    bool base;
  };
  std::vector<Found> found;
  for (const Entity& entity : model_.entities) {
    for (const Dimension& dimension : entity.dimensions) {
      if (dimension.hidden || dimension.type != DimensionType::kTime || dimension.role.empty()) continue;
      const Link link{
          .kind = LinkKind::kDimension, .field = {entity.name, dimension.name}, .shown = dimension.label, .verb = true};
      const std::string role = Fold(dimension.role);
      std::vector<std::string> bases;
      for (std::string& form : FormsOf(role, bases)) found.push_back({std::move(form), link, false});
      for (std::string& base : bases) {
        if (base != role) found.push_back({std::move(base), link, true});
      }
      for (const Alike& entry : kAlike) {
        if (entry.done.find(" " + role + " ") == std::string_view::npos) continue;
        for (const std::string& verb : WordsOf(entry.verbs)) {
          if (verb == role) continue;
          Link other = link;
          other.cost = kOtherVerbCost;
          other.note = dimension.label;
          std::vector<std::string> other_bases;
          FormsOf(verb, other_bases);
          for (std::string& base : other_bases) {
            if (base != verb) found.push_back({std::move(base), other, true});
          }
          found.push_back({verb, std::move(other), false});
        }
      }
    }
  }
  const auto known = [&](const Found& one) {  // By any other name of the model the word is that.
    return std::ranges::any_of(terms_, [&](const Term& term) {
      const bool of_another = term.link.field.entity != one.link.field.entity && term.link.verb;
      const bool leads = term.words.size() > 1 && term.words[0] == one.word;  // "reports to" is whom one has.
      return !term.link.event && (leads || Join(term.words) == one.word) && !of_another;
    });
  };
  const auto shared = [&](const Found& one) {  // Two times of one thing that might be called so.
    return !one.link.note.empty() && std::ranges::any_of(found, [&](const Found& other) {
      return other.word == one.word && other.link.field != one.link.field &&
             other.link.field.entity == one.link.field.entity;
    });
  };
  std::vector<Found> kept;
  std::ranges::copy_if(found, std::back_inserter(kept), [&](const Found& one) { return !known(one) && !shared(one); });
  for (const Found& one : kept) {
    AddTerm(one.word, one.link);
    terms_.back().base = one.base && Join(terms_.back().words) == one.word;
  }
}

}  // namespace neurolake::ask
