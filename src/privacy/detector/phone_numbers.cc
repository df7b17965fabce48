#include "privacy/detector/phone_numbers.h"

#include <phonenumbers/phonenumberutil.h>

#include <string>

namespace neurolake::privacy {
namespace {

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

bool IsNumberOf(const std::string& text, const char* region) {
  PhoneNumber number;
  const PhoneNumberUtil& library = *PhoneNumberUtil::GetInstance();
  return library.Parse(text, region, &number) == PhoneNumberUtil::NO_PARSING_ERROR && library.IsValidNumber(number);
}

}  // namespace

PhoneForm JudgePhone(std::string_view text) {
  std::string number(text);
  if (number.starts_with("00") && number.size() > 2 && number[2] != '0') number.replace(0, 2, "+");
  if (number.starts_with('+')) return IsNumberOf(number, "ZZ") ? PhoneForm::kInternational : PhoneForm::kNone;
  // A leading zero is the trunk prefix of most of the world and never begins a number in North America, Spain,
  // Portugal, Poland or Scandinavia.
  constexpr const char* kWithZero[] = {"DE", "GB", "FR", "NL", "BE", "CH", "AT", "IT", "IE", "SE", "FI",
                                       "AU", "IN", "JP", "KR", "TR", "ZA", "NG", "TH", "PH", "BR"};
  constexpr const char* kWithout[] = {"US", "CA", "ES", "PT", "PL", "DK", "NO", "MX", "SG", "BR", "IN"};
  if (number.starts_with('0') || number.starts_with("(0")) {
    for (const char* region : kWithZero) {
      if (IsNumberOf(number, region)) return PhoneForm::kNational;
    }
    return PhoneForm::kNone;
  }
  for (const char* region : kWithout) {
    if (IsNumberOf(number, region)) return PhoneForm::kNational;
  }
  return PhoneForm::kNone;
}

}  // namespace neurolake::privacy
