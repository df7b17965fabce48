#pragma once
#include <string>
#include <vector>

#include "ask/compile/internal/fact_query.h"

namespace neurolake::ask::compile {

/// A fact's rows, before they are aggregated: where they come from, what they are grouped by, which are in.
struct FactRows {
  Relation relation;
  Path to_leaf = {};  ///< From the root to the leaves' entity; not empty where a dimension has several rows of it.
  FieldRef time = {};
  std::vector<std::string> group = {};  ///< SQL of Grouping::Columns.
  std::vector<std::string> where = {};

  /// `SELECT columns…, values… FROM … WHERE …`; grouped, or row by row.
  std::string Sql(const Grouping& grouping, const std::vector<std::string>& values, bool is_grouped) const;
};

Result<FactRows> RowsOf(Scope& scope, const MetricPlan& plan, const FactGroup& group, const FactScope& facts);

/// What a leaf aggregates, and the condition on its rows (empty: all).
struct LeafRow {
  std::string value = {};
  std::string condition = {};
};
Result<LeafRow> RowOf(Scope& scope, FactRows& rows, const Leaf& leaf);

/// Each leaf that has a query of its own.
Result<std::string> SemiAdditiveSql(Scope& scope, const MetricPlan& plan, const FactGroup& group,
                                    const FactScope& facts);
Result<std::string> CumulativeSql(Scope& scope, const MetricPlan& plan, const FactGroup& group, const FactScope& facts);
Result<std::string> ConversionSql(Scope& scope, const MetricPlan& plan, const FactGroup& group, const FactScope& facts);

}  // namespace neurolake::ask::compile
