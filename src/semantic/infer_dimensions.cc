#include <algorithm>
#include <array>
#include <unordered_map>

#include "common/text.h"
#include "semantic/expression_text.h"
#include "semantic/internal/infer_members.h"
#include "semantic/internal/word_sets.h"
#include "semantic/name_words.h"

namespace neurolake::semantic {
namespace {

constexpr size_t kDescriptionBytesMax = 4000;

void AddOnce(std::vector<std::string>& words, const std::string& text, const std::string& label) {
  if (!text.empty() && text != label && std::ranges::find(words, text) == words.end()) words.push_back(text);
}

/// Whether the time is of a plan that another column tells the outcome of: "started" is then the other.
bool HasDoneTwin(const ReadTable& table, const ReadColumn& column) {
  static const WordSet kPlans{"plan",   "planned",  "scheduled", "expected", "estimated",
                              "target", "promised", "due",       "required"};
  const auto is_plan = [](const ReadColumn& one) {
    return std::ranges::any_of(one.words, [](const std::string& word) { return kPlans.contains(word); });
  };
  const std::string verb = VerbOfTime(column.words);
  return is_plan(column) && std::ranges::any_of(table.columns, [&](const ReadColumn& other) {
           return other.role == ColumnRole::kTime && !is_plan(other) && VerbOfTime(other.words) == verb;
         });
}

/// What a yes or no is called where it is no.
std::string OppositeOf(const Words& words) {
  static const std::unordered_map<std::string_view, std::string_view> kOpposites{
      {"active", "inactive"},       {"valid", "invalid"},           {"complete", "incomplete"},
      {"available", "unavailable"}, {"internal", "external"},       {"external", "internal"},
      {"online", "offline"},        {"public", "private"},          {"domestic", "international"},
      {"taxable", "tax free"},      {"successful", "unsuccessful"}, {"telehealth", "in person"},
      {"virtual", "in person"},     {"remote", "on site"}};
  if (words.size() != 1) return {};
  if (const auto found = kOpposites.find(words[0]); found != kOpposites.end()) return std::string(found->second);
  const bool is_done = words[0].ends_with("ed") || words[0] == "paid" || words[0] == "sold" || words[0] == "known";
  return is_done && !words[0].starts_with("un") ? "un" + words[0] : "";
}

class DimensionMaker {
 public:
  DimensionMaker(Drafting& drafting, DraftEntity& draft)
      : drafting_(drafting), draft_(draft), table_(draft.read), label_(LabelOfTable(drafting, draft.read)) {
    const Label by_words = LabelByWords(table_);
    if (by_words.second == nullptr && by_words.column != label_.column) name_ = by_words.column;
  }

  void Run() {
    for (const ReadColumn& column : table_.columns) {
      if (column.role != ColumnRole::kSkipped) Add(column);
    }
    AddCalendarParts();
    AddStillThere();
    LabelByKey();
  }

 private:
  bool IsKeyColumn(const ReadColumn& column) const {
    return std::ranges::any_of(draft_.entity.primary_key,
                               [&](const std::string& key) { return EqualsIgnoringCase(key, column.known->name); });
  }

  /// A column that others refer to by one of the same name would be asked for twice: the other is nearer.
  std::string NameOfDimension(const ReadColumn& column) {
    std::string name = ModelNameOf(column.known->name);
    const bool doubled = std::ranges::any_of(drafting_.references, [&](const KnownReference& reference) {
      return SameTable(reference.to_table, table_.known->name) &&
             EqualsIgnoringCase(reference.to_column, column.known->name) &&
             EqualsIgnoringCase(reference.from_column, column.known->name);
    });
    if (doubled) name = ModelNameOf(table_.noun() + "_" + name);
    // A flight's number is not called flight: the name is a word, too.
    if (column.words == table_.words && column.role == ColumnRole::kCode) name = ModelNameOf(table_.noun() + "_number");
    return UnusedName(name, draft_.taken);
  }

