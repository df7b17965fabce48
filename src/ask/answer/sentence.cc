#include "ask/answer/sentence.h"

#include <fmt/format.h>

namespace neurolake::ask {
namespace {

using Role = OutputColumn::Role;

constexpr size_t kListed = 5;  // Groups that a sentence names; a reader takes in no more.

std::string Capital(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

bool IsKey(const OutputColumn& column) { return column.role == Role::kTimeAxis || column.role == Role::kDimension; }

/// What a row is about: the values of its keys.
std::string RowName(const AnswerTable& table, size_t row) {
  std::string name;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    if (!IsKey(table.columns[i])) continue;
    name += (name.empty() ? "" : ", ") + ShowCell(table.rows[row][i], table.columns[i]);
  }
  return name;
}

std::optional<size_t> FirstColumn(const AnswerTable& table, Role role) {
  for (size_t i = 0; i < table.columns.size(); ++i) {
    if (table.columns[i].role == role) return i;
  }
  return std::nullopt;
}

/// "1,234 against 1,100 (growth 12.2 %)": all numbers of a row.
std::string RowNumbers(const AnswerTable& table, size_t row) {
  std::string text;
  size_t metrics = 0;
  for (const auto& column : table.columns) metrics += column.role == Role::kMetric ? 1 : 0;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const auto& column = table.columns[i];
    if (IsKey(column)) continue;
    const std::string value = ShowCell(table.rows[row][i], column);
    switch (column.role) {
      case Role::kMetric: text += (text.empty() ? "" : "; ") + (metrics > 1 ? column.label + " " : "") + value; break;
      case Role::kComparisonValue: text += " against " + value; break;
      case Role::kDifference: text += fmt::format(" (difference {})", value); break;
      case Role::kGrowth: text += fmt::format(" (change {})", value); break;
      default: text += fmt::format("{}{} {}", text.empty() ? "" : ", ", column.label, value); break;
    }
  }
  return text;
}

/// The rows with the smallest and the largest number in a column; nullopt where there are fewer than two numbers.
std::optional<std::pair<size_t, size_t>> Extremes(const AnswerTable& table, size_t column) {
  std::optional<size_t> low, high;
  for (size_t row = 0; row < table.rows.size(); ++row) {
    const auto number = NumberIn(table.rows[row][column]);
    if (!number.has_value()) continue;
    if (!low.has_value() || *number < *NumberIn(table.rows[*low][column])) low = row;
    if (!high.has_value() || *number > *NumberIn(table.rows[*high][column])) high = row;
  }
  if (!low.has_value() || *low == *high) return std::nullopt;
  return std::pair(*low, *high);
}

std::string Groups(const AnswerTable& table) {
  std::string text;
  if (table.rows.size() <= kListed) {
    for (size_t row = 0; row < table.rows.size(); ++row) {
      const std::string numbers = RowNumbers(table, row);
      text += (row == 0 ? "" : "; ") + RowName(table, row) + (numbers.empty() ? "" : " " + numbers);
    }
    return text;
  }
  text = fmt::format("{} rows", ShowNumber(static_cast<double>(table.rows.size()), {}));
  const auto metric = FirstColumn(table, Role::kMetric);
  const auto extremes = metric.has_value() ? Extremes(table, *metric) : std::nullopt;
  if (!extremes.has_value()) return text;
  const auto show = [&](size_t row) {
    return fmt::format("{} ({})", ShowCell(table.rows[row][*metric], table.columns[*metric]), RowName(table, row));
  };
  return fmt::format("{}, from {} to {}", text, show(extremes->first), show(extremes->second));
}

}  // namespace

std::string Sentence(std::string words, OutputKind output, const AnswerTable& table) {
  words = Capital(std::move(words));
  if (output == OutputKind::kExists) {
    const bool found = !table.rows.empty() && !table.rows[0].empty() && table.rows[0][0] == Cell{true};
    return fmt::format("{}: {}.", words, found ? "yes" : "no");
  }
  if (table.rows.empty()) return words + ": no rows.";
  std::string text = words + ": ";
  if (output == OutputKind::kRows) {
    text += fmt::format("{} row{}.", ShowNumber(static_cast<double>(table.rows.size()), {}),
                        table.rows.size() == 1 ? "" : "s");
  } else {
    bool has_keys = false;
    for (const auto& column : table.columns) has_keys |= IsKey(column);
    text += (has_keys ? Groups(table) : RowNumbers(table, 0)) + ".";
  }
  if (table.is_truncated) {
    text +=
        fmt::format(" There are more: these are the first {}.", ShowNumber(static_cast<double>(table.rows.size()), {}));
  }
  return text;
}

}  // namespace neurolake::ask
