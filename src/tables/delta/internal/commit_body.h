#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "common/result.h"
#include "tables/delta/checksum.h"
#include "tables/delta/commit.h"

namespace neurolake::tables::delta::internal {

class FreshRowIds;

/// What a table has before the commit; both empty for a creation.
struct TableState {
  std::optional<Protocol> protocol;
  std::optional<Metadata> metadata;
};

/// Whether commits under these two must carry an in-commit timestamp.
bool UsesInCommitTimestamps(const Protocol& protocol, const Metadata& metadata);

/// What the table has after the commit.
const Protocol& EffectiveProtocol(const TableState& before, const CommitRequest& request);
const Metadata& EffectiveMetadata(const TableState& before, const CommitRequest& request);

/// Refuses a request that would leave a log others cannot read. Errors: see Commit.
Result<void> CheckRequest(const TableState& before, const CommitRequest& request);

/// The file's text for one attempt: what differs between attempts is written anew, the file actions once.
class CommitBody {
 public:
  /// Borrows both, which must outlive this. Errors: kInvalidArgument if a text of the request is not UTF-8.
  static Result<CommitBody> Make(const TableState& before, const CommitRequest& request, std::string transaction_id);

  struct Attempt {
    int64_t version = 0;
    int64_t now_ms = 0;
    std::optional<int64_t> in_commit_timestamp_ms;
    int64_t row_id_mark = -1;  ///< Before this commit; counts where the table tracks rows.
  };
  std::string ForAttempt(const Attempt& attempt) const;
  const std::string& transaction_id() const { return transaction_id_; }
  /// What the checksum file of that attempt's version is made with.
  ChecksumStep StepFor(const Attempt& attempt) const;

 private:
  CommitBody(const TableState& before, const CommitRequest& request, std::string transaction_id)
      : before_(&before), request_(&request), transaction_id_(std::move(transaction_id)) {}
  std::string CommitInfoLine(const Attempt& attempt) const;
  Metadata MetadataForAttempt(const Attempt& attempt) const;

  const TableState* before_;
  const CommitRequest* request_;
  std::string transaction_id_;
  std::string file_lines_;                      ///< Everything after the metaData line, …
  std::shared_ptr<const FreshRowIds> row_ids_;  ///< … but adds where the table tracks rows: then this makes them.
};

}  // namespace neurolake::tables::delta::internal
