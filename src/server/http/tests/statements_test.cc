#include "arrow/ipc.h"
#include "arrow/text_format.h"
#include "server/http/internal/statement_store.h"
#include "server/http/tests/server_fixture.h"

namespace neurolake::server {
namespace {

using StatementsTest = ServerTest;

TEST_F(StatementsTest, AnswersInFourFormats) {
  Start();
  Client client(port());
  const Answer json = client.Sql("ROWS 2");
  EXPECT_EQ(json.status, 200);
  EXPECT_EQ(json.headers.at("content-type"), "application/json");
  EXPECT_TRUE(json.headers.contains("content-length"));
  const auto object = json.json();
  EXPECT_EQ(boost::json::serialize(object.at("columns")),
            R"([{"name":"id","type":"BIGINT"},{"name":"name","type":"VARCHAR"}])");
  EXPECT_EQ(boost::json::serialize(object.at("rows")), R"([[0,"name 0"],[1,"name 1"]])");
  EXPECT_EQ(object.at("row_count"), 2);
  EXPECT_EQ(object.at("statistics").at("kind").as_string(), "SELECT");
  EXPECT_EQ(object.at("id").as_string(), json.headers.at("x-statement-id"));

  EXPECT_EQ(client.Sql("ROWS 2", "application/x-ndjson").body,
            "{\"id\":0,\"name\":\"name 0\"}\n{\"id\":1,\"name\":\"name 1\"}\n");
  EXPECT_EQ(client.Sql("ROWS 1", "text/csv").body, "id,name\r\n0,name 0\r\n");

  const Answer arrow = client.Sql("ROWS 2", "application/vnd.apache.arrow.stream");
  EXPECT_TRUE(arrow.body.ends_with(arrow::EncodeEndOfStream()));
  EXPECT_EQ(client.Sql("ROWS 2", "text/*;q=0.5, application/json;q=0.4").headers.at("content-type"),
            "text/csv; charset=utf-8; header=present");
  EXPECT_EQ(client.Sql("ROWS 2", "image/png").status, 406);
  EXPECT_EQ(client.Sql("ROWS 2", "application/json;q=0").status, 406);
}

TEST_F(StatementsTest, LargeResultsComeInChunks) {
  Start();
  Client client(port());
  const Answer answer = client.Sql("ROWS 100000", "text/csv");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("transfer-encoding"), "chunked");
  EXPECT_TRUE(answer.complete);
  EXPECT_EQ(answer.trailers.at("x-result-status"), "complete");
  EXPECT_EQ(std::count(answer.body.begin(), answer.body.end(), '\n'), 100'001);
  const Answer json = client.Sql("ROWS 100000");
  EXPECT_EQ(json.json().at("rows").as_array().size(), 100'000U);
  const Answer arrow = client.Sql("ROWS 100000", "application/vnd.apache.arrow.stream");
  EXPECT_TRUE(arrow.complete);
  EXPECT_EQ(client.Ask("GET", "/health").status, 200);
}

TEST_F(StatementsTest, OldClientsGetAPlainBody) {
  Start();
  Client client(port());
  client.Write(
      "POST /v1/sql HTTP/1.0\r\nAuthorization: Bearer nl_alice\r\nContent-Type: text/plain\r\n"
      "Accept: text/csv\r\nContent-Length: 10\r\n\r\nROWS 10000");
  const Answer answer = client.Read();
  EXPECT_EQ(answer.status, 200);
  EXPECT_FALSE(answer.headers.contains("transfer-encoding"));
  EXPECT_EQ(std::count(answer.body.begin(), answer.body.end(), '\n'), 10'001);
}

TEST_F(StatementsTest, EarlyErrorsHaveAStatus) {
  Start();
  Client client(port());
  const Answer syntax = client.Sql("FAIL");
  EXPECT_EQ(syntax.status, 400);
  EXPECT_EQ(syntax.code(), "SyntaxError");
  EXPECT_EQ(syntax.json().at("position").as_string(), "7");
  EXPECT_EQ(syntax.json().at("request_id").as_string(), syntax.headers.at("x-request-id"));
  EXPECT_EQ(client.Sql("FAIL AFTER 10").code(), "DivisionByZero");
  const Answer busy = client.Sql("BUSY");
  EXPECT_EQ(busy.status, 429);
  EXPECT_EQ(busy.json().at("retry").as_string(), "yes");
  EXPECT_EQ(busy.headers.at("retry-after"), "1");
  EXPECT_EQ(client.Sql("BUG").code(), "Internal");
  EXPECT_EQ(client.Sql("ROWS 1").status, 200);
}

TEST_F(StatementsTest, LateErrorsCannotBeMistakenForTheEnd) {
  Start();
  {
    Client client(port());
    const Answer json = client.Sql("FAIL AFTER 20000");
    EXPECT_EQ(json.status, 200);
    EXPECT_EQ(json.json().at("error").at("code").as_string(), "DivisionByZero");
    EXPECT_EQ(json.json().at("row_count"), 20'000);
    EXPECT_EQ(json.trailers.at("x-result-status"), "DivisionByZero");
    const Answer lines = client.Sql("FAIL AFTER 20000", "application/x-ndjson");
    const std::string last = lines.body.substr(lines.body.rfind('\n', lines.body.size() - 2) + 1);
    EXPECT_EQ(boost::json::parse(last).at("error").at("sqlstate").as_string(), "22012");
  }
  for (const char* accept : {"text/csv", "application/vnd.apache.arrow.stream"}) {
    Client client(port());
    const Answer cut = client.Sql("FAIL AFTER 20000", accept);
    EXPECT_EQ(cut.status, 200);
    EXPECT_FALSE(cut.complete) << accept;
  }
}

TEST_F(StatementsTest, ParametersReachTheStatementAsWritten) {
  Start();
  Client client(port());
  const auto echo = [&](const std::string& parameters) {
    return client.Call("POST", "/v1/sql", R"({"statement":"ECHO","parameters":)" + parameters + "}");
  };
  const auto rows = [&](const std::string& parameters) {
    return boost::json::serialize(echo(parameters).json().at("rows"));
  };
  EXPECT_EQ(rows(R"([1, "a]}", null, [1,2], 12345678901234567890123.10])"),
            R"([["|1|"],["|\"a]}\"|"],["|null|"],["|[1,2]|"],["|12345678901234567890123.10|"]])");
  EXPECT_EQ(rows(R"({"a\u0062":1,"c":{"d":2}})"), R"([["ab|1|"],["c|{\"d\":2}|"]])");
  EXPECT_EQ(rows(R"([{"name":"n","value":{"x":1},"type":"DATE"}])"), R"([["n|{\"x\":1}|DATE"]])");
  EXPECT_EQ(echo(R"([{"x":1}])").status, 400);
  EXPECT_EQ(echo("3").status, 400);
  EXPECT_EQ(echo(R"([{"value":1,"type":2}])").status, 400);
}

