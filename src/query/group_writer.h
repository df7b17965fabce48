#pragma once
#include <chrono>
#include <functional>
#include <string>

#include "catalog/catalog.h"
#include "query/append_groups.h"
#include "query/location_stores.h"
#include "query/provider_server.h"
#include "query/worker_pool.h"
#include "storage/object_store.h"

namespace neurolake::query {

/// Writes groups of INSERTs for AppendGroups: a worker turns their rows into files, and what it commits becomes the
/// version of all of them. It acts for the members and no further: their table is the only one it may touch.
/// Thread-safe.
class GroupWriter {
 public:
  struct Options {
    std::string tables_directory;
    MaintenancePolicy maintenance;
    int64_t memory_bytes = 0;              ///< Of the worker.
    Admission* admission = nullptr;        ///< For the logs of large tables; null: there is no more.
    std::chrono::milliseconds wait_max{};  ///< For a worker.
  };
  /// Borrows all but the options.
  GroupWriter(catalog::Catalog& catalog, storage::ObjectStore& store, LocationStores& locations,
              const RunningStatements& running, WorkerPool& workers, const Clock& clock, Options options)
      : catalog_(catalog),
        store_(store),
        locations_(locations),
        running_(running),
        workers_(workers),
        clock_(clock),
        options_(std::move(options)) {}

  /// As AppendGroups::Write. Errors: kConflict when the table was dropped or is not what rows were checked against.
  Result<void> Write(const AppendGroups::Group& group, bool compact,
                     const std::function<void(AppendGroups::Outcome)>& tell);

 private:
  Result<void> Run(const RequestContext& ctx, Worker& worker, ProviderServer& provider, const std::string& start,
                   const std::function<void(AppendGroups::Outcome)>& tell, bool& reusable,
                   std::unique_ptr<Admission::Grant>& reserved);
  /// More memory for the worker, once. Returns all that it has then.
  Result<int64_t> Reserve(const RequestContext& ctx, Worker& worker, const std::string& payload,
                          std::unique_ptr<Admission::Grant>& reserved);

  catalog::Catalog& catalog_;
  storage::ObjectStore& store_;
  LocationStores& locations_;
  const RunningStatements& running_;
  WorkerPool& workers_;
  const Clock& clock_;
  const Options options_;
};

}  // namespace neurolake::query
