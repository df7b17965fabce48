#include "cli/error_report.h"

#include <gtest/gtest.h>

#include <sstream>

namespace neurolake::cli {
namespace {

std::string Report(const Error& error, std::string_view sql = {}, std::string_view source = {}) {
  std::ostringstream err;
  ReportError(err, error, {.sql = sql, .source = source});
  return err.str();
}

TEST(ErrorReportTest, PutsTheCaretUnderThePosition) {
  EXPECT_EQ(Report(Error(ErrorCode::kSyntaxError, "syntax error").With("position", "17"), "SELECT 1,\nä + 2 FORM t"),
            "error: syntax error\n"
            "  ä + 2 FORM t\n"
            "        ^\n"
            "SyntaxError, SQLSTATE 42601\n");
}

TEST(ErrorReportTest, CutsLongLinesAroundThePosition) {
  const std::string sql = "SELECT " + std::string(200, 'a') + " FORM t";
  const std::string text = Report(Error(ErrorCode::kSyntaxError, "x").With("position", "208"), sql);
  const size_t line = text.find("…");
  ASSERT_NE(line, std::string::npos);
  const size_t caret = text.find('^');
  // One line of the statement, then the caret below the F: the "…" takes three bytes and one cell.
  const size_t statement = text.rfind('\n', text.find("FORM")) + 1;
  EXPECT_EQ(text.find("FORM") - statement - 2, caret - (text.rfind('\n', caret) + 1));
}

TEST(ErrorReportTest, IgnoresPositionsOutsideTheStatement) {
  EXPECT_EQ(Report(Error(ErrorCode::kSyntaxError, "x").With("position", "99"), "SELECT"),
            "error: x\nSyntaxError, SQLSTATE 42601\n");
  EXPECT_EQ(Report(Error(ErrorCode::kSyntaxError, "x").With("position", "-1"), "SELECT"),
            "error: x\nSyntaxError, SQLSTATE 42601\n");
}

TEST(ErrorReportTest, ShowsSourceHintAndRetryAdvice) {
  EXPECT_EQ(Report(Error(ErrorCode::kConflict, "lost"), "", "load.sql:3"),
            "load.sql:3: error: lost\nConflict, SQLSTATE 40001\n"
            "hint: the same statement may succeed when it is run again\n");
  EXPECT_EQ(Report(Error(ErrorCode::kNotFound, "no table").With("hint", "try b")),
            "error: no table\nNotFound, SQLSTATE 42P01\nhint: try b\n");
}

TEST(ErrorReportTest, MessagesCannotMoveTheCursor) {
  EXPECT_EQ(Report(Error(ErrorCode::kInternal, "a\x1b[2J")).find('\x1b'), std::string::npos);
}

TEST(ErrorReportTest, ExitCodesAreTheDocumentedOnes) {
  EXPECT_EQ(ExitCodeFor(ErrorCode::kSyntaxError), 1);
  EXPECT_EQ(ExitCodeFor(ErrorCode::kUnavailable), 3);
  EXPECT_EQ(ExitCodeFor(ErrorCode::kTooManyRequests), 3);
  EXPECT_EQ(ExitCodeFor(ErrorCode::kUnauthenticated), 4);
  EXPECT_EQ(ExitCodeFor(ErrorCode::kPermissionDenied), 4);
  EXPECT_EQ(ExitCodeFor(ErrorCode::kConflict), 5);
}

}  // namespace
}  // namespace neurolake::cli