TEST_F(StatementsTest, LimitsAreCheckedAndPassedOn) {
  Start();
  Client client(port());
  const Answer good = client.Call("POST", "/v1/sql", R"({"statement":"ROWS 1","schema":"s","time_zone":"Europe/Berlin",
      "purpose":"billing","timeout":"30s","memory":"16MiB","row_limit":5})");
  EXPECT_EQ(good.status, 200);
  const auto request = service_.last_request();
  EXPECT_EQ(request.schema, "s");
  EXPECT_EQ(request.time_zone, "Europe/Berlin");
  EXPECT_EQ(request.purpose, "billing");
  EXPECT_EQ(request.memory_bytes, 16 << 20);
  EXPECT_EQ(request.rows_max, 5);
  EXPECT_LE(service_.last_remaining(), std::chrono::seconds(30));
  for (const char* member :
       {R"("timeout":"11m")", R"("timeout":"soon")", R"("timeout":5)", R"("timeout":"0s")", R"("timeout":"")",
        R"("timeout":"30 s")", R"("memory":"1 MiB")", R"("memory":-1)", R"("memory":"lots")", R"("row_limit":0)",
        R"("row_limit":1.5)", R"("row_limit":"5")", R"("schema":3)", R"("wait":"x")", R"("speed":"fast")"}) {
    const Answer wrong = client.Call("POST", "/v1/sql", fmt::format(R"({{"statement":"ROWS 1",{}}})", member));
    EXPECT_EQ(wrong.status, 400) << member;
    EXPECT_EQ(wrong.code(), "InvalidArgument") << member;
  }
  EXPECT_EQ(client.Sql(std::string(600'000, 'x')).status, 413);
  EXPECT_EQ(client.Sql("   ").status, 400);
}

TEST_F(StatementsTest, AnApplicationsTransactionIsPassedOn) {
  Start();
  Client client(port());
  EXPECT_EQ(client.Call("POST", "/v1/sql", R"({"statement":"ROWS 1","transaction":null})").status, 200);
  EXPECT_FALSE(service_.last_request().transaction.has_value());
  const Answer good =
      client.Call("POST", "/v1/sql",
                  R"({"statement":"ROWS 1","transaction":{"application_id":"loader","version":9007199254740993}})");
  EXPECT_EQ(good.status, 200);
  const auto request = service_.last_request();
  ASSERT_TRUE(request.transaction.has_value());
  EXPECT_EQ(request.transaction->application_id, "loader");
  EXPECT_EQ(request.transaction->version, 9007199254740993);
  for (const char* wrong :
       {"3", "[]", "{}", R"({"application_id":"a"})", R"({"version":1})", R"({"application_id":"","version":1})",
        R"({"application_id":1,"version":1})", R"({"application_id":"a","version":-1})",
        R"({"application_id":"a","version":"1"})", R"({"application_id":"a","version":1.5})",
        R"({"application_id":"a","version":9223372036854775808})", R"({"application_id":"a","version":1,"more":1})"}) {
    const Answer refused =
        client.Call("POST", "/v1/sql", fmt::format(R"({{"statement":"ROWS 1","transaction":{}}})", wrong));
    EXPECT_EQ(refused.status, 400) << wrong;
    EXPECT_EQ(refused.code(), "InvalidArgument") << wrong;
  }
}

TEST_F(StatementsTest, AVanishedClientCancelsWithinASecond) {
  Start();
  {
    Client client(port());
    client.Write(
        "POST /v1/sql HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer nl_alice\r\nContent-Type: text/plain\r\n"
        "Content-Length: 5\r\n\r\nSLEEP");
    ASSERT_TRUE(Eventually([&] { return service_.executed_ == 1; }));
  }
  EXPECT_TRUE(Eventually([&] { return service_.cancelled_ == 1; }, std::chrono::seconds(1)));
}

TEST_F(StatementsTest, AClientThatStopsReadingIsGivenUp) {
  settings_.http_idle_timeout = std::chrono::milliseconds(300);
  Start();
  Client client(port());
  client.Write(
      "POST /v1/sql HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer nl_alice\r\nContent-Type: text/plain\r\n"
      "Content-Length: 12\r\n\r\nROWS 9000000");
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  EXPECT_FALSE(client.Read().complete);
}

TEST_F(StatementsTest, AsynchronousFromStartToResult) {
  Start();
  Client client(port());
  const Answer started = client.Call("POST", "/v1/statements", R"({"statement":"ROWS 2500"})");
  ASSERT_EQ(started.status, 202);
  const std::string url(started.json().at("status_url").as_string());
  EXPECT_EQ(started.headers.at("location"), url);
  ASSERT_TRUE(Eventually([&] { return client.Call("GET", url).json().at("state") == "succeeded"; }));
  const auto status = client.Call("GET", url).json();
  EXPECT_EQ(status.at("row_count"), 2500);
  EXPECT_EQ(status.at("progress"), 1.0);
  EXPECT_EQ(boost::json::serialize(status.at("statistics").at("prediction")), R"({"seconds":1E-1})");
  const std::string result(status.at("result_url").as_string());
  EXPECT_EQ(client.Call("GET", result).json().at("row_count"), 2500);

  // Pages cut through batches of 1000.
  std::string token;
  std::vector<int64_t> sizes;
  int64_t next_id = 0;
  do {
    const Answer page = client.Call("GET", result + "?page_size=800" + (token.empty() ? "" : "&page_token=" + token));
    ASSERT_EQ(page.status, 200);
    const auto object = page.json();
    sizes.push_back(object.at("row_count").as_int64());
    for (const auto& row : object.at("rows").as_array()) EXPECT_EQ(row.at(0), next_id++);
    const auto* more = object.as_object().if_contains("next_page_token");
    token = more == nullptr ? "" : std::string(more->as_string());
    EXPECT_EQ(page.headers.contains("link"), more != nullptr);
  } while (!token.empty());
  EXPECT_EQ(sizes, (std::vector<int64_t>{800, 800, 800, 100}));

  const Answer arrow = client.Call("GET", result + "?page_size=3&page_token=r999", "",
                                   {{"Accept", "application/vnd.apache.arrow.stream"}});
  EXPECT_EQ(arrow.headers.at("x-next-page-token"), "r1002");
  EXPECT_EQ(client.Call("GET", result + "?page_token=x").status, 400);
  EXPECT_EQ(client.Call("GET", result + "?page_token=r99999").status, 404);
  EXPECT_EQ(client.Call("GET", result + "?page_size=0").status, 400);
  EXPECT_EQ(client.Call("DELETE", url).status, 204);
  EXPECT_EQ(client.Call("GET", url).status, 404);
}

TEST_F(StatementsTest, ArrowPagesHoldTheRightRows) {
  Start();
  Client client(port());
  const std::string url(
      client.Call("POST", "/v1/statements", R"({"statement":"ROWS 1500"})").json().at("status_url").as_string());
  ASSERT_TRUE(Eventually([&] { return client.Call("GET", url).json().at("state") == "succeeded"; }));
  const std::string body = client
                               .Call("GET", url + "/result?page_size=3&page_token=r998", "",
                                     {{"Accept", "application/vnd.apache.arrow.stream"}})
                               .body;
  // Messages are cut by their own lengths: 8 bytes of prefix, header; the bodies' lengths follow from the next prefix.
  std::vector<size_t> starts;
  for (size_t at = body.find("\xFF\xFF\xFF\xFF"); at != std::string::npos; at = body.find("\xFF\xFF\xFF\xFF", at + 8)) {
    starts.push_back(at);
  }
  ASSERT_EQ(starts.size(), 4U);
  arrow::MessageDecoder decoder;
  const auto schema = decoder.DecodeSchema(std::string_view(body).substr(0, starts[1])).value();
  auto formatter = arrow::RowFormatter::Make(schema).value();
  std::string rows;
  for (size_t i = 1; i < 3; ++i) {
    const auto batch = decoder.DecodeBatch(std::string_view(body).substr(starts[i], starts[i + 1] - starts[i])).value();
    ASSERT_TRUE(formatter.SetBatch(batch).has_value());
    for (int64_t row = 0; row < batch.row_count(); ++row) formatter.AppendJsonArray(row, rows);
  }
  EXPECT_EQ(rows, R"([998,"name 998"][999,"name 999"][1000,"name 1000"])");
}

TEST_F(StatementsTest, KeptResultsAreEncryptedOnDisk) {
  Start();
  Client client(port());
  const std::string url(
      client.Call("POST", "/v1/statements", R"({"statement":"ROWS 1500"})").json().at("status_url").as_string());
  ASSERT_TRUE(Eventually([&] { return client.Call("GET", url).json().at("state") == "succeeded"; }));
  EXPECT_NE(client.Call("GET", url + "/result").body.find("name 1499"), std::string::npos);
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "results")) files.push_back(entry.path());
  ASSERT_EQ(files.size(), 1U);
  std::string text;
  {
    std::ifstream file(files[0], std::ios::binary);
    text.assign(std::istreambuf_iterator<char>(file), {});
  }
  EXPECT_GT(text.size(), 1500U * std::string_view("name 1499").size());
  // Neither rows nor what the columns are called.
  EXPECT_EQ(text.find("name"), std::string::npos);

  // What is not what was written is not answered.
  std::fstream file(files[0], std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(text.size() - 100)).put(static_cast<char>(text[text.size() - 100] ^ 1));
  file.close();
  const Answer first = client.Call("GET", url + "/result?page_size=10");
  EXPECT_EQ(first.status, 200);
  const Answer damaged = client.Call("GET", url + "/result?page_size=10&page_token=r1200");
  EXPECT_EQ(damaged.status, 500);
  EXPECT_EQ(damaged.code(), "Corruption");
}

