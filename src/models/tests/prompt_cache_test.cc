#include "models/prompt_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "metastore/tests/store_fixture.h"
#include "storage/tests/service_process.h"

namespace neurolake::models {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

using StoredPromptCacheTest = metastore::StoreTest;
INSTANTIATE_TEST_SUITE_P(Kinds, StoredPromptCacheTest, testing::Values("sqlite", "postgresql"));

TEST_P(StoredPromptCacheTest, GivesAgainWhatAnotherProcessKept) {
  FakeClock clock;
  NewStoredPromptCache(*store_, clock, milliseconds(1000))->Put("anna 1", "first");
  const auto other = Open();
  const auto cache = NewStoredPromptCache(*other, clock, milliseconds(1000));
  EXPECT_EQ(cache->Get("anna 1"), "first");
  EXPECT_EQ(cache->Get("bert 1"), std::nullopt);
  cache->Put("anna 1", "second");
  EXPECT_EQ(cache->Get("anna 1"), "second");
}

TEST_P(StoredPromptCacheTest, ForgetsWithTime) {
  FakeClock clock;
  const auto cache = NewStoredPromptCache(*store_, clock, milliseconds(1000));
  cache->Put("anna 1", "first");
  clock.Advance(milliseconds(999));
  EXPECT_EQ(cache->Get("anna 1"), "first");
  clock.Advance(milliseconds(1));
  EXPECT_EQ(cache->Get("anna 1"), std::nullopt);
  const auto again = NewStoredPromptCache(*store_, clock, milliseconds(1000));
  again->Put("anna 2", "second");
  EXPECT_EQ(store_->ReadOnce("SELECT key FROM kept_answers").value(), (std::vector<metastore::Row>{{"anna 2"}}));
}

/// A real server on a free port, with a password.
class RedisServer {
 public:
  explicit RedisServer(uint16_t port = storage::FreePort())
      : directory_(storage::NewTemporaryDirectory()), port_(port) {
    pid_ = fork();
    if (pid_ == 0) {
      const std::string text = std::to_string(port_);
      execlp("redis-server", "redis-server", "--bind", "127.0.0.1", "--port", text.c_str(), "--save", "",
             "--appendonly", "no", "--requirepass", "of-a-test", "--dir", directory_.c_str(), "--logfile", "log",
             nullptr);
      _exit(127);
    }
    for (int attempt = 0; attempt < 500 && !Answers(); ++attempt) std::this_thread::sleep_for(milliseconds(20));
  }
  ~RedisServer() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    std::filesystem::remove_all(directory_);
  }
  bool Answers() const {
    redisContext* context = redisConnect("127.0.0.1", port_);
    const bool answers = context != nullptr && context->err == 0;
    if (context != nullptr) redisFree(context);
    return answers;
  }
  uint16_t port() const { return port_; }
  std::string url() const { return fmt::format("redis://127.0.0.1:{}/3", port_); }

 private:
  const std::string directory_;
  const uint16_t port_;
  pid_t pid_ = -1;
};

TEST(RedisPromptCacheTest, GivesAgainWhatAnotherProcessKept) {
  const RedisServer server;
  ASSERT_TRUE(server.Answers()) << "redis-server is installed by scripts/bootstrap.sh";
  const SystemClock clock;
  const auto one = NewRedisPromptCache(server.url(), "of-a-test", clock, milliseconds(60'000)).value();
  const auto other = NewRedisPromptCache(server.url(), "of-a-test", clock, milliseconds(60'000)).value();
  const std::string odd("a\0b\r\n$5\r\n", 9);
  one->Put("anna 1", odd);
  EXPECT_EQ(other->Get("anna 1"), odd);
  EXPECT_EQ(other->Get("bert 1"), std::nullopt);
}

TEST(RedisPromptCacheTest, TellsNothingWithoutThePassword) {
  const RedisServer server;
  const SystemClock clock;
  NewRedisPromptCache(server.url(), "of-a-test", clock, milliseconds(60'000)).value()->Put("anna 1", "first");
  const auto wrong = NewRedisPromptCache(server.url(), "another", clock, milliseconds(60'000)).value();
  EXPECT_EQ(wrong->Get("anna 1"), std::nullopt);
}

TEST(RedisPromptCacheTest, GoesOnWhereTheServerIsAway) {
  FakeClock clock;
  const uint16_t port = storage::FreePort();
  const auto cache =
      NewRedisPromptCache(fmt::format("redis://127.0.0.1:{}", port), "of-a-test", clock, milliseconds(60'000)).value();
  cache->Put("anna 1", "first");
  EXPECT_EQ(cache->Get("anna 1"), std::nullopt);
  const RedisServer server(port);
  EXPECT_EQ(cache->Get("anna 1"), std::nullopt);
  clock.Advance(std::chrono::seconds(6));
  cache->Put("anna 1", "second");
  EXPECT_EQ(cache->Get("anna 1"), "second");
}

TEST(RedisPromptCacheTest, RefusesOtherAddresses) {
  const SystemClock clock;
  for (const char* url : {"redis://redis.example.org:6379", "redis://10.0.0.1", "http://127.0.0.1", "redis://",
                          "redis://:secret@127.0.0.1", "redis://127.0.0.1:x", "redis://127.0.0.1/x", "127.0.0.1"}) {
    const auto cache = NewRedisPromptCache(url, "of-a-test", clock, milliseconds(1));
    ASSERT_FALSE(cache.has_value()) << url;
    EXPECT_EQ(cache.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(cache.error().message(), HasSubstr("models.cache"));
    EXPECT_THAT(cache.error().message(), Not(HasSubstr("secret")));
  }
  EXPECT_TRUE(NewRedisPromptCache("redis://localhost", "", clock, milliseconds(1)).has_value());
}

}  // namespace
}  // namespace neurolake::models
