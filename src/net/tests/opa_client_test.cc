#include "net/opa_client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "net/tests/listener.h"

extern char** environ;  // NOLINT

namespace neurolake::net {
namespace {

using namespace std::chrono_literals;

const SystemClock kClock;

RequestContext Context(std::stop_token stop = {}) {
  return RequestContext({}, "r", "test", kClock, kClock.SteadyNow() + 60s, std::move(stop));
}

std::unique_ptr<OpaClient> Client(const std::string& url, std::chrono::milliseconds timeout = 5s) {
  return OpaClient::Make({.url = url, .token = "t0ken", .certificate_authority_file = "", .timeout = timeout}).value();
}

/// Gives the same answer on every connection, or none, and keeps what it was sent.
class ScriptedServer {
 public:
  explicit ScriptedServer(std::string answer) : answer_(std::move(answer)), thread_([this] { Serve(); }) {}
  ~ScriptedServer() {
    Stop();
    for (const int connection : open_) ::close(connection);
  }
  void Stop() {
    listener_.Stop();
    if (thread_.joinable()) thread_.join();
  }
  std::string url() const { return listener_.origin(); }
  const std::string& received() const { return received_; }

 private:
  void Serve() {
    for (int connection = listener_.Accept(); connection >= 0; connection = listener_.Accept()) {
      if (answer_.empty()) {
        open_.push_back(connection);
        continue;
      }
      received_ += ReadUntil(connection, [](const std::string& text) { return text.contains("}}"); });
      SendAll(connection, answer_);
      ::close(connection);
    }
  }

  const std::string answer_;
  Listener listener_;
  std::string received_;
  std::vector<int> open_;
  std::thread thread_;
};

std::string Answer(const std::string& body, const std::string& status = "200 OK") {
  return fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}", status, body.size(), body);
}

TEST(OpaClientTest, AsksForTheDocument) {
  ScriptedServer server(Answer(R"({"decision_id": "x", "result": {"allow": true}})"));
  const auto answer = Client(server.url() + "/base")->Query(Context(), "neurolake/authz", R"({"a":{"b":1}})");
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(**answer, R"({"allow":true})");
  server.Stop();
  EXPECT_EQ(server.received().find("POST /base/v1/data/neurolake/authz?strict-builtin-errors=true HTTP/1.1\r\n"), 0);
  EXPECT_NE(server.received().find("Authorization: Bearer t0ken\r\n"), std::string::npos);
  EXPECT_NE(server.received().find(R"({"input":{"a":{"b":1}}})"), std::string::npos);
}

TEST(OpaClientTest, KnowsUndefinedFromNull) {
  ScriptedServer undefined(Answer("{}"));
  const auto none = Client(undefined.url())->Query(Context(), "a", R"({"a":{}})");
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->has_value());
  ScriptedServer null(Answer(R"({"result": null})"));
  EXPECT_EQ(**Client(null.url())->Query(Context(), "a", R"({"a":{}})"), "null");
}

TEST(OpaClientTest, AnythingButADocumentIsAnError) {
  for (const std::string& answer : {Answer("[]"), Answer("no json"), Answer(""),
                                    Answer(R"({"code": "internal_error", "message": "secret"})", "500 X"),
                                    Answer("", "404 Not Found"), Answer(R"({"result": {"allow": true}})", "302 Found"),
                                    std::string("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}"),
                                    Answer(std::string((1 << 20) + 1, ' ')), std::string("rubbish\r\n\r\n")}) {
    ScriptedServer server(answer);
    const auto result = Client(server.url())->Query(Context(), "a", R"({"a":{}})");
    ASSERT_FALSE(result) << answer.substr(0, 100);
    EXPECT_EQ(result.error().code(), ErrorCode::kUnavailable);
    EXPECT_EQ(result.error().message().find("secret"), std::string::npos);
  }
}

TEST(OpaClientTest, ASilentServerIsUnavailable) {
  ScriptedServer server("");
  const auto result = Client(server.url(), 100ms)->Query(Context(), "a", "{}");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::kUnavailable);
  EXPECT_NE(result.error().message().find("none within 100 ms"), std::string::npos) << result.error().message();
}

TEST(OpaClientTest, WhoNoLongerWaitsIsToldSo) {
  ScriptedServer server("");
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(Client(server.url())->Query(Context(stop.get_token()), "a", "{}").error().code(), ErrorCode::kCancelled);
}

TEST(OpaClientTest, RefusesWhatIsNoUrl) {
  EXPECT_FALSE(OpaClient::Make({.url = "ftp://x"}));
  EXPECT_FALSE(OpaClient::Make({.url = "http://user:password@x"}));
}

/// The real one, with one policy.
class OpaProcess {
 public:
  OpaProcess() {
    char name[] = "/tmp/nl_opa_XXXXXX";
    directory_ = mkdtemp(name);
    std::ofstream(directory_ + "/a.rego") << "package neurolake.authz\n\nallow if input.principal.name == \"anna\"\n\n"
                                             "masks.x := 1 / 0 if input.principal.name == \"ben\"\n";
    // A port that was free a moment ago.
    const int probe = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(probe, reinterpret_cast<sockaddr*>(&address), sizeof(address));
    socklen_t size = sizeof(address);
    getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size);
    address_ = fmt::format("127.0.0.1:{}", ntohs(address.sin_port));
    close(probe);
    const std::string program = std::string(NL_CACHE_DIR) + "/opa/opa";
    std::vector<std::string> arguments = {
        program, "run", "--server", "--addr", address_, "--log-level", "error", "--skip-version-check", directory_};
    std::vector<char*> argv;
    for (auto& one : arguments) argv.push_back(one.data());
    argv.push_back(nullptr);
    if (posix_spawn(&pid_, program.c_str(), nullptr, nullptr, argv.data(), environ) != 0) pid_ = -1;
  }
  ~OpaProcess() {
    Kill();
    std::filesystem::remove_all(directory_);
  }
  void Kill() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  std::string url() const { return "http://" + address_; }

 private:
  std::string directory_;
  std::string address_;
  pid_t pid_ = -1;
};

TEST(OpaClientTest, TheRealServerAnswersUntilItIsKilled) {
  if (!std::filesystem::exists(std::string(NL_CACHE_DIR) + "/opa/opa")) {
    GTEST_SKIP() << "Open Policy Agent is not there: scripts/bootstrap.sh --tests";
  }
  OpaProcess opa;
  const auto client = Client(opa.url());
  const auto ask = [&](const std::string& name) {
    return client->Query(Context(), "neurolake/authz", fmt::format(R"({{"principal":{{"name":"{}"}}}})", name));
  };
  auto first = ask("anna");
  for (int i = 0; i < 1000 && !first; ++i) {  // While it starts.
    std::this_thread::sleep_for(20ms);
    first = ask("anna");
  }
  ASSERT_TRUE(first) << first.error().message();
  EXPECT_EQ(**first, R"({"allow":true,"masks":{}})");
  EXPECT_EQ(**ask("zoe"), R"({"masks":{}})");
  EXPECT_FALSE(client->Query(Context(), "nothing/here", "{}")->has_value());
  // A built-in function's error is none of "undefined".
  EXPECT_EQ(ask("ben").error().code(), ErrorCode::kUnavailable);
  opa.Kill();
  EXPECT_EQ(ask("anna").error().code(), ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace neurolake::net
