#pragma once
#include <map>
#include <memory>
#include <string>

#include "query/commands/table_command.h"
#include "tables/delta/alter.h"

namespace neurolake::query {

/// What history calls a change, and with which parameters (JSON texts), as Spark writes them.
struct AlterOperation {
  std::string name;
  std::map<std::string, std::string> parameters;
  bool skip = false;  ///< IF [NOT] EXISTS: there is nothing to do.
  /// `expression AS column, …`: what files that exist are written anew with, in the same version. Empty: they stay.
  std::string replaced_columns = {};
  std::string note = {};  ///< For people, in the statement's answer.
};

/// One change of a table's schema, rules, properties or layout. Immutable after parsing.
class TableAlteration {
 public:
  virtual ~TableAlteration() = default;
  /// Applies it to `editor`, after looking at rows that exist where these must obey it.
  virtual Result<AlterOperation> Apply(CommandContext& context, const OpenedTable& table,
                                       tables::delta::TableEditor& editor) const = 0;
  /// Whether it may write rows anew, which takes memory.
  virtual bool rewrites() const { return false; }
};

/// ALTER TABLE, COMMENT ON TABLE and COMMENT ON COLUMN.
Result<std::shared_ptr<const TableCommand>> ParseAlterTable(TokenCursor cursor);
Result<std::shared_ptr<const TableCommand>> ParseCommentOn(TokenCursor cursor);

/// The parts of ALTER TABLE, each standing on its first word; null when the words are of another part.
Result<std::unique_ptr<const TableAlteration>> ParseAlterColumns(TokenCursor& cursor);
Result<std::unique_ptr<const TableAlteration>> ParseAlterRules(TokenCursor& cursor);

/// `text` as a JSON string, for parameters.
std::string JsonText(const std::string& text);

}  // namespace neurolake::query
