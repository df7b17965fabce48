#pragma once
#include <optional>
#include <string>
#include <vector>

namespace neurolake::cli {

/// A result as text: NULL is nullopt.
using TextRows = std::vector<std::vector<std::optional<std::string>>>;

/// Whether `answer` says what `gold` says: for each column of `gold` another one of `answer` whose values, row by row
/// as a multiset, are the same. Names and order of columns and rows do not matter; further columns may describe.
/// Numbers agree to 1e-6 of their size, or as far as the gold is rounded; a truncated time agrees with its date, any
/// text with itself but for case.
bool SaysTheSame(const TextRows& gold, const TextRows& answer);

/// SaysTheSame, and in the gold's order: a column by which the gold is sorted sorts the answer the same way, so that
/// rows that tie may change places; where none sorts the gold, row by row.
bool SaysTheSameInOrder(const TextRows& gold, const TextRows& answer);

}  // namespace neurolake::cli
