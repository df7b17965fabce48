#include "net/http_client.h"

#include <gtest/gtest.h>

#include "net/tests/listener.h"

namespace neurolake::net {
namespace {

using namespace std::chrono_literals;

/// Accepts one connection, keeps what it was sent up to `request_end`, writes `answer` and closes (or stays silent).
class ScriptedServer {
 public:
  ScriptedServer(std::string answer, std::string request_end, std::chrono::milliseconds silence = 0ms)
      : answer_(std::move(answer)),
        request_end_(std::move(request_end)),
        silence_(silence),
        thread_([this] { Serve(); }) {}
  ~ScriptedServer() {
    listener_.Stop();
    Join();
  }
  std::string url() const { return listener_.origin(); }
  const std::string& Received() {
    Join();
    return received_;
  }

 private:
  void Join() {
    if (thread_.joinable()) thread_.join();
  }
  void Serve() {
    const int connection = listener_.Accept();
    if (connection < 0) return;
    received_ = ReadUntil(connection, [&](const std::string& text) { return text.contains(request_end_); });
    std::this_thread::sleep_for(silence_);
    SendAll(connection, answer_);
    ::close(connection);
  }

  const std::string answer_;
  const std::string request_end_;
  const std::chrono::milliseconds silence_;
  Listener listener_;
  std::string received_;
  std::thread thread_;
};

const SystemClock kClock;

RequestContext Context(std::chrono::milliseconds allowed = 10s, std::stop_token stop = {}) {
  return RequestContext({}, "r", "test", kClock, kClock.SteadyNow() + allowed, std::move(stop));
}

std::unique_ptr<HttpClient> Client(const std::string& url, HttpClientOptions options = {}) {
  return HttpClient::Make(*ParseUrl(url), std::move(options)).value();
}

TEST(HttpClientTest, SendsHeadersAndBodyAndReadsTheAnswer) {
  ScriptedServer server("HTTP/1.1 201 Created\r\nContent-Length: 5\r\nX-Id: 7\r\n\r\nhello", "{\"a\":1}");
  auto response =
      Client(server.url())
          ->Send(Context(),
                 {.method = "POST", .target = "/v1/sql", .headers = {{"Accept", "text/plain"}}, .body = "{\"a\":1}"});
  ASSERT_TRUE(response.has_value()) << response.error().message();
  EXPECT_EQ((*response)->status(), 201);
  EXPECT_EQ((*response)->header("x-id"), "7");
  EXPECT_EQ((*response)->ReadAll(100).value(), "hello");
  EXPECT_NE(server.Received().find("POST /v1/sql HTTP/1.1\r\n"), std::string::npos);
  EXPECT_NE(server.Received().find("Content-Length: 7\r\n"), std::string::npos);
}

TEST(HttpClientTest, JoinsChunksAndStopsAtTheLast) {
  ScriptedServer server("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
                        "\r\n\r\n");
  auto response = Client(server.url())->Send(Context(), {.target = "/"});
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ((*response)->ReadAll(100).value(), "abcde");
}

TEST(HttpClientTest, ABodyCutOffIsAnErrorAndNotAnEnd) {
  ScriptedServer server("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "\r\n\r\n");
  auto response = Client(server.url())->Send(Context(), {.target = "/"});
  ASSERT_TRUE(response.has_value());
  const auto body = (*response)->ReadAll(100);
  ASSERT_FALSE(body.has_value());
  EXPECT_EQ(body.error().code(), ErrorCode::kUnavailable);
}

TEST(HttpClientTest, LimitsWhatItCollects) {
  ScriptedServer server("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n" + std::string(50, 'x'), "\r\n\r\n");
  auto response = Client(server.url())->Send(Context(), {.target = "/"});
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ((*response)->ReadAll(49).error().code(), ErrorCode::kPayloadTooLarge);
}

TEST(HttpClientTest, RefusedConnectionNamesTheServer) {
  std::string url;
  { url = ScriptedServer("", "").url(); }
  const auto response = Client(url)->Send(Context(), {.target = "/"});
  ASSERT_FALSE(response.has_value());
  EXPECT_EQ(response.error().code(), ErrorCode::kUnavailable);
  EXPECT_NE(response.error().message().find(url), std::string::npos);
}

TEST(HttpClientTest, DeadlineEndsTheWait) {
  ScriptedServer server("", "never", 0ms);
  const auto started = std::chrono::steady_clock::now();
  const auto response = Client(server.url())->Send(Context(100ms), {.target = "/"});
  ASSERT_FALSE(response.has_value());
  EXPECT_EQ(response.error().code(), ErrorCode::kDeadlineExceeded);
  EXPECT_LT(std::chrono::steady_clock::now() - started, 3s);
}

TEST(HttpClientTest, SilenceEndsTheWait) {
  ScriptedServer server("", "never", 0ms);
  const auto response = Client(server.url(), {.idle_timeout = 100ms})->Send(Context(), {.target = "/"});
  ASSERT_FALSE(response.has_value());
  EXPECT_EQ(response.error().code(), ErrorCode::kUnavailable);
}

TEST(HttpClientTest, StopFromAnotherThreadEndsTheWait) {
  ScriptedServer server("", "never", 0ms);
  std::stop_source stop;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(100ms);
    stop.request_stop();
  });
  const auto response = Client(server.url())->Send(Context(60s, stop.get_token()), {.target = "/"});
  ASSERT_FALSE(response.has_value());
  EXPECT_EQ(response.error().code(), ErrorCode::kCancelled);
}

TEST(HttpClientTest, StreamsTheBodyItSends) {
  ScriptedServer server("HTTP/1.1 204 No Content\r\n\r\n", "last");
  int pieces = 0;
  auto response =
      Client(server.url())
          ->Send(Context(), {.method = "PUT",
                             .target = "/v1/uploads/a",
                             .body_source = [&]() -> Result<std::string> { return ++pieces == 1 ? "first-" : "last"; },
                             .body_source_bytes = 10});
  ASSERT_TRUE(response.has_value()) << response.error().message();
  EXPECT_EQ((*response)->status(), 204);
  EXPECT_TRUE(server.Received().ends_with("first-last"));
}

/// Answers "1", "2", … over as many connections as are opened; closes one after the answers in `close_after`.
class CountingServer {
 public:
  explicit CountingServer(int close_after) : close_after_(close_after), thread_([this] { Serve(); }) {}
  ~CountingServer() {
    listener_.Stop();
    thread_.join();
  }
  std::string url() const { return listener_.origin(); }
  int connections() const { return connections_; }

