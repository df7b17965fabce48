#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "retrieval/corpus.h"
#include "retrieval/table_card.h"

namespace neurolake::retrieval {

struct TwoStageQuery {
  std::string_view text;
  TableConstraint constraint = {};
  size_t tables_max = 8;
  size_t passages_max = 10;
};

struct TableHit {
  TableCard card;
  double score = 0;  ///< Of its best passage; of tables that no passage speaks of, -1.
};

struct TwoStageResult {
  std::vector<TableHit> tables;      ///< Of those that meet the constraint, best first, then by name.
  std::vector<PassageHit> passages;  ///< About these tables, and documents, metrics and questions, best first.
};

/// Retrieval in two stages: the cards pick tables by constraint, then texts are ranked by meaning and word:
/// descriptions of these tables alone, and documents, metric definitions and verified questions. Both by what the
/// viewer may see. Thread-safe.
class Retriever {
 public:
  /// Borrows both, which must outlive this.
  Retriever(const TableIndex& tables, const Corpus& corpus) : tables_(tables), corpus_(corpus) {}

  /// Errors: those of Corpus::Search.
  Result<TwoStageResult> Find(const RequestContext& ctx, const Viewer& viewer, const TwoStageQuery& query) const;

 private:
  const TableIndex& tables_;
  const Corpus& corpus_;
};

}  // namespace neurolake::retrieval