TEST_F(StatementsTest, ResultsBelongToWhoAsked) {
  Start();
  Client client(port());
  const std::string url(
      client.Call("POST", "/v1/statements", R"({"statement":"ROWS 1"})").json().at("status_url").as_string());
  ASSERT_TRUE(Eventually([&] { return client.Call("GET", url).json().at("state") == "succeeded"; }));
  const Answer foreign = client.Call("GET", url + "/result", "", {}, "nl_bob");
  const Answer missing = client.Call("GET", "/v1/statements/none/result", "", {}, "nl_bob");
  EXPECT_EQ(foreign.status, 404);
  EXPECT_EQ(foreign.json().at("detail"), missing.json().at("detail"));
  EXPECT_EQ(client.Call("GET", url, "", {}, "nl_bob").status, 404);
  EXPECT_EQ(client.Call("DELETE", url, "", {}, "nl_bob").status, 404);
  EXPECT_EQ(client.Call("GET", url, "", {}, "nl_admin").status, 200);
  EXPECT_EQ(client.Call("GET", url + "/result", "", {}, "nl_admin").status, 404);
  EXPECT_EQ(client.Call("GET", url + "/result").status, 200);
}

TEST_F(StatementsTest, OnesOwnAreListedAndAllOfThemForWhoManages) {
  Start();
  Client client(port());
  const auto begun = client.Call("POST", "/v1/statements", R"({"statement":"SLEEP"})", {}, "nl_alice").json();
  const std::string id(begun.at("id").as_string());
  const auto lists = [&](const std::string& token) {
    return client.Call("GET", "/v1/statements", "", {}, token).body.find(id) != std::string::npos;
  };
  EXPECT_TRUE(lists("nl_alice"));
  EXPECT_FALSE(lists("nl_bob"));
  EXPECT_TRUE(lists("nl_admin"));
}

