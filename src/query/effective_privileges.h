#pragma once
#include <boost/json/array.hpp>

#include "catalog/catalog.h"
#include "common/request_context.h"
#include "common/result.h"

namespace neurolake::query {

/// Why a principal does not read or change a table, or a column of it, as rows of SHOW EFFECTIVE POLICY: [applies,
/// privilege, column, what was said]. A column is called as the table's files call it. Empty: it may do what its role
/// may. Of an agent, what keeps whom it acts for from it as well. Errors: those of the catalogue and its judge.
Result<boost::json::array> MissingPrivileges(const RequestContext& theirs, catalog::Catalog& catalog,
                                             const catalog::TableRecord& table);

}  // namespace neurolake::query