  void Add(const ReadColumn& column) {
    Dimension dimension;
    dimension.name = NameOfDimension(column);
    dimension.expr = ExpressionOf(column);
    dimension.value_type = column.type;
    dimension.description = column.known->comment.substr(0, kDescriptionBytesMax);
    draft_.dimension_of[LowerAscii(column.known->name)] = dimension.name;
    SetWords(column, dimension);
    SetKind(column, dimension);
    if (&column == label_.column) SetLabel(dimension);
    if (&column == name_) {
      for (const std::string& call : {table_.noun() + " name", std::string("name")})
        AddOnce(dimension.synonyms, call, dimension.label);
    }
    SetPersonal(column, dimension);
    if (column.role == ColumnRole::kCategory && dimension.personal.empty())
      dimension.values = NamedValuesOf(table_, column);
    NoteLetters(column, dimension);
    const KnownReference* reference = drafting_.ReferenceFrom(table_, column);
    const bool is_number = IsNumber(column.type) && column.role != ColumnRole::kTime;
    if (reference != nullptr && is_number && !IsKeyColumn(column)) dimension.hidden = true;
    if (column.role == ColumnRole::kCode && EndsAsKey(column.words) && column.words.back() == "sk")
      dimension.hidden = true;
    // The month of a day is said of any time.
    const KnownColumn* day = CalendarDay(*table_.known);
    if (day != nullptr && day != column.known && FollowsFromDay(*table_.known, *column.known)) dimension.hidden = true;
    draft_.entity.dimensions.push_back(std::move(dimension));
  }

  /// One letter is a guess, also beside others.
  void NoteLetters(const ReadColumn& column, const Dimension& dimension) {
    std::vector<std::string> said;
    for (const NamedValue& named : dimension.values) {
      if (IsStatus(column) && named.value.size() == 1 && !named.label.empty())
        said.push_back(fmt::format("{} for {}", named.value, named.label));
    }
    if (!said.empty())
      drafting_.NoteAt(draft_.entity.name, dimension.name, fmt::format("taken: {}", fmt::join(said, ", ")));
  }

  void SetWords(const ReadColumn& column, Dimension& dimension) {
    const auto calls = CallsOf(drafting_, table_, column);
    dimension.label = calls.front();
    dimension.synonyms.assign(calls.begin() + 1, calls.end());
    const bool is_filtered = std::ranges::any_of(table_.columns, [](const ReadColumn& other) {
      return other.role == ColumnRole::kCategory && (other.words.back() == "status" || other.words.back() == "state");
    });
    if (SaysWholeOfSale(table_, column) && !is_filtered)
      AddOnce(dimension.synonyms, table_.noun() + " value", dimension.label);
    if (column.role == ColumnRole::kCode && column.words.back() == "id") {
      Words number = column.words;
      number.back() = "number";
      if (number.size() == 1) number.insert(number.begin(), table_.words.begin(), table_.words.end());
      AddOnce(dimension.synonyms, JoinedWords(number), dimension.label);
    }
  }

  /// "leaving date" of left_on, where no column is called so.
  void AddNounsOfTime(const std::string& verb, Dimension& dimension) const {
    static const std::unordered_map<std::string_view, std::array<std::string_view, 3>> kNouns{
        {"checked in", {"check-in date", "arrival date", "arrival"}},
        {"checked out", {"check-out date", "departure date", "departure"}},
        {"left", {"leaving date", "exit date", "end date"}},
        {"exited", {"exit date", "leaving date"}},
        {"hired", {"hire date", "hiring date", "start date"}},
        {"joined", {"join date", "joining date", "start date"}},
        {"ended", {"end date"}},
        {"started", {"start date"}},
        {"delivered", {"delivery date"}},
        {"placed", {"order date"}},
        {"signed up", {"signup date", "sign-up date", "registration date"}},
        {"registered", {"registration date", "signup date"}},
        {"cancelled", {"cancellation date"}},
        {"canceled", {"cancellation date"}},
        {"closed", {"closing date", "close date"}},
        {"opened", {"opening date", "open date"}},
        {"shipped", {"shipping date", "ship date"}},
        {"paid", {"payment date"}},
        {"reported", {"report date", "reporting date"}},
        {"received", {"receipt date", "date of receipt"}},
        {"approved", {"approval date"}},
        {"created", {"creation date"}},
        {"expired", {"expiry date", "expiration date", "end date"}},
        {"returned", {"return date"}},
        {"resolved", {"resolution date"}},
        {"churned", {"churn date"}},
        {"retired", {"retirement date"}},
        {"completed", {"completion date"}},
        {"finished", {"finish date", "completion date"}}};
    const auto nouns = kNouns.find(verb);
    if (nouns == kNouns.end()) return;
    for (const std::string_view noun : nouns->second) {
      if (!noun.empty() && !drafting_.columns_called.contains(std::string(noun)))
        AddOnce(dimension.synonyms, std::string(noun), dimension.label);
    }
  }

