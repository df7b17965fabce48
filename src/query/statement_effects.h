#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/ids.h"

namespace neurolake::query {

/// What the server itself saw of a statement: what a worker says about lineage counts only as far as this bears it out.
struct StatementEffects {
  struct Publication {
    TableId table;
    std::string name;  ///< "schema.name".
    int64_t version = -1;
    int64_t files = 0;
    int64_t bytes = 0;
  };
  std::vector<Publication> published;    ///< In order.
  std::map<TableId, std::string> found;  ///< Tables that the worker was told of: "schema.name".
  std::set<std::string> created_views;   ///< "schema.name".
  std::set<std::string> broke_glass;     ///< Ids of what let it see tables past their policies.
};

}  // namespace neurolake::query
