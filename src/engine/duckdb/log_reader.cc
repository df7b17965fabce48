#include "engine/duckdb/internal/log_reader.h"

#include <thread>

#include "common/text.h"
#include "engine/duckdb/internal/checkpoint_reader.h"
#include "storage/path.h"
#include "tables/delta/reconciler.h"

namespace neurolake::engine::duckdb {
namespace {

using tables::delta::CommitActions;
using tables::delta::LogSegment;
using tables::delta::Reconciler;
using tables::delta::ReplayedLog;

constexpr int kRequestsAtOnce = 16;

class BulkLogReader final : public tables::delta::LogReader {
 public:
  BulkLogReader(native::DuckDB& database, storage::ObjectStore& store, int threads,
                std::function<void()> before_checkpoint)
      : database_(database),
        store_(store),
        threads_(std::clamp(threads, 1, 8)),
        before_checkpoint_(std::move(before_checkpoint)) {}

  Result<ReplayedLog> Replay(const RequestContext& ctx, const LogSegment& segment) override {
    Reconciler reconciler(Reconciler::Order::kNewestFirst);
    NL_RETURN_IF_ERROR(ReplayCommits(ctx, segment, reconciler));
    std::vector<std::string> parquet_files;
    for (const std::string& file : segment.checkpoint_files) {
      if (!file.ends_with(".json")) {
        parquet_files.push_back(file);
        continue;
      }
      NL_ASSIGN_OR_RETURN(auto actions, ReadActions(file));
      AddSidecars(segment, actions, parquet_files);
      reconciler.Apply(std::move(actions));
    }
    if (!parquet_files.empty()) NL_RETURN_IF_ERROR(ReplayCheckpoint(ctx, segment, parquet_files, reconciler));
    return std::move(reconciler).Finish();
  }

 private:
  Result<CommitActions> ReadActions(const std::string& file) {
    NL_ASSIGN_OR_RETURN(auto bytes, store_.Read(file));
    if (bytes.empty()) return MakeError(ErrorCode::kCorruption, "the log file is empty: {}", file);
    return tables::delta::ParseCommit(bytes, file);
  }

  // Newest first, a window at a time: what is parsed and not yet applied stays bounded.
  Result<void> ReplayCommits(const RequestContext& ctx, const LogSegment& segment, Reconciler& reconciler) {
    const std::vector<std::string> files(segment.commit_files.rbegin(), segment.commit_files.rend());
    // Over a network the answers are waited for, not computed.
    const int threads = storage::IsUrl(segment.log_path) ? kRequestsAtOnce : threads_;
    const size_t window = static_cast<size_t>(threads) * 32;
    for (size_t begin = 0; begin < files.size(); begin += window) {
      NL_RETURN_IF_ERROR(ctx.CheckAlive());
      const size_t count = std::min(window, files.size() - begin);
      std::vector<Result<CommitActions>> parsed(count, Result<CommitActions>(CommitActions()));
      std::atomic<size_t> next{0};
      auto work = [&] {
        for (size_t i = next++; i < count; i = next++) parsed[i] = ReadActions(files[begin + i]);
      };
      {
        std::vector<std::jthread> helpers;
        for (size_t i = 1; i < std::min<size_t>(static_cast<size_t>(threads), count); ++i) helpers.emplace_back(work);
        work();
      }
      for (auto& actions : parsed) {
        if (!actions.has_value()) return std::unexpected(std::move(actions).error());
        reconciler.Apply(*std::move(actions));
      }
    }
    return {};
  }

  Result<void> ReplayCheckpoint(const RequestContext& ctx, const LogSegment& segment, std::vector<std::string> files,
                                Reconciler& reconciler) {
    before_checkpoint_();
    CheckpointReader reader(database_);
    // Sidecars hold file actions alone, so one more round is all there can be.
    for (int round = 0; round < 2 && !files.empty(); ++round) {
      NL_RETURN_IF_ERROR(ctx.CheckAlive());
      NL_ASSIGN_OR_RETURN(auto actions, reader.Read(files));
      files.clear();
      AddSidecars(segment, actions, files);
      reconciler.Apply(std::move(actions));
    }
    return {};
  }

  static void AddSidecars(const LogSegment& segment, const CommitActions& actions, std::vector<std::string>& files) {
    for (const std::string& sidecar : actions.sidecars) {
      files.push_back(storage::JoinPath(segment.log_path + "/_sidecars", sidecar));
    }
  }

  native::DuckDB& database_;
  storage::ObjectStore& store_;
  int threads_;
  std::function<void()> before_checkpoint_;
};

}  // namespace

std::unique_ptr<tables::delta::LogReader> NewLogReader(native::DuckDB& database, storage::ObjectStore& store,
                                                       int threads, std::function<void()> before_checkpoint) {
  return std::make_unique<BulkLogReader>(database, store, threads, std::move(before_checkpoint));
}

}  // namespace neurolake::engine::duckdb
