#pragma once
#include <span>
#include <string_view>

#include "privacy/detector/entities.h"

namespace neurolake::privacy {

/// What may stand beside a match.
enum class Edges : uint8_t {
  kWord,  ///< No letter, digit or underscore, and no separator that joins it to more of the same. Such a form has a
          ///< digit.
  kFree,  ///< Anything: the pattern says itself where it begins and ends.
};

/// One form of an entity. Weights are natural log-odds, so that evidence adds up (docs/privacy.md, "How sure").
struct Pattern {
  Entity entity;
  /// RE2's syntax for forms with kWord edges, vectorscan's for the others; neither has look-around.
  const char* regex;
  /// How likely text of this form is the entity when nothing else speaks for it.
  double prior;
  /// A text that fails it is not the entity. Null where the issuer built in nothing.
  bool (*check)(std::string_view text) = nullptr;
  /// Share of random texts of this form that pass `check`; a test measures it. 1 if passing proves nothing.
  double base_rate = 1;
  /// Whether passing in one row of a column says nothing about the next by chance: true of check digits, false of
  /// ranges and dates, which whole columns of other things satisfy.
  bool independent = true;
  Edges edges = Edges::kWord;
  bool any_case = false;
  /// Widens a match to the text it stands in before it is checked; for what may be long. See internal/growth.h.
  void (*grow)(std::string_view text, size_t& begin, size_t& end) = nullptr;
};

/// All forms of all entities that have one; persons, places and organisations come from the gazetteer.
std::span<const Pattern> Patterns();

/// Words, in the languages concerned, that are written near an entity or name its column; lower case, letters folded to
/// ASCII where they can be. May be empty.
std::span<const std::string_view> ContextWords(Entity entity);

}  // namespace neurolake::privacy
