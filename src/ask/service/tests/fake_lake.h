#pragma once
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ask/service/query_runner.h"
#include "query/service.h"
#include "query/shown_tables.h"

namespace neurolake::ask {

/// A pipeline that answers CheckShown; it notes what it is asked to run, and runs nothing.
class FakeLake final : public query::StatementService {
 public:
  bool still_shown = true;
  std::vector<query::StatementRequest> requests;

  Result<void> CheckShown(const RequestContext&, const query::ShownTables&) override {
    if (still_shown) return {};
    return MakeError(ErrorCode::kPermissionDenied, "less may be seen than before");
  }
  Result<Principal> Authenticate(std::string_view, std::string_view) override { return None(); }
  void RecordRefusal(ErrorCode, std::string_view) override {}
  Result<void> RecordChange(const RequestContext&, std::string_view,
                            std::vector<std::pair<std::string, std::string>>) override {
    return None();
  }
  Result<std::unique_ptr<query::ResultStream>> Execute(const RequestContext&,
                                                       query::StatementRequest request) override {
    requests.push_back(std::move(request));
    return None();
  }
  std::vector<query::StatementStatus> ListRunning(const RequestContext&) override { return {}; }
  Result<void> Cancel(const RequestContext&, const StatementId&) override { return None(); }
  catalog::Catalog& catalog() override { NL_UNREACHABLE(); }
  Result<std::string> StagingPath(const RequestContext&, const std::string&) override { return None(); }
  Result<void> CheckReady() override { return {}; }
  Metrics& metrics() override { return metrics_; }
  void Shutdown(std::chrono::milliseconds) override {}

 private:
  static std::unexpected<Error> None() { return MakeError(ErrorCode::kNotSupported, "not part of this"); }
  Metrics metrics_;
};

/// Refuses queries that have one of `denied` in them; answers those that have one of `answers` with its rows, others
/// with none.
class FakeRunner final : public QueryRunner {
 public:
  std::set<std::string> denied;
  std::map<std::string, QueryRows> answers;
  std::shared_ptr<const query::ShownTables> shown = std::make_shared<query::ShownTables>();
  int runs = 0;

  Result<QueryRows> Run(const RequestContext&, const std::string& sql, size_t) override {
    ++runs;
    for (const auto& word : denied) {
      if (sql.find(word) != std::string::npos) return MakeError(ErrorCode::kPermissionDenied, "not for you");
    }
    for (const auto& [word, rows] : answers) {
      if (sql.find(word) != std::string::npos) return rows;
    }
    return QueryRows{.names = {}, .types = {}, .rows = {}, .shown = shown};
  }
};

}  // namespace neurolake::ask
