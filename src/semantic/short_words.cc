#include "semantic/short_words.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "common/text.h"
#include "semantic/internal/infer_parts.h"
#include "semantic/name_words.h"

namespace neurolake::semantic {
namespace {

using Words = std::vector<std::string>;
using WordMap = std::unordered_map<std::string_view, std::string_view>;

// Each: short, then whole.
constexpr std::string_view kAnywhere =
    "qty quantity|qnty quantity|amt amount|cust customer|custs customers|dt date|no number|nr number|num number|"
    "nbr number|nmbr number|pct percent|perc percent|desc description|descr description|dept department|"
    "depts departments|dpt department|emp employee|emps employees|empl employee|mgr manager|addr address|"
    "acct account|accts accounts|acc account|bal balance|prod product|prods products|cat category|ctg category|"
    "inv invoice|org organization|mkt market|mktg marketing|seg segment|tel telephone|fname first name|"
    "lname last name|dob birth date|yr year|mth month|wk week|hr hour|hrs hours|mins minutes|secs seconds|"
    "ts timestamp|tm time|cd code|typ type|ind indicator|flg flag|cnt count|avg average|tot total|ttl total|"
    "prc price|ext extended|disc discount|dscnt discount|supp supplier|suppl supplier|vend vendor|loc location|"
    "ctry country|cntry country|stat status|sts status|wh warehouse|whse warehouse|ord order|ords orders|"
    "orig origin|dest destination|dep departure|arr arrival|sched scheduled|temp temperature|humid humidity|"
    "precip precipitation|visib visibility|dewp dew point|pymt payment|pmt payment|pmts payments|txn transaction|"
    "txns transactions|trx transaction|trans transaction|sal salary|comm commission|mfr manufacturer|"
    "mfgr manufacturer|manufact manufacturer|mfg manufacturing|sess session|usr user|usrs users|grp group|"
    "cli client|pat patient|appt appointment|appts appointments|diag diagnosis|rx prescription|meas measurement|"
    "sens sensor|dev device|batt battery|volt voltage|lbl label|src source|nm name|rev revenue|qtr quarter|"
    "fy fiscal year|req request|resp response|upd updated|sls sales|avail available|purch purchase|"
    "deliv delivery|dlvry delivery|curr currency|lng longitude|lon longitude|lat latitude|stor store|"
    "promo promotion|promos promotions|cdemo customer demographics|hdemo household demographics|svc service|"
    "mem member|hosp hospital|doc doctor|rgn region|terr territory|ln line|rtn return|snap snapshot|itm item|"
    "itms items|lvl level|prio priority|inst installation|decomm decommission|act actual|eom month end|"
    "enrol enrolment|insp inspection|mach machine|val value|reg registration|mgmt management|pers person|"
    "veh vehicle|rsn reason|dur duration|dist distance|lang language|cmt comment|cmnt comment|stn station|"
    "stns stations|whs warehouse|exp expiry|crt created|cur currency|ccy currency";
constexpr std::string_view kWholeOnly =
    "ann annual|annl annual|ded deductible|freq frequency|recv received|rcvd received|rcv received|recd received|"
    "canc cancelled|cncl cancelled|cxl cancelled|eff effective|clm claim|clms claims|clmd claimed|rsv reserve|"
    "rsrv reserve|lob line of business|stf staff|agt agent|agts agents|pol policy|plcy policy|prem premium|"
    "prems premiums|sub subscription|subs subscriptions|subscr subscription|contr contract|ctrct contract|"
    "agmt agreement|bldg building|brnch branch|br branch|cal calendar|cmpgn campaign|chg charge|chrg charge|"
    "chk check|cls class|cnty county|co company|coll collection|cond condition|corp corporate|cpn coupon|"
    "crs course|cty city|dlv delivery|dlvd delivered|delv delivery|depr depreciation|det detail|distr district|"
    "div division|dlr dealer|drv driver|drvr driver|dtl detail|dtls details|edu education|eqp equipment|"
    "eqpt equipment|equip equipment|est estimated|evt event|exch exchange|exec executive|fac facility|fam family|"
    "fcst forecast|flt flight|frt freight|gndr gender|grs gross|ins insurance|instr instructor|incid incident|"
    "jnl journal|lic license|lmt limit|len length|mbr member|mbrs members|maint maintenance|mat material|"
    "matl material|mdl model|mgt management|merch merchant|mrch merchant|mo month|mos months|mons months|"
    "msg message|msgs messages|mtg meeting|mtr meter|nxt next|obs observation|ofc office|oper operator|"
    "opp opportunity|opps opportunities|opt option|outst outstanding|pax passengers|pckg package|pkg package|"
    "pkgs packages|perf performance|phn phone|pln plan|plnd planned|pmnt payment|prev previous|princ principal|"
    "proc procedure|prog program|proj project|qlty quality|qual quality|quot quote|rcpt receipt|refnd refund|"
    "rej rejected|resv reservation|rm room|rte route|rtg rating|schd scheduled|sem semester|shft shift|"
    "shpt shipment|shpmt shipment|shpd shipped|std standard|stk stock|stmt statement|stu student|stud student|"
    "subj subject|supv supervisor|surch surcharge|sys system|tckt ticket|tkt ticket|tkts tickets|tnt tenant|"
    "trk truck|trf transfer|txt text|uom unit of measure|usg usage|util utilization|ven vendor|vst visit|"
    "vol volume|wgt weight|wt weight|ht height|wdth width|wrk work|wrkr worker|wty warranty|yrs years|zn zone|"
    "beg begin|issd issued|appr approved|strt start|categ category|categs categories|rms rooms|sqm area sqm|sqft area "
    "sqft|tech technician|occ occupied|lse lease|dpt department|ctr center|dx diagnosis|opn opened|"
    "rply reply|cpy copy|cpys copies|assd assessed|acq acquisition|plcd placed|posn position|flr floor|eml email|"
    "brth birth|blkd blocked|grd grade|chn channel|chan channel|iss issue|consump consumption|cancl cancelled|pymts "
    "payments|"
    "sgn sign|attnd attended|attd attended|elec electricity";

/// Words that begin others and are short for none.
constexpr std::string_view kOwnWords =
    " act age ago air all any area arm art aunt bad bag bank bar base bed beer best bid big bill bin bird blog "
    "boat body bond book boss box bug bus buy cab call camp card care case cash cell chef city claim class clean "
    "clear clerk click clock close cloud club coach coal coast coin cold color copy core corn cost count court "
    "cover craft cream crew crime crop cross crowd cup cut dance data date day deal death debt delay depth desk "
    "dish dock door doubt down draft drama draw dream dress drink drive drug due early earn earth east edge "
    "elite email empty enemy entry equal error event exact exam exit extra face fact fair faith false farm fault "
    "fee feed fiber field fight file film final fire firm first fish flag flash flat fleet floor flow fluid "
    "focus food foot force form frame fraud fresh front fruit fuel full fund game gas gate gear gift girl glass "
    "goal gold good grade grand grant grass green gross group guard guess guest guide half hall hand happy head "
    "heart heat heavy high hill hire hold hole home horse host hotel hour house human idea image index inner "
    "input issue item job join joint judge jump junk key kind kit known lab label labor lake land lane large "
    "laser later layer lead leaf learn lease least leave leg legal lemon lens less level life lift light limit "
    "line link list live lived load loan local lock logic loose lost lot low lower lucky lunch mail main major "
    "make maker man map march mark mass match maybe mayor meal meat menu metal meter mile mine minor mode model "
    "money month mood moon motor mount mouse mouth move movie music name navy near need nerve nest net never new "
    "news next night node noise north note novel nurse occur ocean offer often oil old open oral order other out "
    "over own owner pack page paid pain paint pair panel paper park part party pass past path pay peace peak pet "
    "phase phone photo pick piece pilot pipe pitch place plain plan plane plant plate play plot point poll pool "
    "poor port post pound power press price pride prime print prior prize pro proof pub pump push queen queue "
    "quick quiet quite quota quote race rack radio rail rain raise range rank rapid rate ratio raw reach read "
    "ready red rent rest rice rich ride right ring rise risk rival river road role roll roof room root rope "
    "rough round route row royal rule run rural safe sail sale salt same sand save scale scan scene scope score "
    "seat seed self sell send sense serve set sex share shift ship shoe shop short show side sign site size "
    "skill skin slot slow snow soil sold song sort soup space speed sport spot staff stage stand star start "
    "state stay steel step stock stone stop store storm story study style sugar sum sun table tag take talk tank "
    "tap task tax tea team tech tent term test text theme tie time tip title toll tone tool top total tour tower "
    "town toxic toy track trade train treat tree trend trial trip truck trust truth tube tune turn type unit "
    "upper urban use user usual valid value van vet video view virus visa visit vital voice vote wage wait wall "
    "war ward wash waste watch water wave way week well west wheel white whole width wife wind wine wing wire "
    "woman wood word work world worth yard year yes young zone ";

WordMap Parsed(std::string_view text) {
  WordMap words;
  while (!text.empty()) {
    const std::string_view entry = text.substr(0, text.find('|'));
    const size_t blank = entry.find(' ');
    words.emplace(entry.substr(0, blank), entry.substr(blank + 1));
    text.remove_prefix(std::min(text.size(), entry.size() + 1));
  }
  return words;
}

const WordMap& Anywhere() {
  static const WordMap kWords = Parsed(kAnywhere);
  return kWords;
}

bool IsOwnWord(std::string_view word) { return kOwnWords.find(fmt::format(" {} ", word)) != std::string_view::npos; }

bool HasVowel(std::string_view word) { return word.find_first_of("aeiou") != std::string_view::npos; }

/// Letters of `word` in their order, the first one first.
bool StandsIn(std::string_view letters, std::string_view word) {
  if (letters.empty() || letters.size() >= word.size() || letters.front() != word.front()) return false;
  size_t at = 0;
  for (const char letter : letters) {
    at = word.find(letter, at);
    if (at == std::string_view::npos) return false;
    ++at;
  }
  return true;
}

/// What a table's own key, or what its columns begin with, is short for: a word of its noun or all of it.
std::string WholeOfKey(const std::string& letters, const Words& noun) {
  if (AreInitials(letters, noun)) return JoinedWords(noun);
  std::string whole;
  for (const std::string& word : noun) {
    if (letters.size() < 2 || !StandsIn(letters, word)) continue;
    if (!whole.empty()) return {};
    whole = word;
  }
  return whole;
}

class ShortWords {
 public:
  explicit ShortWords(std::vector<KnownTable>& tables) : tables_(tables) {
    const std::string prefix = SharedPrefixOf(tables);
    for (KnownTable& table : tables_) table.shared_prefix = prefix;
    for (const KnownTable& table : tables) read_.push_back(ReadTableNames(table));
  }

