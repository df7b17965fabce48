#pragma once
#include <vector>

#include "plan/lineage_digest.h"

namespace neurolake::engine::duckdb {

/// The columns that one value, or the choice of rows, depends on: sorted, each once.
class Sources {
 public:
  Sources() = default;
  static Sources Of(uint32_t relation, uint32_t field);

  bool empty() const { return entries_.empty(); }
  const std::vector<plan::LineageSource>& entries() const { return entries_; }
  /// Returns whether anything is new.
  bool Add(const Sources& other);
  /// Of a value computed from this one: what was taken as it is becomes at least `kind`, which is a direct one. What
  /// was aggregated stays so.
  Sources Computed(plan::DependenceKind kind) const;
  /// Of what this only decides: everything becomes `kind`, an indirect one.
  Sources Deciding(plan::DependenceKind kind) const;

 private:
  std::vector<plan::LineageSource> entries_;
};

}  // namespace neurolake::engine::duckdb
