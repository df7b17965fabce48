#pragma once
#include "engine/duckdb/internal/native.h"
#include "tables/delta/snapshot.h"

namespace neurolake::engine::duckdb {

/// What the arrays of a snapshot's bounds say of many files at once. Answers as FilePredicate does for each of them,
/// and kAsk where only that can tell: an unusual spelling, a type whose bounds are not kept. For ImpossibleWalk.
class BulkLeaves {
 public:
  enum Verdict : uint8_t { kMayMatch, kAsk, kImpossible };
  using Answer = std::vector<uint8_t>;  // Of each candidate, a Verdict.

  BulkLeaves(const tables::delta::Snapshot& snapshot, const std::vector<uint32_t>& candidates)
      : snapshot_(snapshot), candidates_(candidates) {}

  Answer Unknown() const { return Answer(candidates_.size(), kMayMatch); }
  Answer Compare(uint64_t column, native::ExpressionType comparison, const native::Value& constant,
                 bool without_nan) const;
  Answer IsNull(uint64_t column) const;
  Answer IsNotNull(uint64_t column) const;
  // The order of verdicts makes both so simple.
  static Answer Either(Answer one, const Answer& other);
  static Answer Both(Answer one, const Answer& other);

 private:
  const tables::delta::Snapshot& snapshot_;
  const std::vector<uint32_t>& candidates_;
};

}  // namespace neurolake::engine::duckdb
