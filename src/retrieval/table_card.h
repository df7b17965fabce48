#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
#include "common/result.h"
#include "retrieval/passage.h"

namespace neurolake::retrieval {

struct ColumnCard {
  std::string name;
  std::string type;         ///< SQL spelling: "TIMESTAMP", "DECIMAL(12,2)".
  std::string description;  ///< Somebody's text: data.
  std::vector<std::string> tags = {};
  std::optional<double> null_share = {};
  std::optional<int64_t> distinct = {};
  /// Of a date or time column: first and last value.
  std::optional<std::pair<WallTime, WallTime>> time_range = {};
};

/// What is known of a table without reading it.
struct TableCard {
  TableId id;
  std::string name;         ///< schema.table
  std::string description;  ///< Somebody's text: data.
  std::vector<ColumnCard> columns;
  std::vector<std::string> partitions;  ///< Columns.
  std::vector<std::string> tags;
  std::optional<int64_t> row_count;
  /// Who sees all of them sees the card. Never empty.
  std::vector<std::string> labels;
};

/// Half-open: [from, until).
struct TimeSpan {
  WallTime from;
  WallTime until;
};

/// Each part that is set must hold.
struct TableConstraint {
  std::optional<std::string> schema = {};
  std::vector<std::string> columns = {};  ///< All of these names, without case.
  std::vector<std::string> types =
      {};  ///< A column of each of these types: "TIMESTAMP" also stands for DATE, "DECIMAL" for all its widths.
  std::vector<std::string> tags = {};  ///< All of these, on the table or a column.
  /// A time column's range overlaps it. A table whose ranges are unknown may have such rows, so it stays.
  std::optional<TimeSpan> time = {};
  std::optional<int64_t> rows_min = {};  ///< A table whose count is unknown stays.
  std::vector<std::string> partitioned_by = {};
};

/// The cards of a lake's tables, picked by constraint: the first stage of retrieval. In memory, made from the
/// catalogue. Thread-safe.
class TableIndex {
 public:
  /// Adds, or replaces the one of the same id. Errors: kInvalidArgument without an id, a name or a label.
  Result<void> Put(TableCard card);
  void Remove(const TableId& id);
  /// The tables that `viewer` sees and that meet `constraint`, by name. Others are not looked at.
  std::vector<TableCard> Select(const Viewer& viewer, const TableConstraint& constraint) const;

 private:
  mutable std::shared_mutex mutex_;
  std::map<TableId, TableCard> cards_;
};

/// `card` as passages of kind kDescription about its id: one of the table, one of each column that has a description.
std::vector<Passage> PassagesOf(const TableCard& card);

}  // namespace neurolake::retrieval
