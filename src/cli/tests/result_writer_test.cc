#include "cli/result_writer.h"

#include <gtest/gtest.h>

#include "cli/tests/fake_client.h"

namespace neurolake::cli {
namespace {

const FakeResult kPeople = {.names = {"name", "age"},
                            .types = {"VARCHAR", "BIGINT"},
                            .rows = {{"Ann", "7"}, {"日本", "∅"}, {"a\"b,c", "1234"}}};

std::string Write(const FakeResult& result, const WriterOptions& options) {
  std::ostringstream out;
  const auto writer = MakeResultWriter(options, out);
  EXPECT_TRUE(writer->Begin(FakeSchema(result)).has_value());
  if (!result.rows.empty()) {
    EXPECT_TRUE(writer->Write(FakeBatch(result)).has_value());
  }
  EXPECT_TRUE(writer->End().has_value());
  return out.str();
}

FakeResult Numbers(int count) {
  FakeResult result{.names = {"n"}, .types = {"BIGINT"}};
  for (int i = 1; i <= count; ++i) result.rows.push_back({std::to_string(i)});
  return result;
}

TEST(ResultWriterTest, BoxAlignsByCellsAndShowsTypes) {
  EXPECT_EQ(Write(kPeople, {}),
            "┌─────────┬────────┐\n"
            "│ name    │    age │\n"
            "│ VARCHAR │ BIGINT │\n"
            "├─────────┼────────┤\n"
            "│ Ann     │      7 │\n"
            "│ 日本    │   NULL │\n"
            "│ a\"b,c   │   1234 │\n"
            "└─────────┴────────┘\n"
            "3 rows\n");
}

TEST(ResultWriterTest, BoxShowsTheEndsOfALongResult) {
  const std::string text = Write(Numbers(1000), {.rows_max = 4});
  EXPECT_NE(text.find("│      1 │\n│      2 │\n│      … │\n│    999 │\n│   1000 │\n"), std::string::npos) << text;
  EXPECT_NE(text.find("1,000 rows (4 shown)"), std::string::npos);
}

TEST(ResultWriterTest, BoxLeavesNothingOutThatFits) {
  const std::string text = Write(Numbers(4), {.rows_max = 4});
  EXPECT_EQ(text.find("…"), std::string::npos);
  EXPECT_NE(text.find("4 rows\n"), std::string::npos);
}

TEST(ResultWriterTest, BoxWithoutLimitStreamsEverything) {
  const std::string text = Write(Numbers(25'000), {});
  EXPECT_NE(text.find("│  25000 │"), std::string::npos);
  EXPECT_NE(text.find("25,000 rows\n"), std::string::npos);
}

TEST(ResultWriterTest, BoxFitsTheTerminal) {
  FakeResult wide{.names = {"text"}, .types = {"VARCHAR"}, .rows = {{std::string(500, 'x')}}};
  const std::string text = Write(wide, {.width = 40});
  EXPECT_NE(text.find("x…"), std::string::npos);
  FakeResult many;
  many.rows.emplace_back();
  for (int i = 0; i < 30; ++i) {
    many.names.push_back("column" + std::to_string(i));
    many.types.push_back("VARCHAR");
    many.rows[0].push_back("value");
  }
  EXPECT_NE(Write(many, {.width = 60}).find("30 columns ("), std::string::npos);
}

TEST(ResultWriterTest, ExpandedShowsOneLinePerColumn) {
  EXPECT_EQ(Write({.names = {"id", "name"}, .types = {"BIGINT", "VARCHAR"}, .rows = {{"1", "∅"}}}, {.expanded = true}),
            "─[ row 1 ]─\nid   │ 1\nname │ NULL\n1 row\n");
}

TEST(ResultWriterTest, ColourIsForTerminalsOnly) {
  EXPECT_NE(Write(kPeople, {.colour = true}).find("\x1b[2mNULL"), std::string::npos);
  EXPECT_EQ(Write(kPeople, {}).find('\x1b'), std::string::npos);
}

TEST(ResultWriterTest, CsvQuotesWhatNeedsIt) {
  EXPECT_EQ(Write(kPeople, {.format = OutputFormat::kCsv}), "name,age\nAnn,7\n日本,\n\"a\"\"b,c\",1234\n");
}

TEST(ResultWriterTest, JsonIsOneArrayAlsoWhenEmpty) {
  EXPECT_EQ(Write(kPeople, {.format = OutputFormat::kJson}),
            "[\n{\"name\":\"Ann\",\"age\":7},\n{\"name\":\"日本\",\"age\":null},\n"
            "{\"name\":\"a\\\"b,c\",\"age\":1234}\n]\n");
  EXPECT_EQ(Write({.names = {"n"}, .types = {"BIGINT"}}, {.format = OutputFormat::kJson}), "[]\n");
}

TEST(ResultWriterTest, NdjsonIsALinePerRow) {
  EXPECT_EQ(Write(Numbers(2), {.format = OutputFormat::kNdjson}), "{\"n\":1}\n{\"n\":2}\n");
}

TEST(ResultWriterTest, MarkdownEscapesItsOwnCharacters) {
  EXPECT_EQ(Write({.names = {"a|b", "n"}, .types = {"VARCHAR", "BIGINT"}, .rows = {{"x|y\nz", "1"}}},
                  {.format = OutputFormat::kMarkdown}),
            "| a\\|b | n |\n| --- | ---: |\n| x\\|y\\\\nz | 1 |\n");
}

TEST(ResultWriterTest, AFailedOutputIsAnError) {
  std::ostringstream out;
  out.setstate(std::ios::badbit);
  const auto writer = MakeResultWriter({.format = OutputFormat::kCsv}, out);
  const auto begun = writer->Begin(FakeSchema(kPeople));
  ASSERT_FALSE(begun.has_value());
  EXPECT_EQ(begun.error().code(), ErrorCode::kIoError);
}

TEST(ResultWriterTest, FormatsHaveNames) {
  for (const char* name : {"box", "csv", "json", "ndjson", "markdown"}) {
    EXPECT_EQ(OutputFormatName(ParseOutputFormat(name).value()), name);
  }
  EXPECT_FALSE(ParseOutputFormat("xml").has_value());
  EXPECT_EQ(WithThousands(-1234567), "-1,234,567");
}

}  // namespace
}  // namespace neurolake::cli
