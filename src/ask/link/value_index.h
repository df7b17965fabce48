#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ask/intent/intent.h"
#include "ask/language/token.h"

namespace neurolake::ask {

/// A value of a dimension that words of a question may mean.
struct ValueMatch {
  FieldRef field;
  Literal value;
  std::string shown;     ///< As the data or the model writes it.
  double cost = 0;       ///< 0: the same words, whatever case and accents.
  bool guessed = false;  ///< By abbreviation, part or likeness.
};

/// The values that words may mean. Whoever makes one fills it with what its principal may see under the row policies in
/// force and with nothing else, and drops it when those change: what is not in it can neither be found nor suggested.
class ValueIndex {
 public:
  virtual ~ValueIndex() = default;
  /// All readings of `words` as one value. Thread-safe, as all of it.
  virtual std::vector<ValueMatch> Find(std::span<const Token> words) const = 0;
  /// Up to `limit` values most like `words`, for suggestions; nearest first.
  virtual std::vector<std::string> Nearest(std::span<const Token> words, size_t limit) const = 0;
  /// The most words that a value has.
  virtual size_t WordsMax() const = 0;
};

/// A value to be found, and what else people call it.
struct IndexedValue {
  FieldRef field;
  Literal value;
  std::string shown;
  std::vector<std::string> synonyms = {};
};

/// Keeps `values` in memory: exact words (without case, accents, hyphens), without a company's legal form, initials of
/// three words and more ("NYC"), the first words of a longer value if they name few, misspellings found by trigrams.
/// About 200 bytes a value; a look-up takes some 10 µs for 10,000 values.
std::unique_ptr<const ValueIndex> NewMemoryValueIndex(std::vector<IndexedValue> values);

}  // namespace neurolake::ask
