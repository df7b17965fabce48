#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "tables/delta/actions.h"
#include "tables/delta/expression.h"
#include "tables/delta/schema.h"

namespace neurolake::tables::delta {

inline constexpr std::string_view kConstraintPrefix = "delta.constraints.";
inline constexpr const char* kInvariant = "delta.invariants";
inline constexpr const char* kGenerationExpression = "delta.generationExpression";
inline constexpr const char* kCurrentDefault = "CURRENT_DEFAULT";
inline constexpr const char* kIdentityStart = "delta.identity.start";
inline constexpr const char* kIdentityStep = "delta.identity.step";
inline constexpr const char* kIdentityHighWaterMark = "delta.identity.highWaterMark";
inline constexpr const char* kIdentityAllowExplicit = "delta.identity.allowExplicitInsert";

/// Must be true (not NULL) of every row. Source: PROTOCOL.md, "CHECK Constraints", "Column Invariants".
struct CheckRule {
  std::string name;  ///< "positive", or "invariant of x".
  Expression condition;
};

/// `schema.fields[column]` IS NOT DISTINCT FROM `value` for every row.
struct GenerationRule {
  size_t column = 0;
  Expression value;
};

struct IdentityRule {
  size_t column = 0;
  int64_t start = 1;
  int64_t step = 1;
  bool allow_explicit = false;
  std::optional<int64_t> high_water_mark;
};

struct DefaultRule {
  size_t column = 0;
  Expression value;
};

/// What rows written to a table have to obey, beyond types and NOT NULL.
struct TableRules {
  std::vector<CheckRule> checks;
  std::vector<GenerationRule> generated;
  std::vector<IdentityRule> identities;
  std::vector<DefaultRule> defaults;
  bool empty() const { return checks.empty() && generated.empty() && identities.empty() && defaults.empty(); }
};

/// Errors: kNotSupported naming the constraint or column whose expression is not understood, so that nothing is written
/// past it; kCorruption for metadata that cannot be. Pure.
Result<TableRules> ReadTableRules(const Metadata& metadata, const DataType& schema);

/// The default of one column, if it has one that is understood: for binding statements, which ReadTableRules then
/// judges.
std::optional<Expression> UnderstoodDefault(const StructField& field);

/// Whether `after` is `before` but for identity columns' high-water marks, which any writer of rows moves. False if a
/// schema cannot be read.
bool OnlyIdentityMarksMoved(const Metadata& before, const Metadata& after);

/// The name of a constraint or column whose expression reads the column at `path`, "" if there is none. An expression
/// that is not understood counts as reading it.
std::string FindDependent(const Metadata& metadata, const DataType& schema, const std::vector<std::string>& path);

}  // namespace neurolake::tables::delta