TEST_F(StatementsTest, WhatAWholeTokenAskedForIsNothingForALimitedOne) {
  Start();
  Client client(port());
  const auto begin = [&](const std::string& token) {
    const auto begun = client.Call("POST", "/v1/statements", R"({"statement":"ROWS 1"})", {}, token).json();
    const std::string url(begun.at("status_url").as_string());
    EXPECT_TRUE(Eventually([&] { return client.Call("GET", url, "", {}, token).json().at("state") == "succeeded"; }));
    return url;
  };
  const std::string of_whole = begin("nl_alice"), of_limited = begin("nl_limited");
  const auto status = [&](const std::string& url, const std::string& token) {
    return client.Call("GET", url, "", {}, token).status;
  };
  EXPECT_EQ(status(of_whole + "/result", "nl_limited"), 404);
  EXPECT_EQ(status(of_whole, "nl_limited"), 404);
  EXPECT_EQ(status(of_limited + "/result", "nl_limited"), 200);
  EXPECT_EQ(status(of_limited + "/result", "nl_alice"), 200);
}

TEST_F(StatementsTest, RunningStatementsCanBeSeenAndCancelled) {
  Start();
  Client client(port());
  const std::string url(
      client.Call("POST", "/v1/statements", R"({"statement":"SLEEP"})").json().at("status_url").as_string());
  EXPECT_EQ(client.Call("GET", url + "/result").code(), "StatementNotFinished");
  const auto listed = client.Call("GET", "/v1/statements").json();
  EXPECT_EQ(listed.at("statements").as_array().size(), 2U);  // And the synchronous one that the service names.
  EXPECT_EQ(client.Call("GET", "/v1/statements?limit=1").json().at("statements").as_array().size(), 1U);
  EXPECT_EQ(client.Call("DELETE", url).status, 204);
  ASSERT_TRUE(Eventually([&] { return client.Call("GET", url).json().at("state") == "cancelled"; }));
  EXPECT_EQ(client.Call("GET", url + "/result").status, 499);
  EXPECT_EQ(client.Call("GET", "/v1/statements/running-1").json().at("state").as_string(), "running");
  EXPECT_EQ(client.Call("DELETE", "/v1/statements/running-1").status, 204);
}

