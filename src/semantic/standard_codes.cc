#include "semantic/standard_codes.h"

#include <algorithm>
#include <map>

#include "common/text.h"

namespace neurolake::semantic {
namespace {

// Each: its codes (of countries two), then its name and further ones.
constexpr std::string_view kCountries =
    "AD AND Andorra|AE ARE United Arab Emirates;Emirates;UAE|AF AFG Afghanistan|AL ALB Albania|AM ARM "
    "Armenia|AO AGO Angola|AR ARG Argentina|AT AUT Austria|AU AUS Australia|AZ AZE Azerbaijan|BA BIH "
    "Bosnia and Herzegovina;Bosnia|BD BGD Bangladesh|BE BEL Belgium|BG BGR Bulgaria|BH BHR Bahrain|BO "
    "BOL Bolivia|BR BRA Brazil|BY BLR Belarus|CA CAN Canada|CH CHE Switzerland|CL CHL Chile|CM CMR "
    "Cameroon|CN CHN China|CO COL Colombia|CR CRI Costa Rica|CU CUB Cuba|CY CYP Cyprus|CZ CZE "
    "Czechia;Czech Republic|DE DEU Germany|DK DNK Denmark|DO DOM Dominican Republic|DZ DZA Algeria|EC "
    "ECU Ecuador|EE EST Estonia|EG EGY Egypt|ES ESP Spain|ET ETH Ethiopia|FI FIN Finland|FR FRA "
    "France|GB GBR United Kingdom;UK;Great Britain;Britain|GE GEO Georgia|GH GHA Ghana|GR GRC Greece|GT "
    "GTM Guatemala|HK HKG Hong Kong|HN HND Honduras|HR HRV Croatia|HU HUN Hungary|ID IDN Indonesia|IE "
    "IRL Ireland|IL ISR Israel|IN IND India|IQ IRQ Iraq|IR IRN Iran|IS ISL Iceland|IT ITA Italy|JM JAM "
    "Jamaica|JO JOR Jordan|JP JPN Japan|KE KEN Kenya|KR KOR South Korea;Korea|KW KWT Kuwait|KZ KAZ "
    "Kazakhstan|LB LBN Lebanon|LI LIE Liechtenstein|LK LKA Sri Lanka|LT LTU Lithuania|LU LUX "
    "Luxembourg|LV LVA Latvia|MA MAR Morocco|MC MCO Monaco|MD MDA Moldova|ME MNE Montenegro|MK MKD North "
    "Macedonia|MT MLT Malta|MX MEX Mexico|MY MYS Malaysia|MZ MOZ Mozambique|NG NGA Nigeria|NI NIC "
    "Nicaragua|NL NLD Netherlands;Holland|NO NOR Norway|NP NPL Nepal|NZ NZL New Zealand|OM OMN Oman|PA "
    "PAN Panama|PE PER Peru|PH PHL Philippines|PK PAK Pakistan|PL POL Poland|PR PRI Puerto Rico|PT PRT "
    "Portugal|PY PRY Paraguay|QA QAT Qatar|RO ROU Romania|RS SRB Serbia|RU RUS Russia|SA SAU Saudi "
    "Arabia|SE SWE Sweden|SG SGP Singapore|SI SVN Slovenia|SK SVK Slovakia|SN SEN Senegal|SV SLV El "
    "Salvador|TH THA Thailand|TN TUN Tunisia|TR TUR Turkey|TW TWN Taiwan|TZ TZA Tanzania|UA UKR "
    "Ukraine|UG UGA Uganda|US USA United States;USA;America|UY URY Uruguay|UZ UZB Uzbekistan|VE VEN "
    "Venezuela|VN VNM Vietnam|ZA ZAF South Africa|ZM ZMB Zambia|ZW ZWE Zimbabwe";

// Of countries whose people are not called by its name: "German" is in Germany.
constexpr std::string_view kPeoples =
    "argentina Argentinian|australia Australian|austria Austrian|belgium Belgian|brazil Brazilian|canada "
    "Canadian|chile "
    "Chilean|china Chinese|croatia Croatian|czechia Czech|denmark Danish|egypt Egyptian|finland Finnish|france "
    "French|greece Greek|hungary Hungarian|india Indian|ireland Irish|israel Israeli|italy Italian|japan "
    "Japanese|mexico Mexican|morocco Moroccan|netherlands Dutch|norway Norwegian|poland Polish|portugal "
    "Portuguese|romania Romanian|russia Russian|slovakia Slovak|slovenia Slovenian|spain Spanish|sweden "
    "Swedish|switzerland Swiss|turkey Turkish|ukraine Ukrainian|vietnam Vietnamese|germany German";

constexpr std::string_view kCurrencies =
    "AED UAE dirham|ARS Argentine peso|AUD Australian dollar|BRL Brazilian real|CAD Canadian dollar|CHF "
    "Swiss franc|CLP Chilean peso|CNY Chinese yuan;yuan|COP Colombian peso|CZK Czech koruna|DKK Danish "
    "krone|EUR euro|GBP British pound;pound;pound sterling|HKD Hong Kong dollar|HUF Hungarian forint|IDR "
    "Indonesian rupiah|ILS Israeli shekel|INR Indian rupee|JPY Japanese yen;yen|KRW South Korean won|MXN "
    "Mexican peso|MYR Malaysian ringgit|NOK Norwegian krone|NZD New Zealand dollar|PHP Philippine "
    "peso|PLN Polish zloty;zloty|RON Romanian leu|RUB Russian ruble|SAR Saudi riyal|SEK Swedish "
    "krona|SGD Singapore dollar|THB Thai baht|TRY Turkish lira|TWD Taiwan dollar|UAH Ukrainian "
    "hryvnia|USD US dollar;dollar|ZAR South African rand";

constexpr std::string_view kStates =
    "AL Alabama|AK Alaska|AZ Arizona|AR Arkansas|CA California|CO Colorado|CT Connecticut|DE Delaware|DC "
    "District of Columbia|FL Florida|GA Georgia|HI Hawaii|ID Idaho|IL Illinois|IN Indiana|IA Iowa|KS "
    "Kansas|KY Kentucky|LA Louisiana|ME Maine|MD Maryland|MA Massachusetts|MI Michigan|MN Minnesota|MS "
    "Mississippi|MO Missouri|MT Montana|NE Nebraska|NV Nevada|NH New Hampshire|NJ New Jersey|NM New "
    "Mexico|NY New York|NC North Carolina|ND North Dakota|OH Ohio|OK Oklahoma|OR Oregon|PA "
    "Pennsylvania|RI Rhode Island|SC South Carolina|SD South Dakota|TN Tennessee|TX Texas|UT Utah|VT "
    "Vermont|VA Virginia|WA Washington|WV West Virginia|WI Wisconsin|WY Wyoming";

constexpr std::string_view kAustralia =
    "ACT Australian Capital Territory|NSW New South Wales|NT Northern Territory|QLD Queensland|SA South "
    "Australia|TAS Tasmania|VIC Victoria|WA Western Australia";

constexpr std::string_view kCanada =
    "AB Alberta|BC British Columbia|MB Manitoba|NB New Brunswick|NL Newfoundland and Labrador|NS Nova "
    "Scotia|NT Northwest Territories|NU Nunavut|ON Ontario|PE Prince Edward Island|QC Quebec|SK "
    "Saskatchewan|YT Yukon";

constexpr std::string_view kGermany =
    "BB Brandenburg|BE Berlin|BW Baden-Württemberg|BY Bavaria;Bayern|HB Bremen|HE Hesse;Hessen|HH "
    "Hamburg|MV Mecklenburg-Vorpommern|NI Lower Saxony;Niedersachsen|NW North "
    "Rhine-Westphalia;Nordrhein-Westfalen|RP Rhineland-Palatinate;Rheinland-Pfalz|SH "
    "Schleswig-Holstein|SL Saarland|SN Saxony;Sachsen|ST Saxony-Anhalt;Sachsen-Anhalt|TH "
    "Thuringia;Thüringen";

constexpr std::string_view kLanguages =
    "ar Arabic|bg Bulgarian|cs Czech|da Danish|de German|el Greek|en English|es Spanish|et Estonian|fi "
    "Finnish|fr French|he Hebrew|hi Hindi|hr Croatian|hu Hungarian|id Indonesian|it Italian|ja "
    "Japanese|ko Korean|lt Lithuanian|lv Latvian|nl Dutch|no Norwegian|pl Polish|pt Portuguese|ro "
    "Romanian|ru Russian|sk Slovak|sl Slovenian|sv Swedish|th Thai|tr Turkish|uk Ukrainian|vi "
    "Vietnamese|zh Chinese";

using Names = std::map<std::string, std::vector<std::string>, std::less<>>;

/// By the code at place `code` of each entry, in lower case.
Names Parsed(std::string_view text, size_t codes, size_t code) {
  Names names;
  for (const std::string& entry : Split(text, '|')) {
    std::string_view rest = entry;
    std::string key;
    for (size_t i = 0; i < codes; ++i) {
      const size_t blank = rest.find(' ');
      if (i == code) key = LowerAscii(rest.substr(0, blank));
      rest.remove_prefix(blank + 1);
    }
    names[key] = Split(rest, ';');
  }
  return names;
}

/// The lists that a column of these words may be of.
std::vector<const Names*> ListsFor(const std::vector<std::string>& words) {
  static const Names kTwo = Parsed(kCountries, 2, 0), kThree = Parsed(kCountries, 2, 1);
  static const Names kMoney = Parsed(kCurrencies, 1, 0), kUnited = Parsed(kStates, 1, 0);
  static const Names kInAustralia = Parsed(kAustralia, 1, 0), kInCanada = Parsed(kCanada, 1, 0);
  static const Names kInGermany = Parsed(kGermany, 1, 0);
  static const Names kSpoken = Parsed(kLanguages, 1, 0);
  const auto has = [&](std::string_view word) { return std::ranges::find(words, word) != words.end(); };
  if (has("country") || has("nation") || has("nationality")) return {&kTwo, &kThree};
  if (has("currency")) return {&kMoney};
  if (has("language") || has("lang")) return {&kSpoken};
  if (has("state") || has("province")) return {&kUnited, &kInAustralia, &kInCanada, &kInGermany};
  return {};
}

}  // namespace

std::string PeopleOf(std::string_view country) {
  static const Names kNames = Parsed(kPeoples, 1, 0);
  const std::string lower = LowerAscii(country);
  if (lower == "united kingdom" || lower == "great britain") return "British";
  if (lower == "united states" || lower == "usa" || lower == "united states of america") return "American";
  const auto found = kNames.find(lower);
  return found == kNames.end() ? std::string() : found->second.front();
}

bool MayHoldStandardCodes(const std::vector<std::string>& words) { return !ListsFor(words).empty(); }

std::vector<NamedValue> NamesOfStandardCodes(const std::vector<std::string>& words,
                                             std::span<const std::string> values) {
  std::vector<NamedValue> fitting;
  for (const Names* list : ListsFor(words)) {
    std::vector<NamedValue> named;
    for (const std::string& value : values) {
      const auto found = list->find(LowerAscii(value));
      if (found == list->end()) break;
      named.push_back({.value = value,
                       .label = found->second.front(),
                       .synonyms = {found->second.begin() + 1, found->second.end()}});
    }
    if (values.empty() || named.size() != values.size()) continue;
    if (!fitting.empty()) return {};  // WA alone is a state of two countries.
    fitting = std::move(named);
  }
  return fitting;
}

}  // namespace neurolake::semantic
