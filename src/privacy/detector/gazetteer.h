#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace neurolake::privacy {

/// What a name may be. A word can be several: Florence is a given name, a surname and a city.
enum NameKind : uint8_t {
  kGivenName = 1,
  kSurname = 2,
  kTown = 4,
  kLargeCity = 8,  ///< 300,000 people or more, or a capital.
  kCountry = 16,   ///< Or a state of the United States.
  kCompany = 32,
  kGroup = 64,  ///< Nationality, religion, people or political group.
};

/// Names of persons, places, companies and groups, of the packages named in ADR 21, embedded in the program.
class Gazetteer {
 public:
  /// The one of this process, read when it is first asked for (some milliseconds). Thread-safe.
  static const Gazetteer& Get();

  /// Kinds of `folded`, a name of one or more words as FoldInto writes it; 0 if it is none.
  uint8_t KindsOf(std::string_view folded) const;
  size_t size() const { return size_; }

  static constexpr size_t kWordsMax = 4;

 private:
  Gazetteer();
  struct Slot {
    uint64_t hash = 0;
    uint8_t kinds = 0;
  };
  std::vector<Slot> slots_;
  size_t size_ = 0;
};

/// Appends `text` in the form in which names are compared: Latin letters plain and in lower case (Ö is o, ß is ss),
/// Greek and Cyrillic in lower case, all else as it is.
void FoldInto(std::string_view text, std::string& folded);

/// One word of a text; an apostrophe or a hyphen between letters does not end it.
struct Word {
  size_t begin, end;
  bool capital;   ///< Begins with a capital letter.
  bool all_caps;  ///< Has at least two letters, all of them capitals.
};

/// The words of `text` (UTF-8; other bytes end a word), in order. Scripts without capitals give words without them.
std::vector<Word> Words(std::string_view text);

}  // namespace neurolake::privacy
