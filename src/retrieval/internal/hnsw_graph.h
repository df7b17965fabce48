#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace neurolake::retrieval {

struct HnswGraphOptions {
  size_t dimension = 0;
  size_t connectivity = 16;
  size_t expansion_add = 128;
  size_t expansion_search = 128;
};

struct GraphHit {
  uint32_t slot = 0;
  float distance = 0;  ///< 1 - inner product.
};

/// The graph over the rows of a table of vectors that belongs to the caller and outlives this. Only its .cc sees
/// usearch. Searches may run side by side; a change must run alone.
class HnswGraph {
 public:
  /// `vectors` is read at every call, so the vector may grow between them.
  HnswGraph(HnswGraphOptions options, const std::vector<float>& vectors);
  ~HnswGraph();

  size_t size() const;
  /// Makes row `size()` part of the graph. Errors: kOutOfMemory.
  Result<void> AddNext();
  /// Errors: kOutOfMemory.
  Result<std::vector<GraphHit>> Search(std::span<const float> query, size_t limit,
                                       const std::function<bool(uint32_t)>& accept) const;
  Result<std::string> Serialize() const;
  /// False, and an empty graph, when `bytes` is no graph of exactly `rows` rows. The caller has checked a digest over
  /// them.
  bool Deserialize(std::string_view bytes, size_t rows);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace neurolake::retrieval
