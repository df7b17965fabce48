#pragma once
#include "duckdb/main/prepared_statement_data.hpp"
#include "engine/duckdb/internal/lake_scan.h"
#include "engine/duckdb/internal/native.h"
#include "plan/stages.h"

namespace neurolake::engine::duckdb {

/// What a transaction statement does; such a plan has nothing else.
enum class TransactionStep : uint8_t { kNone, kBegin, kCommit, kRollback };

/// DuckDB's bound plan, not optimised yet, with what is needed to run it.
class BoundPlan final : public plan::EnginePlan {
 public:
  const plan::PlanDigest& digest() const override { return digest_value; }

  plan::PlanDigest digest_value;
  TransactionStep step = TransactionStep::kNone;
  bool returns_rows = true;
  native::shared_ptr<native::Binder> binder;  ///< Numbers the tables of rewritten plans.
  native::unique_ptr<native::LogicalOperator> root;
  native::vector<native::string> names;
  native::vector<native::LogicalType> types;
  native::StatementProperties properties;
  std::vector<std::shared_ptr<LakeScan>> scans;
};

/// Walks the whole plan: expressions, sub-queries and lambda bodies included.
void DigestPlan(native::ClientContext& context, const std::string& statement_kind, BoundPlan& plan);

}  // namespace neurolake::engine::duckdb
