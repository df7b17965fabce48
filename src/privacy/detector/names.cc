#include "privacy/detector/names.h"

#include <algorithm>
#include <string>

#include "privacy/detector/gazetteer.h"

namespace neurolake::privacy {
namespace {

constexpr uint8_t kPersonName = kGivenName | kSurname;
constexpr uint8_t kPlaceName = kTown | kLargeCity | kCountry;

template <size_t kCount>
bool IsOneOf(std::string_view word, const std::string_view (&list)[kCount]) {
  return std::ranges::find(list, word) != std::end(list);
}

constexpr std::string_view kTitles[] = {
    "mr",   "mrs",    "ms",      "miss",      "mx",   "dr",  "prof",    "sir",    "herr",   "frau",
    "mme",  "mlle",   "madame",  "monsieur",  "sr",   "sra", "srta",    "senor",  "senora", "don",
    "dona", "signor", "signora", "sig",       "dott", "ing", "mevrouw", "meneer", "dhr",    "mevr",
    "pan",  "pani",   "doctor",  "professor", "capt", "sgt", "rev"};
constexpr std::string_view kParticles[] = {"von", "van", "de",  "der", "den", "del", "della", "di",  "da",  "dos",
                                           "das", "du",  "la",  "le",  "el",  "al",  "bin",   "ibn", "ben", "ter",
                                           "ten", "zu",  "zum", "zur", "y",   "e",   "af",    "av"};
constexpr std::string_view kLegalForms[] = {"inc",     "ltd", "llc",  "llp",  "plc", "corp", "corporation",  "gmbh",
                                            "ag",      "kg",  "kgaa", "se",   "sa",  "sas",  "sarl",         "srl",
                                            "spa",     "nv",  "bv",   "ab",   "oy",  "oyj",  "asa",          "aps",
                                            "limited", "ohg", "sl",   "ltda", "pty", "bhd",  "incorporated", "gbr"};
/// Words of everyday language that are names, too: alone they say little.
constexpr std::string_view kEveryday[] = {
    "will",  "may",       "mark",     "rose",    "grant",   "hope",   "faith",  "grace",  "joy",     "art",
    "bill",  "rich",      "young",    "king",    "long",    "day",    "price",  "church", "rice",    "bush",
    "april", "june",      "august",   "summer",  "dawn",    "page",   "case",   "sun",    "march",   "brown",
    "white", "black",     "green",    "gray",    "grey",    "field",  "fields", "hill",   "wood",    "woods",
    "stone", "park",      "banks",    "bank",    "order",   "best",   "good",   "love",   "rain",    "star",
    "sky",   "major",     "prince",   "bishop",  "mason",   "cook",   "baker",  "hunter", "miles",   "chase",
    "frank", "drew",      "jean",     "an",      "in",      "so",     "no",     "my",     "do",      "to",
    "he",    "she",       "the",      "on",      "can",     "new",    "real",   "true",   "central", "university",
    "angel", "christian", "sterling", "reading", "nice",    "mobile", "bath",   "cork",   "lot",     "of",
    "and",   "sales",     "value",    "total",   "service", "pay",    "early",  "sharp",  "power",   "read",
    "small", "little",    "short",    "strong"};
/// Begin sentences; nobody's name.
constexpr std::string_view kNoNames[] = {
    "the",     "a",       "an",       "this",      "that",    "these",    "those",     "it",       "we",     "i",
    "you",     "he",      "she",      "they",      "and",     "or",       "but",       "if",       "when",   "where",
    "who",     "what",    "why",      "how",       "in",      "on",       "at",        "to",       "from",   "for",
    "of",      "with",    "by",       "as",        "is",      "are",      "was",       "were",     "our",    "your",
    "my",      "his",     "her",      "their",     "no",      "yes",      "not",       "all",      "any",    "please",
    "order",   "invoice", "der",      "die",       "das",     "und",      "oder",      "wir",      "sie",    "ich",
    "ein",     "eine",    "le",       "la",        "les",     "un",       "une",       "el",       "los",    "il",
    "lo",      "est",     "est-ce",   "can",       "has",     "have",     "had",       "said",     "after",  "before",
    "version", "table",   "column",   "customer",  "account", "payment",  "date",      "time",     "error",  "street",
    "road",    "avenue",  "strasse",  "platz",     "monday",  "tuesday",  "wednesday", "thursday", "friday", "saturday",
    "sunday",  "january", "february", "september", "october", "november", "december",  "july"};

struct Named {
  Word word;
  std::string folded;
  uint8_t kinds;
  bool everyday;
  bool excluded;
};

/// Walks the words of one text.
class NameFinder {
 public:
  NameFinder(std::string_view text, std::vector<NameMatch>& matches) : text_(text), matches_(matches) {
    const Gazetteer& gazetteer = Gazetteer::Get();
    for (const Word& word : Words(text)) {
      Named named{word, {}, 0, false, false};
      FoldInto(text.substr(word.begin, word.end - word.begin), named.folded);
      if (word.capital) {
        named.kinds = KindsOfName(gazetteer, named.folded);
        named.everyday = IsOneOf(named.folded, kEveryday);
        named.excluded = IsOneOf(named.folded, kNoNames);
      }
      words_.push_back(std::move(named));
    }
  }

