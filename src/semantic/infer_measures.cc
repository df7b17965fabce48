#include <algorithm>
#include <chrono>
#include <cstdio>

#include "common/text.h"
#include "semantic/expression_text.h"
#include "semantic/internal/infer_members.h"
#include "semantic/internal/word_sets.h"
#include "semantic/name_words.h"

namespace neurolake::semantic {
namespace {

class MeasureMaker {
 public:
  MeasureMaker(Drafting& drafting, DraftEntity& draft) : drafting_(drafting), draft_(draft), table_(draft.read) {}

  void Run() {
    AddCount();
    AddRevenue();
    for (const ReadColumn& column : table_.columns) AddOf(column);
    AddRates(drafting_, draft_, count_);
    AddDistinct();
    if (!revenue_.empty()) AddOrderValue(revenue_);
  }

 private:
  Measure& Add(std::string name, std::string label, std::vector<std::string> synonyms) {
    return AddMeasure(drafting_, draft_, std::move(name), std::move(label), std::move(synonyms));
  }

  void AddCount() {
    Measure& count = Add(draft_.entity.name + "_count", "number of " + PluralOf(table_.noun()),
                         IsStaff(table_) && table_.words.back() != "user" ? std::vector<std::string>{"headcount"}
                                                                          : std::vector<std::string>());
    count.aggregation = Aggregation::kCount;
    count_ = count.name;
  }

  void AddOf(const ReadColumn& column) {
    const bool is_reference = drafting_.ReferenceFrom(table_, column) != nullptr;
    const bool is_key = std::ranges::any_of(
        draft_.entity.primary_key, [&](const std::string& key) { return EqualsIgnoringCase(key, column.known->name); });
    if (is_reference || is_key) return;
    const auto calls = CallsOf(drafting_, table_, column);
    const bool is_sum = column.role == ColumnRole::kFlow || column.role == ColumnRole::kExtent;
    if (column.role == ColumnRole::kBalance) return AddBalance(column, calls);
    const bool is_end = column.role == ColumnRole::kHighest || column.role == ColumnRole::kLowest;
    if (is_end) AddEnd(column, calls);
    // "weight" alone may be all of it, or that of one.
    static const WordSet kEither{"weight", "capacity", "seats", "population", "bonus", "volume", "income"};
    if (is_sum && kEither.contains(column.words.back())) {
      AddSum(column, calls, true);
      return AddAverage(column, calls, true);
    }
    if (is_sum) AddSum(column, calls, column.role == ColumnRole::kFlow);
    if (is_sum || is_end || column.role == ColumnRole::kRate)
      AddAverage(column, calls, column.role != ColumnRole::kFlow && !is_end);
  }

  static std::vector<std::string> With(std::string_view word, const std::vector<std::string>& calls) {
    std::vector<std::string> said;
    for (const std::string& call : calls) said.push_back(fmt::format("{} {}", word, call));
    return said;
  }

  /// "total amount"; also "amount" alone where that is what the number alone means.
  void AddSum(const ReadColumn& column, const std::vector<std::string>& calls, bool takes_bare) {
    const bool says_total = Has(column.words, "total") || Has(column.words, "sum") || column.words.front() == "number";
    std::vector<std::string> said = With("total", calls);
    std::string label = says_total ? calls.front() : said.front();
    if (takes_bare) said.insert(said.end(), calls.begin(), calls.end());
    for (std::string& other : OtherWordsForSum(column, calls)) said.push_back(std::move(other));
    const bool is_revenue = IsRevenue(column);
    const SqlExpression counts = is_revenue ? OnlyWhatCounts(table_) : SqlExpression();
    const bool is_apart = !counts.empty() && !KeepsAccounts(table_);
    const auto calls_of_revenue = is_revenue ? CallsOfRevenue(column) : std::vector<std::string>();
    std::string revenue;
    if (is_apart) revenue = AddCountingRevenue(column, counts, calls_of_revenue);
    else said.insert(said.end(), calls_of_revenue.begin(), calls_of_revenue.end());
    Measure& sum = Add("total_" + column.known->name, std::move(label), std::move(said));
    MeasureColumn(sum, column);
    LeaveOutWhatIsOff(sum, column);
    const std::string name = sum.name;
    if (is_revenue && !is_apart) drafting_.NoteAt(draft_.entity.name, name, "was taken for revenue");
    if (is_revenue && KeepsAccounts(table_)) AddOpenAmount(drafting_, draft_, column);
    if (!is_apart) revenue = name;
    if (is_revenue) AddMargin(drafting_, draft_, column, revenue);
    if (is_revenue) AddValueOfOrders(drafting_, draft_, revenue);
    if (ArePaymentsToUs(drafting_, table_)) AddReceived(drafting_, draft_, column);
    if (column.words == Words{"quantity"}) AddUnitsSold(drafting_, draft_, column);
  }

