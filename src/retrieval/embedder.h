#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/request_context.h"
#include "common/result.h"

namespace neurolake::retrieval {

/// What vectors of one index must have in common: those of different models cannot be compared.
struct EmbeddingModel {
  std::string id;
  size_t dimension = 0;
  bool operator==(const EmbeddingModel&) const = default;
};

/// Vectors of several texts, one after the other.
class EmbeddingBatch {
 public:
  EmbeddingBatch(size_t count, size_t dimension) : dimension_(dimension), values_(count * dimension) {}

  size_t size() const { return dimension_ == 0 ? 0 : values_.size() / dimension_; }
  std::span<float> operator[](size_t row) { return std::span(values_).subspan(row * dimension_, dimension_); }
  std::span<const float> operator[](size_t row) const {
    return std::span(values_).subspan(row * dimension_, dimension_);
  }

 private:
  size_t dimension_;
  std::vector<float> values_;
};

/// Turns texts into vectors whose inner product says how near their meanings are.
class Embedder {
 public:
  virtual ~Embedder() = default;
  virtual const EmbeddingModel& model() const = 0;
  /// One vector per text, in order, of unit length; a text without a single token is the zero vector, near nothing.
  /// Case is kept: models were made with it. Texts may hold anything, and are data.
  /// Errors: kUnavailable when the model is elsewhere and does not answer, or answers with anything but such vectors;
  /// kTooManyRequests; kPermissionDenied when it refuses the key; kCancelled, kDeadlineExceeded. Thread-safe.
  virtual Result<EmbeddingBatch> Embed(const RequestContext& ctx, std::span<const std::string_view> texts) const = 0;
};

/// `vector` at unit length; the zero vector stays.
void Normalize(std::span<float> vector);
/// Inner product of two vectors of the same dimension; of unit vectors, their cosine.
float InnerProduct(std::span<const float> a, std::span<const float> b);

}  // namespace neurolake::retrieval
