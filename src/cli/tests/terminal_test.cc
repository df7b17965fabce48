#include "cli/terminal.h"

#include <gtest/gtest.h>

#include "cli/progress_bar.h"

namespace neurolake::cli {
namespace {

TEST(TerminalTest, CountsCellsAndNotBytes) {
  EXPECT_EQ(DisplayWidth("abc"), 3);
  EXPECT_EQ(DisplayWidth("Zürich"), 6);
  EXPECT_EQ(DisplayWidth("日本"), 4);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1);
  EXPECT_EQ(DisplayWidth("🎉"), 2);
  EXPECT_EQ(DisplayWidth("\xff"), 1);
}

TEST(TerminalTest, DataCannotMoveTheCursor) {
  EXPECT_EQ(PrintableText("a\x1b[2Jb\nc\td\r"), "a\\x1B[2Jb\\nc\\td\\r");
  EXPECT_EQ(PrintableText("\xc2\x9b"
                          "31m"),
            "\\x9B31m");
  EXPECT_EQ(PrintableText("a\u202Eb"), "a\\u202Eb");
  EXPECT_EQ(PrintableText("Zürich 日本"), "Zürich 日本");
}

TEST(TerminalTest, InvalidUtf8BecomesAReplacement) {
  EXPECT_EQ(PrintableText("a\xff"
                          "b"),
            "a\uFFFDb");
  EXPECT_EQ(PrintableText("\xc0\xaf"), "\uFFFD\uFFFD");            // Overlong.
  EXPECT_EQ(PrintableText("\xe6\x97"), "\uFFFD\uFFFD");            // Cut off.
  EXPECT_EQ(PrintableText("\xed\xa0\x80"), "\uFFFD\uFFFD\uFFFD");  // A surrogate.
}

TEST(TerminalTest, ShortensByCells) {
  EXPECT_EQ(Shorten("abcdef", 6), "abcdef");
  EXPECT_EQ(Shorten("abcdef", 4), "abc…");
  EXPECT_EQ(Shorten("日本語", 4), "日…");
  EXPECT_EQ(Shorten("ab", 0), "");
}

TEST(TerminalTest, ProgressLineShowsWhatIsKnown) {
  EXPECT_NE(ProgressLine(0.42, 12, 0).find("42%"), std::string::npos);
  EXPECT_NE(ProgressLine(-1, 3, 1).find("running"), std::string::npos);
  EXPECT_NE(ProgressLine(7, 3, 1).find("100%"), std::string::npos);
}

}  // namespace
}  // namespace neurolake::cli
