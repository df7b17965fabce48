#include "retrieval/tests/retrieval_fixture.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace neurolake::retrieval {
namespace {
const SystemClock kClock;
}

RequestContext TestContext() {
  return RequestContext({}, "test", "test", kClock, kClock.SteadyNow() + std::chrono::seconds(60));
}

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "nl-retrieval-XXXXXX").string();
  path_ = ::mkdtemp(pattern.data());
}
TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TablePath() { return std::string(NL_CACHE_DIR) + "/word-embeddings/embeddings.nlembed"; }
std::unique_ptr<StaticEmbedder> OpenTable() { return StaticEmbedder::Open(TablePath()).value(); }

Result<EmbeddingBatch> ToyEmbedder::Embed(const RequestContext&, std::span<const std::string_view> texts) const {
  EmbeddingBatch batch(texts.size(), model_.dimension);
  for (size_t row = 0; row < texts.size(); ++row) {
    batch[row][0] = 1 + static_cast<float>(texts[row].size() % 7);
    batch[row][1] = texts[row].empty() ? 0 : static_cast<float>(static_cast<uint8_t>(texts[row][0]) % 11);
    Normalize(batch[row]);
  }
  return batch;
}

std::vector<std::vector<float>> ClusteredVectors(size_t count, size_t dimension, uint32_t seed, size_t centres) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  // The same centres whatever the seed: questions come from where the vectors are.
  std::mt19937 fixed(99);
  std::vector<std::vector<float>> middle(centres, std::vector<float>(dimension));
  for (auto& vector : middle) {
    for (float& value : vector) value = normal(fixed);
  }
  std::vector<std::vector<float>> vectors(count, std::vector<float>(dimension));
  for (auto& vector : vectors) {
    const auto& centre = middle[random() % centres];
    for (size_t at = 0; at < dimension; ++at) vector[at] = centre[at] + 0.7F * normal(random);
    Normalize(vector);
  }
  return vectors;
}

std::vector<uint64_t> BruteForce(const std::vector<VectorEntry>& entries, const VectorQuery& query) {
  std::vector<VectorHit> hits;
  for (const VectorEntry& entry : entries) {
    if (std::ranges::find(query.partitions, entry.partition) == query.partitions.end()) continue;
    if (query.accept && !query.accept(entry.key)) continue;
    hits.push_back({entry.key, InnerProduct(query.vector, entry.vector)});
  }
  std::ranges::sort(hits, IsBetter);
  std::vector<uint64_t> keys;
  for (const VectorHit& hit : hits) {
    if (keys.size() < query.limit) keys.push_back(hit.key);
  }
  return keys;
}

double Recall(const VectorIndex& index, const std::vector<VectorEntry>& entries,
              const std::vector<std::vector<float>>& queries, const std::vector<std::string>& partitions,
              const std::function<bool(uint64_t)>& accept) {
  size_t found = 0;
  size_t wanted = 0;
  for (const auto& vector : queries) {
    const VectorQuery query{.vector = vector, .limit = 10, .partitions = partitions, .accept = accept};
    const std::vector<uint64_t> truth = BruteForce(entries, query);
    const auto hits = index.Search(TestContext(), query);
    if (!hits.has_value()) return -1;
    wanted += truth.size();
    for (const VectorHit& hit : *hits) found += std::ranges::count(truth, hit.key);
  }
  return static_cast<double>(found) / static_cast<double>(wanted);
}

Passage MakePassage(std::string id, std::string text, std::vector<std::string> labels) {
  return {.id = std::move(id), .text = UntrustedText(std::move(text)), .labels = std::move(labels)};
}
Viewer See(std::set<std::string> labels) { return Viewer(std::move(labels)); }

std::vector<std::string> IdsOf(const std::vector<PassageHit>& hits) {
  std::vector<std::string> ids;
  for (const PassageHit& hit : hits) ids.push_back(hit.passage.id);
  return ids;
}

Result<std::unique_ptr<Corpus>> OpenCorpus(const TemporaryDirectory& directory, std::unique_ptr<Embedder> embedder,
                                           size_t exact_max) {
  if (embedder == nullptr) embedder = OpenTable();
  NL_ASSIGN_OR_RETURN(
      auto index,
      HnswIndex::Open({.model = embedder->model(), .path = directory.File("passages.hnsw"), .exact_max = exact_max}));
  return Corpus::Open(TestContext(), {.path = directory.File("passages.log")}, std::move(embedder), std::move(index));
}

}  // namespace neurolake::retrieval
