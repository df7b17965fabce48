#include "retrieval/hnsw_index.h"

#include <algorithm>
#include <cmath>

#include "retrieval/internal/byte_reader.h"
#include "retrieval/internal/files.h"
#include "retrieval/internal/hnsw_graph.h"

namespace neurolake::retrieval {
namespace {

constexpr std::string_view kMagic = "NLHNSW01";
constexpr size_t kFileBytesMax = size_t{64} << 30;
constexpr size_t kVectorsPerLook = 4096;

}  // namespace

Result<void> CheckVector(const EmbeddingModel& model, std::span<const float> vector) {
  if (vector.size() != model.dimension) {
    return MakeError(ErrorCode::kInvalidArgument, "vector has {} numbers where the index of model {} has {}",
                     vector.size(), model.id, model.dimension);
  }
  if (!std::ranges::all_of(vector, [](float value) { return std::isfinite(value); })) {
    return MakeError(ErrorCode::kInvalidArgument, "vector holds a number that is infinite or none");
  }
  return {};
}

bool IsBetter(const VectorHit& a, const VectorHit& b) { return a.score != b.score ? a.score > b.score : a.key < b.key; }

/// The vectors of one set of labels. Row n of the table is slot n of the graph.
class HnswIndex::Partition {
 public:
  explicit Partition(const HnswOptions& options) : options_(options) {}

  size_t alive() const { return slots_.size(); }

  Result<void> Add(uint64_t key, std::span<const float> vector) {
    slots_[key] = static_cast<uint32_t>(keys_.size());
    keys_.push_back(key);
    gone_.push_back(false);
    vectors_.insert(vectors_.end(), vector.begin(), vector.end());
    return Grow();
  }

  /// Leaves the vector as a stepping stone; `Tidy` takes it out in the end.
  void Remove(uint64_t key) {
    const auto found = slots_.find(key);
    gone_[found->second] = true;
    slots_.erase(found);
  }

  Result<void> Tidy() {
    const size_t dead = keys_.size() - slots_.size();
    if (dead * 4 < keys_.size() || dead == 0) return {};
    std::vector<uint64_t> keys;
    std::vector<float> vectors;
    slots_.clear();
    for (size_t slot = 0; slot < keys_.size(); ++slot) {
      if (gone_[slot]) continue;
      slots_[keys_[slot]] = static_cast<uint32_t>(keys.size());
      keys.push_back(keys_[slot]);
      const std::span<const float> row = Row(slot);
      vectors.insert(vectors.end(), row.begin(), row.end());
    }
    keys_ = std::move(keys);
    vectors_ = std::move(vectors);
    gone_.assign(keys_.size(), false);
    graph_.reset();
    return Grow();
  }

  Result<void> Search(const RequestContext& ctx, const VectorQuery& query, std::vector<VectorHit>& hits) const {
    if (graph_ == nullptr || query.limit >= alive()) return SearchAll(ctx, query, hits);
    const auto takes = [&](uint32_t slot) { return !gone_[slot] && (!query.accept || query.accept(keys_[slot])); };
    NL_ASSIGN_OR_RETURN(const std::vector<GraphHit> found, graph_->Search(query.vector, query.limit, takes));
    // A filter that few vectors pass can leave a graph's walk short of results that exist.
    if (found.size() < query.limit) return SearchAll(ctx, query, hits);
    for (const GraphHit& hit : found) hits.push_back({keys_[hit.slot], InnerProduct(query.vector, Row(hit.slot))});
    return {};
  }

  Result<void> Write(ByteWriter& writer) const {
    writer.Put(static_cast<uint64_t>(keys_.size()));
    writer.PutAll(std::span<const uint64_t>(keys_));
    for (const bool gone : gone_) writer.Put(static_cast<uint8_t>(gone));
    writer.PutAll(std::span<const float>(vectors_));
    std::string graph;
    if (graph_ != nullptr) {
      NL_ASSIGN_OR_RETURN(graph, graph_->Serialize());
    }
    writer.Put(static_cast<uint64_t>(graph.size()));
    writer.PutBytes(graph);
    return {};
  }

