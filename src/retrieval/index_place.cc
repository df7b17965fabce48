#include "retrieval/index_place.h"

#include "retrieval/chroma_index.h"
#include "retrieval/hnsw_index.h"
#include "retrieval/pgvector_index.h"

namespace neurolake::retrieval {

Result<std::unique_ptr<VectorIndex>> OpenIndex(const RequestContext& ctx, const IndexPlace& place,
                                               const EmbeddingModel& model) {
  const std::string_view url = place.url;
  if (url.empty()) return HnswIndex::Open({.model = model});
  if (url.starts_with("postgresql://") || url.starts_with("postgres://")) {
    return PgvectorIndex::Open(ctx, {.url = place.url, .collection = place.collection, .model = model});
  }
  if (url.starts_with("http://") || url.starts_with("https://")) {
    return ChromaIndex::Open(ctx,
                             {.url = place.url, .token = place.token, .collection = place.collection, .model = model});
  }
  return MakeError(ErrorCode::kInvalidArgument,
                   "an index of vectors is at postgresql://… (with pgvector) or at http(s)://… (a Chroma server)");
}

}  // namespace neurolake::retrieval
