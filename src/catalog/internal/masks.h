#pragma once
#include "metastore/database.h"

namespace neurolake::catalog {

/// Refuses what the transaction has done if a column has two masks by now, of its own or by tags: which one would be
/// seen? Errors: kAlreadyExists, naming both policies.
Result<void> CheckOneMaskPerColumn(metastore::Session& session);

}  // namespace neurolake::catalog