  bool Read(ByteReader& reader) {
    const auto count = reader.Get<uint64_t>();
    if (!reader.ok() || count > reader.left() / sizeof(uint64_t)) return false;
    keys_.resize(count);
    reader.Fill(std::span(keys_));
    for (uint64_t slot = 0; slot < count; ++slot) gone_.push_back(reader.Get<uint8_t>() != 0);
    if (!reader.ok() || count > reader.left() / sizeof(float) / options_.model.dimension) return false;
    vectors_.resize(count * options_.model.dimension);
    reader.Fill(std::span(vectors_));
    const std::string_view graph = reader.Bytes(reader.Get<uint64_t>());
    if (!reader.ok()) return false;
    for (uint64_t slot = 0; slot < count; ++slot) {
      if (!gone_[slot]) slots_[keys_[slot]] = static_cast<uint32_t>(slot);
    }
    if (graph.empty()) return Grow().has_value();
    NewGraph();
    return graph_->Deserialize(graph, count);
  }

  const std::unordered_map<uint64_t, uint32_t>& slots() const { return slots_; }

 private:
  std::span<const float> Row(size_t slot) const {
    return std::span(vectors_).subspan(slot * options_.model.dimension, options_.model.dimension);
  }

  void NewGraph() {
    graph_ = std::make_unique<HnswGraph>(HnswGraphOptions{.dimension = options_.model.dimension,
                                                          .connectivity = options_.connectivity,
                                                          .expansion_add = options_.expansion_add,
                                                          .expansion_search = options_.expansion_search},
                                         vectors_);
  }

  /// Brings the graph to the table's end, once there is enough of it to need one.
  Result<void> Grow() {
    if (graph_ == nullptr) {
      if (keys_.size() <= options_.exact_max) return {};
      NewGraph();
    }
    while (graph_->size() < keys_.size()) NL_RETURN_IF_ERROR(graph_->AddNext());
    return {};
  }

  Result<void> SearchAll(const RequestContext& ctx, const VectorQuery& query, std::vector<VectorHit>& hits) const {
    for (size_t slot = 0; slot < keys_.size(); ++slot) {
      if (slot % kVectorsPerLook == 0) NL_RETURN_IF_ERROR(ctx.CheckAlive());
      if (gone_[slot] || (query.accept && !query.accept(keys_[slot]))) continue;
      hits.push_back({keys_[slot], InnerProduct(query.vector, Row(slot))});
    }
    return {};
  }

