#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/ids.h"
#include "metastore/tests/postgres_server.h"
#include "metastore/tests/store_fixture.h"

namespace neurolake::metastore {
namespace {

Result<void> AddSchema(Store& store, const std::string& name) {
  return store.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(session.Execute("INSERT INTO schemas VALUES (?, ?, '', 0)", {name, name}));
    return {};
  });
}

std::string With(std::string text, std::string_view from, std::string_view to) {
  return text.replace(text.find(from), from.size(), to);
}

// A server of its own: these tests stop it.
class PostgresFaultTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto server = PostgresServer::Start();
    if (server.has_value()) server_ = std::move(*server).release();
    if (!server.has_value()) reason_ = server.error().message();
  }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }
  void SetUp() override {
    if (server_ == nullptr) GTEST_SKIP() << reason_;
    url_ = server_->NewDatabase();
    store_ = OpenStore(url_, "").value();
  }
  void TearDown() override { store_.reset(); }

  inline static PostgresServer* server_ = nullptr;
  inline static std::string reason_;
  std::string url_;
  std::unique_ptr<Store> store_;
};

TEST_F(PostgresFaultTest, AKilledServerIsUnavailableAndThenBack) {
  ASSERT_TRUE(AddSchema(*store_, "before").has_value());
  ASSERT_TRUE(store_->WriteRelaxed("DELETE FROM tokens").has_value());
  server_->Kill();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(AddSchema(*store_, "during").error().code(), ErrorCode::kUnavailable);
    EXPECT_EQ(store_->ReadOnce("SELECT 1").error().code(), ErrorCode::kUnavailable);
    EXPECT_EQ(store_->WriteRelaxed("DELETE FROM tokens").error().code(), ErrorCode::kUnavailable);
    EXPECT_EQ(store_->Read([](Session&) -> Result<void> { return {}; }).error().code(), ErrorCode::kUnavailable);
  }
  const auto opened = OpenStore(url_, "");
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code(), ErrorCode::kUnavailable);
  EXPECT_THAT(opened.error().message(), testing::HasSubstr("nothing listens there"));
  ASSERT_TRUE(server_->StartAgain().has_value());
  EXPECT_TRUE(AddSchema(*store_, "after").has_value());
  EXPECT_EQ(store_->ReadOnce("SELECT name FROM schemas WHERE name IN ('before', 'during', 'after')").value().size(),
            2U);
  EXPECT_TRUE(store_->WriteRelaxed("DELETE FROM tokens").has_value());
}

TEST_F(PostgresFaultTest, ARestartBetweenStatementsIsNotNoticed) {
  ASSERT_TRUE(AddSchema(*store_, "before").has_value());
  server_->Kill();
  ASSERT_TRUE(server_->StartAgain().has_value());
  EXPECT_TRUE(AddSchema(*store_, "after").has_value());
  EXPECT_TRUE(store_->ReadOnce("SELECT 1").has_value());
}

TEST_F(PostgresFaultTest, ASessionCutInsideATransactionIsRepeated) {
  const auto other = OpenStore(url_, "").value();
  ASSERT_TRUE(AddSchema(*store_, "warm").has_value());  // The session is one from the pool, as after a while of use.
  int tries = 0;
  const auto written = store_->Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(session.Execute("INSERT INTO schemas VALUES ('x', 'x', '', 0)"));
    if (++tries == 1) {
      NL_ASSIGN_OR_RETURN(const auto rows, session.Query("SELECT pg_backend_pid()"));
      EXPECT_TRUE(other->ReadOnce("SELECT pg_terminate_backend(CAST(? AS INTEGER))", {rows.at(0).at(0)}).has_value());
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
    NL_RETURN_IF_ERROR(session.Execute("UPDATE schemas SET comment = 'done' WHERE id = 'x'"));
    return {};
  });
  EXPECT_TRUE(written.has_value()) << written.error().message();
  EXPECT_EQ(tries, 2);
}

