// How many short texts a core embeds in a second, and how long a search among 100,000 vectors takes. Not part of the
// build: ninja retrieval_bench && build/release/src/retrieval/retrieval_bench TABLE
#include <fmt/format.h>

#include <chrono>
#include <random>

#include "common/clock.h"
#include "retrieval/hnsw_index.h"
#include "retrieval/static_embedder.h"

namespace neurolake::retrieval {
namespace {

constexpr size_t kTexts = 300'000;
constexpr size_t kVectors = 100'000;
constexpr size_t kSearches = 1000;

double SecondsOf(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

int Run(const std::string& table) {
  const SystemClock clock;
  const RequestContext ctx({}, "bench", "bench", clock, clock.SteadyNow() + std::chrono::hours(1));
  const auto embedder = StaticEmbedder::Open(table);
  if (!embedder.has_value()) {
    fmt::print(stderr, "{}\n", embedder.error().message());
    return 1;
  }
  const std::vector<std::string> words = {"revenue",  "by",    "region", "last",     "quarter", "average", "delay",
                                          "carriers", "which", "had",    "customer", "churned", "month",   "orders"};
  std::mt19937 random(1);
  std::vector<std::string> texts(kTexts);
  for (std::string& text : texts) {
    for (uint32_t count = 4 + random() % 5; count > 0; --count) text += words[random() % words.size()] + " ";
    text += std::to_string(random() % 1000);
  }
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const double embedding = SecondsOf([&] { (void)(*embedder)->Embed(ctx, views); });
  fmt::print("texts of 5 to 9 words a second, one core: {:.0f}\n", static_cast<double>(kTexts) / embedding);

  const auto batch = (*embedder)->Embed(ctx, std::span(views).first(kVectors)).value();
  std::vector<VectorEntry> entries;
  for (size_t row = 0; row < kVectors; ++row) {
    entries.push_back({row, "public", std::vector<float>(batch[row].begin(), batch[row].end())});
  }
  const auto index = HnswIndex::Open({.model = (*embedder)->model()}).value();
  const double adding = SecondsOf([&] { (void)index->Add(ctx, entries); });
  const std::vector<std::string> partitions = {"public"};
  const double searching = SecondsOf([&] {
    for (size_t at = 0; at < kSearches; ++at) {
      (void)index->Search(ctx, {.vector = entries[at * 97].vector, .limit = 10, .partitions = partitions});
    }
  });
  fmt::print("vectors added a second: {:.0f}; a search among {}: {:.0f} µs\n", kVectors / adding, kVectors,
             searching / kSearches * 1e6);
  return 0;
}

}  // namespace
}  // namespace neurolake::retrieval

int main(int count, char** values) { return neurolake::retrieval::Run(count > 1 ? values[1] : "embeddings.nlembed"); }
