// What ANALYZE and expectations found in versions with a column in the clear, when it comes after the column was
// encrypted.
#include <gmock/gmock.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "catalog/data_subjects.h"
#include "query/messages.h"
#include "query/provider_server.h"
#include "query/system_relations.h"
#include "query/tests/counting_store.h"
#include "query/tests/table_fixture.h"
#include "tables/delta/commit.h"
#include "tables/delta/encrypted_columns.h"
#include "tables/delta/schema.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using tables::delta::CommitRequest;
using tables::delta::DataType;

class StatisticsFloorTest : public TableFixture {
 protected:
  void SetUp() override {
    TableFixture::SetUp();
    DataType schema{.kind = DataType::Kind::kStruct};
    for (const char* name : {"mail", "card"}) {
      schema.fields.push_back({.name = name, .type = {.kind = DataType::Kind::kString}});
    }
    auto made = tables::delta::MakeNewTable(schema, {}, {}, "", 0).value();
    clear_ = {.read_version = -1, .operation = "CREATE TABLE", .protocol = made.protocol, .metadata = made.metadata};
    clear_.table_path = root_ + "/tables/t";
    ASSERT_TRUE(tables::delta::Commit(Context(), store_, clear_).has_value());
  }
  RequestContext Context() const {
    return {
        {PrincipalId("owner"), "ada", "admin", *RightsOfRole("admin")}, "request", "test", clock_, SteadyTime::max()};
  }
  /// The table's definition with `columns` encrypted, as a commit over `read_version`.
  CommitRequest Encrypting(const std::vector<std::string>& columns, int64_t read_version) const {
    DataType schema = tables::delta::ParseSchema(clear_.metadata->schema_string).value();
    for (auto& field : schema.fields) {
      if (std::ranges::find(columns, field.name) == columns.end()) continue;
      const tables::delta::ColumnEncryption encryption{.key_id = "k",
                                                       .key_name = "pii",
                                                       .table_id = "t",
                                                       .column_id = "id of " + field.name,
                                                       .deterministic = false,
                                                       .type = field.type};
      EXPECT_TRUE(Encrypt(encryption, field).has_value());
    }
    CommitRequest request;
    request.read_version = read_version;
    request.operation = "CHANGE COLUMN";
    request.metadata = clear_.metadata;
    request.metadata->schema_string = SerializeSchema(schema);
    request.snapshot_protocol = clear_.protocol;
    request.snapshot_metadata = clear_.metadata;
    return request;
  }
  ErrorCode Call(json::object call) {
    const RequestContext ctx = Context();
    ProviderServer server(ctx, *catalog_, store_, running_, "s", root_ + "/tables");
    const json::object reply = json::parse(server.Handle(json::serialize(call))).as_object();
    if (!reply.contains("error")) return ErrorCode::kInternal;
    return DecodeError(reply.at("error").as_object()).code();
  }
  /// kInternal: it was done.
  ErrorCode Publish(const CommitRequest& request) {
    json::object call = EncodeCommit({.table = TableId("t"), .request = request});
    call["method"] = "commit";
    return Call(std::move(call));
  }
  /// ANALYZE ends, which looked at `version`.
  /// Rows that another writer brings, as version 1.
  void Append() {
    CommitRequest rows;
    rows.read_version = 0;
    rows.operation = "WRITE";
    rows.blind_append = true;
    rows.table_path = clear_.table_path;
    ASSERT_TRUE(tables::delta::Commit(Context(), store_, rows).has_value());
  }
  ErrorCode Save(int64_t version) {
    const json::object arguments{{"id", "t"},
                                 {"version", version},
                                 {"table", "[1]"},
                                 {"columns", R"([["mail","string",0,0.0,"ann@example.org"]])"}};
    return Call({{"method", "maintain"}, {"action", "save_statistics"}, {"arguments", json::serialize(arguments)}});
  }
  std::vector<int64_t> Kept() {
    std::vector<int64_t> versions;
    const auto kept = catalog_->ListStatistics().value();
    for (const auto& [table, one] : kept) versions.push_back(one.version);
    return versions;
  }

  CountingStore store_;
  RunningStatements running_;
  CommitRequest clear_;
};

constexpr auto kDone = ErrorCode::kInternal;

TEST_F(StatisticsFloorTest, AnAnalyzeThatBeganBeforeLeavesNothing) {
  EXPECT_EQ(Save(0), kDone);
  EXPECT_EQ(Kept(), std::vector<int64_t>{0});
  EXPECT_EQ(Publish(Encrypting({"mail"}, 0)), kDone);
  EXPECT_EQ(Kept(), std::vector<int64_t>()) << "what was kept goes with the commit, whoever makes it";
  EXPECT_EQ(Save(0), ErrorCode::kConflict);
  EXPECT_EQ(Kept(), std::vector<int64_t>());
  EXPECT_EQ(Save(1), kDone);
  EXPECT_EQ(Kept(), std::vector<int64_t>{1});
}

TEST_F(StatisticsFloorTest, TheSecondColumnCountsAsTheFirstDid) {
  ASSERT_EQ(Publish(Encrypting({"mail"}, 0)), kDone);
  ASSERT_EQ(Save(1), kDone);
  ASSERT_EQ(Publish(Encrypting({"mail", "card"}, 1)), kDone);
  EXPECT_EQ(Save(1), ErrorCode::kConflict);
  EXPECT_EQ(Save(2), kDone);
  // A column that is encrypted already hides nothing more.
  CommitRequest described = Encrypting({"mail", "card"}, 2);
  described.metadata->description = "of customers";
  ASSERT_EQ(Publish(described), kDone);
  EXPECT_EQ(Kept(), std::vector<int64_t>{2});
  EXPECT_EQ(Save(2), kDone);
}

