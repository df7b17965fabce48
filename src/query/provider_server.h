#pragma once
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "catalog/catalog.h"
#include "common/request_context.h"
#include "query/messages.h"
#include "query/server_actions.h"
#include "storage/object_store.h"

namespace neurolake::query {

class RunningStatements;

/// What the server answers a worker with during one statement: names as the principal may see them, and commits.
/// The worker ran somebody's SQL, so nothing it says is believed: rights are checked here, locations come from the
/// catalogue, and the actions of a commit are looked at before they are published.
/// For one statement's thread.
class ProviderServer {
 public:
  /// Borrows all of them for the statement's time.
  ProviderServer(const RequestContext& ctx, catalog::Catalog& catalog, storage::ObjectStore& store,
                 const RunningStatements& running, std::string statement_id, std::string tables_directory,
                 const MaintenancePolicy& policy = {})
      : ctx_(ctx),
        catalog_(catalog),
        store_(store),
        running_(running),
        statement_id_(std::move(statement_id)),
        tables_directory_(std::move(tables_directory)),
        policy_(policy) {}

  /// A kCall payload to a kReply payload; failures are replies too.
  std::string Handle(std::string_view call);
  /// The version this statement published, if it did.
  std::optional<int64_t> committed_version() const { return committed_version_; }

 private:
  Result<boost::json::value> Dispatch(std::string_view call);
  Result<boost::json::value> FindTable(const boost::json::object& arguments);
  Result<boost::json::value> FindView(const boost::json::object& arguments);
  Result<boost::json::value> ListRelations(const boost::json::object& arguments);
  Result<boost::json::value> ChangeName(const boost::json::object& arguments);
  Result<boost::json::value> PrepareTable(const boost::json::object& arguments);
  Result<boost::json::value> Commit(const boost::json::object& arguments);
  Result<boost::json::value> ChangeLocation(const boost::json::object& arguments, bool create);
  Result<void> CheckLocation(const std::string& location) const;
  /// Whether the principal may change what the commit changes of the table besides rows, judged by the log: what the
  /// worker says that it read is replaced by what is there.
  Result<void> CheckDefinition(tables::delta::CommitRequest& request) const;
  Result<void> CheckActions(const tables::delta::CommitRequest& request, bool managed) const;
  Result<void> Require(Right right) const;

  const RequestContext& ctx_;
  catalog::Catalog& catalog_;
  storage::ObjectStore& store_;
  const RunningStatements& running_;
  const std::string statement_id_;
  const std::string tables_directory_;
  const MaintenancePolicy policy_;
  /// Tables this statement was given a place for; only they may be created or replaced by its commit.
  std::map<TableId, engine::duckdb::TableEntry> prepared_;
  std::set<TableId> prepared_new_;
  std::optional<int64_t> committed_version_;
};

}  // namespace neurolake::query
