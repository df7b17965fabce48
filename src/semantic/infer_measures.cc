#include <algorithm>
#include <unordered_set>

#include "common/text.h"
#include "semantic/expression_text.h"
#include "semantic/internal/infer_members.h"
#include "semantic/name_words.h"

namespace neurolake::semantic {
namespace {

using Words = std::vector<std::string>;
using WordSet = std::unordered_set<std::string_view>;

bool Has(const Words& words, std::string_view word) { return std::ranges::find(words, word) != words.end(); }

bool HasAny(const Words& words, const WordSet& set) {
  return std::ranges::any_of(words, [&](const std::string& word) { return set.contains(word); });
}

bool IsMoney(const ReadColumn& column) {
  static const WordSet kMoney{"amount",  "price",     "cost",   "revenue",    "fee",      "salary", "balance",
                              "budget",  "fare",      "tax",    "freight",    "spend",    "income", "wage",
                              "payment", "principal", "profit", "sales",      "subtotal", "bonus",  "premium",
                              "charge",  "rent",      "paid",   "commission", "turnover"};
  return column.unit.empty() && !column.is_percent && HasAny(column.words, kMoney);
}

Format FormatOf(const ReadColumn& column) {
  Format format{.unit = column.unit};
  if (column.is_percent) format.pattern = "percent";
  else if (IsMoney(column) || (column.unit.size() == 3 && column.unit[0] >= 'A' && column.unit[0] <= 'Z'))
    format.pattern = "currency";
  return format;
}

/// What of a table's columns makes what was sold: a price of one piece times the pieces, or a price of the line.
struct LineOfSale {
  const ReadColumn* price = nullptr;
  const ReadColumn* quantity = nullptr;  ///< Null: the price is of the line.
  const ReadColumn* discount = nullptr;  ///< A share of the price; may be null.
};

std::optional<LineOfSale> LineOfSaleIn(const ReadTable& table) {
  LineOfSale line;
  const ReadColumn* of_line = nullptr;
  int prices = 0;
  for (const ReadColumn& column : table.columns) {
    const Words& words = column.words;
    if (words.back() == "quantity" || (words.size() == 1 && words[0] == "units")) {
      if (column.role == ColumnRole::kFlow) line.quantity = &column;
    } else if (Has(words, "extended") && words.back() == "price") {
      of_line = &column;
    } else if (words.back() == "price" && column.role == ColumnRole::kRate) {
      line.price = &column;
      ++prices;
    } else if (words.back() == "discount" && column.is_percent) {
      line.discount = &column;
    } else if (column.role == ColumnRole::kFlow && HasAny(words, {"amount", "total", "revenue", "sales", "subtotal"})) {
      return std::nullopt;  // It says what was sold itself.
    }
  }
  if (of_line != nullptr && line.discount != nullptr) return LineOfSale{.price = of_line, .discount = line.discount};
  if (prices != 1 || line.quantity == nullptr) return std::nullopt;
  return line;
}

class MeasureMaker {
 public:
  MeasureMaker(Drafting& drafting, DraftEntity& draft) : drafting_(drafting), draft_(draft), table_(draft.read) {}

  void Run() {
    AddCount();
    AddRevenue();
    for (const ReadColumn& column : table_.columns) AddOf(column);
    for (const ReadColumn& column : table_.columns) {
      if (column.role == ColumnRole::kFlag) AddShareOf(column);
    }
    AddDistinct();
  }

 private:
  Measure& Add(std::string name, std::string label, std::vector<std::string> synonyms) {
    name = ModelNameOf(name);
    if (drafting_.taken_metrics.contains(name)) name = ModelNameOf(draft_.entity.name + "_" + name);
    std::string candidate = name;
    for (int number = 2; draft_.taken.contains(candidate) || drafting_.taken_metrics.contains(candidate); ++number) {
      candidate = fmt::format("{}_{}", name, number);
    }
    draft_.taken.insert(candidate);
    drafting_.taken_metrics.insert(candidate);
    Measure measure;
    measure.name = candidate;
    measure.label = std::move(label);
    for (std::string& synonym : synonyms) {
      if (synonym != measure.label && !Has(measure.synonyms, synonym)) measure.synonyms.push_back(std::move(synonym));
    }
    draft_.entity.measures.push_back(std::move(measure));
    return draft_.entity.measures.back();
  }

