#include "tables/delta/internal/table_state.h"

#include "tables/delta/internal/log_files.h"
#include "tables/delta/snapshot.h"

namespace neurolake::tables::delta::internal {
namespace {

bool Complete(const TableState& state) { return state.protocol.has_value() && state.metadata.has_value(); }

void TakeOlder(TableState& state, CommitActions actions) {
  if (!state.protocol.has_value()) state.protocol = std::move(actions.protocol);
  if (!state.metadata.has_value()) state.metadata = std::move(actions.metadata);
}

}  // namespace

Result<TableState> FindTableState(const RequestContext& ctx, storage::ObjectStore& store, const std::string& log_path,
                                  const CommitRequest& request) {
  TableState state{.protocol = request.snapshot_protocol, .metadata = request.snapshot_metadata};
  if (Complete(state)) return state;
  state = {};
  for (int64_t version = request.read_version; version >= 0 && !Complete(state); --version) {
    NL_RETURN_IF_ERROR(ctx.CheckAlive());
    const std::string path = CommitPath(log_path, version);
    auto bytes = store.Read(path);
    if (!bytes.has_value() && bytes.error().code() == ErrorCode::kNotFound) break;
    if (!bytes.has_value()) return std::unexpected(std::move(bytes).error());
    // Most commits have neither; looking for the names is much cheaper than parsing.
    if (!bytes->contains("\"metaData\"") && !bytes->contains("\"protocol\"")) continue;
    NL_ASSIGN_OR_RETURN(auto actions, ParseCommit(*bytes, path));
    TakeOlder(state, std::move(actions));
  }
  if (Complete(state)) return state;

  const std::string table_path = log_path.substr(0, log_path.rfind('/'));
  NL_ASSIGN_OR_RETURN(auto segment, ListLog(store, table_path, request.read_version));
  for (const std::string& file : segment.checkpoint_files) {
    if (!file.ends_with(".json")) {
      return MakeError(ErrorCode::kNotSupported,
                       "the commit does not say what protocol and metadata it read, and only "
                       "a Parquet checkpoint has them");
    }
    NL_ASSIGN_OR_RETURN(auto bytes, store.Read(file));
    NL_ASSIGN_OR_RETURN(auto actions, ParseCommit(bytes, file));
    TakeOlder(state, std::move(actions));
  }
  if (!Complete(state)) return MakeError(ErrorCode::kCorruption, "the table's log has no protocol or no metadata");
  return state;
}

}  // namespace neurolake::tables::delta::internal
