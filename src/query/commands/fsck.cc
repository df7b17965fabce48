#include "query/commands/fsck.h"

#include "query/front_parser_cursor.h"
#include "tables/delta/file_presence.h"

namespace neurolake::query {
namespace {

class Fsck final : public TableCommand {
 public:
  Fsck(ObjectName table, bool dry_run) : table_(std::move(table)), dry_run_(dry_run) {}
  std::string kind() const override { return "FSCK"; }
  const ObjectName& target() const override { return table_; }
  Result<OwnResult> Run(CommandContext& context) const override;

 private:
  ObjectName table_;
  bool dry_run_;
};

Result<OwnResult> Fsck::Run(CommandContext& context) const {
  NL_ASSIGN_OR_RETURN(const OpenedTable table, context.Open(table_));
  NL_RETURN_IF_ERROR(context.Authorize(Right::kWrite));
  const auto& files = table.snapshot->files();
  NL_ASSIGN_OR_RETURN(const auto missing,
                      tables::delta::FindMissingFiles(context.request(), context.store(), *table.snapshot, files));
  tables::delta::CommitRequest request;
  request.operation = "FSCK";
  request.operation_parameters = {{"dryRun", "\"false\""}};
  const int64_t now_ms =
      std::chrono::floor<std::chrono::milliseconds>(context.request().clock().Now()).time_since_epoch().count();
  std::vector<std::string> paths;
  std::vector<std::vector<std::optional<std::string>>> rows;
  for (const auto& file : missing) {
    // Without its deletion vector nobody can say which rows of a file live; taking it away would lose those that do.
    const bool removes = !file.deletion_vector && !dry_run_;
    rows.push_back({file.path, file.deletion_vector ? "false" : "true", file.deletion_vector ? "true" : "false",
                    removes ? "true" : "false"});
    if (!removes) continue;
    paths.push_back(files[file.index].path);
    request.removes.push_back(tables::delta::MakeRemove(files[file.index], now_ms, /*data_change=*/true));
  }
  if (!request.removes.empty()) {
    request.operation_metrics = {{"numRemovedFiles", std::to_string(request.removes.size())}};
    request.read_scope = tables::delta::ReadScope::Files(std::move(paths));
    NL_RETURN_IF_ERROR(context.Commit(table, std::move(request)));
  }
  return MakeOwnResult({{"path", "VARCHAR"},
                        {"data_file_missing", "BOOLEAN"},
                        {"deletion_vector_missing", "BOOLEAN"},
                        {"removed", "BOOLEAN"}},
                       rows);
}

}  // namespace

Result<std::shared_ptr<const TableCommand>> ParseFsck(TokenCursor cursor) {
  if (!cursor.AcceptWord("fsck")) return nullptr;
  NL_RETURN_IF_ERROR(cursor.ExpectWord("repair"));
  NL_RETURN_IF_ERROR(cursor.ExpectWord("table"));
  NL_ASSIGN_OR_RETURN(ObjectName table, cursor.ExpectObjectName());
  bool dry_run = false;
  if (cursor.AcceptWord("dry")) {
    NL_RETURN_IF_ERROR(cursor.ExpectWord("run"));
    dry_run = true;
  }
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<Fsck>(std::move(table), dry_run);
}

}  // namespace neurolake::query
