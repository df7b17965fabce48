#include "cli/eval_score.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "common/text.h"

namespace neurolake::cli {
namespace {

using Value = std::optional<std::string>;
using Row = std::vector<Value>;

std::optional<double> NumberOf(const std::string& text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
  return number;
}

/// "2024-01-01T00:00:00Z" and "2024-01-01" are one day.
std::string PlainText(std::string text) {
  if (text.size() >= 19 && text[4] == '-' && (text[10] == 'T' || text[10] == ' ')) {
    text[10] = ' ';
    if (text.ends_with('Z')) text.pop_back();
    if (const size_t dot = text.find('.'); dot != std::string::npos) text.resize(dot);
    if (text.ends_with(" 00:00:00")) text.resize(10);
  }
  return LowerAscii(text);
}

/// Decimals that a number is written with.
int DecimalsOf(const std::string& text) {
  const size_t point = text.find('.');
  return point == std::string::npos || text.find('e') != std::string::npos ? 0
                                                                           : static_cast<int>(text.size() - point - 1);
}

bool Agrees(const Value& gold, const Value& answer) {
  if (!gold.has_value() || !answer.has_value()) return gold.has_value() == answer.has_value();
  const auto left = NumberOf(*gold);
  const auto right = NumberOf(*answer);
  if (left.has_value() && right.has_value()) {
    const double difference = std::abs(*left - *right);
    if (difference <= 1e-6 * std::max(std::abs(*left), std::abs(*right))) return true;
    const int decimals = DecimalsOf(*gold);
    return decimals >= 1 && decimals <= 4 && difference <= 0.5 * std::pow(10.0, -decimals) * (1 + 1e-9);
  }
  return PlainText(*gold) == PlainText(*answer);
}

/// What values that agree are sorted by: nearly equal numbers stand beside each other.
std::string SortForm(const Value& value) {
  if (!value.has_value()) return "";
  if (const auto number = NumberOf(*value)) return "#" + std::to_string(static_cast<float>(*number));
  return "$" + PlainText(*value);
}

bool SameRows(const TextRows& gold, const TextRows& answer, const std::vector<size_t>& columns) {
  std::vector<Row> projected;
  for (const auto& row : answer) {
    auto& cells = projected.emplace_back();
    for (const size_t column : columns) cells.push_back(row[column]);
  }
  std::vector<Row> wanted;
  for (const auto& row : gold) wanted.emplace_back(row.begin(), row.begin() + static_cast<ptrdiff_t>(columns.size()));
  const auto before = [](const Row& left, const Row& right) {
    return std::lexicographical_compare(left.begin(), left.end(), right.begin(), right.end(),
                                        [](const Value& a, const Value& b) { return SortForm(a) < SortForm(b); });
  };
  std::sort(projected.begin(), projected.end(), before);
  std::sort(wanted.begin(), wanted.end(), before);
  for (size_t row = 0; row < wanted.size(); ++row) {
    if (!std::equal(wanted[row].begin(), wanted[row].end(), projected[row].begin(), Agrees)) return false;
  }
  return true;
}

/// Gives the next gold column a column of the answer that has its values, and goes on.
bool Assign(const TextRows& gold, const TextRows& answer, std::vector<size_t>& columns) {
  if (!columns.empty() && !SameRows(gold, answer, columns)) return false;
  if (columns.size() == gold.front().size()) return true;
  for (size_t column = 0; column < answer.front().size(); ++column) {
    if (std::find(columns.begin(), columns.end(), column) != columns.end()) continue;
    columns.push_back(column);
    if (Assign(gold, answer, columns)) return true;
    columns.pop_back();
  }
  return false;
}

/// -1, 0 or 1; numbers as numbers. NULL is before all else.
int Compared(const Value& left, const Value& right) {
  if (!left.has_value() || !right.has_value()) return int(left.has_value()) - int(right.has_value());
  const auto a = NumberOf(*left), b = NumberOf(*right);
  if (a.has_value() && b.has_value()) return Agrees(left, right) ? 0 : *a < *b ? -1 : 1;
  const int order = PlainText(*left).compare(PlainText(*right));
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

/// Whether a column's values only rise (`direction` 1) or only fall (-1).
bool IsSorted(const TextRows& rows, size_t column, int direction) {
  for (size_t row = 1; row < rows.size(); ++row) {
    if (!rows[row - 1][column].has_value() || !rows[row][column].has_value()) continue;  // NULLs stand at either end.
    if (Compared(rows[row - 1][column], rows[row][column]) * direction > 0) return false;
  }
  return true;
}

}  // namespace

bool SaysTheSame(const TextRows& gold, const TextRows& answer) {
  if (gold.size() != answer.size()) return false;
  if (gold.empty()) return true;
  if (gold.front().size() > answer.front().size()) return false;
  std::vector<size_t> columns;
  return Assign(gold, answer, columns);
}

bool SaysTheSameInOrder(const TextRows& gold, const TextRows& answer) {
  if (gold.size() != answer.size()) return false;
  if (gold.empty()) return true;
  if (gold.front().size() > answer.front().size()) return false;
  std::vector<size_t> columns;
  if (!Assign(gold, answer, columns)) return false;
  bool is_sorted = false;
  for (size_t column = 0; column < columns.size(); ++column) {
    for (const int direction : {1, -1}) {
      if (!IsSorted(gold, column, direction)) continue;
      is_sorted = true;
      if (IsSorted(answer, columns[column], direction)) return true;
    }
  }
  if (is_sorted) return false;
  for (size_t row = 0; row < gold.size(); ++row) {
    for (size_t column = 0; column < columns.size(); ++column) {
      if (!Agrees(gold[row][column], answer[row][columns[column]])) return false;
    }
  }
  return true;
}

}  // namespace neurolake::cli
