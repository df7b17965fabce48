#include "server/http/http_server.h"

#include <algorithm>
#include <cstdlib>

#include "server/http/tests/server_fixture.h"

namespace neurolake::server {
namespace {

using HttpServerTest = ServerTest;

TEST_F(HttpServerTest, HealthReadyAndOpenApiNeedNoToken) {
  Start();
  Client client(port());
  const Answer health = client.Ask("GET", "/health");
  EXPECT_EQ(health.status, 200);
  EXPECT_EQ(health.json().at("status").as_string(), "ok");
  EXPECT_EQ(health.json().at("version").as_string(), "0.0.1");
  EXPECT_EQ(client.Ask("GET", "/ready").status, 200);
  EXPECT_EQ(client.Ask("GET", "/v1/openapi.json").json().at("openapi").as_string(), "3.1.0");
  service_.ready_ = false;
  const Answer unready = client.Ask("GET", "/ready");
  EXPECT_EQ(unready.status, 503);
  EXPECT_EQ(unready.code(), "Unavailable");
}

TEST_F(HttpServerTest, MetricsAreForMonitorsAndAdministrators) {
  Start();
  Client client(port());
  const auto ask = [&](const std::string& who) {
    return client.Ask("GET", "/metrics", "", {{"Authorization", "Bearer nl_" + who}});
  };
  EXPECT_EQ(client.Ask("GET", "/metrics").status, 401);
  EXPECT_EQ(ask("alice").status, 403);
  EXPECT_EQ(ask("admin").status, 200);
  const Answer metrics = ask("monitor");
  EXPECT_EQ(metrics.status, 200);
  EXPECT_NE(metrics.body.find("neurolake_http_requests_total"), std::string::npos);
  EXPECT_EQ(client.Ask("GET", "/v1/catalog/schemas", "", {{"Authorization", "Bearer nl_monitor"}}).status, 403);
}

TEST_F(HttpServerTest, MetricsAreOpenWhereASettingSaysSo) {
  settings_.http_metrics_without_token = true;
  Start();
  Client client(port());
  EXPECT_EQ(client.Ask("GET", "/metrics").status, 200);
  EXPECT_EQ(client.Ask("GET", "/v1/history").status, 401);
}

TEST_F(HttpServerTest, RefusesMissingAndWrongTokens) {
  Start();
  Client client(port());
  for (const std::vector<std::pair<std::string, std::string>>& headers :
       {std::vector<std::pair<std::string, std::string>>{},
        {{"Authorization", "Basic YTpi"}},
        {{"Authorization", "Bearer wrong"}},
        {{"Authorization", "Bearer nl_expired"}}}) {
    const Answer answer = client.Ask("GET", "/v1/catalog/schemas", "", headers);
    EXPECT_EQ(answer.status, 401);
    EXPECT_TRUE(answer.headers.at("www-authenticate").starts_with("Bearer"));
    EXPECT_EQ(answer.headers.at("content-type"), "application/problem+json");
    EXPECT_EQ(answer.code(), "Unauthenticated");
    EXPECT_EQ(answer.json().at("sqlstate").as_string(), "28000");
    EXPECT_EQ(answer.json().at("type").as_string(), "/docs/errors#Unauthenticated");
  }
  EXPECT_EQ(client.Ask("GET", "/v1/catalog/schemas", "", {{"Authorization", "bearer nl_alice"}}).status, 200);
}

TEST_F(HttpServerTest, RequestIdsAreKeptWhenTheyAreHarmless) {
  Start();
  Client client(port());
  EXPECT_EQ(client.Ask("GET", "/health", "", {{"X-Request-Id", "abc-1.2_3"}}).headers.at("x-request-id"), "abc-1.2_3");
  const std::string made = client.Ask("GET", "/health", "", {{"X-Request-Id", "a b\"<"}}).headers.at("x-request-id");
  EXPECT_EQ(made.size(), 36U);
  EXPECT_EQ(
      client.Ask("GET", "/health", "", {{"X-Request-Id", std::string(129, 'a')}}).headers.at("x-request-id").size(),
      36U);
}

TEST_F(HttpServerTest, KnowsPathsFromMethods) {
  Start();
  Client client(port());
  EXPECT_EQ(client.Ask("GET", "/nowhere").status, 404);
  EXPECT_EQ(client.Ask("GET", "/v1").status, 404);
  const Answer wrong = client.Ask("PATCH", "/v1/statements", "{}");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.headers.at("allow"), "GET, HEAD, OPTIONS, POST");
  EXPECT_EQ(wrong.code(), "MethodNotAllowed");
  EXPECT_EQ(client.Ask("BREW", "/health").status, 405);
  const Answer head = client.Ask("HEAD", "/health");
  EXPECT_EQ(head.status, 200);
  EXPECT_TRUE(head.body.empty());
  EXPECT_EQ(client.Ask("OPTIONS", "/health").headers.at("allow"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(client.Call("GET", "/v1/statements?colour=red").status, 400);
}

TEST_F(HttpServerTest, CorsIsOffUnlessAnOriginIsNamed) {
  settings_.http_cors_origins = {"https://app.example"};
  Start();
  Client client(port());
  const Answer preflight = client.Ask("OPTIONS", "/v1/sql", "",
                                      {{"Origin", "https://app.example"}, {"Access-Control-Request-Method", "POST"}});
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.headers.at("access-control-allow-origin"), "https://app.example");
  EXPECT_EQ(preflight.headers.at("access-control-allow-methods"), "OPTIONS, POST");
  const Answer other = client.Ask("GET", "/health", "", {{"Origin", "https://app.example.evil"}});
  EXPECT_FALSE(other.headers.contains("access-control-allow-origin"));
  EXPECT_EQ(other.headers.at("vary"), "Origin");
  server_.reset();
  settings_.http_cors_origins = {};
  Start();
  Client second(port());
  EXPECT_FALSE(second.Ask("GET", "/health", "", {{"Origin", "https://app.example"}})
                   .headers.contains("access-control-allow-origin"));
}

TEST_F(HttpServerTest, CatalogueOfSchemasTablesAndColumns) {
  Start();
  Client client(port());
  EXPECT_NE(client.Call("GET", "/v1/catalog/schemas").body.find(R"({"name":"main")"), std::string::npos);
  const Answer tables = client.Call("GET", "/v1/catalog/schemas/main/tables");
  EXPECT_EQ(tables.json().at("tables").at(0).at("name").as_string(), "flights");
  const Answer table = client.Call("GET", "/v1/catalog/schemas/main/tables/flights");
  EXPECT_EQ(table.json().at("columns").at(0).at("text").as_string(), R"("main"."flights")");
  EXPECT_EQ(client.Call("GET", "/v1/catalog/schemas/none/tables").code(), "SchemaNotFound");
  EXPECT_EQ(client.Call("GET", "/v1/catalog/schemas/main/tables/none").status, 404);
  EXPECT_EQ(client.Call("GET", "/v1/catalog/schemas/a%2Fb/tables").status, 404);
}

TEST_F(HttpServerTest, WhatOneMayNotKnowIsLikeWhatIsNotThere) {
  for (const auto& [name, owner] : {std::pair("payroll", "alice"), std::pair("own", "member")}) {
    ASSERT_TRUE(service_.catalog().AddTable(
        {.id = TableId(name), .schema_name = "main", .name = name, .owner = PrincipalId(owner)}));
  }
  Start();
  Client client(port());
  const auto ask = [&](const std::string& table, const std::string& who) {
    Answer answer = client.Call("GET", "/v1/catalog/schemas/main/tables/" + table, "", {}, who);
    return std::pair(answer.status, std::string(answer.status == 200 ? "" : answer.json().at("detail").as_string()));
  };
  EXPECT_EQ(ask("own", "nl_member").first, 200);
  EXPECT_EQ(ask("payroll", "nl_alice").first, 200);
  EXPECT_EQ(ask("payroll", "nl_member"), std::pair(404, std::string("there is no such table or view: main.payroll")));
  EXPECT_EQ(ask("missing", "nl_member"), std::pair(404, std::string("there is no such table or view: main.missing")));
}

TEST_F(HttpServerTest, WhoMayNotReadIsToldNothingOfTheCatalogueNorWhoMayNotWriteOfUploads) {
  Start();
  Client client(port());
  ASSERT_EQ(client.Call("PUT", "/v1/uploads/a.csv", "x").status, 201);
  for (const char* path : {"/v1/catalog/schemas", "/v1/catalog/schemas/main/tables", "/v1/catalog/schemas/none/tables",
                           "/v1/catalog/schemas/main/tables/flights", "/v1/catalog/schemas/main/tables/none"}) {
    const Answer answer = client.Call("GET", path, "", {}, "nl_monitor");
    EXPECT_EQ(answer.status, 403) << path << " " << answer.body;
  }
  EXPECT_EQ(client.Call("GET", "/v1/uploads", "", {}, "nl_reader").status, 403);
  EXPECT_EQ(client.Call("PUT", "/v1/uploads/b.csv", "x", {}, "nl_reader").status, 403);
  EXPECT_EQ(client.Call("DELETE", "/v1/uploads/a.csv", "", {}, "nl_reader").status, 403);
  for (const char* name : {"..%2Falice%2Fa.csv", "%2E%2E", ".hidden"}) {
    EXPECT_EQ(client.Call("DELETE", fmt::format("/v1/uploads/{}", name)).status, 400) << name;
  }
  EXPECT_EQ(client.Call("DELETE", "/v1/uploads/a.csv").status, 204);
}

TEST_F(HttpServerTest, HistoryShowsOnesOwn) {
  Start();
  Client client(port());
  EXPECT_EQ(client.Call("GET", "/v1/history").json().at("statements").as_array().size(), 1U);
  EXPECT_EQ(client.Call("GET", "/v1/history?principal=bob").status, 403);
  EXPECT_EQ(client.Call("GET", "/v1/history", "", {}, "nl_admin").json().at("statements").as_array().size(), 2U);
  EXPECT_EQ(
      client.Call("GET", "/v1/history?limit=1&offset=1", "", {}, "nl_admin").json().at("statements").at(0).at("id"),
      "of-alice");
  EXPECT_EQ(client.Call("GET", "/v1/history?limit=0").status, 400);
  EXPECT_EQ(client.Call("GET", "/v1/history?limit=1x").status, 400);
}

TEST_F(HttpServerTest, TokensAreForAdministrators) {
  Start();
  Client client(port());
  EXPECT_EQ(client.Call("GET", "/v1/tokens").status, 403);
  EXPECT_EQ(client.Call("POST", "/v1/tokens", R"({"principal":"x","role":"admin"})").status, 403);
  EXPECT_EQ(client.Call("DELETE", "/v1/tokens/t1").status, 403);
  const Answer made =
      client.Call("POST", "/v1/tokens", R"({"principal":"carol","role":"reader","name":"laptop"})", {}, "nl_admin");
  EXPECT_EQ(made.status, 201);
  const std::string secret(made.json().at("token").as_string());
  EXPECT_TRUE(secret.starts_with("nl_"));
  EXPECT_EQ(made.headers.at("cache-control"), "no-store");
  const std::string url = made.headers.at("location");
  const Answer listed = client.Call("GET", "/v1/tokens", "", {}, "nl_admin");
  EXPECT_EQ(listed.json().at("tokens").as_array().size(), 1U);
  EXPECT_EQ(listed.body.find(secret), std::string::npos);
  for (const char* wrong :
       {R"({"principal":"x","role":"god","name":"n"})", R"({"role":"reader","name":"n"})",
        R"({"principal":1,"role":"reader","name":"n"})", R"({"principal":"x","role":"reader"})",
        R"({"principal":"x","role":"reader","name":"n","expires":"2001-01-01"})", R"({"principal":"x","rank":"a"})"}) {
    EXPECT_EQ(client.Call("POST", "/v1/tokens", wrong, {}, "nl_admin").status, 400) << wrong;
  }
  EXPECT_EQ(client.Call("DELETE", url, "", {}, "nl_admin").status, 204);
  EXPECT_EQ(client.Call("DELETE", "/v1/tokens/t9", "", {}, "nl_admin").status, 404);
  // In the audit log before they are made, and nothing of what was refused.
  EXPECT_THAT(service_.changes, testing::ElementsAre("admin create_token", "admin revoke_token", "admin revoke_token"));
}

TEST_F(HttpServerTest, UploadsAppearWhenTheyAreComplete) {
  Start();
  Client client(port());
  const std::string content(300'000, 'x');
  EXPECT_EQ(client.Call("PUT", "/v1/uploads/a.csv", content).status, 201);
  EXPECT_EQ(client.Call("PUT", "/v1/uploads/a.csv", "short").status, 200);
  const Answer listed = client.Call("GET", "/v1/uploads");
  EXPECT_EQ(listed.body, R"({"uploads":[{"name":"a.csv","uri":"upload://a.csv","size_bytes":5}]})");
  EXPECT_EQ(client.Call("GET", "/v1/uploads", "", {}, "nl_bob").body, R"({"uploads":[]})");
  EXPECT_EQ(client.Call("PUT", "/v1/uploads/a.csv", "x", {}, "nl_reader").status, 403);
  for (const char* name : {"..%2Fa", "%2E%2E", ".hidden", "a%20b", "a%00b"}) {
    EXPECT_EQ(client.Call("PUT", fmt::format("/v1/uploads/{}", name), "x").status, 400) << name;
  }
  EXPECT_EQ(client.Ask("PUT", "/v1/uploads/e", "", {{"Authorization", "Bearer nl_carol"}}).status, 201);
  client.Write("PUT /v1/uploads/e HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer nl_carol\r\n\r\n");
  EXPECT_EQ(client.Read().status, 411);
  // Half an upload leaves nothing behind.
  {
    Client half(port());
    half.Write(
        "PUT /v1/uploads/half.csv HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer nl_alice\r\nContent-Length: "
        "10\r\n\r\nabc");
  }
  EXPECT_TRUE(
      Eventually([&] { return std::distance(std::filesystem::directory_iterator(folder_ / "alice"), {}) == 1; }));
  EXPECT_EQ(client.Call("DELETE", "/v1/uploads/a.csv").status, 204);
  EXPECT_EQ(client.Call("DELETE", "/v1/uploads/a.csv").status, 404);
}

TEST_F(HttpServerTest, UploadsOfOnePrincipalHaveALimitTogether) {
  settings_.uploads_bytes_max = 1000;
  Start();
  Client client(port());
  const auto put = [&](const std::string& name, size_t bytes) {
    return client.Call("PUT", "/v1/uploads/" + name, std::string(bytes, 'x')).status;
  };
  EXPECT_EQ(put("a", 600), 201);
  EXPECT_EQ(put("b", 600), 413);
  EXPECT_EQ(put("a", 900), 200);  // What is replaced does not count.
  EXPECT_EQ(put("b", 100), 201);
  EXPECT_EQ(put("c", 1), 413);
  EXPECT_EQ(client.Ask("PUT", "/v1/uploads/c", "x", {{"Authorization", "Bearer nl_bob"}}).status, 201);
  EXPECT_EQ(client.Call("DELETE", "/v1/uploads/a").status, 204);
  EXPECT_EQ(put("c", 1), 201);
  Client chunked(port());
  chunked.Write(
      "PUT /v1/uploads/d HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer nl_alice\r\n"
      "Transfer-Encoding: chunked\r\n\r\n400\r\n" +
      std::string(1024, 'x') + "\r\n0\r\n\r\n");
  EXPECT_EQ(chunked.Read().status, 413);
}

TEST_F(HttpServerTest, OldUploadsGo) {
  settings_.uploads_keep = std::chrono::hours(1);
  Start();
  Client client(port());
  EXPECT_EQ(client.Call("PUT", "/v1/uploads/old", "x").status, 201);
  EXPECT_EQ(client.Call("PUT", "/v1/uploads/young", "x").status, 201);
  const auto file = folder_ / "alice" / "old";
  std::filesystem::last_write_time(file, std::filesystem::file_time_type::clock::now() - std::chrono::hours(2));
  const Answer listed = client.Call("GET", "/v1/uploads");
  EXPECT_EQ(listed.body.find("\"old\""), std::string::npos);
  EXPECT_NE(listed.body.find("\"young\""), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(HttpServerTest, UploadsHaveALimit) {
  Start();
  {
    Client client(port());
    client.Write(
        "PUT /v1/uploads/big HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer nl_alice\r\nContent-Length: 5000000\r\n\r\n");
    EXPECT_EQ(client.Read().status, 413);
  }
  Client client(port());
  client.Write(
      "PUT /v1/uploads/big HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer nl_alice\r\nTransfer-Encoding: "
      "chunked\r\n\r\n");
  const std::string chunk = "100000\r\n" + std::string(0x100000, 'x') + "\r\n";
  for (int i = 0; i < 5; ++i) client.Write(chunk);
  EXPECT_EQ(client.Read().status, 413);
  EXPECT_TRUE(!std::filesystem::exists(folder_ / "alice/big"));
}

TEST_F(HttpServerTest, ExpectContinueIsAnsweredBeforeTheBody) {
  Start();
  Client client(port());
  client.Write(
      "PUT /v1/uploads/a HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer nl_alice\r\nExpect: 100-continue\r\n"
      "Content-Length: 3\r\n\r\n");
  EXPECT_EQ(client.Read().status, 100);
  client.Write("abc");
  EXPECT_EQ(client.Read().status, 201);
  client.Write("PUT /v1/uploads/a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(client.Read().status, 401);  // And the body is never asked for.
}

TEST_F(HttpServerTest, ManyConnectionsAtOnce) {
  Start();
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 100; ++i) {
    threads.emplace_back([&] {
      Client client(port());
      for (int k = 0; k < 10; ++k) {
        const Answer answer = client.Sql("ROWS 3");
        if (answer.status == 200 && answer.json().at("row_count") == 3) ++good;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 1000);
}

TEST_F(HttpServerTest, IdleConnectionsMakeRoom) {
  settings_.http_connections_max = 3;
  Start();
  std::vector<std::unique_ptr<Client>> idle;
  for (int i = 0; i < 3; ++i) {
    idle.push_back(std::make_unique<Client>(port()));
    EXPECT_EQ(idle.back()->Ask("GET", "/health").status, 200);
  }
  Client fourth(port());
  EXPECT_EQ(fourth.Ask("GET", "/health").status, 200);
  // Usually the first; another one if the server had not yet seen that the first was done.
  EXPECT_TRUE(std::ranges::any_of(idle, [](const auto& client) { return client->AwaitEnd(5000); }));
}

TEST_F(HttpServerTest, StopLetsRunningRequestsEnd) {
  Start();
  Client idle(port());
  idle.Ask("GET", "/health");
  Client busy(port());
  busy.Write(
      "POST /v1/sql HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer nl_alice\r\nContent-Type: text/plain\r\n"
      "Content-Length: 5\r\n\r\nSLEEP");
  ASSERT_TRUE(Eventually([&] { return service_.executed_ == 1; }));
  const auto began = std::chrono::steady_clock::now();
  server_->Stop(std::chrono::milliseconds(300));
  const auto took = std::chrono::steady_clock::now() - began;
  EXPECT_GE(took, std::chrono::milliseconds(300));
  EXPECT_LT(took, std::chrono::seconds(3));
  EXPECT_EQ(service_.cancelled_, 1);
  EXPECT_TRUE(idle.AwaitEnd(1000));
}

TEST_F(HttpServerTest, TakenPortAndBadAddressAreClearErrors) {
  Start();
  Settings second = settings_;
  second.http_port = port();
  const auto taken = HttpServer::Start(second, service_, clock_, {.results_directory = (folder_ / "r2").string()});
  ASSERT_FALSE(taken.has_value());
  EXPECT_EQ(taken.error().code(), ErrorCode::kUnavailable);
  second.http_listen = "not an address";
  const auto bad = HttpServer::Start(second, service_, clock_, {.results_directory = (folder_ / "r2").string()});
  ASSERT_FALSE(bad.has_value());
  EXPECT_EQ(bad.error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(HttpServerTest, ServesTls) {
  const std::string certificate = (folder_ / "certificate.pem").string();
  const std::string key = (folder_ / "key.pem").string();
  const std::string command = fmt::format(
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost "
      "-keyout {} -out {} 2>/dev/null",
      key, certificate);
  ASSERT_EQ(std::system(command.c_str()), 0);
  settings_.http_tls_certificate = certificate;
  settings_.http_tls_key = certificate;  // Not the key.
  EXPECT_FALSE(
      HttpServer::Start(settings_, service_, clock_, {.results_directory = (folder_ / "r").string()}).has_value());
  settings_.http_tls_key = key;
  Start();
  EXPECT_TRUE(server_->url().starts_with("https://127.0.0.1:"));
  Client client(port(), true);
  ASSERT_TRUE(client.connected());
  EXPECT_STREQ(SSL_get_version(client.ssl()), "TLSv1.3");
  const Answer answer = client.Sql("ROWS 5000", "application/x-ndjson");
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.complete);
  EXPECT_EQ(std::count(answer.body.begin(), answer.body.end(), '\n'), 5000);
  EXPECT_EQ(client.Ask("GET", "/health").status, 200);
  Client plain(port());
  EXPECT_EQ(plain.Ask("GET", "/health").status, 0);
}

}  // namespace
}  // namespace neurolake::server