  std::vector<std::string> CallsOfRevenue(const ReadColumn& column) const {
    const std::string noun = table_.noun(), done = VerbOfTime({table_.words.back()});
    std::vector<std::string> own{noun + " revenue"};
    if (!done.empty()) own.push_back(done + " revenue");
    // Another column says what revenue is.
    if (drafting_.called_by_last.contains("revenue") && column.words.back() != "revenue") return own;
    std::vector<std::string> calls{"revenue", "sales revenue", "turnover"};
    calls.insert(calls.end(), own.begin(), own.end());
    if (table_.words.back() != "sale") calls.emplace_back("sales");
    for (const char* kind : {"net", "gross"}) {
      if (!Has(column.words, kind)) continue;
      for (const char* word : {"revenue", "turnover", "sales"}) calls.push_back(fmt::format("{} {}", kind, word));
    }
    static const WordSet kBills{"invoice", "bill"};
    if (kBills.contains(table_.words.back()))
      calls.insert(calls.end(), {"billed amount", "invoiced amount", "amount billed", "amount invoiced", "billings"});
    return calls;
  }

  /// A void bill is no money, whatever of it is added up.
  void LeaveOutWhatIsOff(Measure& measure, const ReadColumn& column) {
    if (!IsMoney(column) || !KeepsAccounts(table_)) return;
    measure.filter = OnlyWhatCounts(table_);
    if (measure.filter.empty()) return;
    drafting_.NoteAt(draft_.entity.name, measure.name, fmt::format("only rows that count: {}", measure.filter));
    if (!measure.description.empty()) measure.description += ' ';
    measure.description += fmt::format("Without {} that do not count: {}.", PluralOf(table_.noun()), measure.filter);
  }

  /// "number of pages", "total fines", "energy consumption".
  std::vector<std::string> OtherWordsForSum(const ReadColumn& column, const std::vector<std::string>& calls) const {
    std::vector<std::string> said;
    if (IsCountedThing(column)) said.push_back("number of " + JoinedWords(column.words));
    static const WordSet kMoneyThings{"payment", "fine",    "fee",    "expense",    "refund",     "donation", "deposit",
                                      "tax",     "grant",   "budget", "withdrawal", "bonus",      "claim",    "salary",
                                      "charge",  "premium", "cost",   "sale",       "expenditure"};
    const bool is_amount = IsMoney(column) && column.words.back() == "amount";
    const auto amounts = std::ranges::count_if(
        table_.columns, [](const ReadColumn& other) { return other.role == ColumnRole::kFlow && IsMoney(other); });
    if (is_amount && amounts == 1 && kMoneyThings.contains(table_.words.back())) {
      said.push_back("total " + PluralOf(table_.noun()));
      static const WordSet kSumFirst{"expense", "fee", "donation", "tax", "cost", "budget", "premium", "expenditure"};
      if (kSumFirst.contains(table_.words.back())) said.push_back(PluralOf(table_.noun()));
      said.push_back("total " + PluralOf(table_.words.back()));
    }
    // "total downtime" of its minutes; "downtime" alone may be how often or how long, and is asked back.
    if (!column.unit.empty() && column.words.size() == 1 && SingularOf(column.words[0]) != column.words[0] &&
        (column.unit == "min" || column.unit == "h" || column.unit == "s"))
      said.insert(said.end(), {"total " + table_.noun(), table_.noun() + " " + column.words[0], table_.noun()});
    // "claims paid" of what is paid for claims, where no day says which of them were.
    const std::string& done = column.words.front();
    const bool is_done = done == "paid" || done.ends_with("ed");
    const bool has_day = std::ranges::any_of(table_.columns, [&](const ReadColumn& other) {
      return other.role == ColumnRole::kTime && VerbOfTime(other.words) == done;
    });
    if (is_amount && column.words.size() == 2 && is_done && !has_day) {
      for (const std::string& noun : {PluralOf(table_.noun()), table_.noun()}) {
        said.insert(said.end(), {noun + " " + done, "total " + noun + " " + done});
      }
    }
    static const WordSet kWorked{"shift", "timesheet", "attendance", "time", "assignment"};
    if (column.words == Words{"hours"} && HasAny(table_.words, kWorked))
      said.insert(said.end(), {"hours worked", "worked hours", "working hours", "total hours worked"});
    if (column.words.back() == "area") said.insert(said.end(), {"floor space", "floor area", "total floor space"});
    if (column.words == Words{"kwh"})
      said.insert(said.end(), {"consumption", "usage", "energy consumption", "energy usage", "energy used"});
    if (column.words == Words{"total"}) said.insert(said.end(), {table_.noun() + " total", table_.noun() + " amount"});
    const bool is_fare = column.words.back() == "fare" || column.words.back() == "fee";
    if (is_fare) said.push_back(JoinedWords(column.words) + " revenue");
    if (column.unit == "kWh") {
      for (const std::string& call : calls) said.insert(said.end(), {call + " consumption", call + " usage"});
    }
    static const WordSet kSold{"order", "sale", "invoice", "purchase"};
    if (column.words == Words{"quantity"} && HasAny(table_.words, kSold)) said.emplace_back("units");
    const auto quantities = drafting_.called_by_last.find("quantity");  // "ordered quantity" of a purchase is another.
    const bool is_only = quantities != drafting_.called_by_last.end() && quantities->second.size() == 1;
    if (column.words == Words{"quantity"} && HasAny(table_.words, kSold) && is_only)
      said.insert(said.end(), {"units ordered", "quantity ordered"});
    return said;
  }

