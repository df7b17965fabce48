#pragma once
#include <string>
#include <vector>

#include "common/result.h"

namespace neurolake::metastore {

/// Of the tables of ours that a store of the newest schema version has.
Result<std::vector<std::string>> TableNames();

}  // namespace neurolake::metastore
