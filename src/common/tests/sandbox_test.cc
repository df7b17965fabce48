#include "common/sandbox.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>

namespace neurolake {
namespace {

/// In a child that entered the sandbox: 0 when `attempt` is refused, 1 when it succeeds.
int Try(const std::function<bool()>& attempt, bool has_threads = false) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (!EnterSandbox({.memory_bytes = size_t{8} << 30, .cpu_seconds = 5, .has_threads = has_threads}).has_value())
      ::_exit(9);
    ::_exit(attempt() ? 1 : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

TEST(SandboxTest, LetsNothingOut) {
  EXPECT_EQ(Try([] { return ::open("/etc/passwd", O_RDONLY) >= 0; }), 0);
  EXPECT_EQ(Try([] { return ::open("/tmp/nl-sandbox-test", O_WRONLY | O_CREAT, 0600) >= 0; }), 0);
  EXPECT_EQ(Try([] { return ::socket(AF_INET, SOCK_STREAM, 0) >= 0; }), 0);
  EXPECT_EQ(Try([] { return ::socket(AF_UNIX, SOCK_STREAM, 0) >= 0; }), 0);
  EXPECT_EQ(Try([] { return ::fork() >= 0; }), 0);
  EXPECT_EQ(Try([] { return ::kill(::getppid(), 0) == 0; }), 0);
  EXPECT_EQ(Try([] {
              char* const arguments[] = {const_cast<char*>("/bin/true"), nullptr};
              ::execv("/bin/true", arguments);
              return false;
            }),
            0);
  // And what it needs works.
  EXPECT_EQ(Try([] { return std::string(1 << 20, 'x').size() == 1 << 20; }), 1);
}

bool StartsThread() {
  pthread_t thread = 0;
  if (::pthread_create(
          &thread, nullptr, [](void* argument) { return argument; }, nullptr) != 0)
    return false;
  return ::pthread_join(thread, nullptr) == 0;
}

TEST(SandboxTest, ThreadsAreLetStartedAndNothingElseWithThem) {
  EXPECT_EQ(Try(StartsThread, true), 1);
  EXPECT_EQ(Try(StartsThread, false), 0);
  EXPECT_EQ(Try([] { return ::fork() >= 0; }, true), 0);
  EXPECT_EQ(Try([] { return ::vfork() >= 0; }, true), 0);
  EXPECT_EQ(Try([] { return ::open("/etc/passwd", O_RDONLY) >= 0; }, true), 0);
  EXPECT_EQ(Try([] { return ::socket(AF_INET, SOCK_STREAM, 0) >= 0; }, true), 0);
}

}  // namespace
}  // namespace neurolake
