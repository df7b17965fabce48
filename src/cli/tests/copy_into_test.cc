#include "cli/copy_into.h"

#include <gtest/gtest.h>

#include "query/copy_into_options.h"
#include "query/front_parser.h"

namespace neurolake::cli {
namespace {

IngestArguments Into(const std::string& table) {
  IngestArguments ingest;
  ingest.into = table;
  return ingest;
}

TEST(CopyIntoTest, QuotesEveryPartOfAName) {
  EXPECT_EQ(QuoteTableName("silver.flights").value(), "\"silver\".\"flights\"");
  EXPECT_EQ(QuoteTableName("\"a.b\".\"c\"\"d\"").value(), "\"a.b\".\"c\"\"d\"");
  for (const char* bad : {"", "a.", ".a", "a..b", "a.b.c.d", "\"a"}) EXPECT_FALSE(QuoteTableName(bad)) << bad;
}

TEST(CopyIntoTest, TellsTheFormatByTheName) {
  EXPECT_EQ(FormatOfFile("a/b.CSV.gz").value(), "csv");
  EXPECT_EQ(FormatOfFile("b.ndjson.zst").value(), "json");
  EXPECT_EQ(FormatOfFile("b.parquet").value(), "parquet");
  EXPECT_FALSE(FormatOfFile("b.txt"));
}

TEST(CopyIntoTest, ComposesOneFile) {
  EXPECT_EQ(ComposeCopyInto(Into("b.t"), {"/data/it's.csv"}, "", CopyMode::kLoad).value(),
            "COPY INTO \"b\".\"t\" FROM '/data/it''s.csv' FILEFORMAT = CSV");
}

TEST(CopyIntoTest, ComposesEveryOption) {
  IngestArguments ingest = Into("b.t");
  ingest.trim = ingest.force = true;
  ingest.keys = {"id", "day"};
  ingest.quarantine = "b.bad";
  ingest.null_tokens = {"NA", "-"};
  ingest.date_formats = {"%d/%m/%Y"};
  ingest.value_maps = {"c:from=to", "c:a=b"};
  ingest.keep = "last";
  ingest.on_error = "skip";
  ingest.options = {"delimiter=;"};
  EXPECT_EQ(ComposeCopyInto(ingest, {"upload://a.json", "upload://b.json"}, "id BIGINT", CopyMode::kDryRun).value(),
            "COPY INTO \"b\".\"t\" FROM ('upload://a.json', 'upload://b.json') FILEFORMAT = JSON VALIDATE "
            "FORMAT_OPTIONS ('nullValue' = '[\"NA\",\"-\"]', 'dateFormat' = '%d/%m/%Y', 'delimiter' = ';') "
            "COPY_OPTIONS ('schema' = 'id BIGINT', "
            "'clean' = '{\"*\":{\"trim\":true},\"c\":{\"map\":{\"from\":\"to\",\"a\":\"b\"}}}', "
            "'key' = 'id,day', 'keep' = 'last', 'on_error' = 'skip', 'quarantine' = 'b.bad', 'force' = 'true')");
}

TEST(CopyIntoTest, WhatItComposesIsWhatTheFrontParserReads) {
  IngestArguments ingest = Into("b.t");
  ingest.null_tokens = {"NA", "it's"};
  ingest.options = {"header=true"};
  ingest.trim = true;
  ingest.keys = {"a"};
  const auto sql = ComposeCopyInto(ingest, {"a.csv", "b.csv"}, "a BIGINT, b VARCHAR", CopyMode::kDryRun);
  const auto parsed = query::ParseFront(*sql);
  ASSERT_TRUE(parsed.has_value()) << parsed.error().message();
  const auto& copy = std::get<query::CopyInto>(parsed->statement);
  EXPECT_EQ(copy.target, (query::ObjectName{"b", "t"}));
  EXPECT_EQ(copy.sources, (std::vector<std::string>{"a.csv", "b.csv"}));
  EXPECT_EQ(copy.file_format, "csv");
  EXPECT_EQ(copy.format_options.at("nullvalue"), "[\"NA\",\"it's\"]");
  EXPECT_TRUE(copy.validate);
  const auto options = query::ParseCopyIntoOptions(copy);
  ASSERT_TRUE(options.has_value()) << options.error().message();
  EXPECT_EQ(options->null_tokens, (std::vector<std::string>{"NA", "it's"}));
  EXPECT_EQ(options->rules.at("*").trim, true);
  EXPECT_EQ(options->schema.size(), 2u);
}

TEST(CopyIntoTest, PromotionIsAStatementTheFrontParserReads) {
  const auto sql = ComposePromotion("b.t", "s.\"T x\"");
  EXPECT_EQ(sql.value(), "PROMOTE FROM \"b\".\"t\" INTO \"s\".\"T x\"");
  const auto parsed = query::ParseFront(*sql);
  ASSERT_TRUE(parsed.has_value()) << parsed.error().message();
  EXPECT_EQ(std::get<query::Promote>(parsed->statement).target, (query::ObjectName{"s", "T x"}));
  EXPECT_FALSE(ComposePromotion("b.t", "a..b").has_value());
}

TEST(CopyIntoTest, RefusesMixedFormatsAndBadOptions) {
  EXPECT_FALSE(ComposeCopyInto(Into("b.t"), {"a.csv", "b.json"}, "", CopyMode::kLoad));
  IngestArguments ingest = Into("b.t");
  ingest.value_maps = {"nocolon"};
  EXPECT_FALSE(ComposeCopyInto(ingest, {"a.csv"}, "", CopyMode::kLoad));
  ingest = Into("b.t");
  ingest.options = {"noequals"};
  EXPECT_FALSE(ComposeCopyInto(ingest, {"a.csv"}, "", CopyMode::kLoad));
}

TEST(CopyIntoTest, KnowsWhatIsNotAFileOfThisMachine) {
  EXPECT_TRUE(IsRemotePath("s3://b/k"));
  EXPECT_FALSE(IsRemotePath("/a/b://c"));
  EXPECT_FALSE(IsRemotePath("a.csv"));
}

}  // namespace
}  // namespace neurolake::cli
