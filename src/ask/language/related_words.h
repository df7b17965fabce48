#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace neurolake::ask {

/// What English says with another word of the same kind of thing: the verbs of a noun, the measure of an adjective, the
/// noun of a verb. Knows no model; whoever uses it looks whether the model has such a thing.

/// Verbs that say no more than that the thing came to be: orders are "placed", loans are "taken out". Folded, in all
/// their forms, some of two words; empty if none are known. `noun` is singular and folded.
std::span<const std::string_view> VerbsOf(std::string_view noun);

/// A superlative or its adjective behind "most" and "least".
struct MeasuredBy {
  std::string_view word;                    ///< "cheapest", "expensive" (behind most or least).
  bool large = true;                        ///< Which end is meant: the cheapest has the smallest price.
  bool of_times = false;                    ///< The latest, the newest: by time.
  std::span<const std::string_view> nouns;  ///< Singular words, one of which the measure's name has; best first.
};

/// The superlative that `word` is ("cheapest", "oldest"); null if it is none, or says nothing of what is measured.
const MeasuredBy* SuperlativeOf(std::string_view word);
/// The participle behind a superlative that says what is measured: "highest paid", "best rated". Null: it is none.
const MeasuredBy* ParticipleOf(std::string_view word);
/// The adjective that stands behind "most" or "least": "expensive", "recent". Null: it is none.
const MeasuredBy* GradableOf(std::string_view word);

/// Nouns that people use for the same thing in business: "client" of "customer". Singular, with the noun itself.
std::span<const std::string_view> AlikeNouns(std::string_view noun);

/// What an event is called whose verb or date is `words`: "hire" of hired, "sign up" of signed up, "cancellation" of
/// cancelled. Singular; the first is the likeliest.
std::vector<std::string> EventNouns(std::string_view words);

}  // namespace neurolake::ask
