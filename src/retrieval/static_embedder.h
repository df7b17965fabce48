#pragma once
#include <memory>
#include <string>
#include <vector>

#include "retrieval/bpe_tokenizer.h"
#include "retrieval/embedder.h"

namespace neurolake::retrieval {

/// The default model: a table of one vector per piece of text, and a text's vector is the mean of its pieces'. It needs
/// no network, no second process and no more than its 9 MB. Made for 100,000 short texts a second on one core
/// (bench/retrieval.cc).
class StaticEmbedder final : public Embedder {
 public:
  /// Errors: kNotFound without the file; kCorruption when its checksum or its numbers do not hold; kNotSupported for a
  /// file of another version. Source: docs/formats/embeddings.md.
  static Result<std::unique_ptr<StaticEmbedder>> Open(const std::string& path);

  const EmbeddingModel& model() const override { return model_; }
  Result<EmbeddingBatch> Embed(const RequestContext& ctx, std::span<const std::string_view> texts) const override;
  const BpeTokenizer& tokenizer() const { return tokenizer_; }

 private:
  StaticEmbedder(EmbeddingModel model, BpeVocabulary vocabulary, std::vector<float> scales, std::vector<int8_t> codes)
      : model_(std::move(model)),
        tokenizer_(std::move(vocabulary)),
        scales_(std::move(scales)),
        codes_(std::move(codes)) {}
  void EmbedOne(std::string_view text, std::vector<uint32_t>& ids, std::span<float> vector) const;

  const EmbeddingModel model_;
  const BpeTokenizer tokenizer_;
  const std::vector<float> scales_;  ///< Of each row.
  const std::vector<int8_t> codes_;  ///< Rows of `dimension` numbers.
};

}  // namespace neurolake::retrieval
