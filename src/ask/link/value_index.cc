#include "ask/link/value_index.h"

#include <set>
#include <unordered_map>

#include "ask/language/words.h"
#include "ask/link/internal/name_words.h"

namespace neurolake::ask {
namespace {

constexpr size_t kSharedPrefixMax = 4;  ///< More values than this that begin alike: the beginning names none.

bool IsLegalForm(std::string_view word) {
  static constexpr std::string_view kForms[] = {
      "inc", "inc.", "co",  "co.",     "corp",        "corp.",        "ltd",     "ltd.", "llc", "gmbh",
      "ag",  "sa",   "plc", "company", "corporation", "incorporated", "limited", "kg",   "bv",  "se"};
  return std::find(std::begin(kForms), std::end(kForms), word) != std::end(kForms);
}

std::set<std::string> Trigrams(std::string_view text) {
  const std::string padded = "  " + std::string(text) + " ";
  std::set<std::string> grams;
  for (size_t i = 0; i + 3 <= padded.size(); ++i) grams.insert(padded.substr(i, 3));
  return grams;
}

class MemoryValueIndex final : public ValueIndex {
 public:
  explicit MemoryValueIndex(std::vector<IndexedValue> values) : values_(std::move(values)) {
    for (uint32_t id = 0; id < values_.size(); ++id) {
      AddName(id, values_[id].shown);
      for (const std::string& synonym : values_[id].synonyms) AddName(id, synonym);
    }
  }

  std::vector<ValueMatch> Find(std::span<const Token> words) const override {
    std::vector<ValueMatch> found;
    if (words.empty() || words.size() > words_max_) return found;
    std::vector<std::string> typed;
    for (const Token& token : words) {
      if (token.kind == TokenKind::kSymbol && token.word != "&" && token.word != "/" && token.word != "-" &&
          token.word != "#")
        return found;
      for (std::string& word : token.kind == TokenKind::kQuoted ? WordsOf(token.text) : std::vector{token.word}) {
        if (token.kind != TokenKind::kSymbol) typed.push_back(std::move(word));
      }
    }
    const std::string key = Join(typed);
    Look(exact_, key, 0, false, words, found);
    if (!found.empty()) return found;
    if (std::string one = Singular(typed.empty() ? "" : typed.back()); !typed.empty() && one != typed.back()) {
      std::vector<std::string> singular = typed;  // "card payments"
      singular.back() = std::move(one);
      Look(exact_, Join(singular), 0.02, false, words, found);
      if (!found.empty()) return found;
    }
    if (words.size() == 1 && words[0].kind == TokenKind::kQuoted) return found;  // Quoted means as written.
    Look(initials_, key, 0.35, true, words, found);
    if (const auto begin = beginnings_.find(key); begin != beginnings_.end() && Distinctive(typed)) {
      std::set<uint32_t> ids(begin->second.begin(), begin->second.end());
      if (ids.size() <= kSharedPrefixMax) {
        for (const uint32_t id : ids) Add(id, ids.size() == 1 ? 0.15 : 0.4, true, found);
      }
    }
    if (found.empty() && key.size() >= 5 && Distinctive(typed)) Misspelt(key, found);
    return found;
  }