  void Run() {
    for (size_t i = 0; i < words_.size(); ++i) {
      if (!words_[i].word.capital) continue;
      if (AfterTitle(i) || FullName(i) || SurnameFirst(i)) {
      } else {
        Alone(i);
      }
      Phrases(i);
      LegalForm(i);
    }
  }

 private:
  /// "Jean-Pierre" is a given name if Jean and Pierre are.
  static uint8_t KindsOfName(const Gazetteer& gazetteer, const std::string& folded) {
    if (const uint8_t kinds = gazetteer.KindsOf(folded); kinds != 0) return kinds;
    const size_t hyphen = folded.find('-');
    if (hyphen == std::string::npos) return 0;
    return gazetteer.KindsOf(folded.substr(0, hyphen)) & gazetteer.KindsOf(folded.substr(hyphen + 1)) & kPersonName;
  }

  std::string_view Between(size_t i) const {
    return text_.substr(words_[i].word.end, words_[i + 1].word.begin - words_[i].word.end);
  }
  bool Adjoins(size_t i) const { return i + 1 < words_.size() && Between(i) == " "; }
  bool IsInitial(size_t i) const { return words_[i].word.capital && words_[i].folded.size() == 1; }
  bool MayBeName(size_t i) const {
    return words_[i].word.capital && !words_[i].excluded && words_[i].folded.size() > 1 &&
           !IsOneOf(words_[i].folded, kLegalForms);
  }

  /// The last word of a name that begins at `i`: given names, initials and particles, then one word that may be a
  /// surname. `i` itself if nothing follows.
  size_t EndOfName(size_t i) const {
    size_t end = i;
    for (size_t at = i; at < i + 5 && at + 1 < words_.size(); ++at) {
      const bool dotted = IsInitial(at) && Between(at) == ". ";
      if (!Adjoins(at) && !dotted) break;
      const size_t next = at + 1;
      if (IsInitial(next) || IsOneOf(words_[next].folded, kParticles)) continue;
      if (!MayBeName(next)) break;
      end = next;
      if ((words_[next].kinds & kGivenName) == 0) break;
    }
    return end;
  }

  void Add(Entity entity, size_t first, size_t last, double odds, const char* why) {
    matches_.push_back({entity, words_[first].word.begin, words_[last].word.end, odds, why});
  }