  void SetKind(const ReadColumn& column, Dimension& dimension) {
    if (column.role == ColumnRole::kTime) {
      dimension.type = DimensionType::kTime;
      if (!IsTimeType(column.type))
        dimension.value_type = IsDayForm(column.known->form) ? ValueType::kDate : ValueType::kTimestamp;
      dimension.grain = dimension.value_type == ValueType::kDate ? TimeGrain::kDay : TimeGrain::kSecond;
      const bool is_month = column.known->form == HiddenForm::kYearMonth || column.known->pattern == "%Y-%m";
      if (is_month) dimension.grain = TimeGrain::kMonth;
      if (!HasDoneTwin(table_, column)) dimension.role = VerbOfTime(column.words);
      AddNounsOfTime(dimension.role, dimension);
    } else if (column.role == ColumnRole::kFlag) {
      dimension.value_type = ValueType::kBoolean;
      const std::string opposite = OppositeOf(column.words);
      const auto has_other = drafting_.called_by_last.contains(opposite);
      if (!opposite.empty() && !has_other) dimension.values = {{.value = "false", .label = opposite}};
    } else if (!column.level.empty() && column.type == ValueType::kText) {
      dimension.type = DimensionType::kGeographic;
      dimension.geographic_level = column.level;
    }
    dimension.format.unit = column.unit;
    if (column.is_percent) dimension.format.pattern = "percent";
  }

  void SetLabel(Dimension& dimension) {
    dimension.is_label = true;
    std::vector<std::string> synonyms{dimension.label};
    synonyms.insert(synonyms.end(), dimension.synonyms.begin(), dimension.synonyms.end());
    dimension.label = table_.noun();
    dimension.synonyms.clear();
    for (const std::string& synonym : synonyms) {
      if (synonym != "name" && synonym != "title") AddOnce(dimension.synonyms, synonym, dimension.label);
    }
    AddOnce(dimension.synonyms, table_.noun() + " name", dimension.label);
    if (label_.second == nullptr) return;
    dimension.expr = fmt::format("concat_ws(' ', {}, {})", ColumnExpression(label_.column->known->name),
                                 ColumnExpression(label_.second->known->name));
    dimension.name = UnusedName(ModelNameOf(table_.noun() + "_name"), draft_.taken);
  }

  void SetPersonal(const ReadColumn& column, Dimension& dimension) {
    dimension.personal = column.known->personal;
    if (dimension.personal.empty() && !IsNumber(column.type))
      dimension.personal = PersonalByName(column.words, table_.words);
    const bool is_offered = dimension.personal.empty() || dimension.personal == "name" ||
                            dimension.personal == "birth_date" || dimension.is_label;
    if (is_offered || drafting_.options.offers_personal) return;
    dimension.hidden = true;
    drafting_.NoteAt(draft_.entity.name, dimension.name,
                     fmt::format("holds personal data ({}), so it is not offered; set hidden: false if it should be",
                                 dimension.personal));
  }

  /// Year, month and day in columns of their own are one date.
  void AddCalendarParts() {
    const auto part = [&](std::string_view word) -> const ReadColumn* {
      for (const ReadColumn& column : table_.columns) {
        if (column.words.size() == 1 && column.words.front() == word && column.type == ValueType::kInteger)
          return &column;
      }
      return nullptr;
    };
    const ReadColumn* year = part("year");
    const ReadColumn* month = part("month");
    const ReadColumn* day = part("day");
    const bool has_time =
        std::ranges::any_of(table_.columns, [](const ReadColumn& c) { return c.role == ColumnRole::kTime; });
    if (year == nullptr || month == nullptr || has_time) return;
    Dimension date;
    date.name = UnusedName(ModelNameOf(table_.noun() + "_date"), draft_.taken);
    date.label = table_.noun() + " date";
    date.synonyms = {"date"};
    date.type = DimensionType::kTime;
    date.value_type = ValueType::kDate;
    date.grain = day != nullptr ? TimeGrain::kDay : TimeGrain::kMonth;
    date.expr =
        fmt::format("make_date({}, {}, {})", ColumnExpression(year->known->name), ColumnExpression(month->known->name),
                    day != nullptr ? ColumnExpression(day->known->name) : "1");
    draft_.entity.default_time = date.name;
    for (Dimension& dimension : draft_.entity.dimensions) {
      for (const ReadColumn* column : {year, month, day}) {
        if (column != nullptr && dimension.expr == ColumnExpression(column->known->name)) dimension.hidden = true;
      }
    }
    draft_.entity.dimensions.push_back(std::move(date));
  }

