#include <random>

#include "server/http/tests/server_fixture.h"

namespace neurolake::server {
namespace {

using HostileTest = ServerTest;

constexpr std::string_view kToken = "Authorization: Bearer nl_alice\r\n";

TEST_F(HostileTest, MalformedHeadsAreRefusedAndTheServerLives) {
  Start();
  const std::vector<std::pair<std::string, int>> corpus = {
      {"GARBAGE\r\n\r\n", 400},
      {"GET /health\r\n\r\n", 400},
      {"GET /health HTTP/9.9\r\nHost: a\r\n\r\n", 505},
      {"GET /health HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"GET  /health HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /health HTTP/1.1\r\nHost a\r\n\r\n", 400},
      {"GET /health HTTP/1.1\r\nHo st: a\r\n\r\n", 400},
      {"GET /health HTTP/1.1\r\nHost : a\r\n\r\n", 400},
      {"GET /health HTTP/1.1\r\n\r\n", 400},
      {"GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"GET /health HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n", 400},
      {"GET /health HTTP/1.1\r\nHost: a\r\nX: " + std::string(40'000, 'x') + "\r\n\r\n", 431},
      {"GET /" + std::string(40'000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n", 431},
      {"GET /health%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /%ff HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET //health HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET health HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /health?a=1&a=2 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"POST /v1/sql HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400},
      {"POST /v1/sql HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400},
      {"POST /v1/sql HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\nhello", 400},
      {"POST /v1/sql HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n", 400},
      {"POST /v1/sql HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n", 400},
      {"POST /v1/sql HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n", 400},
      {"POST /v1/sql HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"POST /v1/sql HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400},
      {"POST /v1/sql HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
      {"POST /v1/sql HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", 501},
      {"POST /v1/sql HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
      {"POST /v1/sql HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
  };
  for (const auto& [text, status] : corpus) {
    Client client(port());
    client.Write(text);
    const Answer answer = client.Read();
    EXPECT_EQ(answer.status, status) << text.substr(0, 200);
    if (answer.status != 0) {
      EXPECT_EQ(answer.headers.at("content-type"), "application/problem+json");
      EXPECT_EQ(answer.json().at("status"), status);
      EXPECT_TRUE(answer.headers.contains("x-request-id"));
    }
  }
  Client client(port());
  EXPECT_EQ(client.Ask("GET", "/health").status, 200);
}

TEST_F(HostileTest, BadBodiesSayWhatAndWhere) {
  Start();
  Client client(port());
  const auto post = [&](const std::string& body) { return client.Call("POST", "/v1/sql", body); };
  const auto position = [&](const std::string& body) {
    const Answer answer = post(body);
    EXPECT_EQ(answer.status, 400) << body;
    return std::string(answer.json().at("position").as_string());
  };
  EXPECT_EQ(position(R"({"statement": nope})"), "14");
  EXPECT_EQ(position(R"({"statement":"a")"), "16");
  EXPECT_EQ(position(R"({"statement":"a"} x)"), "18");
  EXPECT_EQ(position("[1]"), "0");
  EXPECT_EQ(position("{\"statement\":\"\xFF\"}"), "14");
  position(R"({"statement":"a","parameters":)" + std::string(100, '[') + std::string(100, ']') + "}");
  position("{'statement':1}");
  position("{\"statement\":\"a\nb\"}");
  EXPECT_EQ(post(R"({"statement":"a","statement":"b"})").status, 400);
  EXPECT_EQ(post(R"({"statement":1})").status, 400);
  EXPECT_EQ(post("{}").status, 400);
  EXPECT_EQ(service_.executed_, 0);
}

TEST_F(HostileTest, BodiesHaveTypesAndLimits) {
  Start();
  Client client(port());
  const auto post = [&](std::string type, std::vector<std::pair<std::string, std::string>> headers = {}) {
    headers.emplace_back("Authorization", "Bearer nl_alice");
    if (!type.empty()) headers.emplace_back("Content-Type", std::move(type));
    return client.Ask("POST", "/v1/sql", "ROWS 1", headers).status;
  };
  EXPECT_EQ(post("text/plain; charset=utf-8"), 200);
  EXPECT_EQ(post("text/plain; charset=latin1"), 415);
  EXPECT_EQ(post("application/x-www-form-urlencoded"), 415);
  EXPECT_EQ(post(""), 415);
  EXPECT_EQ(post("text/plain", {{"Content-Encoding", "gzip"}}), 415);
  EXPECT_EQ(client.Call("GET", "/v1/statements", "{}").status, 400);
  const Answer large = client.Call("POST", "/v1/sql", "{\"statement\":\"" + std::string(1 << 20, 'x') + "\"}");
  EXPECT_EQ(large.status, 413);
  EXPECT_EQ(large.code(), "PayloadTooLarge");

  Client chunked(port());
  chunked.Write("POST /v1/sql HTTP/1.1\r\nHost: a\r\n" + std::string(kToken) +
                "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "40000\r\n" + std::string(0x40000, 'x') + "\r\n";
  for (int i = 0; i < 5; ++i) chunked.Write(chunk);
  EXPECT_EQ(chunked.Read().status, 413);
  Client broken(port());
  broken.Write("POST /v1/sql HTTP/1.1\r\nHost: a\r\n" + std::string(kToken) +
               "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n");
  EXPECT_EQ(broken.Read().status, 400);
}

TEST_F(HostileTest, ChunkedAndPipelinedRequestsWork) {
  Start();
  Client client(port());
  const std::string one =
      "POST /v1/sql HTTP/1.1\r\nHost: a\r\n" + std::string(kToken) +
      "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nROW\r\n3\r\nS 2\r\n0\r\n\r\n";
  client.Write(one + one + "GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.Read().json().at("row_count"), 2);
  EXPECT_EQ(client.Read().json().at("row_count"), 2);
  const Answer last = client.Read();
  EXPECT_EQ(last.status, 200);
  EXPECT_EQ(last.headers.at("connection"), "close");
  EXPECT_TRUE(client.AwaitEnd(2000));
}

TEST_F(HostileTest, SilentAndSlowClientsLoseTheirConnection) {
  settings_.http_idle_timeout = std::chrono::milliseconds(200);
  Start();
  Client silent(port());
  Client slow_head(port());
  slow_head.Write("GET /health HTTP/1.1\r\nHost:");
  Client slow_body(port());
  slow_body.Write("POST /v1/sql HTTP/1.1\r\nHost: a\r\n" + std::string(kToken) +
                  "Content-Type: text/plain\r\nContent-Length: 100\r\n\r\nROWS");
  EXPECT_EQ(slow_head.Read(false, 3000).status, 408);
  EXPECT_EQ(slow_body.Read(false, 3000).status, 408);
  EXPECT_TRUE(silent.AwaitEnd(3000));

  // One byte now and then does not help.
  Client dripping(port());
  dripping.Write("POST /v1/sql HTTP/1.1\r\nHost: a\r\n" + std::string(kToken) +
                 "Content-Type: text/plain\r\nContent-Length: 100\r\n\r\n");
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 60 && dripping.Write("x"); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(dripping.Read(false, 1000).status, 408);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
}

TEST_F(HostileTest, RandomBytesNeverKillTheServer) {
  Start();
  std::mt19937_64 random(7);
  const std::string valid = "POST /v1/sql?x=1 HTTP/1.1\r\nHost: a\r\n" + std::string(kToken) +
                            "Content-Type: application/json\r\nContent-Length: 22\r\n\r\n{\"statement\":\"ROWS 1\"}";
  for (int round = 0; round < 300; ++round) {
    std::string text = valid;
    for (uint64_t change = 0; change <= random() % 4; ++change) {
      text[random() % text.size()] = static_cast<char>(random());
    }
    Client client(port());
    client.Write(text);
    shutdown(client.descriptor(), SHUT_WR);
    client.Read(false, 2000);
  }
  Client client(port());
  EXPECT_EQ(client.Ask("GET", "/health").status, 200);
}

}  // namespace
}  // namespace neurolake::server
