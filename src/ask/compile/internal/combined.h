#pragma once
#include <string>
#include <vector>

#include "ask/compile/internal/fact_query.h"

namespace neurolake::ask::compile {

struct CombineOptions {
  std::string name;             ///< Of the CTE.
  std::vector<size_t> metrics;  ///< Which of the plan's.
  bool fill = false;            ///< A row for each period of the axis.
  bool keep_empty = false;      ///< A row for each value of the dimensions.
  bool keep_leaves = false;     ///< "l<index>" columns beside the metrics.
};

/// Facts side by side: a CTE with the grouping's columns, "m<metric>", and, where rows were filled in, "present" (NULL
/// for those). Each fact is aggregated on its own; rows meet by the values of all the grouping's columns, NULL being
/// one.
Result<void> Combine(Scope& scope, const MetricPlan& plan, const FactScope& facts, const CombineOptions& options);

}  // namespace neurolake::ask::compile
