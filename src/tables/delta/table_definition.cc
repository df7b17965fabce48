#include "tables/delta/table_definition.h"

#include "tables/delta/checksum.h"
#include "tables/delta/internal/log_files.h"
#include "tables/delta/internal/table_state.h"

namespace neurolake::tables::delta {

Result<TableDefinition> FindTableDefinition(const RequestContext& ctx, storage::ObjectStore& store,
                                            const std::string& table_path, int64_t version) {
  const std::string log_path = internal::LogPath(table_path);
  const std::string path = fmt::format("{}/{:020d}.crc", log_path, version);
  if (const auto bytes = store.Read(path); bytes.has_value()) {
    // A damaged one is no reason to fail: the commits say the same.
    if (auto checksum = ParseChecksum(*bytes, path); checksum.has_value()) {
      return TableDefinition{.protocol = std::move(checksum->protocol), .metadata = std::move(checksum->metadata)};
    }
  }
  CommitRequest request;
  request.table_path = table_path;
  request.read_version = version;
  NL_ASSIGN_OR_RETURN(auto state, internal::FindTableState(ctx, store, log_path, request));
  return TableDefinition{.protocol = *std::move(state.protocol), .metadata = *std::move(state.metadata)};
}

}  // namespace neurolake::tables::delta
