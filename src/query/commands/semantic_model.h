#pragma once
#include <boost/json/object.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "query/commands/table_command.h"

namespace neurolake::query {

/// What CREATE SEMANTIC MODEL says.
struct SemanticModelClause {
  std::string name;                   ///< Lower case.
  std::optional<std::string> schema;  ///< Of ON SCHEMA.
  std::optional<std::string> comment;
  std::string definition;  ///< YAML.
  bool or_replace = false;
  bool if_not_exists = false;
};

/// CREATE, DROP, ALTER, RESTORE, SHOW and DESCRIBE of SEMANTIC MODEL, and what is granted on it; see
/// parse_table_command.cc. Source: docs/sql/semantic-models.md.
Result<std::shared_ptr<const TableCommand>> ParseSemanticModelStatement(TokenCursor cursor);

std::shared_ptr<const TableCommand> MakeCreateSemanticModel(SemanticModelClause clause);
std::shared_ptr<const TableCommand> MakeRestoreSemanticModel(std::string name, int64_t version);
std::shared_ptr<const TableCommand> MakeDescribeSemanticModel(std::string name, std::optional<int64_t> version);
std::shared_ptr<const TableCommand> MakeShowCreateSemanticModel(std::string name, std::optional<int64_t> version);
/// What the server alone carries out; `columns` of what it answers, none for a statement that changes something.
std::shared_ptr<const TableCommand> MakeSemanticModelAction(std::string kind, std::string action,
                                                            boost::json::object arguments,
                                                            std::vector<OwnColumn> columns = {});

}  // namespace neurolake::query
