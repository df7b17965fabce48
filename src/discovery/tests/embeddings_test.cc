#include "discovery/embeddings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "common/clock.h"

namespace neurolake::discovery {
namespace {

using testing::HasSubstr;

const SystemClock kClock;

RequestContext Context() {
  return RequestContext({}, "r", "test", kClock, kClock.SteadyNow() + std::chrono::minutes(1));
}

/// [bytes of the text, 1], or what it is told.
class ToyModel final : public models::EmbeddingModel {
 public:
  Result<models::Embeddings> Embed(const RequestContext&, const std::vector<std::string>& texts) const override {
    if (fails) return MakeError(ErrorCode::kUnavailable, "away");
    calls.push_back(texts.size());
    models::Embeddings made;
    for (const auto& text : texts) made.vectors.push_back({static_cast<float>(text.size()), 1});
    if (longer) made.vectors.back().push_back(1);
    return made;
  }
  bool fails = false;
  bool longer = false;
  mutable std::vector<size_t> calls;
};

TEST(EmbeddingsTest, AModelBecomesAnEmbedder) {
  const auto model = std::make_shared<ToyModel>();
  const auto embedder = EmbedderOf(Context(), "local:toy.gguf", model).value();
  EXPECT_EQ(embedder->model().id, "local:toy.gguf");
  EXPECT_EQ(embedder->model().dimension, 2U);
  const std::vector<std::string_view> texts(150, "abc");
  const auto batch = embedder->Embed(Context(), texts).value();
  ASSERT_EQ(batch.size(), 150U);
  EXPECT_NEAR(batch[149][0], 3 / std::sqrt(10.0), 1e-6);
  EXPECT_THAT(model->calls, testing::ElementsAre(1, 64, 64, 22));
  model->longer = true;
  EXPECT_EQ(embedder->Embed(Context(), texts).error().code(), ErrorCode::kUnavailable);
  model->fails = true;
  EXPECT_EQ(EmbedderOf(Context(), "x", model).error().code(), ErrorCode::kUnavailable);
}

class OpenTextsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "nl-texts-XXXXXX").string();
    settings_.lake = ::mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(settings_.lake); }

  Settings settings_;
};

TEST_F(OpenTextsTest, TheTableBesideTheProgramIsTheDefault) {
  EXPECT_TRUE(OpenTexts(Context(), settings_, NL_BINARY).value()->has_meaning());
  EXPECT_FALSE(OpenTexts(Context(), settings_, settings_.lake + "/bin/neurolake").value()->has_meaning());
}

TEST_F(OpenTextsTest, WhatIsConfiguredWronglyIsSaid) {
  const auto error = [&](const std::string& name) {
    settings_.retrieval_embeddings = name;
    return OpenTexts(Context(), settings_, NL_BINARY).error();
  };
  EXPECT_THAT(error("minilm").message(), HasSubstr("retrieval.embeddings"));
  EXPECT_THAT(error("cohere:x").message(), HasSubstr("cohere"));
  EXPECT_EQ(error("local:" + settings_.lake + "/none.gguf").message().find("retrieval.embeddings"), 0U);
  // Another machine's, although models may be: this one is told everything.
  settings_.models_external = true;
  settings_.models_openai_url = "https://api.example.org/v1";
  EXPECT_THAT(error("openai:text-embedding-3-small").message(), HasSubstr("stay on this machine"));
}

TEST_F(OpenTextsTest, AServerOfVectorsThatIsAwayIsDoneWithout) {
  const std::vector<retrieval::TextGroup> groups = {{"model:sales", {"revenue: money that customers paid", "staff"}}};
  for (const char* url : {"http://127.0.0.1:1", "postgresql://lake:hunter2@127.0.0.1:1/vectors"}) {
    settings_.retrieval_index = url;
    const auto texts = OpenTexts(Context(), settings_, NL_BINARY);
    ASSERT_TRUE(texts.has_value()) << texts.error().message();
    const auto hits = (*texts)->Rank(Context(), {.groups = groups, .text = "turnover"}).value();
    ASSERT_EQ(hits.size(), 2U);
    EXPECT_EQ(hits[0].index, 0U);
  }
  settings_.retrieval_index = "qdrant://lake:hunter2@127.0.0.1";
  const Error error = OpenTexts(Context(), settings_, NL_BINARY).error();
  EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(error.message(), HasSubstr("retrieval.index: an index of vectors is at postgresql://"));
  EXPECT_THAT(error.message(), testing::Not(HasSubstr("hunter2")));
}

TEST_F(OpenTextsTest, AModelThatIsAwayLeavesWords) {
  settings_.retrieval_embeddings = "openai:minilm";
  settings_.models_openai_url = "http://127.0.0.1:1/v1";
  EXPECT_FALSE(OpenTexts(Context(), settings_, NL_BINARY).value()->has_meaning());
}

}  // namespace
}  // namespace neurolake::discovery
