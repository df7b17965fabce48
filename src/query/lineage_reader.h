#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "common/request_context.h"
#include "common/result.h"

namespace neurolake::query {

/// Rows of system.lineage and system.column_lineage as one principal may see them, for one statement.
/// A row is shown to who may see both of its ends: a table or view that is there, with the right to read; a dropped
/// table, with the right to create, as in system.dropped_tables; what is gone for good, with the right to manage. Of
/// somebody else's statement, only who may manage sees the principal, the statement and the name of a file.
class LineageReader {
 public:
  /// Borrows both.
  LineageReader(const RequestContext& ctx, catalog::Catalog& catalog) : ctx_(ctx), catalog_(catalog) {}

  static bool Knows(std::string_view relation);
  /// A page of JSON arrays in the column order of engine::duckdb::SystemRelations(), from row `offset` on; empty at the
  /// end. Reading on from where a page ended costs nothing for what came before.
  Result<std::vector<std::string>> Read(const std::string& relation, int64_t offset);

 private:
  struct Named {
    std::string name;  ///< By now; empty: the one at the time.
    bool visible = false;
  };

  Result<void> LoadNames();
  Named Find(const catalog::LineageEnd& end) const;
  void AppendRows(const catalog::LineageEdge& edge, bool columns, std::vector<std::string>& rows) const;
  std::string VisibleViews(const std::string& via_json) const;

  const RequestContext& ctx_;
  catalog::Catalog& catalog_;
  bool loaded_ = false;
  std::map<std::string, Named> names_;  ///< By id of a table or view.
  std::set<std::string> views_;         ///< "schema.name".
  /// Where pages ended, by relation and offset. Two scans of one statement may read side by side.
  std::map<std::pair<std::string, int64_t>, catalog::LineagePosition> ends_;
};

}  // namespace neurolake::query