  /// A plural that no table is called by: pages, seats.
  bool IsCountedThing(const ReadColumn& column) const {
    const std::string& last = column.words.back();
    const std::string one = SingularOf(last);
    if (one == last || !column.unit.empty() || column.type != ValueType::kInteger) return false;
    return std::ranges::none_of(drafting_.tables, [&](const ReadTable& table) { return table.words.back() == one; });
  }

  void AddAverage(const ReadColumn& column, const std::vector<std::string>& calls, bool takes_bare) {
    if (Has(column.words, "average") || Has(column.words, "mean")) takes_bare = true;
    std::vector<std::string> said = With("average", calls);
    std::string label = Has(column.words, "average") || Has(column.words, "mean") ? calls.front() : said.front();
    if (takes_bare) said.insert(said.end(), calls.begin(), calls.end());
    if (IsCountedThing(column)) {
      for (const char* mean : {"average", "mean"}) {
        const std::string number = fmt::format("{} number of {}", mean, JoinedWords(column.words));
        said.insert(said.end(), {number, number + " per " + table_.noun()});
      }
    }
    const bool counts_all = OnlyWhatCounts(table_).empty() || KeepsAccounts(table_);
    if (IsWholeOfSale(column) && counts_all) {
      said.push_back(fmt::format("average {} value", table_.noun()));
      if (KeepsAccounts(table_)) said.push_back("average " + table_.noun());
      if (KeepsAccounts(table_) && Has(column.words, "net")) said.push_back("average net " + table_.noun());
    }
    // The mean over rows is the sum per row.
    if (column.role == ColumnRole::kFlow) {
      for (const std::string& call : calls) said.push_back(fmt::format("{} per {}", call, table_.noun()));
      if (IsRevenue(column) && counts_all) said.push_back("revenue per " + table_.noun());
    }
    Measure& average = Add("average_" + column.known->name, std::move(label), std::move(said));
    MeasureColumn(average, column);
    average.aggregation = Aggregation::kAverage;
    average.additivity = Additivity::kNonAdditive;
    LeaveOutWhatIsOff(average, column);
  }

  /// "longest wait": the longest of them.
  void AddEnd(const ReadColumn& column, const std::vector<std::string>& calls) {
    const bool is_lowest = column.role == ColumnRole::kLowest;
    Measure& end = Add((is_lowest ? "lowest_" : "highest_") + column.known->name, calls.front(), calls);
    MeasureColumn(end, column);
    end.aggregation = is_lowest ? Aggregation::kMin : Aggregation::kMax;
    end.additivity = Additivity::kNonAdditive;
  }

