#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/request_context.h"
#include "retrieval/bm25_index.h"
#include "retrieval/embedder.h"

namespace neurolake::ask {

/// How near texts are to a question, by meaning and by word. Made of what one principal may see and of nothing else, so
/// that nothing hidden moves a score. Immutable and thread-safe; some 20 µs a short text to make.
class TextRanking {
 public:
  struct Hit {
    size_t index = 0;                                       ///< Of the text.
    double meaning = 0;                                     ///< Cosine; 0 without an embedder.
    double words = 0;                                       ///< BM25.
    double Score() const { return meaning + 0.1 * words; }  ///< As the corpus of retrieval/ weighs it.
  };

  /// `embedder` may be null. Borrows it. Errors: those of Embedder::Embed.
  static Result<std::unique_ptr<const TextRanking>> Make(const RequestContext& ctx,
                                                         const std::vector<std::string>& texts,
                                                         const retrieval::Embedder* embedder);

  /// All texts, nearest first; those of one score in their order.
  Result<std::vector<Hit>> Rank(const RequestContext& ctx, std::string_view question) const;

 private:
  explicit TextRanking(const retrieval::Embedder* embedder) : embedder_(embedder) {}

  const retrieval::Embedder* const embedder_;
  size_t size_ = 0;
  retrieval::Bm25Index words_;
  std::vector<std::vector<float>> vectors_;  ///< Of each text; none without an embedder.
};

}  // namespace neurolake::ask
