#include "tables/delta/log_compaction.h"

#include <map>
#include <variant>

#include "tables/delta/internal/log_files.h"
#include "tables/delta/reconciler.h"

namespace neurolake::tables::delta {
namespace {

/// The newest action of each kind and key. Unlike a snapshot it keeps removals, which speak of files before the range.
class Compactor {
 public:
  void Apply(CommitActions commit) {
    if (commit.protocol.has_value()) protocol_ = std::move(commit.protocol);
    if (commit.metadata.has_value()) metadata_ = std::move(commit.metadata);
    for (SetTransaction& one : commit.transactions) transactions_.insert_or_assign(one.app_id, std::move(one));
    for (DomainMetadata& one : commit.domains) domains_.insert_or_assign(one.domain, std::move(one));
    for (RemoveFile& one : commit.removes) {
      files_.insert_or_assign(FileKey(one.path, one.deletion_vector), std::move(one));
    }
    for (AddFile& one : commit.adds) files_.insert_or_assign(FileKey(one.path, one.deletion_vector), std::move(one));
  }

  std::string Text() const {
    std::string text;
    const auto append = [&](const auto& action) { (text += ToJsonLine(action)) += '\n'; };
    if (protocol_.has_value()) append(*protocol_);
    if (metadata_.has_value()) append(*metadata_);
    for (const auto& [id, transaction] : transactions_) append(transaction);
    for (const auto& [name, domain] : domains_) append(domain);
    for (const auto& [key, file] : files_) std::visit(append, file);
    return text;
  }

 private:
  std::optional<Protocol> protocol_;
  std::optional<Metadata> metadata_;
  std::map<std::string, SetTransaction> transactions_;
  std::map<std::string, DomainMetadata> domains_;
  std::map<std::string, std::variant<AddFile, RemoveFile>> files_;
};

}  // namespace

Result<void> CompactLog(const RequestContext& ctx, storage::ObjectStore& store, const std::string& table_path,
                        int64_t first, int64_t last) {
  if (first < 0 || last <= first) {
    return MakeError(ErrorCode::kInvalidArgument, "a compacted log needs two versions at least: {} to {}", first, last);
  }
  const std::string log_path = internal::LogPath(table_path);
  Compactor compactor;
  for (int64_t version = first; version <= last; ++version) {
    NL_RETURN_IF_ERROR(ctx.CheckAlive());
    const std::string path = internal::CommitPath(log_path, version);
    NL_ASSIGN_OR_RETURN(const auto bytes, store.Read(path));
    NL_ASSIGN_OR_RETURN(auto actions, ParseCommit(bytes, path));
    compactor.Apply(std::move(actions));
  }
  auto put =
      store.PutIfAbsent(fmt::format("{}/{:020d}.{:020d}.compacted.json", log_path, first, last), compactor.Text());
  if (!put.has_value() && put.error().code() == ErrorCode::kAlreadyExists) return {};
  return put;
}

}  // namespace neurolake::tables::delta
