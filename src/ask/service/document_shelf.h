#pragma once
#include <string>
#include <vector>

#include "ask/answer/answer.h"
#include "ask/service/query_runner.h"
#include "retrieval/text_index.h"

namespace neurolake::ask {

/// The documents of one table (docs/documents.md), as much of them as the asker may see: they are read through the
/// pipeline as that principal, so that row policies, masks, tags and purposes decide who finds what, and nothing else
/// moves a score. What they say is data: it is shown to people as a quotation, and goes to no model. Thread-safe.
class DocumentShelf {
 public:
  static constexpr size_t kPassagesMax = 5'000;  ///< Of all that the asker may see, by document and position.
  static constexpr size_t kCitationsMax = 3;

  /// `table` is schema.table; empty: there are no documents. Borrows `texts`.
  /// Errors: kInvalidArgument for another name.
  static Result<DocumentShelf> Open(const std::string& table, retrieval::TextIndex& texts);

  /// Passages about `text` that have a word of it, nearest first. Errors: kCancelled, kDeadlineExceeded; where the
  /// table cannot be read there are none.
  Result<std::vector<Citation>> Find(const RequestContext& ctx, QueryRunner& runner, const std::string& text) const;

 private:
  DocumentShelf(std::string table, std::string sql, retrieval::TextIndex& texts)
      : table_(std::move(table)), sql_(std::move(sql)), texts_(texts) {}

  std::string table_;
  std::string sql_;  ///< Empty: none.
  retrieval::TextIndex& texts_;
};

}  // namespace neurolake::ask
