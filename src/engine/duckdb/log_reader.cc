#include "engine/duckdb/internal/log_reader.h"

#include <numeric>
#include <thread>

#include "common/text.h"
#include "engine/duckdb/internal/checkpoint_reader.h"
#include "storage/path.h"
#include "tables/delta/log_file_parts.h"
#include "tables/delta/reconciler.h"

namespace neurolake::engine::duckdb {
namespace {

using tables::delta::CommitActions;
using tables::delta::LogFileParts;
using tables::delta::LogSegment;
using tables::delta::Reconciler;
using tables::delta::ReplayedLog;

constexpr int kRequestsAtOnce = 16;
/// Larger log files are read and parsed in parts: parsed actions take several times their text.
constexpr int64_t kPartBytes = LogFileParts::kPartBytes;
/// A log of less than this is read within what planning has anyway.
constexpr int64_t kSmallLogBytes = 32LL << 20;
/// So much text of commits is parsed at once, within what planning has.
constexpr int64_t kWindowBytes = 4 * kPartBytes;
/// What reading takes beside the parts of `bytes` that are kept: what is being parsed, and for each file a place in the
/// table and a key.
constexpr int64_t MemoryFor(int64_t bytes) { return bytes + bytes / 4 + (64LL << 20); }

class BulkLogReader final : public tables::delta::LogReader {
 public:
  BulkLogReader(native::DuckDB& database, storage::ObjectStore& store, int threads, LogReaderHooks hooks)
      : database_(database), store_(store), threads_(std::clamp(threads, 1, 8)), hooks_(std::move(hooks)) {}

  Result<ReplayedLog> Replay(const RequestContext& ctx, const LogSegment& segment) override {
    Reconciler reconciler(Reconciler::Order::kNewestFirst);
    // Paths and statistics are most of a commit, and what is kept of it.
    NL_RETURN_IF_ERROR(Reserve(std::accumulate(segment.commit_bytes.begin(), segment.commit_bytes.end(), int64_t{0})));
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

  Result<void> Reserve(int64_t log_bytes) override {
    return log_bytes > kSmallLogBytes ? hooks_.reserve_memory(MemoryFor(log_bytes)) : Result<void>();
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
    size_t count = 0;
    for (size_t begin = 0; begin < files.size(); begin += count) {
      NL_RETURN_IF_ERROR(ctx.CheckAlive());
      int64_t window_bytes = BytesOf(segment, files.size() - 1 - begin);
      if (window_bytes > kPartBytes) {
        NL_RETURN_IF_ERROR(ReplayLarge(ctx, files[begin], window_bytes, reconciler));
        count = 1;
        continue;
      }
      for (count = 1; count < std::min(window, files.size() - begin); ++count) {
        const int64_t bytes = BytesOf(segment, files.size() - 1 - begin - count);
        window_bytes += bytes;
        if (bytes > kPartBytes || window_bytes > kWindowBytes) break;
      }
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

  static int64_t BytesOf(const LogSegment& segment, size_t commit) {
    return commit < segment.commit_bytes.size() ? segment.commit_bytes[commit] : 0;
  }

  Result<void> ReplayLarge(const RequestContext& ctx, const std::string& file, int64_t bytes, Reconciler& reconciler) {
    LogFileParts parts(store_, file, bytes);
    for (;;) {
      NL_RETURN_IF_ERROR(ctx.CheckAlive());
      std::vector<LogFileParts::Part> window;
      while (window.size() < static_cast<size_t>(threads_)) {
        NL_ASSIGN_OR_RETURN(auto part, parts.Next());
        if (!part.has_value()) break;
        window.push_back(*std::move(part));
      }
      if (window.empty()) break;
      std::vector<Result<CommitActions>> parsed(window.size(), Result<CommitActions>(CommitActions()));
      auto work = [&](size_t i) {
        parsed[i] = tables::delta::ParseCommit(window[i].lines, file, window[i].lines_before);
        window[i].lines = {};
      };
      {
        std::vector<std::jthread> helpers;
        for (size_t i = 1; i < window.size(); ++i) helpers.emplace_back(work, i);
        work(0);
      }
      for (auto& actions : parsed) {
        if (!actions.has_value()) return std::unexpected(std::move(actions).error());
        reconciler.ApplyPart(*std::exchange(actions, CommitActions()));
      }
    }
    reconciler.EndParts();
    return {};
  }

  Result<void> ReplayCheckpoint(const RequestContext& ctx, const LogSegment& segment, std::vector<std::string> files,
                                Reconciler& reconciler) {
    hooks_.before_checkpoint();
    CheckpointReader reader(database_);
    // Sidecars hold file actions alone, so one more round is all there can be.
    for (int round = 0; round < 2 && !files.empty(); ++round) {
      NL_RETURN_IF_ERROR(ctx.CheckAlive());
      NL_ASSIGN_OR_RETURN(const int64_t bytes, reader.BytesOf(files));
      NL_RETURN_IF_ERROR(Reserve(bytes));
      NL_ASSIGN_OR_RETURN(auto actions, reader.Read(files, [&](std::vector<tables::delta::AddFile> adds) {
        CommitActions part;
        part.adds = std::move(adds);
        reconciler.ApplyPart(std::move(part));
      }));
      files.clear();
      AddSidecars(segment, actions, files);
      reconciler.ApplyPart(std::move(actions));
      reconciler.EndParts();
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
  LogReaderHooks hooks_;
};

}  // namespace

std::unique_ptr<tables::delta::LogReader> NewLogReader(native::DuckDB& database, storage::ObjectStore& store,
                                                       int threads, LogReaderHooks hooks) {
  return std::make_unique<BulkLogReader>(database, store, threads, std::move(hooks));
}

}  // namespace neurolake::engine::duckdb