  void Learn() {
    for (const ReadTable& table : read_) LearnNoun(table);
    for (const ReadTable& table : read_) LearnKey(table);
    for (const ReadTable& table : read_) LearnOwn(table);
    for (const ReadTable& table : read_) LearnPrefix(table);
    for (const ReadTable& table : read_) Collect(table);
    for (const std::string& word : used_) LearnFromOthers(word);
    std::vector<std::pair<std::string, std::string>> learned;
    for (const auto& [word, whole] : whole_) {
      if (!whole.empty()) learned.emplace_back(word, whole);
    }
    for (KnownTable& table : tables_) table.written_out = learned;
  }

 private:
  void Add(const std::string& word, const std::string& whole) {
    const auto [found, is_new] = whole_.emplace(word, whole);
    if (!is_new && found->second != whole) found->second.clear();  // Two fit.
  }

  /// "lib" of lib_brn, lib_stf, lib_rm; empty: none.
  static std::string SharedPrefixOf(const std::vector<KnownTable>& tables) {
    constexpr size_t kTablesMin = 3, kPrefixBytesMax = 6;
    if (tables.size() < kTablesMin) return {};
    std::string shared;
    for (const KnownTable& table : tables) {
      const Words parts = PartsOfName(table.name.back());
      const bool is_marked = parts.size() > 1 && parts.front().size() <= kPrefixBytesMax &&
                             LowerAscii(table.name.back()).starts_with(parts.front() + "_");
      if (!is_marked || (!shared.empty() && parts.front() != shared)) return {};
      shared = parts.front();
    }
    return shared;
  }

