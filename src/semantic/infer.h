#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/result.h"
#include "semantic/model.h"

namespace neurolake::semantic {

/// What a column's values are, where its type does not say: as the data shows.
enum class HiddenForm : uint8_t {
  kNone,
  kYearMonthDay,  ///< Whole numbers such as 20240131.
  kDayNumber,     ///< Whole numbers that count days: KnownColumn::day_zero is the day of 0.
  kYearMonth,     ///< Whole numbers such as 202401: the first of the month.
  kDateText,      ///< Texts such as 2024-01-31.
  kTimeText,      ///< Texts such as 2024-01-31 10:00:00.
  kDatePattern,   ///< Texts such as 31.01.2024: KnownColumn::pattern says how.
  kEpoch,         ///< Whole numbers since 1970-01-01 UTC: KnownColumn::epoch_per_second of them are a second.
};

/// What is known of a column, from the schema and from statistics; what nobody counted stays empty.
struct KnownColumn {
  std::string name;
  std::string type;  ///< SQL, as in "BIGINT", "DECIMAL(10,2)", "TIMESTAMP WITH TIME ZONE".
  std::string comment = {};
  std::optional<int64_t> distinct = std::nullopt;  ///< Of values that are not NULL; exact if `distinct_is_exact`.
  bool distinct_is_exact = true;
  std::optional<int64_t> nulls = std::nullopt;
  std::string min = {};                  ///< As SQL writes it; empty: not known, or there is no value.
  std::string max = {};                  ///< As `min`.
  std::vector<std::string> values = {};  ///< All, of columns with few.
  std::string personal = {};             ///< Kind of personal data, if a scan or a tag says so.
  HiddenForm form = HiddenForm::kNone;
  std::string day_zero = {};  ///< Of kDayNumber, yyyy-mm-dd.
  std::string pattern = {};   ///< Of kDatePattern, as strptime takes it.
  int64_t epoch_per_second = 0;
};

/// Two times of a table's rows, where the later one ends what the earlier one begins, as the data shows.
struct KnownSpan {
  std::string from, to;       ///< Columns.
  double median_seconds = 0;  ///< Of rows with both.
};

/// A value that a column has just where the row has a time, as the data shows: each E has an end, and nothing else has.
struct KnownOutcome {
  std::string column;  ///< Of texts.
  std::string value;   ///< Empty: still to be looked up.
  std::string time;    ///< The other column.
};

struct KnownTable {
  std::vector<std::string> name;  ///< Schema and table.
  std::string comment = {};
  std::optional<int64_t> rows = std::nullopt;
  std::vector<KnownColumn> columns = {};
  std::vector<std::vector<std::string>> keys = {};  ///< Columns whose values together are never twice, as counted.
  std::vector<KnownSpan> spans = {};
  std::vector<KnownOutcome> outcomes = {};
  std::string shared_prefix =
      {};  ///< What all tables' names begin with: the application's mark, and no word of its own.
  /// Short words of names and what they are short for in these tables (LearnShortWords).
  std::vector<std::pair<std::string, std::string>> written_out = {};
};

/// A column whose values are in another table's unique column, as the data says.
struct KnownReference {
  std::vector<std::string> from_table;
  std::string from_column;
  std::vector<std::string> to_table;
  std::string to_column;
  double found = 1;  ///< Share of the different values that are there.
};

/// References that names and types allow, the likeliest first for each column, to be looked up in the data. At most
/// 4 for a column. Needs the columns' numbers of values. Pure.
std::vector<KnownReference> CandidateReferences(const std::vector<KnownTable>& tables);

/// Of what `CandidateReferences` gave, with `found` filled in: those the data bears out, one for a column.
std::vector<KnownReference> ChosenReferences(const std::vector<KnownTable>& tables,
                                             const std::vector<KnownReference>& looked_up);

/// Columns that may be a table's key together where none is alone: at most 6, likeliest first.
std::vector<std::vector<std::string>> CandidateKeys(const KnownTable& table,
                                                    const std::vector<KnownReference>& references);

/// Columns of times that may say when what a row tells of was over, to be looked up in the data. Pure.
std::vector<KnownSpan> CandidateSpans(const KnownTable& table);

/// Statuses of codes and times that may say what one of the codes stands for, to be looked up in the data. Pure.
std::vector<KnownOutcome> CandidateOutcomes(const KnownTable& table);

/// The SQL that gives the time a column holds, whatever its form.
std::string TimeExpression(const KnownTable& table, const std::string& column);

/// Sets the form of numbers that count seconds (or parts of them) since 1970, where their names speak of a time.
void FindEpochs(KnownTable& table);

/// Whether a column's name speaks of a day or a time.
bool SoundsLikeTime(const KnownTable& table, const KnownColumn& column);

/// Whether a name speaks of a month or a period of months ("yyyymm").
bool SaysMonth(std::string_view name);

/// How days are written in texts, for strptime; where a text is one by two of them, nothing is known.
std::span<const std::string_view> DatePatterns();

/// The column of days of a table that is a calendar (one row for each day); nullptr: it is none. Pure.
const KnownColumn* CalendarDay(const KnownTable& table);

/// Whether a calendar's column follows from its day alone: its year, month, quarter, week, weekday, key.
bool FollowsFromDay(const KnownTable& calendar, const KnownColumn& column);

struct InferenceOptions {
  bool offers_personal = false;  ///< Whether columns with personal data, other than names, are offered.
};

/// A guess about one member.
struct MemberNote {
  std::string entity;  ///< Of the model.
  std::string member;  ///< Dimension or measure; empty: the entity itself.
  std::string text;
};

struct Inference {
  SemanticModel model;
  std::vector<std::string> notes;  ///< What was guessed, for the person who edits the draft.
  std::vector<MemberNote> member_notes;
};

/// The draft as a person reads it: what was guessed stands as a comment above the member it is about, the rest on top.
std::string AnnotatedYaml(const Inference& inference, const std::vector<std::string>& head);

/// A draft of a model. Keys are from what is unique, joins from references (else from names and types alone, and noted
/// as such); times, sums, averages, counts and categories from types, names and values; words from names and comments.
/// It always loads. Deterministic. Source: docs/semantic-layer.md, "Drafts".
/// Errors: kInvalidArgument without any table.
Result<Inference> InferModel(const std::string& name, const std::vector<KnownTable>& tables,
                             const std::vector<KnownReference>& references, const InferenceOptions& options = {});

}  // namespace neurolake::semantic
