#pragma once
#include "engine/duckdb/engine.h"
#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

class DuckDbParsedQuery final : public ParsedQuery {
 public:
  explicit DuckDbParsedQuery(native::unique_ptr<native::SQLStatement> statement);
  const std::string& kind() const override { return kind_; }
  bool returns_rows() const override { return returns_rows_; }
  bool HasParameter(const std::string& name) const override { return statement_->named_param_map.count(name) > 0; }
  native::unique_ptr<native::SQLStatement> TakeStatement() { return std::move(statement_); }

 private:
  native::unique_ptr<native::SQLStatement> statement_;
  std::string kind_;
  bool returns_rows_ = true;
};

/// Splits and parses; runs nothing, pragma handlers included. Throws DuckDB's parser errors.
std::vector<std::unique_ptr<ParsedQuery>> ParseStatements(const std::string& sql, const native::ParserOptions& options);

/// All names that `kind()` can have.
std::vector<std::string> StatementKinds();

}  // namespace neurolake::engine::duckdb