  /// A table's own short name: "ttl" where its rows have a title; "ln" of what is due and comes back is a loan.
  void LearnNoun(const ReadTable& table) {
    const Words parts = PartsOfName(table.known->name.back());
    if (parts.empty() || parts.size() > (table.known->shared_prefix.empty() ? 1u : 2u)) return;
    const std::string& word = parts.back();
    constexpr size_t kShortBytesMax = 4, kWholeBytesMin = 4;
    if (word.size() > kShortBytesMax || IsOwnWord(word)) return;
    bool is_due = false, comes_back = false;
    for (const ReadColumn& column : table.columns) {
      is_due = is_due || (column.role == ColumnRole::kTime && column.words.front() == "due");
      comes_back = comes_back || VerbOfTime(column.words) == "returned";
      const bool is_text = column.role == ColumnRole::kCategory && column.words.size() == 1;
      const std::string& whole = column.words.front();
      if (is_text && whole.size() >= kWholeBytesMin && word != whole && StandsIn(word, whole)) return Add(word, whole);
    }
    if (word == "ln" && is_due && comes_back) Add(word, "loan");
  }

  /// clm_no, unique in claims.
  void LearnKey(const ReadTable& table) {
    for (const ReadColumn& column : table.columns) {
      const Words words = WithoutKeyMarks(column.words);
      const bool is_first = &column == &table.columns.front();
      if (words.size() != 1 || words.size() == column.words.size() || words.front().size() > 5) continue;
      if (!IsUnique(*table.known, *column.known) && (!is_first || table.known->rows)) continue;
      if (std::ranges::find(table.words, words.front()) != table.words.end()) continue;
      const std::string whole = WholeOfKey(words.front(), table.words);
      if (!whole.empty()) Add(words.front(), whole);
    }
  }

