#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "semantic/model.h"

namespace neurolake::semantic {

/// What is known of a column, from the schema and from statistics; what nobody counted stays empty.
struct KnownColumn {
  std::string name;
  std::string type;  ///< SQL, as in "BIGINT", "DECIMAL(10,2)", "TIMESTAMP WITH TIME ZONE".
  std::string comment = {};
  std::optional<int64_t> distinct = std::nullopt;  ///< Exact, of values that are not NULL.
  std::optional<int64_t> nulls = std::nullopt;
  std::vector<std::string> values = {};  ///< All, of columns with few.
  std::string personal = {};             ///< Kind of personal data, if a scan found one.
};

struct KnownTable {
  std::vector<std::string> name;  ///< Schema and table.
  std::string comment = {};
  std::optional<int64_t> rows = std::nullopt;
  std::vector<KnownColumn> columns = {};
};

/// A column whose values are all in another table's unique column, as the data says.
struct KnownReference {
  std::vector<std::string> from_table;
  std::string from_column;
  std::vector<std::string> to_table;
  std::string to_column;
};

struct Inference {
  SemanticModel model;
  std::vector<std::string> notes;  ///< What was guessed, for the person who edits the draft.
};

/// A draft of a model: keys from what is unique, joins from references (else from names and types alone, and noted as
/// such), times, sums, counts and categories from types, names and numbers of values. It always loads. Deterministic.
/// Errors: kInvalidArgument without any table.
Result<Inference> InferModel(const std::string& name, const std::vector<KnownTable>& tables,
                             const std::vector<KnownReference>& references);

}  // namespace neurolake::semantic
