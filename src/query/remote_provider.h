#pragma once
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "engine/duckdb/lake_provider.h"
#include "query/channel.h"
#include "query/front_parser.h"
#include "query/store_access.h"

namespace neurolake::query {

/// The worker's side of LakeProvider: each call is a frame to the server and its reply. One call is on the way at a
/// time; the thread that reads the channel hands replies in with `Deliver`.
class RemoteProvider final : public engine::duckdb::LakeProvider {
 public:
  explicit RemoteProvider(Channel& channel) : channel_(channel) {}

  Result<bool> SchemaExists(const std::string& schema_name) override;
  Result<std::vector<std::string>> ListSchemas() override;
  Result<std::optional<engine::duckdb::TableEntry>> FindTable(const engine::duckdb::RelationName& name) override;
  Result<std::optional<engine::duckdb::ViewEntry>> FindView(const engine::duckdb::RelationName& name) override;
  Result<std::vector<std::string>> ListRelations(const std::string& schema_name) override;
  Result<void> ChangeName(const engine::duckdb::NameChange& change) override;
  Result<engine::duckdb::PreparedTable> PrepareTable(const engine::duckdb::TableCreation& creation) override;
  /// Errors: the server's; kCommitUnknown when it gave no answer, or none that can be read; kPayloadTooLarge or
  /// kWorkerLost when the commit never reached it.
  Result<tables::delta::CommitOutcome> Commit(const engine::duckdb::LakeCommit& commit) override;
  Result<bool> MayAppend(const TableId& table) override;
  Result<void> Append(const engine::duckdb::LakeAppend& append) override;
  Result<std::string> Maintain(const std::string& action, const std::string& arguments_json) override;
  Result<std::vector<std::string>> ReadSystemRows(const std::string& relation, int64_t offset) override;

  /// Asks whether the principal has `right`. Errors: kPermissionDenied.
  Result<void> Authorize(Right right);

  /// What opens the object store of `url`, for this statement. Errors: kPermissionDenied.
  Result<StoreAccess> OpenStore(const std::string& url);

  // Statements of the server alone.
  Result<void> CreateExternalLocation(const neurolake::query::CreateExternalLocation& statement);
  Result<void> DropExternalLocation(const neurolake::query::DropExternalLocation& statement);

  /// Asked before each commit travels, once all rows were read; its error is the commit's. Empty: nobody asks.
  void SetCommitCheck(std::function<Result<void>()> check) { commit_check_ = std::move(check); }

  /// For the reading thread: the reply to the call on the way, or the end of the channel (nullopt).
  void Deliver(std::optional<std::string> reply);

 private:
  /// One call and its answer as it came. Errors: kPayloadTooLarge, or kWorkerLost when the server is gone already, if
  /// the call never reached the server; kUnavailable if it did, and no answer came.
  Result<std::string> Ask(const char* method, boost::json::object arguments,
                          std::span<const std::string_view> attachments);
  Result<boost::json::value> Call(const char* method, boost::json::object arguments,
                                  std::span<const std::string_view> attachments = {});

  Channel& channel_;
  std::mutex call_mutex_;
  std::mutex mutex_;
  std::condition_variable delivered_;
  std::optional<std::string> reply_;
  bool closed_ = false;
  std::function<Result<void>()> commit_check_;
};

}  // namespace neurolake::query
