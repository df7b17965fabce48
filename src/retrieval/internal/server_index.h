#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "retrieval/vector_index.h"

namespace neurolake::retrieval {

/// Whether `name` may be a collection's: 3 to 40 of a-z, 0-9 and _, beginning with a letter and not ending in "_" (all
/// that PostgreSQL and Chroma both take as it is).
Result<void> CheckCollectionName(std::string_view name);

/// A search with a filter that only this process knows, on a server: `ask(limit)` gives the nearest `limit` of what the
/// partitions hold, and more are asked for until enough pass or there are no more.
Result<std::vector<VectorHit>> SearchServer(const VectorQuery& query, size_t limit_max,
                                            const std::function<Result<std::vector<VectorHit>>(size_t)>& ask);

}  // namespace neurolake::retrieval
