#include "cli/tests/fake_client.h"

#include "nanoarrow/nanoarrow.h"

namespace neurolake::cli {
namespace {

constexpr const char* kNull = "∅";

class Stream final : public query::ResultStream {
 public:
  explicit Stream(FakeResult result) : result_(std::move(result)), schema_(FakeSchema(result_)) {}
  const arrow::Schema& schema() const override { return schema_; }
  Result<std::optional<arrow::Batch>> Next() override {
    if (!std::exchange(sent_, true) && !result_.rows.empty()) return FakeBatch(result_);
    if (result_.error_at_end) return std::unexpected(*result_.error_at_end);
    return std::nullopt;
  }
  query::StatementStatus status() const override {
    query::StatementStatus status;
    status.kind = result_.kind;
    status.rows_changed = result_.rows_changed;
    status.committed_version = result_.committed_version;
    status.stages_json = R"({"parse_us":1500})";
    return status;
  }
  void Cancel() override {}

 private:
  FakeResult result_;
  arrow::Schema schema_;
  bool sent_ = false;
};

}  // namespace

arrow::Schema FakeSchema(const FakeResult& result) {
  arrow::Schema schema;
  ArrowSchemaInit(schema.get());
  NL_CHECK(ArrowSchemaSetTypeStruct(schema.get(), static_cast<int64_t>(result.names.size())) == NANOARROW_OK);
  for (size_t i = 0; i < result.names.size(); ++i) {
    ArrowSchema* column = schema.get()->children[i];
    const auto type = result.types[i] == "BIGINT" ? NANOARROW_TYPE_INT64 : NANOARROW_TYPE_STRING;
    NL_CHECK(ArrowSchemaSetType(column, type) == NANOARROW_OK);
    NL_CHECK(ArrowSchemaSetName(column, result.names[i].c_str()) == NANOARROW_OK);
  }
  return schema;
}

arrow::Batch FakeBatch(const FakeResult& result) {
  arrow::Batch batch;
  arrow::Schema schema = FakeSchema(result);
  NL_CHECK(ArrowArrayInitFromSchema(batch.get(), schema.get(), nullptr) == NANOARROW_OK);
  NL_CHECK(ArrowArrayStartAppending(batch.get()) == NANOARROW_OK);
  for (const auto& row : result.rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      ArrowArray* column = batch.get()->children[i];
      if (row[i] == kNull) {
        NL_CHECK(ArrowArrayAppendNull(column, 1) == NANOARROW_OK);
      } else if (result.types[i] == "BIGINT") {
        NL_CHECK(ArrowArrayAppendInt(column, std::stoll(row[i])) == NANOARROW_OK);
      } else {
        NL_CHECK(ArrowArrayAppendString(column, ArrowCharView(row[i].c_str())) == NANOARROW_OK);
      }
    }
    NL_CHECK(ArrowArrayFinishElement(batch.get()) == NANOARROW_OK);
  }
  NL_CHECK(ArrowArrayFinishBuildingDefault(batch.get(), nullptr) == NANOARROW_OK);
  return batch;
}

std::unique_ptr<query::ResultStream> FakeStream(FakeResult result) {
  return std::make_unique<Stream>(std::move(result));
}

Result<std::unique_ptr<query::ResultStream>> FakeClient::Execute(std::stop_token, ClientStatement statement) {
  asked.push_back(statement.sql);
  statements.push_back(statement);
  const auto found = answers.find(statement.sql);
  for (const auto& [start, answer] : answers_by_start) {
    if (found == answers.end() && statement.sql.starts_with(start)) return FakeStream(answer);
  }
  if (found == answers.end()) return FakeStream({.names = {"answer"}, .types = {"BIGINT"}, .rows = {{"42"}}});
  if (found->second.error_at_start) return std::unexpected(*found->second.error_at_start);
  return FakeStream(found->second);
}

Result<std::string> FakeClient::Offer(std::stop_token, const std::string& path) {
  offered.push_back(path);
  return "upload://" + std::filesystem::path(path).filename().string();
}

Result<catalog::Catalog::NewToken> FakeClient::CreateToken(std::stop_token, const TokenRequest& request) {
  token_request = request;
  return token;
}

Result<void> FakeClient::RevokeToken(std::stop_token, const std::string& id) {
  if (id == "known") return {};
  return MakeError(ErrorCode::kNotFound, "no such token");
}

}  // namespace neurolake::cli