TEST_F(PostgresFaultTest, ASessionCutAtTheCommitIsCommitUnknown) {
  const auto other = OpenStore(url_, "").value();
  const auto written = store_->Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(session.Execute("INSERT INTO schemas VALUES ('y', 'y', '', 0)"));
    NL_ASSIGN_OR_RETURN(const auto rows, session.Query("SELECT pg_backend_pid()"));
    EXPECT_TRUE(other->ReadOnce("SELECT pg_terminate_backend(CAST(? AS INTEGER))", {rows.at(0).at(0)}).has_value());
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    return {};
  });
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().code(), ErrorCode::kCommitUnknown);
}

TEST_F(PostgresFaultTest, NoFailureShowsThePassword) {
  const std::string escaped = "not-so-s3cret-%25%2F%40";
  for (const std::string& url :
       {With(url_, escaped, "wrong-s3cret"), With(url_, "neuro%20lake", "nobody"), With(url_, "/lake_", "/absent_"),
        With(url_, "127.0.0.1", "host.invalid"), With(url_, std::to_string(server_->port()), "1"),
        url_ + "?unknown=s3cret", url_ + "?sslmode=s3cret", With(url_, escaped, "%zzs3cret")}) {
    const auto opened = OpenStore(url, "");
    ASSERT_FALSE(opened.has_value()) << RedactUrl(url);
    EXPECT_THAT(opened.error().message(), testing::Not(testing::HasSubstr("s3cret")));
    EXPECT_THAT(RedactUrl(url), testing::Not(testing::HasSubstr("s3cret")));
  }
  EXPECT_THAT(OpenStore(With(url_, escaped, "wrong"), "").error().message(),
              testing::HasSubstr("refuses the user or password"));
}

TEST_F(PostgresFaultTest, ADatabaseThatIsNotUtf8IsRefused) {
  // CREATE DATABASE cannot run in a transaction, and ReadOnce does not open one.
  ASSERT_TRUE(store_->ReadOnce("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'").has_value());
  const std::string url = url_.substr(0, url_.rfind('/')) + "/latin";
  EXPECT_EQ(OpenStore(url, "").error().code(), ErrorCode::kNotSupported);
}

TEST_F(PostgresFaultTest, AReadOnlyDatabaseIsAClearError) {
  const std::string url = url_ + "?options=-c%20default_transaction_read_only%3Don";
  const auto store = OpenStore(url, "").value();  // Nothing to migrate, so it opens.
  EXPECT_EQ(store->WriteRelaxed("DELETE FROM tokens").error().code(), ErrorCode::kReadOnly);
  EXPECT_TRUE(store->ReadOnce("SELECT 1").has_value());
}

TEST_F(PostgresFaultTest, AKilledClientLeavesWholeTransactions) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto store = OpenStore(url_, "").value();
    for (;;) {
      const std::string name = NewUuid();
      (void)store->Write([&](Session& session) -> Result<void> {
        NL_RETURN_IF_ERROR(session.Execute("INSERT INTO schemas VALUES (?, ?, '', 0)", {name, name}));
        NL_RETURN_IF_ERROR(session.Execute(
            "INSERT INTO principals (id, name, role, disabled, created) VALUES (?, ?, 'reader', 0, 0)", {name, name}));
        return {};
      });
    }
  }
  const auto count = [&](const char* table) {
    return std::get<int64_t>(store_->ReadOnce(std::string("SELECT COUNT(*) FROM ") + table).value().at(0).at(0));
  };
  while (count("principals") < 50) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_EQ(count("schemas") - 4, count("principals") - 1);
}

TEST_F(PostgresFaultTest, MoreThreadsThanSessionsWaitTheirTurn) {
  std::vector<std::thread> threads;
  std::atomic<int> failures = 0;
  for (int i = 0; i < 48; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 5; ++n) {
        if (!store_->ReadOnce("SELECT pg_sleep(0.01)").has_value()) ++failures;
        if (!store_->WriteRelaxed("DELETE FROM tokens WHERE id = 'none'").has_value()) ++failures;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
}

}  // namespace
}  // namespace neurolake::metastore