  std::vector<std::string> Nearest(std::span<const Token> words, size_t limit) const override {
    const auto grams = Trigrams(JoinWords(words));
    std::vector<std::pair<double, std::string>> scored;
    for (const auto& [id, shared] : Shared(grams)) {
      const double size = static_cast<double>(Trigrams(Fold(values_[id].shown)).size() + grams.size());
      const double likeness = 2.0 * static_cast<double>(shared) / size;
      if (likeness >= 0.3) scored.emplace_back(-likeness, values_[id].shown);
    }
    std::sort(scored.begin(), scored.end());
    std::vector<std::string> names;
    for (const auto& [score, name] : scored) {
      if (names.size() < limit && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
    return names;
  }

  size_t WordsMax() const override { return words_max_; }

 private:
  using Ids = std::unordered_map<std::string, std::vector<uint32_t>>;

  void AddName(uint32_t id, std::string_view name) {
    auto words = WordsOf(name);
    if (words.empty()) return;
    words_max_ = std::max(words_max_, std::min<size_t>(2 * words.size(), 12));  // With symbols between.
    const std::string key = Join(words);
    exact_[key].push_back(id);
    for (const std::string& gram : Trigrams(key)) trigrams_[gram].push_back(id);
    names_[id].push_back(key);
    const size_t before = words.size();
    while (words.size() > 1 && IsLegalForm(words.back())) words.pop_back();
    if (words.size() != before) exact_[Join(words)].push_back(id);
    for (size_t n = 1; n < words.size(); ++n) beginnings_[Join(std::span(words).first(n))].push_back(id);
    if (words.size() >= 3) {
      std::string initials;
      for (const std::string& word : words) initials += word[0];
      initials_[initials].push_back(id);
    }
  }

  /// Whether one may guess by these words: none is a filler or a common word of a few letters.
  static bool Distinctive(const std::vector<std::string>& words) {
    for (const std::string& word : words) {
      if (word.size() >= 4 && !IsFiller(word) && !IsCommonWord(word)) return true;
    }
    return false;
  }

  /// A word of English that is also a code ("OR", "IN", "ME") is the code only in capitals.
  bool Plausible(uint32_t id, std::span<const Token> words) const {
    if (words.size() != 1 || words[0].kind == TokenKind::kQuoted) return true;
    const std::string& text = words[0].text;
    const bool risky = text.size() <= 3 && words[0].word.find_first_of("0123456789") == std::string::npos;
    return !risky || text == values_[id].shown || !(IsFiller(words[0].word) || IsShortWord(words[0].word));
  }

  static bool IsShortWord(std::string_view word) {
    static constexpr std::string_view kWords[] = {"or",  "no",  "not", "any", "by",  "as",  "all", "how", "per",
                                                  "day", "now", "one", "two", "six", "ten", "max", "min", "sum",
                                                  "avg", "top", "new", "off", "out", "up",  "if",  "he",  "she",
                                                  "am",  "pm",  "al",  "de",  "id",  "go",  "may", "mar"};
    return std::find(std::begin(kWords), std::end(kWords), word) != std::end(kWords);
  }

  void Add(uint32_t id, double cost, bool guessed, std::vector<ValueMatch>& found) const {
    const IndexedValue& value = values_[id];
    for (const ValueMatch& match : found) {
      if (match.field == value.field && match.value == value.value) return;
    }
    found.push_back({value.field, value.value, value.shown, cost, guessed});
  }

  void Look(const Ids& ids, const std::string& key, double cost, bool guessed, std::span<const Token> words,
            std::vector<ValueMatch>& found) const {
    const auto entry = ids.find(key);
    if (entry == ids.end()) return;
    for (const uint32_t id : entry->second) {
      if (Plausible(id, words)) Add(id, cost, guessed, found);
    }
  }

  std::unordered_map<uint32_t, size_t> Shared(const std::set<std::string>& grams) const {
    std::unordered_map<uint32_t, size_t> shared;
    for (const std::string& gram : grams) {
      if (const auto entry = trigrams_.find(gram); entry != trigrams_.end()) {
        for (const uint32_t id : entry->second) ++shared[id];
      }
    }
    return shared;
  }

  /// "percent of" is no slip of "percent off": small words are written as they are meant.
  static bool IsSlip(std::string_view typed, std::string_view name) {
    while (!typed.empty() && !name.empty()) {
      const size_t typed_end = std::min(typed.find(' '), typed.size()),
                   name_end = std::min(name.find(' '), name.size());
      const std::string_view word = typed.substr(0, typed_end);
      if (word != name.substr(0, name_end) && (word.size() < 4 || IsFiller(word))) return false;
      typed.remove_prefix(std::min(typed_end + 1, typed.size()));
      name.remove_prefix(std::min(name_end + 1, name.size()));
    }
    return true;
  }

  void Misspelt(const std::string& key, std::vector<ValueMatch>& found) const {
    const auto grams = Trigrams(key);
    std::vector<std::pair<double, uint32_t>> candidates;
    for (const auto& [id, shared] : Shared(grams)) {
      if (shared * 3 < grams.size()) continue;
      for (const std::string& name : names_.at(id)) {
        if (const auto cost = IsSlip(key, name) ? TypoCost(key, name) : std::nullopt)
          candidates.emplace_back(*cost, id);
      }
    }
    std::sort(candidates.begin(), candidates.end());
    for (const auto& [cost, id] : candidates) {
      if (cost <= candidates.front().first + 1e-9) Add(id, cost, true, found);
    }
    if (found.size() > kSharedPrefixMax) found.clear();
  }

  std::vector<IndexedValue> values_;
  Ids exact_, initials_, beginnings_, trigrams_;
  std::unordered_map<uint32_t, std::vector<std::string>> names_;
  size_t words_max_ = 1;
};

}  // namespace

std::unique_ptr<const ValueIndex> NewMemoryValueIndex(std::vector<IndexedValue> values) {
  return std::make_unique<MemoryValueIndex>(std::move(values));
}

}  // namespace neurolake::ask
