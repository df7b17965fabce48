#pragma once
#include <string>
#include <vector>

#include "ask/compile/internal/relation.h"

namespace neurolake::ask::compile {

/// One condition over what `relation` reaches.
Result<std::string> FilterSql(Scope& scope, Relation& relation, const Filter& filter);

/// All groups, as conditions to be joined by AND. What lies on the many side of the root becomes an EXISTS: the root's
/// rows stay single.
Result<std::vector<std::string>> FiltersSql(Scope& scope, Relation& relation, const std::vector<FilterGroup>& groups);

/// Whether FiltersSql would make an EXISTS of any.
Result<bool> NeedsExists(Scope& scope, const Relation& relation, const std::vector<FilterGroup>& groups);

/// `from <= time < to`; empty if both ends are open.
Result<std::vector<std::string>> RangeSql(Scope& scope, Relation& relation, const FieldRef& field,
                                          const TimeRange& range);
/// The same over an expression that is there already.
std::vector<std::string> RangeConditions(const std::string& column, const semantic::Dimension& dimension,
                                         const TimeRange& range, const std::string& zone);

/// What is kept by what exists elsewhere.
Result<std::string> SetSql(Scope& scope, Relation& relation, const SetCondition& set);

std::string CompareSql(const std::string& value, CompareOperator op, double operand, double upper);

}  // namespace neurolake::ask::compile
