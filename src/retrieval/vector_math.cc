#include <cmath>

#include "retrieval/embedder.h"

namespace neurolake::retrieval {

void Normalize(std::span<float> vector) {
  const float length = std::sqrt(InnerProduct(vector, vector));
  if (length == 0 || !std::isfinite(length)) return;
  for (float& value : vector) value /= length;
}

float InnerProduct(std::span<const float> a, std::span<const float> b) {
  // Sixteen sums side by side: the order of additions is fixed here, not by the compiler, so that scores are the same
  // on every machine, and it can still use wide registers.
  constexpr size_t kLanes = 16;
  float sums[kLanes] = {};
  const size_t whole = a.size() / kLanes * kLanes;
  for (size_t at = 0; at < whole; at += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) sums[lane] += a[at + lane] * b[at + lane];
  }
  for (size_t at = whole; at < a.size(); ++at) sums[at - whole] += a[at] * b[at];
  float sum = 0;
  for (const float lane : sums) sum += lane;
  return sum;
}

}  // namespace neurolake::retrieval
