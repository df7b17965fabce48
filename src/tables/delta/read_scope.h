#pragma once
#include <optional>
#include <string>
#include <vector>

#include "tables/delta/actions.h"
#include "tables/delta/schema.h"

namespace neurolake::tables::delta {

/// Values from `min` to `max`, both included; open where nullopt. Texts as partition values have them.
struct ValueRange {
  std::optional<std::string> min;
  std::optional<std::string> max;
};

/// A row fulfils it if its value lies in any of `ranges`, or is NULL and `or_null` is set.
struct ColumnCondition {
  std::string column;  ///< Physical name of a column of the table itself, not of a field in it.
  std::vector<ValueRange> ranges;
  bool or_null = false;
};

/// What all rows that a scan was interested in fulfil: every one of the conditions. Empty: any row.
using ReadPredicate = std::vector<ColumnCondition>;

/// What of a table a statement read, so that a commit knows which of the commits it meets would have changed the
/// answer. The default, the whole table, is always safe.
struct ReadScope {
  bool whole_table = true;
  /// Paths of the files read, as the log has them; rows removed from them are a conflict.
  std::vector<std::string> files;
  /// One for each scan; a file that may have a row for any of them, and was not there to be read, is a conflict.
  std::vector<ReadPredicate> predicates;

  static ReadScope Nothing() { return {.whole_table = false, .files = {}, .predicates = {}}; }
  /// These files and no others: what is added beside them is of no interest (OPTIMIZE, FSCK).
  static ReadScope Files(std::vector<std::string> files) {
    return {.whole_table = false, .files = std::move(files), .predicates = {}};
  }
  bool reads_nothing() const { return !whole_table && files.empty() && predicates.empty(); }
};

/// False only if partition values or statistics prove that no row of `file` fulfils `predicate`. Pure.
bool MayMatch(const ReadPredicate& predicate, const AddFile& file, const DataType& schema,
              const std::vector<std::string>& partition_columns);

}  // namespace neurolake::tables::delta