TEST_F(StatementsTest, SoManyRunAndAreKeptAtOnceAndNoMore) {
  const Principal alice = service_.Authenticate("nl_alice", "").value();
  const auto store = StatementStore::Make(
      service_, clock_,
      {.directory = (folder_ / "kept").string(), .bytes_max = 1 << 20, .running_max = 2, .kept_max = 4});
  ASSERT_TRUE(store.has_value());
  const auto start = [&](const std::string& sql) {
    query::StatementRequest request;
    request.sql = sql;
    return (*store)->Start(alice, "request", std::chrono::minutes(1), std::move(request));
  };
  const auto first = start("SLEEP"), second = start("SLEEP");
  ASSERT_TRUE(first.has_value() && second.has_value());
  const auto third = start("ROWS 1");
  ASSERT_FALSE(third.has_value());
  EXPECT_EQ(third.error().code(), ErrorCode::kTooManyRequests);
  EXPECT_NE(third.error().message().find("run at once"), std::string::npos) << third.error().message();
  for (const auto& one : {*first, *second}) one->Cancel();
  ASSERT_TRUE(Eventually([&] { return (*first)->Read().ended && (*second)->Read().ended; }));
  // They are kept until they are old, or taken away.
  for (int i = 0; i < 2; ++i) {
    Result<std::shared_ptr<AsyncStatement>> more = start("ROWS 1");
    ASSERT_TRUE(Eventually([&] { return more.has_value() || (more = start("ROWS 1")).has_value(); }));
    ASSERT_TRUE(Eventually([&] { return (*more)->Read().ended; }));
  }
  Result<std::shared_ptr<AsyncStatement>> fifth = start("ROWS 1");
  EXPECT_TRUE(Eventually([&] {
    if (fifth.has_value()) return false;
    fifth = start("ROWS 1");
    return !fifth.has_value() && fifth.error().message().find("are kept") != std::string::npos;
  }));
  (*store)->Remove((*first)->id());
  EXPECT_TRUE(Eventually([&] { return fifth.has_value() || (fifth = start("ROWS 1")).has_value(); }));
}