  /// Without a day of its end something goes on: members that have not left are active, tickets that are not closed are
  /// open, unless a column says so itself. What an end of an event is (a trip's) ends nothing that goes on.
  void AddStillThere() {
    static const WordSet kLasting{
        "clinic",     "office",       "shop",     "restaurant", "warehouse", "hotel",   "advertiser", "partner",
        "publisher",  "merchant",     "meter",    "facility",   "school",    "member",  "customer",   "account",
        "employee",   "subscription", "contract", "user",       "client",    "store",   "policy",     "membership",
        "subscriber", "enrollment",   "project",  "bike",       "vehicle",   "device",  "product",    "supplier",
        "station",    "branch",       "site",     "assignment", "lease",     "student", "driver",     "agent",
        "machine",    "asset",        "campaign"};
    static const WordSet kEnds{"left",       "exited",   "decommissioned", "churned",  "terminated",  "retired",
                               "cancelled",  "canceled", "closed",         "ended",    "deactivated", "discontinued",
                               "offboarded", "removed",  "archived",       "delisted", "withdrawn",   "disabled"};
    static const WordSet kCases{"ticket",  "case",  "issue", "incident", "alert", "complaint",
                                "request", "claim", "job",   "order",    "task"};
    static const WordSet kDone{"closed", "resolved", "completed", "finished", "solved"};
    for (const ReadColumn& column : table_.columns) {
      if (column.role != ColumnRole::kTime || column.known->nulls.value_or(0) == 0) continue;
      const std::string verb = VerbOfTime(column.words);
      const bool lasts =
          (kLasting.contains(table_.words.back()) || IsStaff(table_) || GoesOn(column)) && kEnds.contains(verb);
      const bool is_case = kCases.contains(table_.words.back()) && kDone.contains(verb);
      // Customers are active who do something, contracts that have not ended.
      static const WordSet kActing{"member", "customer",   "account", "user",
                                   "client", "subscriber", "student", "driver"};
      const bool acts = kActing.contains(table_.words.back()) && verb != "churned";
      const char* word = is_case ? "open" : acts ? "current" : "active";
      if ((!lasts && !is_case) || SaysItself(word) || IsAhead(column) || IsOpen()) continue;
      Dimension flag;
      flag.name = UnusedName(std::string("is_") + word, draft_.taken);
      flag.label = word;
      if (flag.label == "active") flag.synonyms = {"current"};
      if (flag.label == "active" && IsStaff(table_)) flag.synonyms = {"current", "working", "employed"};
      if (flag.label == "active" && verb == "closed")  // Of what is somewhere, and of no case.
        flag.synonyms.insert(flag.synonyms.end(), {"open", "operating", "in operation"});
      if (is_case) flag.synonyms = {"unresolved", "still open", "not closed"};
      flag.value_type = ValueType::kBoolean;
      flag.expr = ExpressionOf(column) + " IS NULL";
      if (lasts) flag.values = {{.value = "false", .label = "former"}};
      if (flag.label == "active") flag.values[0].synonyms = {"inactive"};
      drafting_.NoteAt(draft_.entity.name, flag.name,
                       fmt::format("rows without a {} were taken for {}", column.known->name, flag.label));
      draft_.entity.dimensions.push_back(std::move(flag));
      return;
    }
  }

  /// Whether some of the times are still to come, as far as those of all tables that have surely happened tell: without
  /// an end is not the same as going on then.
  bool IsAhead(const ReadColumn& time) const {
    constexpr size_t kMonthBytes = 7;  // yyyy-mm
    static const WordSet kHappened{"created",   "booked",   "paid",     "ordered",  "placed",   "registered",
                                   "issued",    "sold",     "received", "reviewed", "posted",   "logged",
                                   "signed",    "resolved", "shipped",  "returned", "invoiced", "read",
                                   "delivered", "arrived",  "signed up"};
    static const WordSet kWords{"transaction", "event", "sale", "review", "updated", "snapshot", "task", "call"};
    std::string latest;
    for (const ReadTable& table : drafting_.tables) {
      for (const ReadColumn& column : table.columns) {
        const bool counts = column.role == ColumnRole::kTime && IsTimeType(column.type) &&
                            (kHappened.contains(VerbOfTime(column.words)) || HasAny(column.words, kWords));
        if (counts) latest = std::max(latest, column.known->max.substr(0, kMonthBytes));
      }
    }
    return !latest.empty() && IsTimeType(time.type) && time.known->max.substr(0, kMonthBytes) > latest;
  }

