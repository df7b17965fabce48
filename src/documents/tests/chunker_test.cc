#include "documents/chunker.h"

#include <gmock/gmock.h>

#include <random>

#include "documents/extractors.h"

namespace neurolake::documents {
namespace {

std::string TextOf(const ExtractedDocument& document, const Chunk& chunk) {
  return document.text.substr(chunk.begin, chunk.end - chunk.begin);
}

/// Every byte but white space is in exactly one chunk, in order, no chunk is too large or cuts a character.
void CheckChunks(const ExtractedDocument& document, const std::vector<Chunk>& chunks, size_t bytes_max) {
  uint64_t last = 0;
  const auto is_space = [](char c) { return c == ' ' || c == '\n' || c == '\t'; };
  for (const Chunk& chunk : chunks) {
    ASSERT_LT(chunk.begin, chunk.end);
    ASSERT_LE(chunk.end, document.text.size());
    ASSERT_LE(chunk.end - chunk.begin, bytes_max + bytes_max / 2);
    for (uint64_t at = last; at < chunk.begin; ++at) ASSERT_TRUE(is_space(document.text[at])) << at;
    ASSERT_NE(static_cast<uint8_t>(document.text[chunk.begin]) & 0xC0, 0x80);
    if (chunk.end < document.text.size()) {
      ASSERT_NE(static_cast<uint8_t>(document.text[chunk.end]) & 0xC0, 0x80);
    }
    last = chunk.end;
  }
  for (uint64_t at = last; at < document.text.size(); ++at) ASSERT_TRUE(is_space(document.text[at])) << at;
}

TEST(ChunkerTest, AChunkKnowsItsHeadings) {
  const auto document = ExtractMarkdown("# A\n\none\n\n## B\n\ntwo\n\n### C\n\nthree\n\n## D\n\nfour\n", {}).value();
  const auto chunks = CutIntoChunks(document, {});
  ASSERT_EQ(chunks.size(), 4U);
  EXPECT_THAT(chunks[0].headings, testing::ElementsAre("A"));
  EXPECT_THAT(chunks[2].headings, testing::ElementsAre("A", "B", "C"));
  EXPECT_THAT(chunks[3].headings, testing::ElementsAre("A", "D"));
  EXPECT_EQ(TextOf(document, chunks[3]), "four");
}

TEST(ChunkerTest, CutsAtParagraphsThenSentencesThenWords) {
  std::string paragraphs;
  for (int at = 0; at < 10; ++at) paragraphs += std::string(60, static_cast<char>('a' + at)) + "\n\n";
  auto document = ExtractMarkdown(paragraphs, {}).value();
  for (const Chunk& chunk : CutIntoChunks(document, {.bytes_max = 150, .bytes_min = 10})) {
    EXPECT_EQ((chunk.end - chunk.begin + 2) % 62, 0U) << TextOf(document, chunk);
  }
  document = ExtractMarkdown("One sentence stands here now. Another sentence stands here. A third one is here too.", {})
                 .value();
  const auto sentences = CutIntoChunks(document, {.bytes_max = 64, .bytes_min = 5});
  EXPECT_EQ(TextOf(document, sentences[0]), "One sentence stands here now. Another sentence stands here.");
  document =
      ExtractMarkdown("words without an end " + std::string("and more of them ") + std::string(80, 'x'), {}).value();
  EXPECT_EQ(TextOf(document, CutIntoChunks(document, {.bytes_max = 64, .bytes_min = 5})[0]),
            "words without an end and more of them");
}

TEST(ChunkerTest, AShortRestJoinsWhatIsBefore) {
  const auto document = ExtractMarkdown(std::string(100, 'a') + " " + std::string(20, 'b'), {}).value();
  EXPECT_EQ(CutIntoChunks(document, {.bytes_max = 105, .bytes_min = 30}).size(), 1U);
  EXPECT_EQ(CutIntoChunks(document, {.bytes_max = 105, .bytes_min = 10}).size(), 2U);
}

TEST(ChunkerTest, WordsWithoutEndAreCutBetweenCharacters) {
  std::string text;
  for (int at = 0; at < 500; ++at) text += "\xE6\xBC\xA2";
  const auto document = ExtractMarkdown(text, {}).value();
  const auto chunks = CutIntoChunks(document, {.bytes_max = 100, .bytes_min = 10});
  EXPECT_GT(chunks.size(), 10U);
  CheckChunks(document, chunks, 100);
}

TEST(ChunkerTest, NothingIsLostWhateverTheText) {
  std::mt19937 random(5);
  const std::vector<std::string> pieces = {"word ",        "a ",
                                           "\n\n",         "# head\n\n",
                                           "## under\n\n", "end. ",
                                           "\xC3\xBC",     "longlonglonglong",
                                           "- item\n",     "\xF0\x9F\x8C\x8A ",
                                           "? ",           "    code\n"};
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (uint32_t count = random() % 400; count > 0; --count) text += pieces[random() % pieces.size()];
    const auto document = ExtractMarkdown(text, {}).value();
    const size_t bytes_max = 64 + random() % 300;
    CheckChunks(document, CutIntoChunks(document, {.bytes_max = bytes_max, .bytes_min = random() % 64}), bytes_max);
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
}

TEST(ChunkerTest, AnEmptyDocumentHasNone) {
  EXPECT_TRUE(CutIntoChunks({}, {}).empty());
  EXPECT_TRUE(CutIntoChunks(ExtractMarkdown("# only a heading", {}).value(), {}).empty());
}

}  // namespace
}  // namespace neurolake::documents
