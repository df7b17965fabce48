#include <algorithm>

#include "semantic/internal/infer_parts.h"
#include "semantic/internal/word_sets.h"
#include "semantic/name_words.h"

namespace neurolake::semantic {

std::string PersonalByName(const std::vector<std::string>& words, const std::vector<std::string>& noun) {
  const std::string text = JoinedWords(words);
  static const WordSet kPeople{"customer", "client",     "employee",  "patient",  "user",   "member",
                               "person",   "contact",    "student",   "teacher",  "doctor", "physician",
                               "driver",   "passenger",  "guest",     "borrower", "reader", "nurse",
                               "lead",     "subscriber", "applicant", "resident", "holder"};
  const bool is_of_person = HasAny(words, kPeople) || kPeople.contains(noun.back());
  if (Has(words, "email") || text.starts_with("e mail") || text == "mail") return "email";
  if (Has(words, "phone") || Has(words, "telephone") || Has(words, "mobile") || Has(words, "fax")) return "phone";
  if (Has(words, "ssn") || text.find("social security") != std::string::npos) return "national_id";
  if (Has(words, "iban")) return "iban";
  if (Has(words, "passport")) return "passport";
  if (Has(words, "password")) return "password";
  if (text.ends_with("ip address") || text == "ip") return "ip_address";
  if (text.find("card number") != std::string::npos) return "card_number";
  if (text.ends_with("birth date") || text == "date of birth" || text == "birthday") return "birth_date";
  if (Has(words, "street") || (words.back() == "address" && words.size() <= 2)) return "address";
  const bool names = words.back() == "name" || text == "surname" || text == "forename";
  static const WordSet kOnlyPeople{"first", "last", "middle", "maiden", "given", "family"};
  if (names &&
      (is_of_person || (words.size() > 1 && kOnlyPeople.contains(words[words.size() - 2])) || words.size() == 1))
    return is_of_person || words.size() > 1 ? "name" : "";
  return {};
}

}  // namespace neurolake::semantic
