#include "cli/arguments.h"

#include <gtest/gtest.h>

namespace neurolake::cli {
namespace {

using Words = std::vector<std::string>;

Arguments Parse(const Words& words, const std::map<std::string, std::string>& environment = {}) {
  auto parsed = ParseArguments(words, environment);
  if (const auto* early = std::get_if<EarlyExit>(&parsed)) {
    ADD_FAILURE() << early->text;
    return {};
  }
  return std::get<Arguments>(parsed);
}

EarlyExit Refused(const Words& words) {
  auto parsed = ParseArguments(words, {});
  if (!std::holds_alternative<EarlyExit>(parsed)) {
    ADD_FAILURE() << "accepted";
    return {};
  }
  return std::get<EarlyExit>(parsed);
}

TEST(ArgumentsTest, GlobalOptionsStandBeforeAndBehindTheCommand) {
  for (const Words& words : {Words{"--lake", "d", "--format", "csv", "sql", "-c", "SELECT 1"},
                             Words{"sql", "-c", "SELECT 1", "--lake", "d", "--format", "csv"}}) {
    const Arguments arguments = Parse(words);
    EXPECT_EQ(arguments.command, "sql");
    EXPECT_EQ(arguments.settings.at("lake"), "d");
    EXPECT_EQ(arguments.format, OutputFormat::kCsv);
    EXPECT_EQ(arguments.sql.texts, Words{"SELECT 1"});
  }
}

TEST(ArgumentsTest, TextsMayBeginWithADashOrLookLikeAnything) {
  EXPECT_EQ(Parse({"sql", "-c", "-- nothing\nSELECT 1", "-c", "SELECT 2"}).sql.texts,
            (Words{"-- nothing\nSELECT 1", "SELECT 2"}));
  EXPECT_EQ(Parse({"sql", "-c", "SELECT [1,2]"}).sql.texts, Words{"SELECT [1,2]"});
  EXPECT_EQ(Parse({"sql", "-f", "-"}).sql.files, Words{"-"});
}

TEST(ArgumentsTest, EverySettingIsAFlag) {
  EXPECT_EQ(Parse({"serve", "--http.port", "80"}).settings.at("http.port"), "80");
  EXPECT_EQ(Parse({"serve", "--http-port=80"}).settings.at("http.port"), "80");
  EXPECT_EQ(Parse({"serve", "--set", "http.port=80", "--set", "log_level=debug"}).settings.at("log_level"), "debug");
  EXPECT_EQ(Refused({"serve", "--set", "nonsense"}).code, 2);
}

TEST(ArgumentsTest, SubcommandsHaveTwoWords) {
  EXPECT_EQ(Parse({"token", "create", "ann", "--role", "writer", "--expires", "30d"}).command, "token create");
  EXPECT_EQ(Parse({"table", "history", "a.b"}).table.name, "a.b");
  EXPECT_EQ(Parse({"policy", "activate", "3"}).policy.version, 3);
  EXPECT_EQ(Parse({"policy", "test", "dir"}).command, "policy test");
  EXPECT_EQ(Parse({"location", "add", "n", "/p", "--may-register"}).location.may_register, true);
}

TEST(ArgumentsTest, IngestHasAFormatOfItsOwn) {
  const Arguments arguments = Parse({"--format", "json", "ingest", "a", "b", "--into", "s.t", "--format", "csv",
                                     "--key", "x,y", "--null", "NA", "--null", "-", "--dry-run"});
  EXPECT_EQ(arguments.format, OutputFormat::kJson);
  EXPECT_EQ(arguments.ingest.file_format, "csv");
  EXPECT_EQ(arguments.ingest.files, (Words{"a", "b"}));
  EXPECT_EQ(arguments.ingest.keys, (Words{"x", "y"}));
  EXPECT_EQ(arguments.ingest.null_tokens, (Words{"NA", "-"}));
  EXPECT_TRUE(arguments.ingest.dry_run);
}

TEST(ArgumentsTest, EnvironmentFillsWhatFlagsLeaveOut) {
  const std::map<std::string, std::string> environment = {{"NEUROLAKE_SERVER", "http://a"}, {"NEUROLAKE_TOKEN", "t"}};
  EXPECT_EQ(Parse({"health"}, environment).server, "http://a");
  EXPECT_EQ(Parse({"health"}, environment).token, "t");
  EXPECT_EQ(Parse({"health", "--server", "http://b"}, environment).server, "http://b");
  EXPECT_EQ(Parse({"health", "--lake", "d"}, environment).server, "");
  EXPECT_EQ(Parse({"health", "--token-file", "f"}, environment).token, "");
}

TEST(ArgumentsTest, WrongCommandLinesAreUsageErrors) {
  for (const Words& words :
       {Words{}, Words{"nonsense"}, Words{"sql", "--nonsense"}, Words{"token", "create"},
        Words{"token", "create", "a", "--role", "king"}, Words{"--format", "xml", "version"}, Words{"ingest", "a"},
        Words{"table"}, Words{"--server", "x", "--lake", "d", "health"},
        Words{"health", "--token", "a", "--token-file", "b"}, Words{"sql", "--txn-app", "a"},
        Words{"sql", "--txn-version", "1"}, Words{"sql", "--txn-app", "a", "--txn-version", "-1"}}) {
    const EarlyExit refused = Refused(words);
    EXPECT_EQ(refused.code, 2);
    EXPECT_TRUE(refused.text.starts_with("error: ")) << refused.text;
    EXPECT_NE(refused.text.find("--help"), std::string::npos);
  }
}

TEST(ArgumentsTest, WhatIsWrongIsNamed) {
  const std::pair<Words, std::string> kCases[] = {
      {{"frob"}, "there is no command 'frob'; there are serve, "},
      {{"ingets"}, "there is no command 'ingets'; was this meant: ingest\n"},
      {{"table", "hist"}, "there is no command 'hist'; was this meant: history\n"},
      {{"table"}, "a command is missing; there are list, describe, history, detail\n"},
      {{"--frob"}, "there is no option --frob, and no command was given"},
      {{"sql", "--rows", "1", "--rows", "2"}, "--rows was given more than once"},
      {{"--http.port", "1", "--http.port", "2", "config"}, "--http.port was given more than once"},
  };
  for (const auto& [words, text] : kCases) EXPECT_NE(Refused(words).text.find(text), std::string::npos) << text;
}

TEST(ArgumentsTest, HelpTeachesByExampleAtEachLevel) {
  for (const Words& words :
       {Words{"--help"}, Words{"sql", "--help"}, Words{"table", "--help"}, Words{"ingest", "--help"},
        Words{"table", "history", "--help"}, Words{"token", "--help"}, Words{"token", "create", "--help"},
        Words{"location", "add", "--help"}, Words{"policy", "--help"}, Words{"policy", "test", "--help"},
        Words{"backup", "--help"}, Words{"restore", "--help"}, Words{"serve", "--help"}, Words{"health", "--help"},
        Words{"config", "--help"}, Words{"demo", "--help"}}) {
    const EarlyExit help = Refused(words);
    EXPECT_EQ(help.code, 0);
    EXPECT_NE(help.text.find("Example"), std::string::npos) << words[0];
    EXPECT_NE(help.text.find("neurolake "), std::string::npos) << words[0];
  }
}

TEST(ArgumentsTest, ATokenIsNotRepeatedInAnError) {
  EXPECT_EQ(Refused({"--token", "nl_secret", "nonsense"}).text.find("nl_secret"), std::string::npos);
}

TEST(ArgumentsTest, VersionNeedsNoCommand) { EXPECT_EQ(Parse({"--version"}).command, "version"); }

}  // namespace
}  // namespace neurolake::cli