  void AddCount() {
    Measure& count =
        Add(draft_.entity.name + "_count", "number of " + PluralOf(table_.noun()),
            table_.words.back() == "employee" ? std::vector<std::string>{"headcount"} : std::vector<std::string>());
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
    if (is_sum) AddSum(column, calls, column.role == ColumnRole::kFlow);
    if (is_sum || column.role == ColumnRole::kRate) AddAverage(column, calls, column.role != ColumnRole::kFlow);
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
    if (IsRevenue(column)) {
      said.insert(said.end(), {"revenue", "sales revenue", "turnover"});
      if (table_.words.back() != "sale") said.emplace_back("sales");
      drafting_.Note(fmt::format("{}: {} was taken for revenue", draft_.entity.name, calls.front()));
    }
    Measure& sum = Add("total_" + column.known->name, std::move(label), std::move(said));
    Fill(sum, column);
  }

  void AddAverage(const ReadColumn& column, const std::vector<std::string>& calls, bool takes_bare) {
    if (Has(column.words, "average") || Has(column.words, "mean")) takes_bare = true;
    std::vector<std::string> said = With("average", calls);
    std::string label = Has(column.words, "average") || Has(column.words, "mean") ? calls.front() : said.front();
    if (takes_bare) said.insert(said.end(), calls.begin(), calls.end());
    Measure& average = Add("average_" + column.known->name, std::move(label), std::move(said));
    Fill(average, column);
    average.aggregation = Aggregation::kAverage;
    average.additivity = Additivity::kNonAdditive;
  }

  void Fill(Measure& measure, const ReadColumn& column) {
    measure.expr = ColumnExpression(column.known->name);
    measure.description = column.known->comment.substr(0, 4000);
    measure.format = FormatOf(column);
  }

