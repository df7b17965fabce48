#pragma once
#include <vector>

#include "catalog/catalog.h"
#include "common/result.h"
#include "plan/lineage_digest.h"
#include "query/statement_effects.h"

namespace neurolake::query {

/// "IDENTITY", "JOIN", …: OpenLineage's name of a dependence.
const char* DependenceName(plan::DependenceKind kind);
/// Whether OpenLineage calls it DIRECT.
bool IsDirect(plan::DependenceKind kind);

/// What `digest` writes, found in what the statement published; nullopt if it did not.
std::optional<catalog::LineageEnd> FindTarget(const plan::LineageDigest& digest, const StatementEffects& effects);
/// The ends that a source stands for: none for a table the worker was not told of, one for each file unless there are
/// very many.
std::vector<catalog::LineageEnd> FindSources(const plan::LineageRelation& relation, const StatementEffects& effects);

/// The edges of a statement that succeeded: one for each source and target. A table is a source of itself only where a
/// column takes values from one of its own.
std::vector<catalog::LineageEdge> MakeEdges(const catalog::StatementRecord& statement,
                                            const std::vector<plan::LineageDigest>& digests,
                                            const StatementEffects& effects);

}  // namespace neurolake::query
