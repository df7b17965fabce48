#include "cli/shell.h"

#include <gtest/gtest.h>

#include <deque>
#include <fstream>

#include "cli/tests/fake_client.h"

namespace neurolake::cli {
namespace {

constexpr const char* kCtrlC = "\x03";

class ScriptedLines final : public LineReader {
 public:
  explicit ScriptedLines(std::deque<std::string> lines) : lines_(std::move(lines)) {}
  Outcome Read(const std::string& prompt, std::string& line) override {
    prompts.push_back(prompt);
    if (lines_.empty()) return Outcome::kEnd;
    line = lines_.front();
    lines_.pop_front();
    return line == kCtrlC ? Outcome::kInterrupted : Outcome::kLine;
  }
  void AddToHistory(const std::string& statement) override { history.push_back(statement); }
  std::vector<std::string> prompts;
  std::vector<std::string> history;

 private:
  std::deque<std::string> lines_;
};

using Strings = std::vector<std::string>;

TEST(ShellTest, CollectsLinesUntilTheSemicolon) {
  TestBench bench;
  ScriptedLines lines({"SELECT", "1;", "SELECT 2; SELECT", "3", ";"});
  EXPECT_EQ(Shell(bench.runner, lines).Run(), 0);
  EXPECT_EQ(bench.client.asked, (Strings{"SELECT\n1", "SELECT 2", "SELECT\n3"}));
  EXPECT_EQ(lines.history, (Strings{"SELECT 1;", "SELECT 2;", "SELECT 3;"}));
}

TEST(ShellTest, ThePromptShowsWhatIsOpen) {
  TestBench bench;
  ScriptedLines lines({"SELECT 'a", "b", "';"});
  Shell(bench.runner, lines).Run();
  EXPECT_EQ(lines.prompts, (Strings{"neurolake> ", "       '-> ", "       '-> ", "neurolake> "}));
  EXPECT_EQ(bench.client.asked, Strings{"SELECT 'a\nb\n'"});
}

TEST(ShellTest, CtrlCForgetsWhatWasTyped) {
  TestBench bench;
  ScriptedLines lines({"SELECT 1", kCtrlC, "SELECT 2;"});
  Shell(bench.runner, lines).Run();
  EXPECT_EQ(bench.client.asked, Strings{"SELECT 2"});
}

TEST(ShellTest, AFailedStatementDoesNotEndTheShell) {
  TestBench bench;
  bench.client.answers["bad"].error_at_start = Error(ErrorCode::kSyntaxError, "no");
  ScriptedLines lines({"bad;", "SELECT 1;", "\\q", "SELECT 2;"});
  EXPECT_EQ(Shell(bench.runner, lines).Run(), 0);
  EXPECT_EQ(bench.client.asked, (Strings{"bad", "SELECT 1"}));
}

TEST(ShellTest, WhatWasEnteredBehindAFailedStatementIsNotRun) {
  TestBench bench;
  bench.client.answers["bad"].error_at_start = Error(ErrorCode::kSyntaxError, "no");
  ScriptedLines lines({"SELECT 0; bad; DELETE FROM t; DELETE", "SELECT 1;"});
  EXPECT_EQ(Shell(bench.runner, lines).Run(), 0);
  EXPECT_EQ(bench.client.asked, (Strings{"SELECT 0", "bad", "SELECT 1"}));
  EXPECT_NE(bench.err.str().find("was not run"), std::string::npos);
}

TEST(ShellTest, ATransactionIsOneRequest) {
  TestBench bench;
  ScriptedLines lines({"BEGIN; DELETE FROM t; ROLLBACK; SELECT 1;", "begin;", "DELETE", "FROM u;", "\\dn", "COMMIT;"});
  Shell(bench.runner, lines).Run();
  ASSERT_EQ(bench.client.asked.size(), 4u);
  EXPECT_EQ(bench.client.asked[0], "BEGIN;\nDELETE FROM t;\nROLLBACK");
  EXPECT_EQ(bench.client.asked[1], "SELECT 1");
  EXPECT_EQ(bench.client.asked[3], "begin;\nDELETE\nFROM u;\nCOMMIT");
  EXPECT_EQ(lines.prompts, (Strings{"neurolake> ", "neurolake> ", "   BEGIN-> ", "        -> ", "   BEGIN-> ",
                                    "   BEGIN-> ", "neurolake> "}));
}

TEST(ShellTest, ATransactionWithoutItsEndIsNotRun) {
  TestBench bench;
  ScriptedLines lines({"BEGIN;", "DELETE FROM t;", kCtrlC, "SELECT 1;", "BEGIN; DELETE FROM t;", "\\q"});
  Shell(bench.runner, lines).Run();
  EXPECT_EQ(bench.client.asked, Strings{"SELECT 1"});
}

TEST(ShellTest, BackslashInsideAStatementIsNoCommand) {
  TestBench bench;
  ScriptedLines lines({"SELECT '", "\\q", "';"});
  Shell(bench.runner, lines).Run();
  EXPECT_EQ(bench.client.asked, Strings{"SELECT '\n\\q\n'"});
}

TEST(ShellTest, CommandsAskTheSystemRelations) {
  TestBench bench;
  ScriptedLines lines({"\\d silver.flights;", "\\dn", "\\dt silver", "\\d", "\\nonsense"});
  Shell(bench.runner, lines).Run();
  ASSERT_EQ(bench.client.asked.size(), 4u);
  EXPECT_EQ(bench.client.asked[0], "DESCRIBE \"silver\".\"flights\"");
  EXPECT_NE(bench.client.asked[1].find("system.schemas"), std::string::npos);
  EXPECT_NE(bench.client.asked[2].find("WHERE schema_name = 'silver'"), std::string::npos);
  EXPECT_NE(bench.err.str().find("unknown command \\nonsense"), std::string::npos);
}

TEST(ShellTest, SwitchesChangeTheOutput) {
  TestBench bench;
  ScriptedLines lines(
      {"\\format csv", "SELECT 1;", "\\format box", "\\x", "SELECT 1;", "\\timing", "SELECT 1;", "\\format xml"});
  Shell(bench.runner, lines).Run();
  EXPECT_NE(bench.out.str().find("answer\n42\n─[ row 1 ]─\nanswer │ 42\n"), std::string::npos) << bench.out.str();
  EXPECT_NE(bench.err.str().find("Time: "), std::string::npos);
  EXPECT_NE(bench.err.str().find("format must be"), std::string::npos);
}

TEST(ShellTest, ASwitchGoesWhereItIsTold) {
  TestBench bench;
  ScriptedLines lines({"\\timing off", "\\x off", "SELECT 1;", "\\timing on;", "\\timing ON", "\\x perhaps"});
  Shell(bench.runner, lines).Run();
  EXPECT_TRUE(bench.runner.options().timing);
  EXPECT_FALSE(bench.runner.options().expanded);
  EXPECT_EQ(bench.err.str().find("Timing is off.\nExpanded display is off.\nTiming is on.\nTiming is on.\n"), 0u);
  EXPECT_NE(bench.err.str().find("\\x takes on, off or nothing"), std::string::npos);
}

TEST(ShellTest, OutputAndInputGoThroughFiles) {
  TestBench bench;
  const std::string out = testing::TempDir() + "shell_out.csv";
  const std::string in = testing::TempDir() + "shell_in.sql";
  std::ofstream(in) << "SELECT 1;\nSELECT 2";
  ScriptedLines lines({"\\format csv", "\\o " + out, "\\i " + in, "\\o", "SELECT 3;", "\\i /nowhere"});
  Shell(bench.runner, lines).Run();
  std::ifstream written(out);
  const std::string text((std::istreambuf_iterator<char>(written)), {});
  EXPECT_EQ(text, "answer\n42\nanswer\n42\n");
  EXPECT_EQ(bench.out.str(), "answer\n42\n\n");
  EXPECT_NE(bench.err.str().find("cannot open /nowhere"), std::string::npos);
}

TEST(ShellTest, TheEditorsTextRuns) {
  TestBench bench;
  setenv("VISUAL", "sed -i s/1/7/", 1);
  ScriptedLines lines({"SELECT 1;", "\\e"});
  Shell(bench.runner, lines).Run();
  unsetenv("VISUAL");
  EXPECT_EQ(bench.client.asked, (Strings{"SELECT 1", "SELECT 7"}));
}

}  // namespace
}  // namespace neurolake::cli