  /// "arr_amt" in arrears, whatever else "arr" is short for. "No" and "dt" stay what they are.
  void LearnOwn(const ReadTable& table) {
    const bool is_one = table.words.size() == 1 || (table.words.size() == 2 && table.words.back() == "record");
    for (const ReadColumn& column : table.columns) {
      for (const std::string& part : PartsOfName(column.known->name)) {
        const std::string_view elsewhere = ShortWord(part);
        if (part.size() < 3 || elsewhere.empty() || !is_one) continue;
        const std::string& noun = table.words.front();
        const bool begins = noun.starts_with(part) && noun.size() >= part.size() + 3;
        if (begins && !Abbreviates(part, elsewhere.substr(0, elsewhere.find(' ')))) Add(part, noun);
        else if (begins && noun != SingularOf(elsewhere) && !noun.starts_with(SingularOf(elsewhere))) Add(part, noun);
      }
    }
  }

  /// "rd_dt" and "rd_src" in readings: what several columns begin with.
  void LearnPrefix(const ReadTable& table) {
    std::map<std::string, int> begins;
    for (const ReadColumn& column : table.columns) {
      const Words parts = PartsOfName(column.known->name);
      if (parts.size() > 1) ++begins[parts.front()];
    }
    for (const auto& [word, times] : begins) {
      const bool is_short = word.size() >= 2 && word.size() <= 4 && !IsOwnWord(word) && ShortWord(word).empty();
      if (times < 2 || !is_short || whole_.contains(word)) continue;
      const std::string& noun = table.words.front();
      if (table.words.size() == 1 && word.size() + 2 <= noun.size() && StandsIn(word, noun)) Add(word, noun);
    }
  }

  void Collect(const ReadTable& table) {
    static constexpr size_t kWholeBytesMin = 5;
    const auto add = [&](const std::string& word, bool is_noun) {
      if (word.size() <= 5) used_.insert(word);
      if (is_noun || word.size() >= kWholeBytesMin) wholes_.insert(SingularOf(word));
    };
    for (const std::string& word : table.words) add(word, word.size() >= 4);
    for (const ReadColumn& column : table.columns) {
      for (const std::string& word : column.words) add(word, false);
      static const std::set<std::string_view> kKinds{"role", "type", "kind", "title", "position", "function"};
      const bool is_kind = std::ranges::any_of(column.words, [](const auto& word) { return kKinds.contains(word); });
      for (const std::string& value : column.known->values) {
        const bool is_word = std::ranges::all_of(LowerAscii(value), [](char c) { return c >= 'a' && c <= 'z'; });
        if (is_kind && is_word && value.size() >= kWholeBytesMin) wholes_.insert(SingularOf(LowerAscii(value)));
      }
    }
  }

  /// "rsv" where something is called a reserve.
  void LearnFromOthers(const std::string& word) {
    if (word.size() < 3 || whole_.contains(word) || wholes_.contains(word) || IsOwnWord(word)) return;
    if (!std::ranges::all_of(word, [](char c) { return c >= 'a' && c <= 'z'; })) return;
    std::string whole;
    for (const std::string& other : wholes_) {
      const bool begins = other.starts_with(word) && other.size() >= word.size() + 2;
      const bool are_sounds = !HasVowel(word) && StandsIn(word, other) && other.size() <= 3 * word.size();
      if (!begins && !are_sounds) continue;
      if (!whole.empty()) return;
      whole = other;
    }
    if (!whole.empty()) whole_.emplace(word, whole);
  }

  std::vector<KnownTable>& tables_;
  std::vector<ReadTable> read_;
  std::set<std::string> used_, wholes_;
  std::map<std::string, std::string> whole_;
};

}  // namespace

std::string_view ShortWordInside(std::string_view part) {
  const auto found = Anywhere().find(part);
  return found == Anywhere().end() ? std::string_view() : found->second;
}

std::string_view ShortWord(std::string_view word) {
  static const WordMap kWords = Parsed(kWholeOnly);
  if (const auto whole = ShortWordInside(word); !whole.empty()) return whole;
  const auto found = kWords.find(word);
  return found == kWords.end() ? std::string_view() : found->second;
}

bool Abbreviates(std::string_view letters, std::string_view word) {
  return letters.size() >= 3 && letters.size() + 1 < word.size() && StandsIn(letters, word);
}

bool AreInitials(std::string_view letters, const std::vector<std::string>& noun) {
  return noun.size() >= 2 && letters.size() == noun.size() &&
         std::ranges::equal(letters, noun, [](char letter, const std::string& word) { return word.front() == letter; });
}

void LearnShortWords(std::vector<KnownTable>& tables) {
  if (std::ranges::all_of(tables, [](const KnownTable& table) { return table.written_out.empty(); }))
    ShortWords(tables).Learn();
}

}  // namespace neurolake::semantic
