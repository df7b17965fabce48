#pragma once
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "semantic/infer.h"
#include "semantic/model.h"

namespace neurolake::semantic {

/// What a column is for the people who ask about it.
enum class ColumnRole : uint8_t {
  kSkipped,   ///< Lists, structures, bytes.
  kKey,       ///< Names the row, or one of another table.
  kTime,      ///< A time, or what stands for one (HiddenForm).
  kFlag,      ///< Yes or no.
  kCategory,  ///< Text.
  kCode,      ///< A number that is never added up: years, floors, postcodes.
  kFlow,      ///< A number that is added up: amounts, quantities.
  kExtent,    ///< Added up, but asked for by its mean: durations, salaries.
  kRate,      ///< Never added up; its mean says something: prices, percentages, ages.
  kHighest,   ///< The highest of something, each time: never added up, and no mean.
  kLowest,    ///< The lowest.
  kBalance,   ///< Added up, but never over time: balances, stock.
};

/// A column as names and statistics show it.
struct ReadColumn {
  const KnownColumn* known = nullptr;
  ColumnRole role = ColumnRole::kSkipped;
  ValueType type = ValueType::kText;
  std::vector<std::string>
      words;  ///< Of its name, without the table's prefix, its unit and the marks of keys and flags.
  std::string unit;
  bool is_percent = false;     ///< Fractions of 1.
  bool strips_prefix = false;  ///< The name began with the table's own code, such as l_ of lineitem.
  std::string level;           ///< Of places, as Dimension::geographic_level.
};

/// A table as names and statistics show it.
struct ReadTable {
  const KnownTable* known = nullptr;
  std::vector<std::string> words;  ///< Singular: {"order", "line"}.
  std::vector<ReadColumn> columns;

  std::string noun() const;  ///< "order line"
};

ReadTable ReadTableNames(const KnownTable& table);
/// Sets what `column` of `table`, whose names are read, is for; takes the marks of a flag off its words.
void ChooseRole(ReadColumn& column, const ReadTable& table);
/// Other words for what tables hold, where no table is called so.
std::vector<std::string> OtherWordsFor(std::string_view noun);

ValueType ValueTypeOf(std::string_view sql_type);
bool IsNumber(ValueType type);
/// Whether a unit is a currency, by ISO 4217's three letters.
bool IsCurrency(const std::string& unit);
bool IsTimeType(ValueType type);
/// A name of the model: letters, digits and _, with room for a suffix.
std::string ModelNameOf(std::string_view text);
/// `name`, or with a number if it is taken.
std::string UnusedName(const std::string& name, std::set<std::string>& taken);
bool SameTable(const std::vector<std::string>& a, const std::vector<std::string>& b);
bool IsUnique(const KnownTable& table, const KnownColumn& column);
/// Whether the words end as keys do: id, key, code, number, or are only that.
bool EndsAsKey(const std::vector<std::string>& words);
/// `words` without the marks of keys: {"ship", "customer"} of ship_customer_id.
std::vector<std::string> WithoutKeyMarks(std::vector<std::string> words);
bool EndsWithWords(const std::vector<std::string>& words, const std::vector<std::string>& end);
/// The part of `words` that is no part of the noun of what they refer to: "origin" of origin_airport_id to airports.
std::string RoleOfReference(const std::vector<std::string>& words, const std::vector<std::string>& noun);

/// Whether the rows were hired, or are paid a salary: people who work.
bool HasHired(const ReadTable& table);
/// Also by what the table is called.
bool IsStaff(const ReadTable& table);
/// Whether the column says how far something has come or how it ended: a status, an outcome.
bool IsStatus(const ReadColumn& column);
/// Whether some of a status's values are codes that nothing says the meaning of: what counts is not known then.
bool IsOpaque(const ReadTable& table, const ReadColumn& status);
/// A value of a column of texts in whole words and lower case: "cancelled" of canc in a status.
std::string WordsOfValue(const ReadTable& table, const ReadColumn& column, const std::string& value);
/// What the column's codes are known to mean.
std::vector<NamedValue> NamedValuesOf(const ReadTable& table, const ReadColumn& column);

/// Kind of personal data that the column's words speak of, in a table of `noun`; empty: none.
std::string PersonalByName(const std::vector<std::string>& words, const std::vector<std::string>& noun);

/// Whether the rows take place at a time that was planned: they count then, and not on the day somebody asked for them.
bool TakesPlace(const ReadTable& table);

/// The time that a table's rows go by: index of its column; nullopt where names do not tell. `is_sure`: nothing else
/// comes near.
struct ChosenTime {
  size_t column = 0;
  bool is_sure = false;
};
std::optional<ChosenTime> ChooseTime(const ReadTable& table);

/// Whether a hidden form says a day and no time of it.
bool IsDayForm(HiddenForm form);

/// The expression that gives a column's time, flag or plain value.
SqlExpression ExpressionOf(const ReadColumn& column);

}  // namespace neurolake::semantic