  bool AfterTitle(size_t i) {
    if (!IsOneOf(words_[i].folded, kTitles) || i + 1 >= words_.size()) return false;
    if (Between(i) != " " && Between(i) != ". ") return false;
    if (!MayBeName(i + 1) || IsOneOf(words_[i + 1].folded, kTitles)) return false;
    const size_t last = EndOfName(i + 1);
    const bool known = (words_[last].kinds & kPersonName) != 0 || (words_[i + 1].kinds & kPersonName) != 0;
    Add(Entity::kPerson, i + 1, last, known ? 2.5 : 1.2, "a title in front");
    return true;
  }

  bool FullName(size_t i) {
    const bool initial = IsInitial(i) && i + 1 < words_.size() && Between(i) == ". ";
    if (!initial && ((words_[i].kinds & kGivenName) == 0 || words_[i].excluded)) return false;
    const size_t last = EndOfName(i);
    if (last == i) return false;
    const Named& surname = words_[last];
    double odds = (surname.kinds & kSurname) != 0 ? 2.5 : (surname.kinds & kGivenName) != 0 ? 1.5 : 0.3;
    if (initial) odds -= (surname.kinds & kSurname) != 0 ? 0.5 : 2.5;
    if (words_[i].everyday) odds -= 1.2;
    if (surname.everyday) odds -= 0.8;
    if (words_[i].word.all_caps && surname.word.all_caps) odds -= 0.5;
    // "San Jose", "Santa Clara": what is a place as a whole is seldom a person.
    if (last == i + 1 && (Gazetteer::Get().KindsOf(words_[i].folded + " " + surname.folded) & kPlaceName) != 0)
      odds -= 2.5;
    Add(Entity::kPerson, i, last, odds,
        (surname.kinds & kSurname) != 0 ? "given name and surname" : "given name and a word in capitals");
    return true;
  }

  /// "Smith, John".
  bool SurnameFirst(size_t i) {
    if ((words_[i].kinds & kSurname) == 0 || words_[i].everyday || i + 1 >= words_.size() || Between(i) != ", ")
      return false;
    const Named& given = words_[i + 1];
    if ((given.kinds & kGivenName) == 0 || given.everyday || given.excluded) return false;
    const bool places = (words_[i].kinds & kPlaceName) != 0 && (given.kinds & kPlaceName) != 0;
    Add(Entity::kPerson, i, i + 1, places ? -0.5 : 1.0, "surname, given name");
    return true;
  }

  void Alone(size_t i) {
    const Named& named = words_[i];
    if ((named.kinds & kPersonName) == 0 || named.everyday || named.excluded || named.folded.size() < 3) return;
    if ((named.kinds & (kLargeCity | kCountry)) != 0) return;
    Add(Entity::kPerson, i, i, -2.8, (named.kinds & kGivenName) != 0 ? "given name" : "surname");
  }

  /// Names of one to four words that are no person's.
  void Phrases(size_t i) {
    const Gazetteer& gazetteer = Gazetteer::Get();
    std::string phrase;
    for (size_t last = i; last < words_.size() && last < i + Gazetteer::kWordsMax; ++last) {
      if (last > i && !Adjoins(last - 1)) break;
      phrase += (last > i ? " " : "") + words_[last].folded;
      if (last > i && !words_[last].word.capital) continue;
      const uint8_t kinds = gazetteer.KindsOf(phrase);
      if (kinds == 0) continue;
      const bool alone = last == i;
      if (alone && (words_[i].excluded || words_[i].folded.size() < 3)) continue;
      const double doubt =
          (alone && words_[i].everyday ? 3.0 : 0.0) + (alone && (kinds & kPersonName) != 0 ? 0.7 : 0.0);
      if ((kinds & kCountry) != 0) {
        Add(Entity::kLocation, i, last, 1.8 - doubt, "country or state");
      } else if ((kinds & kLargeCity) != 0) {
        Add(Entity::kLocation, i, last, (alone ? 1.2 : 1.8) - doubt, "large city");
      } else if ((kinds & kTown) != 0) {
        Add(Entity::kLocation, i, last, (alone ? -1.5 : 0.5) - doubt, "town");
      }
      if ((kinds & kCompany) != 0) Add(Entity::kOrganization, i, last, (alone ? -0.7 : 1.2) - doubt, "company");
      if ((kinds & kGroup) != 0)
        Add(Entity::kNrp, i, last, 1.5 - (alone && words_[i].everyday ? 1.0 : 0.0), "group of people");
    }
  }

