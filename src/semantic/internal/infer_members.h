#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "semantic/internal/infer_parts.h"

namespace neurolake::semantic {

/// What is known while a draft is made: all tables, how they belong together, and what names are given already.
struct Drafting {
  std::vector<ReadTable> tables;
  std::vector<std::string> names;  ///< Of the entities, by table.
  std::vector<KnownReference> references;
  InferenceOptions options;
  std::map<std::string, int> columns_called;                    ///< Tables with a column of these words.
  std::map<std::string, std::set<std::string>> called_by_last;  ///< Words of columns, by the last of them.
  std::set<std::string> taken_metrics;
  std::vector<std::string> notes;
  std::vector<Metric> metrics;
  bool has_revenue = false;  ///< Some table says it line by line.

  std::vector<MemberNote> member_notes;

  void Note(std::string text) { notes.push_back(std::move(text)); }
  void NoteAt(std::string entity, std::string member, std::string text) {
    member_notes.push_back({std::move(entity), std::move(member), std::move(text)});
  }
  const KnownReference* ReferenceFrom(const ReadTable& table, const ReadColumn& column) const;
  bool IsReferredTo(const ReadTable& table) const;
  const ReadTable* Find(const std::vector<std::string>& name) const;
  size_t own_tables = 0;  ///< Before those that stand for rows of another of them.
  bool IsOtherSelf(const ReadTable& table) const { return size_t(&table - tables.data()) >= own_tables; }
};

/// One entity under way.
struct DraftEntity {
  const ReadTable& read;
  Entity entity = {};
  std::set<std::string> taken = {};                      ///< Names of its dimensions and measures.
  std::map<std::string, std::string> dimension_of = {};  ///< By column.
  bool has_rival_times = false;                          ///< None of which is its default.
};

/// What people call a column: the clear way first, then shorter ones that other tables may share.
std::vector<std::string> CallsOf(const Drafting& drafting, const ReadTable& table, const ReadColumn& column);

/// What names a row to people: a column, or first and last name together.
struct Label {
  const ReadColumn* column = nullptr;
  const ReadColumn* second = nullptr;  ///< The last name.
};
/// What the words of a table's columns say that its rows are called by; no column: nothing does.
Label LabelByWords(const ReadTable& table);
/// What tells its rows apart for people: as LabelByWords, or people's number where several have one name; also
/// descriptions of what others refer to, where they are all different.
Label LabelOfTable(const Drafting& drafting, const ReadTable& table);
/// All dimensions of the entity, one of them its label where any can be.
void AddDimensions(Drafting& drafting, DraftEntity& draft);
/// All measures, and the ratios that flags give. After AddDimensions, and after the default time is known.
void AddMeasures(Drafting& drafting, DraftEntity& draft);
/// A sum over the entity's rows, still without an expression, under an unused name.
Measure& AddMeasure(Drafting& drafting, DraftEntity& draft, std::string name, std::string label,
                    std::vector<std::string> synonyms);
/// Makes it one of a column: its expression, description and format.
void MeasureColumn(Measure& measure, const ReadColumn& column);
bool IsMoney(const ReadColumn& column);
Format FormatOf(const ReadColumn& column);
/// What of the bills with this amount is not paid yet, where that is told.
void AddOpenAmount(Drafting& drafting, DraftEntity& draft, const ReadColumn& column);
/// What of the payments of this amount came in: not what failed or bounced.
void AddReceived(Drafting& drafting, DraftEntity& draft, const ReadColumn& column);
/// What is left of the amount of what was sold, which is the measure `revenue`, after what it cost, where each row says
/// both.
void AddMargin(Drafting& drafting, DraftEntity& draft, const ReadColumn& amount, const std::string& revenue);
/// Of lines: what their orders come to on the average, with the measure `revenue`, where no order says it itself.
void AddValueOfOrders(Drafting& drafting, DraftEntity& draft, const std::string& revenue);
/// Pieces that were sold: not those of what was called off.
void AddUnitsSold(Drafting& drafting, DraftEntity& draft, const ReadColumn& quantity);
/// Counts by other times than the default, and how long things took. After AddMeasures.
void AddEvents(Drafting& drafting, DraftEntity& draft);
/// Words that people say besides, once all members are known: "segment" for the only market segment.
void AddWords(SemanticModel& model);
/// Shares that are asked for by name: "churn rate" of a yes or no, "cancellation rate" of a status. `count` is the
/// measure that counts the entity's rows.
void AddRates(Drafting& drafting, DraftEntity& draft, const std::string& count);

struct LineOfSale {
  const ReadColumn* price = nullptr;
  const ReadColumn* quantity = nullptr;  ///< Null: the price is of the line.
  const ReadColumn* discount = nullptr;  ///< A share of the price; may be null.
};
std::optional<LineOfSale> LineOfSaleIn(const ReadTable& table);
/// Whether each row is something that was sold: orders, invoices, bookings.
bool IsSold(const ReadTable& table);
/// A condition that leaves out what was called off or failed, by a status that lists it; empty: nothing says so.
SqlExpression OnlyWhatCounts(const ReadTable& table);
/// Whether the rows are bills: one that is void is no money.
bool KeepsAccounts(const ReadTable& table);
/// Whether the values of all its statuses are understood, so that none of them may say that a row does not count.
bool TellsWhatCounts(const ReadTable& table);
/// Of bills with this amount: a condition for those that are not paid yet; empty where no status tells both, some are
/// paid in part, or something comes on top of the amount.
SqlExpression OnlyWhatIsOpen(const ReadTable& table, const ReadColumn& amount);
/// Whether the rows are payments of those who buy, and none to those who are paid.
bool ArePaymentsToUs(const Drafting& drafting, const ReadTable& table);
/// Of lines: the orders they belong to, where these say what was called off and what they come to.
const ReadTable* ParentOfSale(const Drafting& drafting, const ReadTable& table);
/// Whether the column is what one order, invoice or booking comes to.
bool SaysWholeOfSale(const ReadTable& table, const ReadColumn& column);
/// Whether the table's rows each sell something, with what is made of quantity and price.
bool SaysRevenueByLine(const ReadTable& table);

}  // namespace neurolake::semantic
