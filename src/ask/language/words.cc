#include "ask/language/words.h"

#include <array>
#include <unordered_map>
#include <unordered_set>

namespace neurolake::ask {
namespace {

using WordMap = std::unordered_map<std::string_view, std::string_view>;
using WordSet = std::unordered_set<std::string_view>;

const WordMap& Irregular() {
  static const WordMap kWords{{"people", "person"},      {"persons", "person"},    {"men", "man"},
                              {"women", "woman"},        {"children", "child"},    {"feet", "foot"},
                              {"data", "data"},          {"media", "media"},       {"indices", "index"},
                              {"criteria", "criterion"}, {"analyses", "analysis"}, {"diagnoses", "diagnosis"},
                              {"crises", "crisis"},      {"theses", "thesis"},     {"hypotheses", "hypothesis"},
                              {"movies", "movie"},       {"cookies", "cookie"},    {"series", "series"},
                              {"species", "species"},    {"news", "news"},         {"halves", "half"},
                              {"leaves", "leave"},       {"buses", "bus"},         {"gases", "gas"},
                              {"taxis", "taxi"},         {"statuses", "status"},   {"sales", "sale"},
                              {"bought", "buy"},         {"sold", "sell"},         {"paid", "pay"},
                              {"flew", "fly"},           {"flown", "fly"},         {"spent", "spend"},
                              {"geese", "goose"},        {"mice", "mouse"},        {"heroes", "hero"},
                              {"axes", "axis"}};
  return kWords;
}

bool HasDigit(std::string_view word) { return word.find_first_of("0123456789") != std::string_view::npos; }
bool IsVowel(char c) { return std::string_view("aeiou").find(c) != std::string_view::npos; }

/// Keys next to each other on a QWERTY keyboard; QWERTZ and AZERTY differ in few.
bool Neighbours(char a, char b) {
  static constexpr std::array<std::string_view, 3> kRows{"qwertyuiop", "asdfghjkl", "zxcvbnm"};
  const auto place = [](char c) -> std::pair<int, int> {
    for (int row = 0; row < 3; ++row) {
      const size_t column = kRows[static_cast<size_t>(row)].find(c);
      if (column != std::string_view::npos) return {row, static_cast<int>(column)};
    }
    return {-9, -9};
  };
  const auto [row_a, column_a] = place(a);
  const auto [row_b, column_b] = place(b);
  if (row_a < 0 || row_b < 0) return false;
  const int down = row_b - row_a;
  const int across = column_b - column_a;
  return (down == 0 && std::abs(across) == 1) || (down == 1 && (across == 0 || across == -1)) ||
         (down == -1 && (across == 0 || across == 1));
}

/// What it costs to type `b` where `a` was meant: 1 for a likely slip, 3 (too much) for any other.
int SubstitutionSlips(char a, char b) {
  if (a == b) return 0;
  static constexpr std::array<std::string_view, 6> kAlike{"cs", "ck", "sz", "iy", "mn", "gj"};  // To the ear.
  const auto alike = [&](std::string_view pair) { return pair.contains(a) && pair.contains(b); };
  const bool sounds = std::find_if(kAlike.begin(), kAlike.end(), alike) != kAlike.end();
  return Neighbours(a, b) || (IsVowel(a) && IsVowel(b)) || sounds ? 1 : 3;
}

/// Optimal string alignment distance with the weights above; both short.
int Slips(std::string_view a, std::string_view b) {
  constexpr size_t kMax = 40;
  if (a.size() >= kMax || b.size() >= kMax) return 99;
  std::array<std::array<int, kMax>, kMax> d{};
  for (size_t i = 0; i <= a.size(); ++i) d[i][0] = static_cast<int>(i);
  for (size_t j = 0; j <= b.size(); ++j) d[0][j] = static_cast<int>(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + SubstitutionSlips(a[i - 1], b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::string Singular(std::string_view word) {
  if (const auto found = Irregular().find(word); found != Irregular().end()) return std::string(found->second);
  if (word.size() <= 3 || HasDigit(word) || !word.ends_with('s')) return std::string(word);
  for (const std::string_view kept : {"ss", "us", "is"}) {
    if (word.ends_with(kept)) return std::string(word);
  }
  if (word.ends_with("ies") && word.size() > 4) return std::string(word.substr(0, word.size() - 3)) + "y";
  for (const std::string_view ending : {"sses", "shes", "ches", "xes", "zzes"}) {
    if (word.ends_with(ending)) return std::string(word.substr(0, word.size() - 2));
  }
  return std::string(word.substr(0, word.size() - 1));
}

std::string Stem(std::string_view word) {
  std::string stem = Singular(word);
  if (HasDigit(stem)) return stem;
  for (const std::string_view ending : {"ing", "ed"}) {
    if (!stem.ends_with(ending) || stem.size() < ending.size() + 4) continue;
    stem.resize(stem.size() - ending.size());
    const size_t n = stem.size();
    if (stem[n - 1] == stem[n - 2] && !IsVowel(stem[n - 1]) && stem[n - 1] != 'l' && stem[n - 1] != 's')
      stem.pop_back();
    break;
  }
  if (stem.size() > 4 && stem.ends_with('e')) stem.pop_back();
  if (stem.size() > 4 && stem.ends_with('y')) stem.back() = 'i';
  return stem;
}

bool IsFiller(std::string_view word) {
  static const WordSet kWords{
      "the",   "a",       "an",     "please", "me",    "us",   "our",     "we",      "i",      "you",         "your",
      "can",   "could",   "want",   "need",   "like",  "know", "just",    "also",    "there",  "of",          "is",
      "are",   "was",     "were",   "be",     "been",  "do",   "does",    "did",     "has",    "have",        "had",
      "their", "its",     "that",   "which",  "what",  "who",  "in",      "for",     "at",     "to",          "so",
      "then",  "ok",      "okay",   "hi",     "hello", "hey",  "thanks",  "thank",   "kindly", "quick",       "quickly",
      "thx",   "overall", "der",    "die",    "das",   "den",  "dem",     "des",     "ein",    "eine",        "einen",
      "bitte", "mir",     "uns",    "wir",    "ist",   "sind", "waren",   "le",      "la",     "les",         "du",
      "un",    "une",     "est",    "et",     "und",   "and",  ",",       ".",       "?",      "!",           ";",
      ":",     "on",      "with",   "pls",    "plz",   "data", "figures", "numbers", "info",   "information", "see",
      "get",   "from",    "during", "having"};
  return kWords.contains(word);
}

std::optional<double> TypoCost(std::string_view typed, std::string_view known) {
  if (typed == known) return 0;
  if (HasDigit(typed) || HasDigit(known) || known.size() < 5 || typed.size() < 4) return std::nullopt;
  const size_t gap = typed.size() > known.size() ? typed.size() - known.size() : known.size() - typed.size();
  const int slips_max = known.size() >= 8 && typed.size() >= 7 ? 2 : 1;
  if (gap > static_cast<size_t>(slips_max)) return std::nullopt;
  const bool swapped_start = typed[0] == known[1] && typed[1] == known[0];
  if (typed[0] != known[0] && !swapped_start) return std::nullopt;
  const int slips = Slips(typed, known);
  if (slips > slips_max) return std::nullopt;
  return 0.08 + 0.14 * slips - (known.size() >= 8 ? 0.03 : 0.0);
}

}  // namespace neurolake::ask