  /// Over time only the last counts where the table holds one row for each thing and time.
  void AddBalance(const ReadColumn& column, const std::vector<std::string>& calls) {
    std::vector<std::string> said = With("total", calls);
    said.insert(said.end(), calls.begin(), calls.end());
    for (std::string& other : WordsOfRecords()) said.push_back(std::move(other));
    Measure& total = Add("total_" + column.known->name, "total " + calls.front(), std::move(said));
    MeasureColumn(total, column);
    const std::string name = total.name;
    const auto time = TimeOfSnapshots();
    // Rows that nothing tells apart and nothing refers to are taken again and again.
    const bool repeats = !time && draft_.entity.primary_key.empty() && !draft_.entity.default_time.empty() &&
                         table_.known->rows && draft_.entity.default_time.find('.') == std::string::npos;
    if (repeats) {
      total.additivity = Additivity::kSemiAdditive;
      drafting_.NoteAt(draft_.entity.name, name, "was taken for a balance, so the last time in a period counts");
      return;
    }
    if (time) {
      total.additivity = Additivity::kSemiAdditive;
      total.over_time_per = PerOfSnapshots(*time);
      drafting_.NoteAt(draft_.entity.name, name, "was taken for a balance, so its last value in a period counts");
      return;
    }
    AddAverage(column, calls, false);
  }

  /// "claim reserves", "reserves" of the one number that a table of their records holds.
  std::vector<std::string> WordsOfRecords() const {
    const auto balances =
        std::ranges::count_if(table_.columns, [](const ReadColumn& c) { return c.role == ColumnRole::kBalance; });
    if (table_.words.size() < 2 || table_.words.back() != "record" || balances != 1) return {};
    const Words noun(table_.words.begin(), table_.words.end() - 1);
    std::vector<std::string> said;
    for (const std::string& one : {JoinedWords(noun), noun.back()}) {
      for (const std::string& word : {one, PluralOf(one)}) {
        if (!Has(said, word)) said.insert(said.end(), {word, "total " + word});
      }
    }
    return said;
  }

  /// The column of the default time, where it is part of a key.
  std::optional<std::string> TimeOfSnapshots() const {
    for (const ReadColumn& column : table_.columns) {
      const auto dimension = draft_.dimension_of.find(LowerAscii(column.known->name));
      if (dimension == draft_.dimension_of.end() || dimension->second != draft_.entity.default_time) continue;
      for (const auto& key : table_.known->keys) {
        if (key.size() > 1 && Has(key, column.known->name)) return column.known->name;
      }
    }
    return std::nullopt;
  }

  /// Empty where the table is taken at common times, so that what has no row at one is gone; else what each has a last
  /// row of its own for. Times are common where each has rows of a good part of what there is.
  std::vector<std::string> PerOfSnapshots(const std::string& time) const {
    constexpr double kGoodPart = 0.2;
    std::vector<std::string> per;
    double times = 1, others = 1;
    for (const auto& key : table_.known->keys) {
      if (!Has(key, time)) continue;
      for (const std::string& part : key) {
        const auto column = std::ranges::find(table_.known->columns, part, &KnownColumn::name);
        const double distinct =
            column == table_.known->columns.end() ? 1 : double(std::max<int64_t>(1, column->distinct.value_or(1)));
        (part == time ? times : others) *= distinct;
        const auto dimension = draft_.dimension_of.find(LowerAscii(part));
        if (part != time && dimension != draft_.dimension_of.end()) per.push_back(dimension->second);
      }
      break;
    }
    const double rows_at_once = double(table_.known->rows.value_or(0)) / times;
    // At the ends of months all are taken together, also where most of them are over by now.
    constexpr double kManyAtOnce = 10;
    const bool is_rare = rows_at_once >= kManyAtOnce && DaysOf(time) >= kDaysBetween * times;
    return rows_at_once >= kGoodPart * others || is_rare ? std::vector<std::string>() : per;
  }

  static constexpr double kDaysBetween = 5;

  /// Days from the first to the last value of a column, as far as it is known.
  double DaysOf(const std::string& time) const {
    const auto column = std::ranges::find(table_.known->columns, time, &KnownColumn::name);
    const auto from = DayIn(column->min), to = DayIn(column->max);
    return from && to ? double((*to - *from).count()) : 0;
  }

  static std::optional<std::chrono::sys_days> DayIn(const std::string& text) {
    int year = 0, month = 0, day = 0;
    if (std::sscanf(text.c_str(), "%d-%d-%d", &year, &month, &day) != 3) return std::nullopt;
    return std::chrono::sys_days(std::chrono::year(year) / month / day);
  }