 private:
  void Serve() {
    int answers = 0;
    for (int connection = listener_.Accept(); connection >= 0; connection = listener_.Accept()) {
      ++connections_;
      char piece[4096];
      for (int on_this = 0; on_this<close_after_&& ::read(connection, piece, sizeof(piece))> 0; ++on_this) {
        SendAll(connection, fmt::format("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{}", ++answers));
      }
      ::close(connection);
    }
  }

  const int close_after_;
  Listener listener_;
  std::atomic<int> connections_ = 0;
  std::thread thread_;
};

TEST(HttpClientTest, KeepsConnectionsWhereThatIsAskedFor) {
  for (const bool keeps : {true, false}) {
    const CountingServer server(/*close_after=*/keeps ? 3 : 1);
    {
      const auto client = Client(server.url(), {.idle_connections_max = keeps ? 2 : 0});
      for (const char* expected : {"1", "2", "3"}) {
        const auto response = client->Send(Context(), {.target = "/"});
        ASSERT_TRUE(response.has_value()) << response.error().message();
        EXPECT_EQ((*response)->ReadAll(10).value(), expected);
      }
    }
    EXPECT_EQ(server.connections(), keeps ? 1 : 3);
  }
}

TEST(HttpClientTest, AnAnswerThatIsNotReadToItsEndEndsTheConnection) {
  const CountingServer server(/*close_after=*/1);
  const auto client = Client(server.url(), {.idle_connections_max = 2});
  ASSERT_TRUE(client->Send(Context(), {.target = "/"}).has_value());
  EXPECT_EQ((*client->Send(Context(), {.target = "/"}))->ReadAll(10).value(), "2");
  EXPECT_EQ(server.connections(), 2);
}

TEST(HttpClientTest, SaysWhetherAnythingWasSent) {
  std::string url;
  { url = ScriptedServer("", "").url(); }
  bool sent = false;
  EXPECT_FALSE(Client(url)->Send(Context(), {.target = "/", .sent = &sent}).has_value());
  EXPECT_FALSE(sent);
  ScriptedServer server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "\r\n\r\n");
  EXPECT_TRUE(Client(server.url())->Send(Context(), {.target = "/", .sent = &sent}).has_value());
  EXPECT_TRUE(sent);
}

TEST(HttpClientTest, RefusesATargetThatWouldBeMoreThanOne) {
  for (const char* target : {"/a b", "/a\r\nX: y", "/a\n"}) {
    EXPECT_EQ(Client("http://127.0.0.1:1")->Send(Context(), {.target = target}).error().code(),
              ErrorCode::kInvalidArgument);
  }
}

TEST(HttpClientTest, RefusesHeaderInjection) {
  const auto response =
      Client("http://127.0.0.1:1")->Send(Context(), {.target = "/", .headers = {{"Authorization", "a\r\nb"}}});
  ASSERT_FALSE(response.has_value());
  EXPECT_EQ(response.error().code(), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace neurolake::net