  /// Over time only the last counts where the table holds one row for each thing and time.
  void AddBalance(const ReadColumn& column, const std::vector<std::string>& calls) {
    std::vector<std::string> said = With("total", calls);
    said.insert(said.end(), calls.begin(), calls.end());
    Measure& total = Add("total_" + column.known->name, "total " + calls.front(), std::move(said));
    Fill(total, column);
    const std::string name = total.name;
    if (const auto time = TimeOfSnapshots()) {
      total.additivity = Additivity::kSemiAdditive;
      total.over_time_per = PerOfSnapshots(*time);
      drafting_.Note(
          fmt::format("{}.{}: taken for a balance, so its last value in a period counts", draft_.entity.name, name));
      return;
    }
    AddAverage(column, calls, false);
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

  /// Empty where each time has a row for everything; else what each has a last row of its own for.
  std::vector<std::string> PerOfSnapshots(const std::string& time) const {
    std::vector<std::string> per;
    double whole = 1;
    for (const auto& key : table_.known->keys) {
      if (!Has(key, time)) continue;
      for (const std::string& part : key) {
        const auto column = std::ranges::find(table_.known->columns, part, &KnownColumn::name);
        if (column != table_.known->columns.end()) whole *= double(column->distinct.value_or(0));
        const auto dimension = draft_.dimension_of.find(LowerAscii(part));
        if (part != time && dimension != draft_.dimension_of.end()) per.push_back(dimension->second);
      }
      break;
    }
    return whole == double(table_.known->rows.value_or(-1)) ? std::vector<std::string>() : per;
  }

  /// The one amount of money of what is sold, where no table says it line by line.
  bool IsRevenue(const ReadColumn& column) const {
    static const WordSet kSold{"order", "sale", "invoice", "purchase", "booking", "rental"};
    static const WordSet kAmounts{"amount",      "total",        "total amount",   "order total",
                                  "total price", "order amount", "sales amount",   "grand total",
                                  "net amount",  "sale amount",  "invoice amount", "total sales"};
    const bool is_sold =
        std::ranges::any_of(table_.words, [&](const std::string& word) { return kSold.contains(word); });
    if (drafting_.has_revenue || !is_sold || !kAmounts.contains(JoinedWords(column.words))) return false;
    const auto rivals = std::ranges::count_if(table_.columns, [&](const ReadColumn& other) {
      return other.role == ColumnRole::kFlow && kAmounts.contains(JoinedWords(other.words));
    });
    return rivals == 1;
  }

  void AddRevenue() {
    const auto line = LineOfSaleIn(table_);
    if (!line) return;
    Measure& revenue = Add("revenue", "revenue", {"sales", "turnover", "sales revenue", "total sales", "sales amount"});
    std::string expression = ColumnExpression(line->price->known->name);
    if (line->quantity != nullptr) expression += " * " + ColumnExpression(line->quantity->known->name);
    if (line->discount != nullptr)
      expression += fmt::format(" * (1 - {})", ColumnExpression(line->discount->known->name));
    revenue.expr = expression;
    revenue.format = FormatOf(*line->price);
    revenue.description = fmt::format("{}{}{}.", line->price->words.back() == "price" ? "Price" : "Amount",
                                      line->quantity != nullptr ? " times quantity" : "",
                                      line->discount != nullptr ? ", less the discount" : "");
    drafting_.Note(fmt::format("{}: revenue was taken for {}", draft_.entity.name, expression));
  }

  /// "share of churned customers", also "churn rate".
  void AddShareOf(const ReadColumn& flag) {
    const std::string said = JoinedWords(flag.words), plural = PluralOf(table_.noun());
    Metric part;
    part.name = UnusedName(ModelNameOf(said + "_" + draft_.entity.name), drafting_.taken_metrics);
    part.label = fmt::format("number of {} {}", said, plural);
    part.kind = MetricKind::kSimple;
    part.entity = draft_.entity.name;
    part.measure = count_;
    part.filter = ExpressionOf(flag);
    part.hidden = true;
    Metric share;
    share.name = UnusedName(ModelNameOf("share_of_" + part.name), drafting_.taken_metrics);
    share.label = fmt::format("share of {} {}", said, plural);
    share.kind = MetricKind::kRatio;
    share.numerator = part.name;
    share.denominator = count_;
    share.format.pattern = "percent";
    for (const char* word : {"percentage", "percent", "proportion", "fraction"}) {
      share.synonyms.push_back(fmt::format("{} of {} {}", word, said, plural));
      share.synonyms.push_back(fmt::format("{} of {} that are {}", word, plural, said));
    }
    share.synonyms.push_back(said + " rate");
    if (said.size() > 4 && said.ends_with("ed")) {
      share.synonyms.push_back(said.substr(0, said.size() - 2) + " rate");
      share.synonyms.push_back(said.substr(0, said.size() - 1) + " rate");
      if (said.ends_with("lled")) share.synonyms.push_back(said.substr(0, said.size() - 2) + "ation rate");
    }
    drafting_.metrics.push_back(std::move(part));
    drafting_.metrics.push_back(std::move(share));
  }

  /// How many different customers are in the orders of a time.
  void AddDistinct() {
    if (draft_.entity.default_time.empty()) return;
    for (const ReadColumn& column : table_.columns) {
      const KnownReference* reference = drafting_.ReferenceFrom(table_, column);
      const ReadTable* to = reference == nullptr ? nullptr : drafting_.Find(reference->to_table);
      if (to == nullptr || to == &table_) continue;
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
    }
  }

  Drafting& drafting_;
  DraftEntity& draft_;
  const ReadTable& table_;
  std::string count_;
};

}  // namespace

void AddMeasures(Drafting& drafting, DraftEntity& draft) { MeasureMaker(drafting, draft).Run(); }

bool SaysRevenueByLine(const ReadTable& table) { return LineOfSaleIn(table).has_value(); }

}  // namespace neurolake::semantic