TEST_F(StatisticsFloorTest, InTheClearAgainNothingIsRefused) {
  ASSERT_EQ(Publish(Encrypting({"mail"}, 0)), kDone);
  ASSERT_EQ(Publish(Encrypting({}, 1)), kDone);
  EXPECT_EQ(Save(1), kDone);
  EXPECT_EQ(Save(2), kDone);
}

TEST_F(StatisticsFloorTest, WhatTheWorkerSaysOfTheVersionBeforeIsNotBelieved) {
  CommitRequest lies = Encrypting({"mail"}, 0);
  lies.snapshot_metadata = lies.metadata;
  ASSERT_EQ(Publish(lies), kDone);
  EXPECT_EQ(Save(0), ErrorCode::kConflict);
}

TEST_F(StatisticsFloorTest, ProfilesOfExpectationsComeWithoutValues) {
  const auto result = [&](std::optional<int64_t> version) {
    return catalog::ExpectationResult{.checked = clock_.Now(),
                                      .table = TableId("t"),
                                      .expectation = "e",
                                      .name = "e",
                                      .action = "WARN",
                                      .version = version,
                                      .metric = std::nullopt,
                                      .profile = R"({"values":["ann"]})",
                                      .statement = StatementId("s")};
  };
  ASSERT_TRUE(catalog_->AddExpectationResults({result(0)}).has_value());
  ASSERT_EQ(Publish(Encrypting({"mail"}, 0)), kDone);
  ASSERT_TRUE(catalog_->AddExpectationResults({result(0), result(std::nullopt), result(1)}).has_value());
  std::vector<bool> with_values;
  const auto all = catalog_->ListExpectationResults(10, 0).value();
  for (const auto& [table, one] : all) with_values.push_back(!one.profile.empty());
  EXPECT_THAT(with_values, testing::ElementsAre(true, false, false, false));
}

TEST_F(StatisticsFloorTest, WhatEndsWhileTheCommitDoesLeavesNothingEither) {
  ErrorCode meanwhile = kDone;
  store_.after_put = [&] {
    store_.after_put = nullptr;
    meanwhile = Save(0);
  };
  ASSERT_EQ(Publish(Encrypting({"mail"}, 0)), kDone);
  EXPECT_EQ(meanwhile, ErrorCode::kConflict) << "nor would it where the server died right then";
  EXPECT_EQ(Kept(), std::vector<int64_t>());
}

TEST_F(StatisticsFloorTest, WhatSurelyFailedKeepsNothingAway) {
  CommitRequest described = clear_;
  described.read_version = 0;
  described.operation = "CHANGE COLUMN";
  described.protocol.reset();
  described.metadata->description = "of customers";
  ASSERT_TRUE(tables::delta::Commit(Context(), store_, described).has_value());
  EXPECT_EQ(Publish(Encrypting({"mail"}, 0)), ErrorCode::kConflict);
  EXPECT_EQ(Save(0), kDone) << "the column is as it was";
  store_.put_error = ErrorCode::kDiskFull;
  EXPECT_EQ(Publish(Encrypting({"mail"}, 1)), ErrorCode::kDiskFull);
  EXPECT_EQ(Save(1), kDone) << "and no version comes that could be waited for";
  store_.put_error.reset();
  EXPECT_EQ(Publish(Encrypting({"mail"}, 1)), kDone);
  EXPECT_EQ(Save(1), ErrorCode::kConflict);
  EXPECT_EQ(Save(2), kDone);
}

TEST_F(StatisticsFloorTest, WhatIsInDoubtKeepsThemAway) {
  store_.put_error = ErrorCode::kCommitUnknown;
  EXPECT_EQ(Publish(Encrypting({"mail"}, 0)), ErrorCode::kCommitUnknown);
  store_.put_error.reset();
  EXPECT_EQ(Save(0), ErrorCode::kConflict);
  // Of another that failed for sure meanwhile.
  store_.put_error = ErrorCode::kDiskFull;
  EXPECT_EQ(Publish(Encrypting({"card"}, 0)), ErrorCode::kDiskFull);
  store_.put_error.reset();
  EXPECT_EQ(Save(0), ErrorCode::kConflict) << "each goes with its own commit";
  EXPECT_EQ(Save(1), kDone);
}

TEST_F(StatisticsFloorTest, WhatIsInDoubtBehindOthersKeepsThoseAwayToo) {
  ASSERT_NO_FATAL_FAILURE(Append());
  store_.put_error = ErrorCode::kCommitUnknown;
  EXPECT_EQ(Publish(Encrypting({"mail"}, 0)), ErrorCode::kCommitUnknown);
  store_.put_error.reset();
  EXPECT_EQ(Save(1), ErrorCode::kConflict) << "version 1 has the column in the clear";
  EXPECT_EQ(Save(2), kDone);
}

TEST_F(StatisticsFloorTest, WhatCameInBetweenHoldsTheColumnInTheClear) {
  ASSERT_NO_FATAL_FAILURE(Append());
  ASSERT_EQ(Publish(Encrypting({"mail"}, 0)), kDone);
  EXPECT_EQ(Save(1), ErrorCode::kConflict);
  EXPECT_EQ(Save(2), kDone);
}

TEST_F(StatisticsFloorTest, ALowerFloorChangesNothing) {
  auto& subjects = catalog_->data_subjects();
  ASSERT_TRUE(subjects.RaiseStatisticsFloor(TableId("t"), 5).has_value());
  ASSERT_TRUE(subjects.RaiseStatisticsFloor(TableId("t"), 2).has_value());
  EXPECT_EQ(Save(4), ErrorCode::kConflict);
  EXPECT_EQ(Save(5), kDone);
}

}  // namespace
}  // namespace neurolake::query