  /// The one amount of money of what is sold, where no table says it line by line.
  bool IsRevenue(const ReadColumn& column) const {
    static const WordSet kSold{"order", "sale", "invoice", "purchase",    "booking", "rental",
                               "trip",  "ride", "stay",    "reservation", "ticket"};
    static const WordSet kAmounts{"fare",         "total fare",  "charge",      "amount",         "total",
                                  "total amount", "order total", "total price", "order amount",   "sales amount",
                                  "grand total",  "net amount",  "sale amount", "invoice amount", "total sales"};
    const bool is_sold = kSold.contains(table_.words.back()) || kSold.contains(table_.words.front());
    if (drafting_.has_revenue || !is_sold || !TellsWhatCounts(table_)) return false;
    const auto is_amount = [&](const ReadColumn& other) {
      return other.role == ColumnRole::kFlow &&
             (kAmounts.contains(JoinedWords(other.words)) || SaysWholeOfSale(table_, other));
    };
    return is_amount(column) && std::ranges::count_if(table_.columns, is_amount) == 1;
  }

  /// What a whole order comes to.
  bool IsWholeOfSale(const ReadColumn& column) const { return SaysWholeOfSale(table_, column); }

  /// Where no column says what an order comes to: revenue over orders.
  void AddOrderValue(const std::string& revenue) {
    for (const ReadColumn& column : table_.columns) {
      const KnownReference* reference = drafting_.ReferenceFrom(table_, column);
      const ReadTable* to = reference == nullptr ? nullptr : drafting_.Find(reference->to_table);
      if (to == nullptr || !IsSold(*to)) continue;
      const bool says_itself =
          std::ranges::any_of(to->columns, [&](const ReadColumn& other) { return SaysWholeOfSale(*to, other); });
      const std::string distinct = ModelNameOf("distinct_" + PluralOf(to->noun()));
      const bool is_counted =
          std::ranges::any_of(draft_.entity.measures, [&](const Measure& one) { return one.name == distinct; });
      if (says_itself || !is_counted) continue;
      Metric value;
      value.name = UnusedName(ModelNameOf(fmt::format("average_{}_value", to->noun())), drafting_.taken_metrics);
      value.label = fmt::format("average {} value", to->noun());
      value.synonyms = {fmt::format("{} value", to->noun()), fmt::format("average value of an {}", to->noun()),
                        fmt::format("average revenue per {}", to->noun()), fmt::format("revenue per {}", to->noun()),
                        "average basket value"};
      if (to->noun() == "order") value.synonyms.emplace_back("aov");
      value.kind = MetricKind::kRatio;
      value.numerator = revenue;
      value.denominator = distinct;
      drafting_.NoteAt("", value.name, fmt::format("{} over the {} it is from", revenue, PluralOf(to->noun())));
      drafting_.metrics.push_back(std::move(value));
      return;
    }
  }

  std::string AddCountingRevenue(const ReadColumn& column, const SqlExpression& counts,
                                 std::vector<std::string> calls) {
    const std::string label = calls.front();
    Measure& revenue = Add(label, label, std::move(calls));
    const std::string name = revenue.name;
    MeasureColumn(revenue, column);
    revenue.filter = counts;
    drafting_.NoteAt(draft_.entity.name, revenue.name,
                     fmt::format("{} was taken for revenue, but for what was called off", column.known->name));
    const std::string noun = table_.noun();
    // A line is no order: what orders come to is another number.
    Measure& value = IsSold(table_) ? Add("average_revenue", fmt::format("average {} value", noun),
                                          {"revenue per " + noun, "average revenue",
                                           noun == "order" ? "aov" : "average sale", "average basket value"})
                                    : Add("average_revenue", "average revenue per " + noun,
                                          {"revenue per " + noun, "average revenue"});
    MeasureColumn(value, column);
    value.aggregation = Aggregation::kAverage;
    value.additivity = Additivity::kNonAdditive;
    value.filter = counts;
    return name;
  }

