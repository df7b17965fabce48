#include "retrieval/internal/hnsw_graph.h"

#include <condition_variable>
#include <cstring>
#include <mutex>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wall"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wpedantic"
#include <usearch/index.hpp>
#pragma GCC diagnostic pop

#include "retrieval/embedder.h"

namespace neurolake::retrieval {
namespace {

using Graph = unum::usearch::index_gt<float, uint64_t, uint32_t>;

/// Searches that run at the same time; each needs working memory of its own in the graph.
constexpr size_t kSearches = 8;
constexpr size_t kFirstCapacity = 1024;
/// No part of a graph that is read may ask for more than this.
constexpr size_t kLevelsMax = 64;

std::span<const float> RowOf(const std::vector<float>& vectors, size_t slot, size_t dimension) {
  return std::span(vectors).subspan(slot * dimension, dimension);
}

/// The distances usearch asks for: between a question and a row, and between rows.
struct Metric {
  const std::vector<float>& vectors;
  size_t dimension;

  template <typename Member>
  float operator()(std::span<const float> query, const Member& member) const {
    return 1 - InnerProduct(query, RowOf(vectors, get_slot(member), dimension));
  }
  template <typename Member>
  float operator()(const Member& a, const Member& b) const {
    return 1 - InnerProduct(RowOf(vectors, get_slot(a), dimension), RowOf(vectors, get_slot(b), dimension));
  }
};

/// How long a graph with this head must be, by the levels that follow it; 0 when they are out of bounds. usearch takes
/// a graph that ends early for one that is there, and crashes when it lets go of it.
size_t WholeBytes(const unum::usearch::index_serialized_header_t& header, std::string_view rest) {
  using Level = int16_t;
  if (header.size > rest.size() / sizeof(Level)) return 0;
  const size_t base = sizeof(uint64_t) + sizeof(Level) + sizeof(uint32_t) * (header.connectivity_base + 1);
  const size_t per_level = sizeof(uint32_t) * (header.connectivity + 1);
  size_t bytes = sizeof(header) + header.size * (sizeof(Level) + base);
  for (uint64_t row = 0; row < header.size; ++row) {
    Level level = 0;
    std::memcpy(&level, rest.data() + row * sizeof(Level), sizeof(Level));
    if (level < 0 || static_cast<size_t>(level) > kLevelsMax) return 0;
    bytes += static_cast<size_t>(level) * per_level;
  }
  return bytes;
}

std::unexpected<Error> OutOfMemory() {
  return MakeError(ErrorCode::kOutOfMemory, "not enough memory for the index of vectors");
}

}  // namespace

struct HnswGraph::State {
  HnswGraphOptions options;
  const std::vector<float>& vectors;
  Graph graph;
  std::mutex mutex;
  std::condition_variable freed;
  std::vector<size_t> free_places;

  State(HnswGraphOptions o, const std::vector<float>& v)
      : options(o), vectors(v), graph(unum::usearch::index_config_t(o.connectivity)) {
    for (size_t place = 0; place < kSearches; ++place) free_places.push_back(place);
  }

  size_t TakePlace() {
    std::unique_lock lock(mutex);
    freed.wait(lock, [&] { return !free_places.empty(); });
    const size_t place = free_places.back();
    free_places.pop_back();
    return place;
  }
  void GivePlace(size_t place) {
    {
      std::lock_guard lock(mutex);
      free_places.push_back(place);
    }
    freed.notify_one();
  }
};

HnswGraph::HnswGraph(HnswGraphOptions options, const std::vector<float>& vectors)
    : state_(std::make_unique<State>(options, vectors)) {}
HnswGraph::~HnswGraph() = default;

size_t HnswGraph::size() const { return state_->graph.size(); }

Result<void> HnswGraph::AddNext() {
  State& state = *state_;
  const size_t slot = state.graph.size();
  if (slot >= state.graph.capacity() || slot == 0) {
    const size_t capacity = std::max(kFirstCapacity, slot * 2);
    if (!state.graph.try_reserve(unum::usearch::index_limits_t(capacity, kSearches))) return OutOfMemory();
  }
  unum::usearch::index_update_config_t config;
  config.expansion = state.options.expansion_add;
  auto added = state.graph.add(slot, RowOf(state.vectors, slot, state.options.dimension),
                               Metric{state.vectors, state.options.dimension}, config);
  // An error that nobody released is thrown by its destructor.
  if (added.error.release() != nullptr) return OutOfMemory();
  return {};
}

Result<std::vector<GraphHit>> HnswGraph::Search(std::span<const float> query, size_t limit,
                                                const std::function<bool(uint32_t)>& accept) const {
  State& state = *state_;
  unum::usearch::index_search_config_t config;
  config.expansion = std::max(state.options.expansion_search, limit * 4);
  config.thread = state.TakePlace();
  std::vector<GraphHit> hits;
  bool failed = false;
  {
    const auto takes = [&](Graph::member_cref_t member) { return accept(static_cast<uint32_t>(get_slot(member))); };
    auto found = state.graph.search(query, limit, Metric{state.vectors, state.options.dimension}, config, takes);
    failed = found.error.release() != nullptr;
    for (size_t at = 0; !failed && at < found.size(); ++at) {
      hits.push_back({static_cast<uint32_t>(get_slot(found[at].member)), found[at].distance});
    }
  }
  state.GivePlace(config.thread);
  if (failed) return OutOfMemory();
  return hits;
}

Result<std::string> HnswGraph::Serialize() const {
  std::string bytes;
  auto saved = state_->graph.save_to_stream([&](const void* piece, size_t length) {
    bytes.append(static_cast<const char*>(piece), length);
    return true;
  });
  if (saved.error.release() != nullptr) return OutOfMemory();
  return bytes;
}

bool HnswGraph::Deserialize(std::string_view bytes, size_t rows) {
  State& state = *state_;
  unum::usearch::index_serialized_header_t header;
  if (bytes.size() < sizeof(header)) return false;
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (header.size != rows || header.connectivity != state.options.connectivity || header.entry_slot >= rows ||
      header.connectivity_base != 2 * header.connectivity || header.max_level > kLevelsMax ||
      WholeBytes(header, bytes.substr(sizeof(header))) != bytes.size()) {
    return false;
  }
  // Its working memory is made before it reads, and for as many searches as there are places.
  if (!state.graph.try_reserve(unum::usearch::index_limits_t(rows, kSearches))) return false;
  std::string_view rest = bytes;
  auto loaded = state.graph.load_from_stream([&](void* piece, size_t length) {
    if (length > rest.size()) return false;
    std::memcpy(piece, rest.data(), length);
    rest.remove_prefix(length);
    return true;
  });
  return loaded.error.release() == nullptr && rest.empty() && state.graph.size() == rows;
}

}  // namespace neurolake::retrieval