  const HnswOptions& options_;
  std::vector<uint64_t> keys_;
  std::vector<bool> gone_;
  std::vector<float> vectors_;
  std::unordered_map<uint64_t, uint32_t> slots_;  ///< Of what is alive.
  std::unique_ptr<HnswGraph> graph_;              ///< Null while the partition is small.
};

HnswIndex::HnswIndex(HnswOptions options) : options_(std::move(options)) {}
HnswIndex::~HnswIndex() = default;

Result<std::unique_ptr<HnswIndex>> HnswIndex::Open(HnswOptions options) {
  if (options.model.dimension == 0 || options.model.id.empty()) {
    return MakeError(ErrorCode::kInvalidArgument, "index of vectors needs a model's name and a dimension above 0");
  }
  std::unique_ptr<HnswIndex> index(new HnswIndex(std::move(options)));
  if (index->options_.path.empty()) return index;
  const Result<std::string> bytes = ReadFile(index->options_.path, kFileBytesMax);
  if (!bytes.has_value()) {
    if (bytes.error().code() == ErrorCode::kNotFound) return index;
    return std::unexpected(bytes.error());
  }
  if (!index->Load(*bytes)) {
    index->partitions_.clear();
    index->places_.clear();
    index->mark_.clear();
  }
  return index;
}

bool HnswIndex::Load(std::string_view bytes) {
  if (bytes.size() < kMagic.size() + kDigestBytes || !bytes.starts_with(kMagic)) return false;
  const std::string_view body = bytes.substr(0, bytes.size() - kDigestBytes);
  if (Digest(body) != bytes.substr(body.size())) return false;
  ByteReader reader(body.substr(kMagic.size()));
  const std::string model(reader.Bytes(reader.Get<uint32_t>()));
  const auto dimension = reader.Get<uint32_t>();
  const auto connectivity = reader.Get<uint32_t>();
  mark_ = reader.Bytes(reader.Get<uint32_t>());
  const auto count = reader.Get<uint32_t>();
  if (!reader.ok() || EmbeddingModel{model, dimension} != options_.model || connectivity != options_.connectivity) {
    return false;
  }
  for (uint32_t at = 0; at < count; ++at) {
    const std::string name(reader.Bytes(reader.Get<uint32_t>()));
    auto partition = std::make_unique<Partition>(options_);
    if (!reader.ok() || !partition->Read(reader)) return false;
    for (const auto& [key, slot] : partition->slots()) places_[key] = partition.get();
    partitions_[name] = std::move(partition);
  }
  return reader.left() == 0;
}

Result<void> HnswIndex::Add(const RequestContext& ctx, std::span<const VectorEntry> entries) {
  for (const VectorEntry& entry : entries) NL_RETURN_IF_ERROR(CheckVector(options_.model, entry.vector));
  std::unique_lock lock(mutex_);
  for (const VectorEntry& entry : entries) {
    NL_RETURN_IF_ERROR(ctx.CheckAlive());
    RemoveLocked(entry.key);
    auto& partition = partitions_[entry.partition];
    if (partition == nullptr) partition = std::make_unique<Partition>(options_);
    places_[entry.key] = partition.get();
    NL_RETURN_IF_ERROR(partition->Add(entry.key, entry.vector));
  }
  for (auto& [name, partition] : partitions_) NL_RETURN_IF_ERROR(partition->Tidy());
  return {};
}

void HnswIndex::RemoveLocked(uint64_t key) {
  const auto place = places_.find(key);
  if (place == places_.end()) return;
  place->second->Remove(key);
  places_.erase(place);
}

Result<void> HnswIndex::Remove(const RequestContext& ctx, std::span<const uint64_t> keys) {
  NL_RETURN_IF_ERROR(ctx.CheckAlive());
  std::unique_lock lock(mutex_);
  for (const uint64_t key : keys) RemoveLocked(key);
  for (auto& [name, partition] : partitions_) NL_RETURN_IF_ERROR(partition->Tidy());
  std::erase_if(partitions_, [](const auto& entry) { return entry.second->alive() == 0; });
  return {};
}

Result<std::vector<VectorHit>> HnswIndex::Search(const RequestContext& ctx, const VectorQuery& query) const {
  NL_RETURN_IF_ERROR(CheckVector(options_.model, query.vector));
  NL_RETURN_IF_ERROR(ctx.CheckAlive());
  std::vector<VectorHit> hits;
  if (query.limit == 0) return hits;
  std::vector<std::string> names(query.partitions.begin(), query.partitions.end());
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::shared_lock lock(mutex_);
  for (const std::string& name : names) {
    const auto partition = partitions_.find(name);
    if (partition != partitions_.end()) NL_RETURN_IF_ERROR(partition->second->Search(ctx, query, hits));
  }
  const size_t kept = std::min(query.limit, hits.size());
  std::ranges::partial_sort(hits, hits.begin() + static_cast<std::ptrdiff_t>(kept), IsBetter);
  hits.resize(kept);
  return hits;
}

Result<uint64_t> HnswIndex::Size(const RequestContext&) const {
  std::shared_lock lock(mutex_);
  return places_.size();
}

Result<void> HnswIndex::Clear(const RequestContext&) {
  std::unique_lock lock(mutex_);
  places_.clear();
  partitions_.clear();
  mark_.clear();
  return {};
}

Result<void> HnswIndex::Persist(const RequestContext& ctx, const std::string& mark) {
  NL_RETURN_IF_ERROR(ctx.CheckAlive());
  std::unique_lock lock(mutex_);
  if (!options_.path.empty()) {
    ByteWriter writer;
    writer.PutBytes(kMagic);
    writer.PutText(options_.model.id);
    writer.Put(static_cast<uint32_t>(options_.model.dimension));
    writer.Put(static_cast<uint32_t>(options_.connectivity));
    writer.PutText(mark);
    writer.Put(static_cast<uint32_t>(partitions_.size()));
    for (const auto& [name, partition] : partitions_) {
      writer.PutText(name);
      NL_RETURN_IF_ERROR(partition->Write(writer));
    }
    writer.PutBytes(Digest(writer.bytes()));
    NL_RETURN_IF_ERROR(ReplaceFile(options_.path, writer.bytes()));
  }
  mark_ = mark;
  return {};
}

Result<std::string> HnswIndex::Mark(const RequestContext&) const {
  std::shared_lock lock(mutex_);
  return mark_;
}

}  // namespace neurolake::retrieval
