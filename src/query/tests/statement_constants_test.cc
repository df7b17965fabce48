#include "query/statement_constants.h"

namespace neurolake::query {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(StatementConstantsTest, PartsTextAndConstants) {
  const ConstantSplit split =
      SplitConstants("SELECT name FROM people\n WHERE email = 'ann@example.org' AND age > 41 -- ann again\n LIMIT 10");
  EXPECT_EQ(split.text, "SELECT name FROM people WHERE email = ? AND age > ? LIMIT ?");
  EXPECT_THAT(split.constants, ElementsAre("'ann@example.org'", "41", "10"));
}

TEST(StatementConstantsTest, NoKindOfQuoteKeepsAConstantInTheText) {
  for (const char* constant : {"'canary'", "E'canary'", "$$canary$$", "$t$canary$t$", "X'canary'", "B'canary'",
                               "U&'canary'", "'it''s canary'", "'a' \n 'canary'"}) {
    const ConstantSplit split = SplitConstants(std::string("SELECT ") + constant);
    EXPECT_THAT(split.text, Not(HasSubstr("canary"))) << constant;
    EXPECT_EQ(split.text, "SELECT ?") << constant;
  }
  EXPECT_THAT(SplitConstants("SELECT 1 /* canary */ + /* /* canary */ */ 2").text, Not(HasSubstr("canary")));
}

TEST(StatementConstantsTest, NamesStay) {
  const ConstantSplit split = SplitConstants("SELECT \"Big Name\", t.c FROM \"s\".t WHERE a = $1 AND b = ?");
  EXPECT_EQ(split.text, "SELECT \"Big Name\", t.c FROM \"s\".t WHERE a = $1 AND b = ?");
  EXPECT_THAT(split.constants, ElementsAre());
}

TEST(StatementConstantsTest, ANameInQuotesThatNoNameCouldBeIsAConstant) {
  const ConstantSplit split =
      SplitConstants("SELECT * FROM t WHERE mail = \"ann@example.org\" OR id = \"4711\" OR \"a b\"");
  EXPECT_EQ(split.text, "SELECT * FROM t WHERE mail = ? OR id = ? OR \"a b\"");
  EXPECT_THAT(split.constants, ElementsAre("\"ann@example.org\"", "\"4711\""));
}

TEST(StatementConstantsTest, WhatCannotBeReadIsAConstant) {
  const ConstantSplit split = SplitConstants("SELECT a, 'canary");
  EXPECT_EQ(split.text, "SELECT a, <unreadable>");
  EXPECT_THAT(split.constants, ElementsAre(HasSubstr("'canary")));
  EXPECT_EQ(SplitConstants("'canary").text, "<unreadable>");
  EXPECT_EQ(SplitConstants("").text, "");
}

}  // namespace
}  // namespace neurolake::query
