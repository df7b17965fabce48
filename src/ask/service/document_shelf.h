#pragma once
#include <string>
#include <vector>

#include "ask/answer/answer.h"
#include "ask/service/query_runner.h"
#include "retrieval/embedder.h"

namespace neurolake::ask {

/// The documents of one table (docs/documents.md), as much of them as the asker may see: they are read through the
/// pipeline as that principal, so that row policies, masks, tags and purposes decide who finds what, and nothing else
/// moves a score. What they say is data: it is shown to people as a quotation, and goes to no model. Thread-safe.
class DocumentShelf {
 public:
  static constexpr size_t kPassagesMax = 5'000;  ///< Of all that the asker may see, by document and position.
  static constexpr size_t kCitationsMax = 3;

  /// `table` is schema.table; empty: there are no documents. Borrows `embedder`, which may be null.
  /// Errors: kInvalidArgument for another name.
  static Result<DocumentShelf> Open(const std::string& table, const retrieval::Embedder* embedder);

  /// Passages about `text` that have a word of it, nearest first. Errors: kCancelled, kDeadlineExceeded; where the
  /// table cannot be read there are none.
  Result<std::vector<Citation>> Find(const RequestContext& ctx, QueryRunner& runner, const std::string& text) const;

 private:
  DocumentShelf(std::string sql, const retrieval::Embedder* embedder) : sql_(std::move(sql)), embedder_(embedder) {}

  std::string sql_;  ///< Empty: none.
  const retrieval::Embedder* embedder_;
};

}  // namespace neurolake::ask