TEST_F(StatementsTest, FailuresOfAsynchronousStatementsAreKept) {
  settings_.results_bytes_max = 100'000;
  Start();
  Client client(port());
  const auto run = [&](const std::string& sql) {
    const std::string url(
        client.Call("POST", "/v1/statements", boost::json::serialize(boost::json::value{{"statement", sql}}))
            .json()
            .at("status_url")
            .as_string());
    EXPECT_TRUE(Eventually([&] { return client.Call("GET", url).json().at("state") == "failed"; }));
    return client.Call("GET", url + "/result");
  };
  EXPECT_EQ(run("FAIL").code(), "SyntaxError");
  EXPECT_EQ(run("FAIL AFTER 5").code(), "DivisionByZero");
  EXPECT_EQ(run("BUG").code(), "Internal");
  const Answer full = run("ROWS 100000");
  EXPECT_EQ(full.status, 507);
  EXPECT_NE(full.json().at("detail").as_string().find("results.bytes_max"), std::string::npos);
  // The space of the failed one is free again.
  const std::string url(
      client.Call("POST", "/v1/statements", R"({"statement":"ROWS 1000"})").json().at("status_url").as_string());
  EXPECT_TRUE(Eventually([&] { return client.Call("GET", url).json().at("state") == "succeeded"; }));
}

TEST_F(StatementsTest, ResultsExpire) {
  settings_.results_keep = std::chrono::milliseconds(100);
  Start();
  Client client(port());
  const std::string url(
      client.Call("POST", "/v1/statements", R"({"statement":"ROWS 10"})").json().at("status_url").as_string());
  EXPECT_TRUE(Eventually([&] { return client.Call("GET", url).status == 404; }));
  EXPECT_TRUE(Eventually([&] { return std::filesystem::is_empty(folder_ / "results"); }));
}

TEST_F(StatementsTest, WaitAnswersWithRowsOrAnId) {
  Start();
  Client client(port());
  const Answer quick = client.Call("POST", "/v1/sql", R"({"statement":"ROWS 3","wait":"5s"})");
  EXPECT_EQ(quick.status, 200);
  EXPECT_EQ(quick.json().at("row_count"), 3);
  const Answer slow = client.Call("POST", "/v1/sql", R"({"statement":"SLEEP","wait":"50ms"})");
  EXPECT_EQ(slow.status, 202);
  EXPECT_EQ(client.Call("DELETE", std::string(slow.json().at("status_url").as_string())).status, 204);
  EXPECT_EQ(client.Call("POST", "/v1/sql", R"({"statement":"FAIL","wait":"5s"})").code(), "SyntaxError");
  EXPECT_EQ(client.Call("POST", "/v1/statements", R"({"statement":"ROWS 1","wait":"5s"})").status, 400);
}

}  // namespace
}  // namespace neurolake::server
