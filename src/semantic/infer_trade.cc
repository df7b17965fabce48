#include <algorithm>

#include "semantic/expression_text.h"
#include "semantic/internal/infer_members.h"
#include "semantic/internal/word_sets.h"
#include "semantic/name_words.h"

namespace neurolake::semantic {
namespace {

void NoteWhatCounts(Drafting& drafting, const DraftEntity& draft, const Measure& measure) {
  if (!measure.filter.empty())
    drafting.NoteAt(draft.entity.name, measure.name, fmt::format("only rows that count: {}", measure.filter));
}

/// What all of what was sold cost, and no piece of it.
const ReadColumn* CostOfSale(const ReadTable& table) {
  static const WordSet kCosts{"cost", "cogs"};
  // Beside a quantity "cost" is as often that of one piece.
  const bool has_pieces = std::ranges::any_of(table.columns, [](const ReadColumn& column) {
    return Has(column.words, "quantity") || Has(column.words, "units");
  });
  static const WordSet kOfAll{"total", "amount", "extended", "cogs"};
  const ReadColumn* found = nullptr;
  for (const ReadColumn& column : table.columns) {
    const bool is_cost = (!has_pieces || HasAny(column.words, kOfAll)) && column.role == ColumnRole::kFlow &&
                         HasAny(column.words, kCosts) && !Has(column.words, "shipping") &&
                         !Has(column.words, "freight");
    if (!is_cost) continue;
    if (found != nullptr) return nullptr;
    found = &column;
  }
  return found;
}

}  // namespace

void AddOpenAmount(Drafting& drafting, DraftEntity& draft, const ReadColumn& column) {
  SqlExpression open = OnlyWhatIsOpen(draft.read, column);
  if (open.empty()) return;
  Measure& amount = AddMeasure(drafting, draft, "open_" + column.known->name, "open amount",
                               {"outstanding amount", "unpaid amount", "receivables", "amount outstanding",
                                "amount receivable", "outstanding balance"});
  MeasureColumn(amount, column);
  amount.filter = std::move(open);
  NoteWhatCounts(drafting, draft, amount);
}

void AddReceived(Drafting& drafting, DraftEntity& draft, const ReadColumn& column) {
  const ReadTable& table = draft.read;
  const auto amounts = std::ranges::count_if(
      table.columns, [](const ReadColumn& other) { return other.role == ColumnRole::kFlow && IsMoney(other); });
  if (!IsMoney(column) || amounts != 1 || !TellsWhatCounts(table)) return;
  const std::string noun = PluralOf(table.noun());
  Measure& received = AddMeasure(drafting, draft, noun + "_received", noun + " received",
                                 {"received " + noun, "cash received", "cash in", "money received", "amount received",
                                  "cash collected", "amount collected"});
  MeasureColumn(received, column);
  received.filter = OnlyWhatCounts(table);
  NoteWhatCounts(drafting, draft, received);
}

void AddMargin(Drafting& drafting, DraftEntity& draft, const ReadColumn& amount, const std::string& revenue) {
  const ReadColumn* cost = CostOfSale(draft.read);
  const bool is_gross = Has(amount.words, "gross");
  if (cost == nullptr || is_gross || drafting.called_by_last.contains("margin")) return;
  Measure& margin = AddMeasure(drafting, draft, "gross_margin", "gross margin", {"margin", "gross profit"});
  MeasureColumn(margin, amount);
  margin.expr = fmt::format("{} - {}", ColumnExpression(amount.known->name), ColumnExpression(cost->known->name));
  margin.filter = OnlyWhatCounts(draft.read);
  margin.description = fmt::format("{} less {}.", amount.known->name, cost->known->name);
  drafting.NoteAt(draft.entity.name, margin.name,
                  fmt::format("taken for {} less {}", amount.known->name, cost->known->name));
  Metric rate{.kind = MetricKind::kRatio, .numerator = margin.name, .denominator = revenue};
  rate.name = UnusedName("gross_margin_rate", drafting.taken_metrics);
  rate.label = "gross margin rate";
  rate.synonyms = {"margin rate", "margin percentage", "gross margin percentage", "margin ratio", "profit margin"};
  rate.format.pattern = "percent";
  drafting.metrics.push_back(std::move(rate));
}

void AddValueOfOrders(Drafting& drafting, DraftEntity& draft, const std::string& revenue) {
  static const WordSet kLines{"line", "item", "detail", "position"};
  if (!kLines.contains(draft.read.words.back())) return;
  for (const ReadColumn& column : draft.read.columns) {
    const KnownReference* reference = drafting.ReferenceFrom(draft.read, column);
    const ReadTable* to = reference == nullptr ? nullptr : drafting.Find(reference->to_table);
    if (to == nullptr || !IsSold(*to)) continue;
    const bool says_itself =
        std::ranges::any_of(to->columns, [&](const ReadColumn& other) { return SaysWholeOfSale(*to, other); });
    if (says_itself) return;
    const std::string noun = to->noun();
    Measure& orders =
        AddMeasure(drafting, draft, "counted_" + PluralOf(noun), "number of " + PluralOf(noun) + " that count", {});
    orders.aggregation = Aggregation::kCountDistinct;
    orders.additivity = Additivity::kDistinct;
    orders.expr = ColumnExpression(column.known->name);
    orders.filter = OnlyWhatCounts(draft.read);
    orders.hidden = true;
    Metric counted{.kind = MetricKind::kSimple, .entity = draft.entity.name, .measure = orders.name};
    counted.name = UnusedName(orders.name + "_in_all", drafting.taken_metrics);
    counted.label = orders.label;
    counted.hidden = true;
    Metric value{.kind = MetricKind::kRatio, .numerator = revenue, .denominator = counted.name};
    drafting.metrics.push_back(std::move(counted));
    value.name = UnusedName(ModelNameOf(fmt::format("average_{}_value", noun)), drafting.taken_metrics);
    value.label = fmt::format("average {} value", noun);
    value.synonyms = {noun + " value", fmt::format("average value of an {}", noun),
                      fmt::format("average revenue per {}", noun), "revenue per " + noun, "average basket value"};
    if (noun == "order") value.synonyms.emplace_back("aov");
    drafting.NoteAt("", value.name, fmt::format("{} over the {} it is from", revenue, PluralOf(noun)));
    drafting.metrics.push_back(std::move(value));
    return;
  }
}

void AddUnitsSold(Drafting& drafting, DraftEntity& draft, const ReadColumn& quantity) {
  static const WordSet kSold{"order", "sale", "invoice", "purchase"};
  if (!HasAny(draft.read.words, kSold) || !TellsWhatCounts(draft.read)) return;
  Measure& sold =
      AddMeasure(drafting, draft, "units_sold", "units sold", {"quantity sold", "pieces sold", "items sold"});
  MeasureColumn(sold, quantity);
  sold.filter = OnlyWhatCounts(draft.read);
  NoteWhatCounts(drafting, draft, sold);
}

}  // namespace neurolake::semantic
