#include <gtest/gtest.h>

#include "query/front_parser.h"

namespace neurolake::query {
namespace {

Promote Parsed(const std::string& sql) {
  auto parsed = ParseFront(sql);
  EXPECT_TRUE(parsed.has_value()) << sql << ": " << parsed.error().message();
  if (!parsed.has_value()) return {};
  return std::get<Promote>(std::move(parsed->statement));
}

ErrorCode Failure(const std::string& sql) {
  const auto parsed = ParseFront(sql);
  EXPECT_FALSE(parsed.has_value()) << sql;
  return parsed.has_value() ? ErrorCode::kInternal : parsed.error().code();
}

TEST(FrontParserPromoteTest, ReadsEveryClause) {
  const Promote plain = Parsed("promote from Bronze.T into \"S\".\"t\";");
  EXPECT_EQ(plain.source, (ObjectName{"bronze", "t"}));
  EXPECT_EQ(plain.target, (ObjectName{"S", "t"}));
  EXPECT_EQ(plain.select, "");
  const Promote all = Parsed(
      "PROMOTE FROM b.t INTO s.t KEY (a, \"B\") ORDER BY c KEEP LAST REPLACE FULL AS FROM source SELECT a -- end");
  EXPECT_EQ(all.key, (std::vector<std::string>{"a", "B"}));
  EXPECT_EQ(all.order_by, "c");
  EXPECT_TRUE(all.keep_last && all.replace && all.full);
  EXPECT_EQ(all.select, "FROM source SELECT a");
  EXPECT_EQ(Parsed("PROMOTE FROM t INTO u AS WITH x AS (SELECT * FROM source) SELECT ')' FROM x").source,
            (ObjectName{"", "t"}));
  EXPECT_EQ(Parsed("PROMOTE FROM t INTO u AS SELECT * FROM source JOIN d VERSION AS OF 3 x USING (id)").select,
            "SELECT * FROM source JOIN d x AT (VERSION => 3) USING (id)");
}

TEST(FrontParserPromoteTest, RefusesWhatDoesNotFit) {
  for (const char* sql :
       {"PROMOTE", "PROMOTE b.t INTO s.t", "PROMOTE FROM b.t", "PROMOTE FROM b.t INTO s.t KEY",
        "PROMOTE FROM b.t INTO s.t KEY ()", "PROMOTE FROM b.t INTO s.t KEEP LAST",
        "PROMOTE FROM b.t INTO s.t FULL FULL", "PROMOTE FROM b.t INTO s.t KEY (a) KEY (b)",
        "PROMOTE FROM b.t INTO s.t KEY (a) KEEP SOME", "PROMOTE FROM b.t INTO s.t AS",
        "PROMOTE FROM b.t INTO s.t AS DELETE FROM source",
        "PROMOTE FROM b.t INTO s.t AS SELECT 1) UNION ALL (SELECT 2 FROM source",
        "PROMOTE FROM b.t INTO s.t AS SELECT (1 FROM source", "PROMOTE FROM b.t INTO s.t AS (SELECT 1 FROM source)",
        "PROMOTE FROM b.t INTO s.t AS SELECT 1; DROP TABLE s.t"}) {
    EXPECT_EQ(Failure(sql), ErrorCode::kSyntaxError) << sql;
  }
  EXPECT_EQ(Failure("PROMOTE FROM b.t INTO s.t AS SELECT 1"), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Failure("PROMOTE FROM b.t INTO s.t AS SELECT 'source' -- source"), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Failure("EXPLAIN PROMOTE FROM b.t INTO s.t"), ErrorCode::kNotSupported);
}

TEST(FrontParserPromoteTest, ValidateIsAClauseOfCopyInto) {
  const auto rows = [](const std::string& clause) {
    const auto parsed = ParseFront("COPY INTO b.t FROM 'x' FILEFORMAT = CSV " + clause);
    EXPECT_TRUE(parsed.has_value()) << clause;
    const auto& copy = std::get<CopyInto>(parsed->statement);
    EXPECT_EQ(copy.validate, !clause.empty());
    return copy.validate_rows.value_or(-1);
  };
  EXPECT_EQ(rows(""), -1);
  EXPECT_EQ(rows("VALIDATE"), -1);
  EXPECT_EQ(rows("VALIDATE ALL FILES = ('a')"), -1);
  EXPECT_EQ(rows("VALIDATE 15 ROWS COPY_OPTIONS ()"), 15);
  for (const char* clause :
       {"VALIDATE 0 ROWS", "VALIDATE 3", "VALIDATE -3 ROWS", "VALIDATE ALL VALIDATE", "VALIDATE ROWS"}) {
    EXPECT_EQ(Failure(std::string("COPY INTO b.t FROM 'x' FILEFORMAT = CSV ") + clause), ErrorCode::kSyntaxError)
        << clause;
  }
}

}  // namespace
}  // namespace neurolake::query
