#pragma once
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/request_context.h"
#include "common/result.h"
#include "query/audit_trail.h"

namespace neurolake::query {

/// Rows of system.audit as one principal may see them, for one statement: all of them with the right to audit, else
/// those of one's own statements and changes. Oldest first.
class AuditReader {
 public:
  /// Borrows both.
  AuditReader(const RequestContext& ctx, const AuditTrail& trail) : ctx_(ctx), trail_(trail) {}

  static bool Knows(std::string_view relation) { return relation == "audit"; }
  /// A page of JSON arrays in the column order of engine::duckdb::SystemRelations(), from row `offset` on; empty at the
  /// end. Reading on from where a page ended costs nothing for what came before. What is written after the first page
  /// was read is not among them.
  Result<std::vector<std::string>> Read(int64_t offset);

 private:
  /// Empty where the principal may not see it.
  std::string RowOf(std::string_view line) const;
  boost::json::value Constants(const boost::json::object& record) const;

  const RequestContext& ctx_;
  const AuditTrail& trail_;
  std::map<int64_t, uint64_t> ends_ = {{0, 0}};  ///< Which record a page began with, by its first row.
  uint64_t size_ = 0;
  bool begun_ = false;
};

}  // namespace neurolake::query
