#include "tables/delta/reconciler.h"
#include "tables/delta/snapshot.h"

namespace neurolake::tables::delta {
namespace {

class SimpleLogReader final : public LogReader {
 public:
  explicit SimpleLogReader(storage::ObjectStore& store) : store_(store) {}

  Result<ReplayedLog> Replay(const RequestContext& ctx, const LogSegment& segment) override {
    Reconciler reconciler(Reconciler::Order::kNewestFirst);
    for (auto file = segment.commit_files.rbegin(); file != segment.commit_files.rend(); ++file) {
      NL_RETURN_IF_ERROR(ctx.CheckAlive());
      NL_ASSIGN_OR_RETURN(auto actions, ReadActions(*file));
      reconciler.Apply(std::move(actions));
    }
    for (const std::string& file : segment.checkpoint_files) {
      NL_RETURN_IF_ERROR(ctx.CheckAlive());
      if (!file.ends_with(".json")) {
        return MakeError(ErrorCode::kNotSupported, "this reader does not read Parquet checkpoints: {}", file);
      }
      NL_ASSIGN_OR_RETURN(auto actions, ReadActions(file));
      if (!actions.sidecars.empty()) {
        return MakeError(ErrorCode::kNotSupported, "this reader does not read checkpoints with sidecars: {}", file);
      }
      // A checkpoint has no commitInfo; nothing in it may pass for the newest commit's timestamp.
      actions.in_commit_timestamp_ms.reset();
      reconciler.Apply(std::move(actions));
    }
    return std::move(reconciler).Finish();
  }

 private:
  Result<CommitActions> ReadActions(const std::string& file) {
    NL_ASSIGN_OR_RETURN(auto bytes, store_.Read(file));
    if (bytes.empty()) return MakeError(ErrorCode::kCorruption, "the log file is empty: {}", file);
    return ParseCommit(bytes, file);
  }

  storage::ObjectStore& store_;
};

}  // namespace

std::unique_ptr<LogReader> NewSimpleLogReader(storage::ObjectStore& store) {
  return std::make_unique<SimpleLogReader>(store);
}

}  // namespace neurolake::tables::delta
