#include "cli/statement_splitter.h"

#include <gtest/gtest.h>

namespace neurolake::cli {
namespace {

std::vector<std::string> Texts(const SplitScript& script) {
  std::vector<std::string> texts;
  for (const auto& statement : script.statements) texts.push_back(statement.text);
  return texts;
}

using Strings = std::vector<std::string>;

TEST(StatementSplitterTest, CutsAtSemicolonsAndLeavesOutEmptyOnes) {
  EXPECT_EQ(Texts(SplitStatements("SELECT 1;; ;\nSELECT 2 ;")), (Strings{"SELECT 1", "SELECT 2"}));
}

TEST(StatementSplitterTest, SemicolonsInTextsDoNotCut) {
  EXPECT_EQ(Texts(SplitStatements("SELECT ';', 'it''s;', \"a;\"\";b\"; SELECT E'\\';';")),
            (Strings{"SELECT ';', 'it''s;', \"a;\"\";b\"", "SELECT E'\\';'"}));
}

TEST(StatementSplitterTest, ABackslashInAPlainTextHidesNothing) {
  EXPECT_EQ(Texts(SplitStatements("SELECT '\\'; SELECT 2;")), (Strings{"SELECT '\\'", "SELECT 2"}));
  // The e of a word is not the E of a literal.
  EXPECT_EQ(Texts(SplitStatements("SELECT date'\\'; SELECT 2;")), (Strings{"SELECT date'\\'", "SELECT 2"}));
}

TEST(StatementSplitterTest, DollarQuotesAndParametersAreToldApart) {
  EXPECT_EQ(Texts(SplitStatements("SELECT $$a;b$$; SELECT $x$ $$;$$ $x$; SELECT $1, $2; SELECT a$b;")),
            (Strings{"SELECT $$a;b$$", "SELECT $x$ $$;$$ $x$", "SELECT $1, $2", "SELECT a$b"}));
}

TEST(StatementSplitterTest, CommentsHideSemicolonsAndNest) {
  EXPECT_EQ(Texts(SplitStatements("-- a;\nSELECT 1 /* ; /* ; */ ; */ + 1; -- end;")),
            (Strings{"SELECT 1 /* ; /* ; */ ; */ + 1"}));
  EXPECT_TRUE(SplitStatements("SELECT 1; -- end;").rest_is_blank);
}

TEST(StatementSplitterTest, JoinsTransactionsAlsoBehindComments) {
  const auto joined = JoinTransactions(SplitStatements("a; BEGIN; b -- c\n; END; begins; Begin; d;").statements);
  ASSERT_EQ(joined.complete.size(), 3u);
  EXPECT_EQ(joined.complete[1].text, "BEGIN;\nb -- c\n;\nEND");
  EXPECT_EQ(joined.complete[2].text, "begins");
  ASSERT_TRUE(joined.open.has_value());
  EXPECT_EQ(joined.open->text, "Begin;\nd");
}

TEST(StatementSplitterTest, SaysWhatIsOpen) {
  EXPECT_EQ(SplitStatements("SELECT 'a;").open, '\'');
  EXPECT_EQ(SplitStatements("SELECT \"a;").open, '"');
  EXPECT_EQ(SplitStatements("SELECT $$a;").open, '$');
  EXPECT_EQ(SplitStatements("/* a;").open, '*');
  EXPECT_EQ(SplitStatements("SELECT 1").open, 0);
}

TEST(StatementSplitterTest, KeepsTheRestAndItsLine) {
  const auto script = SplitStatements("SELECT 1;\n\nSELECT\n2;\n  SELECT 3");
  ASSERT_EQ(script.statements.size(), 2u);
  EXPECT_EQ(script.statements[1].line, 3u);
  EXPECT_EQ(script.rest, "SELECT 3");
  EXPECT_EQ(script.rest_line, 5u);
  EXPECT_FALSE(script.rest_is_blank);
}

}  // namespace
}  // namespace neurolake::cli
