#pragma once
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace neurolake::audit {

struct VerifierAnswer {
  int status = -1;
  std::string text;  ///< Both of its outputs.
};

/// Runs the separate program neurolake-audit-verify; what it says goes through the file `output`.
inline VerifierAnswer RunVerifier(const std::string& output, std::vector<std::string> arguments) {
  static const std::string program =
      std::filesystem::path(NL_BINARY).replace_filename("neurolake-audit-verify").string();
  arguments.insert(arguments.begin(), program);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::posix_spawn_file_actions_adddup2(&actions, 1, 2);
  pid_t child = 0;
  EXPECT_EQ(::posix_spawn(&child, program.c_str(), &actions, nullptr, argv.data(), environ), 0) << program;
  ::posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  std::stringstream text;
  text << std::ifstream(output, std::ios::binary).rdbuf();
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + status, text.str()};
}

}  // namespace neurolake::audit
