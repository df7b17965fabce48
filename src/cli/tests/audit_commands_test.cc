#include "cli/audit_commands.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "common/ids.h"

namespace neurolake::cli {
namespace {

namespace fs = std::filesystem;

class AuditCommandsTest : public testing::Test {
 protected:
  AuditCommandsTest() : root_(fs::path(testing::TempDir()) / ("audit-" + NewUuid())) {
    settings_.lake = (root_ / "lake").string();
    fs::create_directories(root_ / "lake" / "audit" / "segments");
  }
  ~AuditCommandsTest() override { fs::remove_all(root_); }

  void Write(const std::string& name, const std::string& text) {
    std::ofstream(root_ / "lake" / "audit" / name, std::ios::binary) << text;
  }
  std::string Read(const fs::path& path) const {
    std::stringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }
  Result<int> Run(const std::string& command, const std::string& program = "/nowhere/neurolake") {
    arguments_.command = command;
    out_.str("");
    Console console{.in = in_, .out = out_, .err = err_};
    return RunAuditCommand(arguments_, settings_, program, console);
  }

  const fs::path root_;
  Settings settings_;
  Arguments arguments_;
  std::istringstream in_;
  std::ostringstream out_, err_;
};

TEST_F(AuditCommandsTest, PrintsTheCheckpointAndTheKey) {
  Write("checkpoint", "a checkpoint\n");
  Write("log.vkey", "a key\n");
  EXPECT_EQ(Run("audit checkpoint").value(), 0);
  EXPECT_EQ(out_.str(), "a checkpoint\n");
  EXPECT_EQ(Run("audit key").value(), 0);
  EXPECT_EQ(out_.str(), "a key\n");
  fs::remove_all(root_ / "lake");
  EXPECT_EQ(Run("audit checkpoint").error().code(), ErrorCode::kNotFound);
}

TEST_F(AuditCommandsTest, ExportsWhatCanBeVerifiedAndNoSecret) {
  for (const char* name : {"checkpoint", "checkpoints", "log.vkey"}) Write(name, "text\n");
  for (const char* name : {"log.key", "constants.key", "lock"}) Write(name, "secret\n");
  Write("segments/00000000000000000000.jsonl", "one\ntwo\nthr");
  Write("segments/00000000000000000000.index", "x");
  const fs::path target = root_ / "evidence";
  arguments_.audit.directory = target.string();
  ASSERT_EQ(Run("audit export").value(), 0);
  EXPECT_EQ(Read(target / "segments" / "00000000000000000000.jsonl"), "one\ntwo\n") << "a line on its way is left out";
  EXPECT_FALSE(fs::exists(target / "segments" / "00000000000000000000.index"));
  EXPECT_FALSE(fs::exists(target / "log.key"));
  EXPECT_FALSE(fs::exists(target / "constants.key"));
  EXPECT_EQ(fs::status(target).permissions(), fs::perms::owner_all);
  EXPECT_EQ(Run("audit export").error().code(), ErrorCode::kAlreadyExists);
}

TEST_F(AuditCommandsTest, SaysThatTheVerifierIsMissingAndThatAServersLakeIsElsewhere) {
  EXPECT_EQ(Run("audit verify").error().code(), ErrorCode::kNotFound);
  arguments_.server = "http://127.0.0.1:1";
  for (const char* command : {"audit verify", "audit checkpoint", "audit export"}) {
    EXPECT_EQ(Run(command).error().code(), ErrorCode::kNotSupported);
  }
}

TEST_F(AuditCommandsTest, EndsAsTheVerifierDoesAndPassesOnWhatWasAsked) {
  const fs::path program = root_ / "neurolake", verifier = root_ / "neurolake-audit-verify";
  std::ofstream(verifier) << "#!/bin/sh\necho \"$@\" > " << (root_ / "words").string() << "\nexit 3\n";
  fs::permissions(verifier, fs::perms::owner_all);
  arguments_.audit.key = "k";
  arguments_.audit.remembered = {"a", "b"};
  EXPECT_EQ(Run("audit verify", program.string()).value(), 3);
  EXPECT_EQ(Read(root_ / "words"), "--key k --remember a --remember b " + settings_.lake + "/audit\n");
}

}  // namespace
}  // namespace neurolake::cli
