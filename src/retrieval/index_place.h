#pragma once
#include <memory>
#include <string>

#include "retrieval/vector_index.h"

namespace neurolake::retrieval {

/// Where an index of vectors is.
struct IndexPlace {
  std::string url;  ///< postgresql://… with pgvector, http(s)://… of a Chroma server; empty: this process's memory.
  std::string token;       ///< Chroma's; empty: none.
  std::string collection;  ///< 3 to 40 of a-z, 0-9 and _, beginning with a letter. Of this process alone.
};

/// Errors: kInvalidArgument for a URL of another kind; those of PgvectorIndex::Open and ChromaIndex::Open. None names
/// the URL, which may hold a password.
Result<std::unique_ptr<VectorIndex>> OpenIndex(const RequestContext& ctx, const IndexPlace& place,
                                               const EmbeddingModel& model);

}  // namespace neurolake::retrieval