  /// Whether more than an end says what goes on: a status that nothing tells the meaning of, or a start to come.
  bool IsOpen() const {
    static const WordSet kStarts{"start", "started", "begin", "effective", "opened",
                                 "open",  "opening", "hired", "hire"};
    return std::ranges::any_of(table_.columns, [&](const ReadColumn& column) {
      const bool is_start = column.role == ColumnRole::kTime && HasAny(column.words, kStarts);
      return (IsStatus(column) && IsOpaque(table_, column)) || (is_start && IsAhead(column));
    });
  }

  /// Without a word that says so: most rows have no end, of which each began ("joined_on") and none is an event.
  bool GoesOn(const ReadColumn& end) const {
    static const WordSet kPasses{"trip", "session", "rental", "visit", "call", "shift", "stay", "order",
                                 "loan", "booking", "ride",   "event", "run",  "task",  "sale", "invoice"};
    static const WordSet kBegan{"hired",    "joined",    "registered", "signed up",
                                "enrolled", "installed", "founded",    "opened"};
    const bool is_mostly_open = table_.known->rows && 2 * end.known->nulls.value_or(0) > *table_.known->rows;
    return is_mostly_open && !kPasses.contains(table_.words.back()) &&
           std::ranges::any_of(table_.columns, [&](const ReadColumn& column) {
             return column.role == ColumnRole::kTime && kBegan.contains(VerbOfTime(column.words));
           });
  }

  /// Whether some column has the word as its name or a value.
  bool SaysItself(std::string_view word) const {
    return std::ranges::any_of(table_.columns, [&](const ReadColumn& column) {
      const bool is_called = std::ranges::find(column.words, word) != column.words.end();
      return is_called || std::ranges::any_of(column.known->values, [&](const std::string& value) {
               return EqualsIgnoringCase(value, word) || WordsOfValue(table_, column, value) == word;
             });
    });
  }

  /// Without a name a row goes by its key: "loan 17".
  void LabelByKey() {
    auto& dimensions = draft_.entity.dimensions;
    const bool has_label = std::ranges::any_of(dimensions, [](const Dimension& d) { return d.is_label; });
    if (has_label || draft_.entity.primary_key.size() != 1) return;
    const auto key = draft_.dimension_of.find(LowerAscii(draft_.entity.primary_key.front()));
    const auto found = std::ranges::find_if(dimensions, [&](const Dimension& dimension) {
      return key != draft_.dimension_of.end() && dimension.name == key->second;
    });
    if (found == dimensions.end() || found->type == DimensionType::kTime) return;
    found->is_label = true;
    found->hidden = false;
    std::vector<std::string> synonyms;
    AddOnce(synonyms, found->label, table_.noun());
    for (const std::string& synonym : found->synonyms) AddOnce(synonyms, synonym, table_.noun());
    found->label = table_.noun();
    found->synonyms = std::move(synonyms);
  }

  Drafting& drafting_;
  DraftEntity& draft_;
  const ReadTable& table_;
  const Label label_;
  const ReadColumn* name_ = nullptr;  ///< What the rows are called, where several are called alike; else null.
};

}  // namespace

const KnownReference* Drafting::ReferenceFrom(const ReadTable& table, const ReadColumn& column) const {
  for (const KnownReference& reference : references) {
    if (SameTable(reference.from_table, table.known->name) &&
        EqualsIgnoringCase(reference.from_column, column.known->name))
      return &reference;
  }
  return nullptr;
}

bool Drafting::IsReferredTo(const ReadTable& table) const {
  return std::ranges::any_of(
      references, [&](const KnownReference& reference) { return SameTable(reference.to_table, table.known->name); });
}

const ReadTable* Drafting::Find(const std::vector<std::string>& name) const {
  for (const ReadTable& table : tables) {
    if (SameTable(table.known->name, name)) return &table;
  }
  return nullptr;
}

void AddDimensions(Drafting& drafting, DraftEntity& draft) { DimensionMaker(drafting, draft).Run(); }

}  // namespace neurolake::semantic