  /// "Müller Maschinenbau GmbH", "University of Oslo".
  void LegalForm(size_t i) {
    for (size_t last = i + 1; last < words_.size() && last < i + 6 && MayBeNameOrJoin(last - 1); ++last) {
      const std::string_view gap = Between(last - 1);
      if (gap != " " && gap != ", " && gap != " & ") break;
      if (words_[last].word.capital && IsOneOf(words_[last].folded, kLegalForms)) {
        Add(Entity::kOrganization, i, last, 2.5, "legal form");
        return;
      }
    }
    constexpr std::string_view kInstitutions[] = {"university",  "universitat", "universite",
                                                  "universidad", "bank",        "ministry"};
    if (IsOneOf(words_[i].folded, kInstitutions) && i + 2 < words_.size() && Adjoins(i) && Adjoins(i + 1) &&
        words_[i + 2].word.capital) {
      Add(Entity::kOrganization, i, i + 2, 1.5, "institution");
    }
  }
  bool MayBeNameOrJoin(size_t i) const {
    return (words_[i].word.capital && !words_[i].excluded) || words_[i].folded == "und" || words_[i].folded == "and";
  }

  std::string_view text_;
  std::vector<NameMatch>& matches_;
  std::vector<Named> words_;
};

}  // namespace

void FindNames(std::string_view text, std::vector<NameMatch>& matches) {
  matches.clear();
  NameFinder(text, matches).Run();
}

CellNames NamesOfCell(std::string_view cell) {
  CellNames names;
  const auto words = Words(cell);
  if (words.empty() || words.size() > 6) return names;
  const Gazetteer& gazetteer = Gazetteer::Get();
  std::string whole;
  size_t given = 0, surnames = 0, both = 0, others = 0, letters = 0;
  for (const Word& word : words) {
    std::string folded;
    FoldInto(cell.substr(word.begin, word.end - word.begin), folded);
    letters += word.end - word.begin;
    whole += (whole.empty() ? "" : " ") + folded;
    if (folded.size() == 1 || IsOneOf(folded, kParticles) || IsOneOf(folded, kTitles)) continue;
    // A column of colours or months is full of surnames.
    const bool everyday = words.size() == 1 && IsOneOf(folded, kEveryday);
    const uint8_t kinds = everyday ? 0 : gazetteer.KindsOf(folded);
    if ((kinds & kPersonName) == kPersonName) {
      ++both;
    } else if ((kinds & kGivenName) != 0) {
      ++given;
    } else if ((kinds & kSurname) != 0) {
      ++surnames;
    } else {
      ++others;
    }
  }
  // Digits and signs between the words: an address, a product, a sentence.
  if (letters + words.size() + 2 < cell.size()) return names;
  const size_t known = given + surnames + both;
  names.given_name = words.size() <= 2 && others == 0 && surnames == 0 && known > 0;
  names.surname = words.size() <= 2 && others == 0 && given == 0 && known > 0;
  names.full_name = words.size() >= 2 && known >= 1 && others <= 1 && given + both >= 1 && known + others >= 2;
  const uint8_t kinds = gazetteer.KindsOf(whole);
  names.place = (kinds & kPlaceName) != 0;
  names.company = (kinds & kCompany) != 0;
  names.group = (kinds & kGroup) != 0;
  std::string last;
  FoldInto(cell.substr(words.back().begin, words.back().end - words.back().begin), last);
  names.company = names.company || (words.size() > 1 && IsOneOf(last, kLegalForms));
  return names;
}

}  // namespace neurolake::privacy
