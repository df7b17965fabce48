#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "common/request_context.h"
#include "query/service.h"

namespace neurolake::query {

/// What can be seen and stopped of a running statement. Thread-safe.
class StatementControl {
 public:
  virtual ~StatementControl() = default;
  virtual StatementStatus status() const = 0;
  virtual void Cancel() = 0;
  virtual const PrincipalId& owner() const = 0;
};

/// The statements that have not ended. Thread-safe.
class RunningStatements {
 public:
  void Add(const StatementId& id, std::shared_ptr<StatementControl> statement);
  void Remove(const StatementId& id);
  /// Those of `principal`, or all of them for who may manage the lake.
  std::vector<std::shared_ptr<StatementControl>> Visible(const Principal& principal) const;
  std::shared_ptr<StatementControl> Find(const Principal& principal, const StatementId& id) const;
  size_t size() const;
  void CancelAll();

 private:
  mutable std::mutex mutex_;
  std::map<StatementId, std::shared_ptr<StatementControl>> statements_;
};

/// Rows of a relation of schema `system` as the principal may see them: JSON arrays in the column order of
/// engine::duckdb::SystemRelations(), at most a page of them; empty at the end.
Result<std::vector<std::string>> ReadSystemRelation(const RequestContext& ctx, catalog::Catalog& catalog,
                                                    const RunningStatements& running, const std::string& relation,
                                                    int64_t offset);

}  // namespace neurolake::query
