#pragma once
#include <optional>
#include <string>
#include <vector>

#include "query/copy_into_sql.h"

namespace neurolake::query {

/// A file to load, looked at.
struct InspectedFile {
  SourceFile file;
  FileInspection inspection;
  std::string identity;
  std::string beginning;          ///< CSV: the first bytes, unpacked.
  std::vector<std::string> keys;  ///< Of JSON lines, as JsonLines has them.
};

/// How many rows are read to find types nobody gave.
inline constexpr int64_t kSampleRows = 20'480;
inline constexpr int64_t kEveryRow = -1;

/// Finds out how the files are cut and which of their columns goes where. Fills everything of `plan` but the load's id
/// and time; `plan.options` and `plan.target` are given. Files without a single record are left out of `plan.files`.
/// Errors: kInvalidArgument and kColumnNotFound that name file and columns and what would help.
Result<void> MakeLoadPlan(const CopyInto& statement, const std::vector<InspectedFile>& files,
                          const std::optional<TableShape>& table, ProductSql& sql, LoadPlan& plan);

/// Whether nobody gave the types, so that `InferTypes` may still widen them.
bool HasInferredTypes(const LoadPlan& plan, const std::optional<TableShape>& table);

/// Sets the types of `plan.columns` from the files' first rows. A later call with kEveryRow fits every row it can.
Result<void> InferTypes(int64_t sample_rows, ProductSql& sql, LoadPlan& plan);

/// "a, b, c and 7 more".
std::string NameList(const std::vector<std::string>& names);

}  // namespace neurolake::query
