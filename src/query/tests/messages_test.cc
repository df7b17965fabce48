#include "query/messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/json/serialize.hpp>

namespace neurolake::query {
namespace {

TEST(MessagesTest, AStartComesBackAsItWas) {
  StartMessage start{.statement_id = "s",
                     .request_id = "r",
                     .door = "http",
                     .memory_bytes = 7,
                     .deadline_ms = 9,
                     .readable = {{"upload", "/a/"}}};
  start.principal = {PrincipalId("p"), "ada", "writer", *RightsOfRole("writer")};
  start.request.sql = "SELECT '\"\\\n\x01'";
  start.request.parameters = {{"1", "42", "BIGINT"}};
  start.request.rows_max = 3;
  start.request.transaction = {"app \"x\"", 5};
  const auto decoded = DecodeStart(Encode(start));
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message();
  EXPECT_EQ(decoded->request.sql, start.request.sql);
  EXPECT_EQ(decoded->principal.rights, start.principal.rights);
  ASSERT_TRUE(decoded->request.transaction.has_value());
  EXPECT_EQ(decoded->request.transaction->application_id, "app \"x\"");
  EXPECT_EQ(decoded->request.transaction->version, 5);
  EXPECT_EQ(decoded->request.parameters[0].json, "42");
  ASSERT_EQ(decoded->readable.size(), 1u);
  EXPECT_EQ(decoded->readable[0].path, "/a/");
}

TEST(MessagesTest, WhatWasAppliedBeforeComesBack) {
  EXPECT_FALSE(DecodeStart(Encode(StartMessage{.statement_id = "s"}))->request.transaction.has_value());
  DoneMessage done;
  EXPECT_FALSE(DecodeDone(Encode(done))->statistics.applied_before);
  done.statistics.applied_before = true;
  EXPECT_TRUE(DecodeDone(Encode(done))->statistics.applied_before);
}

TEST(MessagesTest, AGroupComesBackAsItWas) {
  StartMessage start{
      .statement_id = "s", .request_id = "r", .door = "group", .append_rows_max = 4, .append_bytes_max = 5};
  const std::string bytes("\0\xFF{}\0", 5);
  start.group = GroupMessage{.table = TableId("t"),
                             .name = {"main", "e\"v"},
                             .definition = "d",
                             .compact = true,
                             .members = {{"schema", {bytes, ""}}, {"other", {}}}};
  start.denied_functions = {"levenshtein", "m\"d"};
  const auto decoded = DecodeStart(Encode(start));
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message();
  EXPECT_EQ(decoded->denied_functions, start.denied_functions);
  EXPECT_EQ(decoded->append_rows_max, 4);
  EXPECT_EQ(decoded->append_bytes_max, 5);
  ASSERT_TRUE(decoded->group.has_value());
  EXPECT_EQ(decoded->group->name.name, "e\"v");
  EXPECT_TRUE(decoded->group->compact);
  ASSERT_EQ(decoded->group->members.size(), 2u);
  EXPECT_THAT(decoded->group->members[0].batches, testing::ElementsAre(bytes, ""));
  EXPECT_EQ(decoded->group->members[1].schema, "other");
  EXPECT_FALSE(DecodeStart(Encode(StartMessage{.statement_id = "s"}))->group.has_value());
}

TEST(MessagesTest, AttachmentsThatAreCutOffAreRefused) {
  const std::string_view parts[] = {"abc", "defg"};
  const std::string whole = Attach("{}", parts);
  for (size_t size = 3; size < whole.size(); ++size) {
    const auto cut = Detach(std::string_view(whole).substr(0, size));
    // At the end of the first part, and before it, nothing shows that there was more.
    EXPECT_EQ(cut.has_value(), size == 3 || size == 10) << size;
  }
  const auto detached = Detach(whole);
  ASSERT_TRUE(detached.has_value());
  EXPECT_EQ(detached->json, "{}");
  EXPECT_THAT(detached->attachments, testing::ElementsAre("abc", "defg"));
  EXPECT_FALSE(CountRows({.schema = "not Arrow", .batches = {}}).has_value());
}

TEST(MessagesTest, ACommitComesBackAsItWas) {
  engine::duckdb::LakeCommit commit{.table = TableId("t"), .register_as = {{"s", "n"}}};
  commit.request.read_version = 4;
  commit.request.operation = "WRITE";
  commit.request.blind_append = true;
  commit.request.exclusive = true;
  commit.request.operation_parameters = {{"mode", "\"Append\""}};
  commit.request.adds.push_back({.path = "a%20b.parquet",
                                 .partition_values = {{"p", std::nullopt}},
                                 .size_bytes = 5,
                                 .stats = R"({"numRecords":1})"});
  commit.request.removes.push_back({.path = "old.parquet", .deletion_timestamp_ms = 12, .size_bytes = 6});
  commit.request.transactions.push_back({.app_id = "file", .version = 1});
  commit.request.read_scope = {
      .whole_table = false,
      .files = {"old.parquet"},
      .predicates = {{{.column = "p", .ranges = {{"1", std::nullopt}, {std::nullopt, "0"}}, .or_null = true}}, {}}};
  const auto decoded = DecodeCommit(EncodeCommit(commit));
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message();
  const auto& scope = decoded->request.read_scope;
  EXPECT_FALSE(scope.whole_table);
  EXPECT_THAT(scope.files, testing::ElementsAre("old.parquet"));
  ASSERT_EQ(scope.predicates.size(), 2u);
  ASSERT_EQ(scope.predicates[0].size(), 1u);
  EXPECT_EQ(scope.predicates[0][0].column, "p");
  EXPECT_TRUE(scope.predicates[0][0].or_null);
  ASSERT_EQ(scope.predicates[0][0].ranges.size(), 2u);
  EXPECT_EQ(scope.predicates[0][0].ranges[0].min, "1");
  EXPECT_EQ(scope.predicates[0][0].ranges[0].max, std::nullopt);
  EXPECT_EQ(scope.predicates[0][0].ranges[1].max, "0");
  EXPECT_EQ(decoded->table, commit.table);
  EXPECT_EQ(decoded->register_as->name, "n");
  EXPECT_TRUE(decoded->request.blind_append);
  EXPECT_TRUE(decoded->request.exclusive);
  ASSERT_EQ(decoded->request.adds.size(), 1u);
  EXPECT_EQ(decoded->request.adds[0].path, "a%20b.parquet");
  EXPECT_EQ(decoded->request.adds[0].stats, R"({"numRecords":1})");
  EXPECT_EQ(decoded->request.adds[0].partition_values.at("p"), std::nullopt);
  EXPECT_EQ(decoded->request.removes[0].deletion_timestamp_ms, 12);
  EXPECT_EQ(decoded->request.transactions[0].app_id, "file");
}

TEST(MessagesTest, ErrorsKeepCodeAndDetails) {
  const Error error = Error(ErrorCode::kSyntaxError, "bad").With("position", "7");
  const Error decoded = DecodeError(EncodeError(error));
  EXPECT_EQ(decoded.code(), ErrorCode::kSyntaxError);
  EXPECT_THAT(decoded.details(), testing::ElementsAre(testing::Pair("position", "7")));
}

TEST(MessagesTest, AGrantSaysHowMuchOrWhyNot) {
  EXPECT_EQ(DecodeGrant(Encode(GrantMessage{.memory_bytes = 5}))->memory_bytes, 5);
  const auto refused = DecodeGrant(Encode(GrantMessage{.error = Error(ErrorCode::kTooManyRequests, "full")}));
  ASSERT_TRUE(refused.has_value() && refused->error.has_value());
  EXPECT_EQ(refused->error->code(), ErrorCode::kTooManyRequests);
  EXPECT_FALSE(DecodeGrant(R"({"memory_bytes":1,"error":"x"})").has_value());
  EXPECT_FALSE(DecodeGrant("").has_value());
}

TEST(MessagesTest, HostileTextIsRefusedEverywhereItCanBeCut) {
  const std::string whole = Encode(StartMessage{.statement_id = "s"});
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(DecodeStart(whole.substr(0, length)).has_value()) << length;
  }
  EXPECT_FALSE(DecodeDone("{}").has_value());
  EXPECT_FALSE(DecodePlanned("[]").has_value());
  EXPECT_FALSE(DecodeFailed(std::string(100'000, '[')).has_value());
  EXPECT_FALSE(DecodeCommit(*ParseObject(R"({"table":1})")).has_value());
}

}  // namespace
}  // namespace neurolake::query
