#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/ids.h"
#include "metastore/database.h"

namespace neurolake::catalog {

/// The id of the schema `name` (in lower case). Errors: kSchemaNotFound.
Result<std::string> SchemaIdOf(metastore::Session& session, const std::string& name);

struct RelationHead {
  std::string id;
  std::string kind;  ///< "table" or "view".
};
/// Tables and views share their names.
Result<std::optional<RelationHead>> FindRelation(metastore::Session& session, const std::string& schema_id,
                                                 const std::string& name);

/// Remembers tables that are about to lose their names, for UNDROP: those that `condition` over `r` and `s` is true
/// for.
Result<void> RememberDropped(metastore::Session& session, const std::string& condition,
                             const metastore::Value& condition_value, WallTime now);

/// Refuses to take the names of tables, those that `condition` over `relations` is true for, that expectations of other
/// tables read or put rows into. Errors: kDependentObjects, naming one of the expectations.
Result<void> CheckNoExpectationNeeds(metastore::Session& session, const std::string& condition,
                                     const metastore::Value& condition_value);

/// The first version of the table of which statistics are kept (DataSubjects::RaiseStatisticsFloor, HoldStatistics); 0:
/// all are.
Result<int64_t> StatisticsFloor(metastore::Session& session, const TableId& table);

std::unexpected<Error> RelationExists(const RelationHead& relation, std::string_view schema, std::string_view name);

}  // namespace neurolake::catalog