  void AddRevenue() {
    const auto line = LineOfSaleIn(table_);
    if (!line) return;
    // What was called off is not told by the lines: then their order's own amount is what was sold.
    const bool is_told = ParentOfSale(drafting_, table_) != nullptr;
    const std::string noun = table_.noun();
    Measure& revenue =
        is_told ? Add(noun + "_value", "total " + noun + " value", {noun + " value", "value of " + PluralOf(noun)})
                : Add("revenue", "revenue", {"sales", "turnover", "sales revenue", "total sales", "sales amount"});
    std::string expression = ColumnExpression(line->price->known->name);
    if (line->quantity != nullptr) expression += " * " + ColumnExpression(line->quantity->known->name);
    if (line->discount != nullptr)
      expression += fmt::format(" * (1 - {})", ColumnExpression(line->discount->known->name));
    revenue.expr = expression;
    revenue.format = FormatOf(*line->price);
    revenue.filter = OnlyWhatCounts(table_);
    revenue.description = fmt::format("{}{}{}.", line->price->words.back() == "price" ? "Price" : "Amount",
                                      line->quantity != nullptr ? " times quantity" : "",
                                      line->discount != nullptr ? ", less the discount" : "");
    if (is_told) return;
    drafting_.NoteAt(draft_.entity.name, revenue.name, "revenue was taken for this");
    revenue_ = revenue.name;
  }

  /// How many different customers are in the orders of a time.
  void AddDistinct() {
    for (const ReadColumn& column : table_.columns) {
      const KnownReference* reference = drafting_.ReferenceFrom(table_, column);
      const ReadTable* to = reference == nullptr ? nullptr : drafting_.Find(reference->to_table);
      if (to == nullptr || to == &table_) continue;
      const bool is_own = drafting_.IsOtherSelf(*to);
      if (draft_.entity.default_time.empty() && !is_own) continue;
      const std::string role = RoleOfReference(column.words, to->words);
      const std::string things = (role.empty() ? "" : role + " ") + PluralOf(to->noun());
      Measure& count =
          Add(fmt::format("distinct_{}", things),
              fmt::format("number of distinct {} in {}", things, PluralOf(table_.noun())),
              {"distinct " + things, "unique " + things, "different " + things, "number of distinct " + things,
               "number of unique " + things, "number of different " + things});
      count.aggregation = Aggregation::kCountDistinct;
      count.additivity = Additivity::kDistinct;
      count.expr = ColumnExpression(column.known->name);
      if (is_own) count.synonyms.push_back("number of " + things);  // No table is counted by that word.
    }
  }

  Drafting& drafting_;
  DraftEntity& draft_;
  const ReadTable& table_;
  std::string count_;
  std::string revenue_;  ///< Of lines; empty: there is none.
};

}  // namespace

bool IsMoney(const ReadColumn& column) {
  static const WordSet kMoney{"amount",  "price",     "cost",   "revenue",    "fee",      "salary", "balance",
                              "budget",  "fare",      "tax",    "freight",    "spend",    "income", "wage",
                              "payment", "principal", "profit", "sales",      "subtotal", "bonus",  "premium",
                              "charge",  "rent",      "paid",   "commission", "turnover"};
  return IsCurrency(column.unit) || (column.unit.empty() && !column.is_percent && HasAny(column.words, kMoney));
}

Format FormatOf(const ReadColumn& column) {
  Format format{.unit = column.unit};
  if (column.is_percent) format.pattern = "percent";
  else if (IsMoney(column)) format.pattern = "currency";
  return format;
}

Measure& AddMeasure(Drafting& drafting, DraftEntity& draft, std::string name, std::string label,
                    std::vector<std::string> synonyms) {
  name = ModelNameOf(name);
  if (drafting.taken_metrics.contains(name)) name = ModelNameOf(draft.entity.name + "_" + name);
  std::string candidate = name;
  for (int number = 2; draft.taken.contains(candidate) || drafting.taken_metrics.contains(candidate); ++number) {
    candidate = fmt::format("{}_{}", name, number);
  }
  draft.taken.insert(candidate);
  drafting.taken_metrics.insert(candidate);
  Measure measure;
  measure.name = candidate;
  measure.label = std::move(label);
  for (std::string& synonym : synonyms) {
    if (synonym != measure.label && !Has(measure.synonyms, synonym)) measure.synonyms.push_back(std::move(synonym));
  }
  draft.entity.measures.push_back(std::move(measure));
  return draft.entity.measures.back();
}

void MeasureColumn(Measure& measure, const ReadColumn& column) {
  measure.expr = ColumnExpression(column.known->name);
  measure.description = column.known->comment.substr(0, 4000);
  measure.format = FormatOf(column);
}

void AddMeasures(Drafting& drafting, DraftEntity& draft) { MeasureMaker(drafting, draft).Run(); }

}  // namespace neurolake::semantic
