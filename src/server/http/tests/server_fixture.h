#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "common/ids.h"
#include "common/log.h"
#include "server/http/http_server.h"
#include "server/http/tests/client.h"
#include "server/http/tests/fake_service.h"

namespace neurolake::server {

/// A server on a free port of 127.0.0.1 before a fake service.
class ServerTest : public testing::Test {
 protected:
  ServerTest() : folder_(MakeFolder()), service_(folder_.string()) {
    SetLogLevel(LogLevel::kError);
    settings_.http_listen = "127.0.0.1";
    settings_.http_port = 0;
    settings_.http_connections_max = 256;
    settings_.http_body_bytes_max = 1 << 20;
    settings_.http_upload_bytes_max = 4 << 20;
    settings_.http_idle_timeout = std::chrono::seconds(30);
    settings_.statement_timeout = std::chrono::minutes(10);
    settings_.statement_rows_max = 10'000'000;
    settings_.statement_text_bytes_max = 512 * 1024;
    settings_.results_keep = std::chrono::minutes(10);
    settings_.results_bytes_max = 64 << 20;
    settings_.uploads_keep = std::chrono::hours(24);
    settings_.uploads_bytes_max = 64 << 20;
    settings_.http_tls = "auto";
    settings_.passwords_memory = 8 << 20;  // The least there is: tests need no strong hashes.
    settings_.passwords_passes = 1;
    settings_.passwords_length_min = 12;
    settings_.login_failures_max = 10;
    settings_.login_lockout = std::chrono::minutes(15);
    settings_.login_attempts_per_address = 1000;
    settings_.login_address_interval = std::chrono::seconds(6);
    settings_.login_session_life = std::chrono::hours(12);
    settings_.oidc_default_role = "member";
  }
  ~ServerTest() override {
    server_.reset();
    std::filesystem::remove_all(folder_);
  }

  static std::filesystem::path MakeFolder() {
    const auto folder = std::filesystem::temp_directory_path() / ("nl-http-" + NewUuid());
    std::filesystem::create_directories(folder);
    return folder;
  }

  void Start() {
    auto started = HttpServer::Start(settings_, service_, clock_,
                                     {.results_directory = (folder_ / "results").string(), .version = "0.0.1"});
    ASSERT_TRUE(started.has_value()) << started.error().message();
    server_ = std::move(*started);
  }
  uint16_t port() const { return server_->port(); }

  template <typename Condition>
  static bool Eventually(Condition&& condition, std::chrono::milliseconds limit = std::chrono::seconds(5)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (std::chrono::steady_clock::now() < end) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return condition();
  }

  std::filesystem::path folder_;
  Settings settings_;
  SystemClock clock_;
  FakeStatementService service_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace neurolake::server
