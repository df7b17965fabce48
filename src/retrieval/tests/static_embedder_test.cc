#include "retrieval/static_embedder.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <thread>

#include "retrieval/internal/files.h"
#include "retrieval/tests/retrieval_fixture.h"

namespace neurolake::retrieval {
namespace {

float Similarity(const StaticEmbedder& embedder, std::string_view a, std::string_view b) {
  const std::string_view texts[] = {a, b};
  const EmbeddingBatch batch = embedder.Embed(TestContext(), texts).value();
  return InnerProduct(batch[0], batch[1]);
}

std::string TableBytes() {
  std::ifstream file(TablePath(), std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

ErrorCode OpenChanged(const TemporaryDirectory& directory, const std::string& bytes) {
  std::ofstream(directory.File("table"), std::ios::binary) << bytes;
  const auto opened = StaticEmbedder::Open(directory.File("table"));
  EXPECT_FALSE(opened.has_value());
  return opened.has_value() ? ErrorCode::kInternal : opened.error().code();
}

TEST(StaticEmbedderTest, SaysWhichModelItIs) {
  const auto embedder = OpenTable();
  EXPECT_EQ(embedder->model(), (EmbeddingModel{"wordllama-l2-supercat-256", 256}));
}

TEST(StaticEmbedderTest, VectorsHaveUnitLengthAndTextsWithoutTokensNone) {
  const auto embedder = OpenTable();
  const std::string_view texts[] = {"revenue by region", ""};
  const EmbeddingBatch batch = embedder->Embed(TestContext(), texts).value();
  EXPECT_NEAR(InnerProduct(batch[0], batch[0]), 1, 1e-5);
  EXPECT_EQ(InnerProduct(batch[1], batch[1]), 0);
}

TEST(StaticEmbedderTest, ParaphrasesAreNearerThanOtherMatters) {
  const auto embedder = OpenTable();
  EXPECT_GT(Similarity(*embedder, "customers who cancelled their subscription", "clients that ended their contract"),
            Similarity(*embedder, "customers who cancelled their subscription", "height of mountains in Norway"));
  EXPECT_GT(Similarity(*embedder, "average delay of flights", "mean lateness of airplanes"),
            Similarity(*embedder, "average delay of flights", "recipe for bread with butter"));
}

TEST(StaticEmbedderTest, ABatchIsTheSameAsOneByOne) {
  const auto embedder = OpenTable();
  const std::vector<std::string_view> texts = {"one", "two words", "", "drei Wörter hier"};
  const EmbeddingBatch batch = embedder->Embed(TestContext(), texts).value();
  for (size_t row = 0; row < texts.size(); ++row) {
    const EmbeddingBatch single = embedder->Embed(TestContext(), std::span(texts).subspan(row, 1)).value();
    EXPECT_TRUE(std::ranges::equal(batch[row], single[0])) << texts[row];
  }
}

TEST(StaticEmbedderTest, ThreadsShareIt) {
  const auto embedder = OpenTable();
  const std::vector<std::string_view> texts(200, "orders per customer and month, without returns");
  const EmbeddingBatch wanted = embedder->Embed(TestContext(), texts).value();
  std::atomic<int> same = 0;
  {
    std::vector<std::jthread> threads;
    for (int at = 0; at < 4; ++at) {
      threads.emplace_back([&] {
        const EmbeddingBatch batch = embedder->Embed(TestContext(), texts).value();
        bool all = true;
        for (size_t row = 0; row < texts.size(); ++row) all &= std::ranges::equal(batch[row], wanted[row]);
        same += all ? 1 : 0;
      });
    }
  }
  EXPECT_EQ(same, 4);
}

TEST(StaticEmbedderTest, EndsWhenCancelled) {
  const auto embedder = OpenTable();
  std::stop_source stop;
  stop.request_stop();
  const FakeClock clock;
  const RequestContext ctx({}, "", "", clock, clock.SteadyNow() + std::chrono::seconds(1), stop.get_token());
  const std::string_view texts[] = {"a"};
  EXPECT_EQ(embedder->Embed(ctx, texts).error().code(), ErrorCode::kCancelled);
}

TEST(StaticEmbedderTest, RefusesAFileThatIsNotWhole) {
  const TemporaryDirectory directory;
  const std::string bytes = TableBytes();
  EXPECT_EQ(OpenChanged(directory, bytes.substr(0, bytes.size() - 1)), ErrorCode::kCorruption);
  EXPECT_EQ(OpenChanged(directory, bytes.substr(0, 20)), ErrorCode::kCorruption);
  std::string flipped = bytes;
  flipped[5'000'000] ^= 1;
  EXPECT_EQ(OpenChanged(directory, flipped), ErrorCode::kCorruption);
  EXPECT_EQ(OpenChanged(directory, "NLEMBED9" + bytes.substr(8)), ErrorCode::kNotSupported);
  EXPECT_EQ(StaticEmbedder::Open(directory.File("none")).error().code(), ErrorCode::kNotFound);
}

TEST(StaticEmbedderTest, RefusesNumbersOutOfBoundsEvenIfTheChecksumIsRight) {
  const TemporaryDirectory directory;
  const std::string bytes = TableBytes();
  // Dimension, pieces, merges, length of the name; each far too large.
  for (const size_t at : {8, 12, 16, 20}) {
    std::string changed = bytes.substr(0, bytes.size() - kDigestBytes);
    changed[at + 3] = '\x7f';
    changed += Digest(changed);
    EXPECT_EQ(OpenChanged(directory, changed), ErrorCode::kCorruption) << at;
  }
}

}  // namespace
}  // namespace neurolake::retrieval
