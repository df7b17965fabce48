#include "retrieval/internal/server_index.h"

#include <algorithm>

namespace neurolake::retrieval {

Result<void> CheckCollectionName(std::string_view name) {
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto allowed = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_'; };
  if (name.size() < 3 || name.size() > 40 || !letter(name[0]) || name.back() == '_' ||
      !std::ranges::all_of(name, allowed)) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "name of a collection of vectors must be 3 to 40 of a-z, 0-9 and _, from a letter to no _");
  }
  return {};
}

Result<std::vector<VectorHit>> SearchServer(const VectorQuery& query, size_t limit_max,
                                            const std::function<Result<std::vector<VectorHit>>(size_t)>& ask) {
  size_t limit = query.accept ? query.limit * 4 : query.limit;
  while (true) {
    limit = std::min(limit, limit_max);
    NL_ASSIGN_OR_RETURN(std::vector<VectorHit> hits, ask(limit));
    const bool all = hits.size() < limit || limit == limit_max;
    if (query.accept) std::erase_if(hits, [&](const VectorHit& hit) { return !query.accept(hit.key); });
    if (hits.size() < query.limit && !all) {
      limit *= 4;
      continue;
    }
    std::ranges::sort(hits, IsBetter);
    if (hits.size() > query.limit) hits.resize(query.limit);
    return hits;
  }
}

}  // namespace neurolake::retrieval
