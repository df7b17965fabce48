#pragma once
#include <string>

#include "common/clock.h"
#include "common/ids.h"

namespace neurolake::catalog {

/// One end of a lineage edge. Ids outlive names; `name` is the one at the time, for what is gone since.
struct LineageEnd {
  std::string kind;      ///< "table", "view" or "file".
  std::string id;        ///< Of a table or view; empty for files.
  std::string name;      ///< "schema.name", or a file as statements name it.
  int64_t version = -1;  ///< Read or made; -1 for what has none.
};

/// What one statement took from one source into one target. Kept only of statements that succeeded.
struct LineageEdge {
  StatementId statement;
  WallTime at;
  std::string principal;
  std::string operation;
  LineageEnd source;
  LineageEnd target;
  std::string via_json = "[]";  ///< Views between the two: ["schema.name", …].
  /// [[source column, target column or null for the choice of rows, "DIRECT"|"INDIRECT", subtype], …].
  std::string columns_json = "[]";
};

/// Where a reader of lineage went on from: everything older, in the order of ListLineage.
struct LineagePosition {
  WallTime at;
  std::string id;
};

/// An event that was not delivered yet.
struct OutboxEvent {
  std::string id;  ///< Orders events of one moment.
  WallTime created;
  std::string body;
};

}  // namespace neurolake::catalog
