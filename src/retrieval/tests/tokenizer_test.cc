#include "retrieval/bpe_tokenizer.h"

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include <fstream>
#include <iterator>

#include "retrieval/tests/retrieval_fixture.h"

namespace neurolake::retrieval {
namespace {

namespace json = boost::json;

json::array Vectors() {
  std::ifstream file(std::string(NL_SOURCE_DIR) + "/src/retrieval/tests/vectors/wordllama.json");
  return json::parse(std::string(std::istreambuf_iterator<char>(file), {})).as_array();
}

std::vector<uint32_t> IdsOf(const json::value& value) {
  std::vector<uint32_t> ids;
  for (const json::value& id : value.as_array()) ids.push_back(static_cast<uint32_t>(id.to_number<int64_t>()));
  return ids;
}

TEST(TokenizerTest, GivesTheReferencesTokensForEveryText) {
  const auto embedder = OpenTable();
  size_t compared = 0;
  for (const json::value& item : Vectors()) {
    const std::string text(item.as_object().at("text").as_string());
    std::vector<uint32_t> ids;
    embedder->tokenizer().Encode(text, ids);
    EXPECT_EQ(ids, IdsOf(item.as_object().at("ids"))) << text;
    ++compared;
  }
  EXPECT_GT(compared, 200U);
}

TEST(TokenizerTest, GivesTheReferencesVectorsUpToRounding) {
  const auto embedder = OpenTable();
  for (const json::value& item : Vectors()) {
    const json::value* head = item.as_object().if_contains("head");
    if (head == nullptr) continue;
    const std::string text(item.as_object().at("text").as_string());
    const std::string_view texts[] = {text};
    const EmbeddingBatch batch = embedder->Embed(TestContext(), texts).value();
    for (size_t at = 0; at < 4; ++at) {
      EXPECT_NEAR(batch[0][at], head->as_array()[at].to_number<double>(), 0.004) << text;
    }
  }
}

TEST(TokenizerTest, TakesBytesThatAreNoUtf8) {
  const auto embedder = OpenTable();
  std::vector<uint32_t> ids;
  embedder->tokenizer().Encode("\xFF\xFE\xC3", ids);
  // The space in front, and a piece per byte, of which number 3 is byte 0.
  ASSERT_EQ(ids.size(), 4U);
  EXPECT_EQ(ids[1], 0xFFU + 3);
  EXPECT_EQ(ids[2], 0xFEU + 3);
  EXPECT_EQ(ids[3], 0xC3U + 3);
}

TEST(TokenizerTest, MergesByRankAndThenFromTheLeft) {
  // a b c and the merges bc, ab: "abc" is a + bc as bc is better; "aba" is ab + a.
  BpeVocabulary vocabulary{.pieces = {"<unk>", "<s>", "</s>", "\xE2\x96\x81", "a", "b", "c", "ab", "bc", "aa"},
                           .whole = std::vector<bool>(10, false),
                           .merges = {{5, 6, 8}, {4, 5, 7}, {4, 4, 9}}};
  const BpeTokenizer tokenizer(std::move(vocabulary));
  std::vector<uint32_t> ids;
  tokenizer.Encode("abc", ids);
  EXPECT_EQ(ids, (std::vector<uint32_t>{3, 4, 8}));
  ids.clear();
  tokenizer.Encode("aba", ids);
  EXPECT_EQ(ids, (std::vector<uint32_t>{3, 7, 4}));
  ids.clear();
  tokenizer.Encode("aaa", ids);
  EXPECT_EQ(ids, (std::vector<uint32_t>{3, 9, 4}));
}

TEST(TokenizerTest, AWordOfAMegabyteIsNoTrap) {
  const auto embedder = OpenTable();
  std::mt19937 random(1);
  std::string word;
  for (int at = 0; at < 1'000'000; ++at) word += static_cast<char>('a' + random() % 26);
  const auto start = std::chrono::steady_clock::now();
  std::vector<uint32_t> ids;
  embedder->tokenizer().Encode(word, ids);
  EXPECT_GT(ids.size(), 100'000U);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

}  // namespace
}  // namespace neurolake::retrieval
