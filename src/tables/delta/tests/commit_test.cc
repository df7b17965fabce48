#include "tables/delta/commit.h"

#include <simdjson.h>

#include "tables/delta/statistics.h"
#include "tables/delta/tests/test_table.h"

namespace neurolake::tables::delta {
namespace {

class CommitTest : public ::testing::Test {
 protected:
  Result<CommitOutcome> Run(const CommitRequest& request) { return Commit(TestContext(), store_, request); }
  void Create(std::map<std::string, std::string> properties = {}) {
    auto outcome = Run(CreateRequest("/t", std::move(properties)));
    ASSERT_TRUE(outcome.has_value()) << outcome.error().message();
    ASSERT_EQ(outcome->version, 0);
  }
  std::shared_ptr<const Snapshot> Load() {
    auto reader = NewSimpleLogReader(store_);
    auto snapshot = LoadSnapshot(TestContext(), store_, *reader, "/t", std::nullopt);
    EXPECT_TRUE(snapshot.has_value()) << snapshot.error().message();
    return snapshot.value_or(nullptr);
  }
  CommitActions Actions(int64_t version) { return ParseCommit(store_.Read(CommitName(version)).value(), "c").value(); }

  MemoryStore store_;
};

TEST_F(CommitTest, CreatesAndAppends) {
  Create();
  auto outcome = Run(AppendRequest("/t", 0, "f1"));
  ASSERT_TRUE(outcome.has_value()) << outcome.error().message();
  EXPECT_EQ(outcome->version, 1);
  EXPECT_EQ(outcome->rebases, 0);
  auto snapshot = Load();
  EXPECT_EQ(Paths(*snapshot), std::vector<std::string>{"f1"});
  EXPECT_EQ(snapshot->log().in_commit_timestamp_ms,
            std::chrono::floor<std::chrono::milliseconds>(outcome->timestamp).time_since_epoch().count());
}

TEST_F(CommitTest, CommitInfoIsFirstAndSaysEverything) {
  Create();
  CommitRequest request = AppendRequest("/t", 0, "f1");
  request.operation_parameters = {{"mode", "\"Append\""}, {"partitionBy", "[\"a\"]"}, {"n", "5"}, {"odd", "not json"}};
  request.operation_metrics = {{"numFiles", "1"}};
  request.user_name = "ann \"the\" analyst";
  request.statement_id = "s-1";
  request.engine_info = "neurolake/0.1.0";
  ASSERT_TRUE(Run(request).has_value());
  const std::string text = store_.Read(CommitName(1)).value();
  EXPECT_TRUE(text.starts_with(R"({"commitInfo":{"inCommitTimestamp":)")) << text;
  simdjson::dom::parser parser;
  simdjson::dom::element info = parser.parse(simdjson::padded_string(text.substr(0, text.find('\n'))));
  info = info["commitInfo"];
  auto member = [&](const char* pointer) {
    return std::string(std::string_view(info.at_pointer(pointer).get_string().value()));
  };
  EXPECT_EQ(member("/operationParameters/mode"), "Append");
  EXPECT_EQ(member("/operationParameters/partitionBy"), "[\"a\"]");
  EXPECT_EQ(member("/operationParameters/n"), "5");
  EXPECT_EQ(member("/operationParameters/odd"), "not json");
  EXPECT_EQ(member("/operationMetrics/numFiles"), "1");
  EXPECT_EQ(member("/userName"), "ann \"the\" analyst");
  EXPECT_EQ(member("/statementId"), "s-1");
  EXPECT_EQ(member("/operation"), "WRITE");
  EXPECT_EQ(member("/isolationLevel"), "WriteSerializable");
  EXPECT_EQ(member("/engineInfo"), "neurolake/0.1.0");
  EXPECT_EQ(member("/txnId").size(), 36u);
  EXPECT_EQ(info["readVersion"].get_int64().value(), 0);
  EXPECT_TRUE(info["isBlindAppend"].get_bool().value());
  EXPECT_EQ(info["timestamp"].get_int64().value(), info["inCommitTimestamp"].get_int64().value());
}

TEST_F(CommitTest, BlindAppendIsRebasedAndOthersConflict) {
  Create();
  ASSERT_TRUE(Run(AppendRequest("/t", 0, "f1")).has_value());
  auto blind = Run(AppendRequest("/t", 0, "f2"));
  ASSERT_TRUE(blind.has_value()) << blind.error().message();
  EXPECT_EQ(blind->version, 2);
  EXPECT_EQ(blind->rebases, 1);
  CommitRequest reading = AppendRequest("/t", 0, "f3");
  reading.blind_append = false;
  reading.metadata = Load()->metadata();  // Else it may count as the earlier one; see conflict_test.cc.
  EXPECT_EQ(Run(reading).error().code(), ErrorCode::kConflict);
  EXPECT_EQ(Load()->version(), 2);
}

TEST_F(CommitTest, WinnersThatConflictEvenWithBlindAppends) {
  Create();
  CommitRequest first = AppendRequest("/t", 0, "f1");
  first.transactions = {{.app_id = "app", .version = 1}};
  ASSERT_TRUE(Run(first).has_value());
  CommitRequest same_application = AppendRequest("/t", 0, "f2");
  same_application.transactions = {{.app_id = "app", .version = 2}};
  EXPECT_EQ(Run(same_application).error().code(), ErrorCode::kConflict);

  CommitRequest metadata = AppendRequest("/t", 1, "f3");
  metadata.metadata = Load()->metadata();
  ASSERT_TRUE(Run(metadata).has_value());
  EXPECT_EQ(Run(AppendRequest("/t", 1, "f4")).error().code(), ErrorCode::kConflict);
  EXPECT_TRUE(Run(AppendRequest("/t", 2, "f5")).has_value());
}

TEST_F(CommitTest, RearrangedFilesConflictOnlyWhereTheyMeet) {
  Create();
  ASSERT_TRUE(Run(AppendRequest("/t", 0, "f1")).has_value());
  ASSERT_TRUE(Run(AppendRequest("/t", 1, "f2")).has_value());
  CommitRequest optimise{.table_path = "/t", .read_version = 2, .operation = "OPTIMIZE"};
  optimise.removes = {MakeRemove(TestAdd("f1"), 1, false)};
  optimise.adds = {TestAdd("f1-better")};
  optimise.adds[0].data_change = false;
  ASSERT_TRUE(Run(optimise).has_value());
  CommitRequest remove{.table_path = "/t", .read_version = 2, .operation = "DELETE"};
  remove.removes = {MakeRemove(TestAdd("f1"), 1, true)};
  EXPECT_EQ(Run(remove).error().code(), ErrorCode::kConflict);
  remove.removes = {MakeRemove(TestAdd("f2"), 1, true)};
  auto rebased = Run(remove);
  ASSERT_TRUE(rebased.has_value()) << rebased.error().message();
  EXPECT_EQ(rebased->version, 4);
}

TEST_F(CommitTest, CreationThatLostSaysSo) {
  Create();
  EXPECT_EQ(Run(CreateRequest("/t")).error().code(), ErrorCode::kAlreadyExists);
  // Version 0 cleaned away: the place is still taken.
  ASSERT_TRUE(store_.Put(LogName("00000000000000000007.checkpoint.parquet"), "x").has_value());
  ASSERT_TRUE(store_.Delete(CommitName(0)).has_value());
  EXPECT_EQ(Run(CreateRequest("/t")).error().code(), ErrorCode::kAlreadyExists);
}

TEST_F(CommitTest, VanishedTableAndVanishedVersionAreNotRevived) {
  Create();
  CommitRequest request = AppendRequest("/t", 0, "f1");
  request.snapshot_protocol = Load()->protocol();
  request.snapshot_metadata = Load()->metadata();
  ASSERT_TRUE(store_.Delete(CommitName(0)).has_value());
  EXPECT_EQ(Run(request).error().code(), ErrorCode::kNotFound);
  ASSERT_TRUE(store_.Put(LogName("00000000000000000005.checkpoint.parquet"), "x").has_value());
  ASSERT_TRUE(store_.Put(CommitName(5), AddLine("x")).has_value());
  EXPECT_EQ(Run(request).error().code(), ErrorCode::kConflict);
  EXPECT_FALSE(store_.Head(CommitName(1)).has_value());
}

TEST_F(CommitTest, InCommitTimestampsAscendEvenWhenTheClockDoesNot) {
  FakeClock clock(WallTime(std::chrono::hours(1'000'000)));
  RequestContext ctx(Principal{}, "r", "test", clock, clock.SteadyNow() + std::chrono::hours(1));
  ASSERT_TRUE(Commit(ctx, store_, CreateRequest("/t")).has_value());
  std::vector<int64_t> times;
  for (int64_t version = 0; version < 4; ++version) {
    ASSERT_TRUE(Commit(ctx, store_, AppendRequest("/t", version, fmt::format("f{}", version))).has_value());
    if (version == 1) clock.Advance(-std::chrono::hours(5));
    times.push_back(Actions(version + 1).in_commit_timestamp_ms.value());
  }
  ASSERT_TRUE(Commit(ctx, store_, AppendRequest("/t", 0, "rebased")).has_value());
  times.push_back(Actions(5).in_commit_timestamp_ms.value());
  EXPECT_TRUE(std::ranges::is_sorted(times, std::less_equal()));
  EXPECT_EQ(times[4] - times[0], 4);
}

TEST_F(CommitTest, SwitchingInCommitTimestampsOnIsRecorded) {
  Create({{"compatibility", "widest"}});
  ASSERT_TRUE(Run(AppendRequest("/t", 0, "f1")).has_value());
  EXPECT_FALSE(Actions(1).in_commit_timestamp_ms.has_value());
  store_.SetNow(WallTime(std::chrono::seconds(4'000'000'000)));  // The file before is "later" than now.
  ASSERT_TRUE(Run(AppendRequest("/t", 1, "f2")).has_value());
  CommitRequest alter{.table_path = "/t", .read_version = 2, .operation = "SET TBLPROPERTIES"};
  alter.metadata = Load()->metadata();
  alter.metadata->configuration["delta.enableInCommitTimestamps"] = "true";
  alter.protocol = Protocol{.min_reader_version = 1, .min_writer_version = 7, .writer_features = {"inCommitTimestamp"}};
  ASSERT_TRUE(Run(alter).has_value());
  auto snapshot = Load();
  EXPECT_EQ(snapshot->Property("delta.inCommitTimestampEnablementVersion"), "3");
  EXPECT_EQ(snapshot->Property("delta.inCommitTimestampEnablementTimestamp"), "4000000000001");
  EXPECT_EQ(snapshot->log().in_commit_timestamp_ms, 4'000'000'000'001);
  // A later metadata change that forgets the two keeps them.
  alter.read_version = 3;
  alter.protocol.reset();
  ASSERT_TRUE(Run(alter).has_value());
  EXPECT_EQ(Load()->Property("delta.inCommitTimestampEnablementVersion"), "3");
}

TEST_F(CommitTest, AppendOnlyTablesRefuseChangedRows) {
  Create({{"delta.appendOnly", "true"}});
  ASSERT_TRUE(Run(AppendRequest("/t", 0, "f1")).has_value());
  CommitRequest remove{.table_path = "/t", .read_version = 1, .operation = "DELETE"};
  remove.removes = {MakeRemove(TestAdd("f1"), 1, true)};
  EXPECT_EQ(Run(remove).error().code(), ErrorCode::kReadOnly);
  remove.metadata = Load()->metadata();
  remove.metadata->configuration.erase("delta.appendOnly");
  EXPECT_EQ(Run(remove).error().code(), ErrorCode::kReadOnly);
  remove.metadata.reset();
  remove.removes[0].data_change = false;
  EXPECT_TRUE(Run(remove).has_value());
}

TEST_F(CommitTest, BadRequestsAreRefusedBeforeAnythingIsWritten) {
  Create({{"compatibility", "widest"}});
  auto expect_refused = [&](CommitRequest request, std::string_view what) {
    auto outcome = Run(request);
    ASSERT_FALSE(outcome.has_value()) << what;
    EXPECT_EQ(outcome.error().code(), ErrorCode::kInvalidArgument) << what << ": " << outcome.error().message();
    EXPECT_FALSE(store_.Head(CommitName(1)).has_value()) << what;
  };
  CommitRequest request = AppendRequest("/t", 0, "a%20b");
  request.adds.push_back(TestAdd("a b"));
  expect_refused(request, "one file twice, spelt differently");
  request = AppendRequest("/t", 0, "f");
  request.adds[0].partition_values = {{"p", "1"}};
  expect_refused(request, "strange partition value");
  request = AppendRequest("/t", 0, "f");
  request.adds[0].deletion_vector = DeletionVectorDescriptor{.storage_type = "u"};
  expect_refused(request, "deletion vector without the feature");
  request = AppendRequest("/t", 0, "f");
  request.domains = {{.domain = "d"}};
  expect_refused(request, "domain without the feature");
  request = AppendRequest("/t", 0, "f\x80");
  expect_refused(request, "not UTF-8");
  request = AppendRequest("/t", 0, "f");
  request.transactions = {{.app_id = "a"}, {.app_id = "a"}};
  expect_refused(request, "one application twice");
  request = AppendRequest("/t", 0, "f");
  request.operation.clear();
  expect_refused(request, "no operation");
}

TEST_F(CommitTest, DeletionVectorsNeedTheNumberOfRecords) {
  Create();
  CommitRequest request = AppendRequest("/t", 0, "f");
  request.adds[0].deletion_vector = DeletionVectorDescriptor{.storage_type = "u", .path_or_inline_dv = "x"};
  request.adds[0].stats = "{}";
  EXPECT_EQ(Run(request).error().code(), ErrorCode::kInvalidArgument);
  request.adds[0].stats = R"({"numRecords":3})";
  EXPECT_TRUE(Run(request).has_value());
}

TEST_F(CommitTest, UnsupportedFeaturesAreRefusedByNameBeforeAnythingIsWritten) {
  for (const std::string feature : {"variantType", "catalogManaged", "icebergCompatV2", "somethingNew"}) {
    MemoryStore store;
    ASSERT_TRUE(
        store
            .Put(CommitName(0), R"({"protocol":{"minReaderVersion":1,"minWriterVersion":7,"writerFeatures":[")" +
                                    feature + "\"]}}\n" + MetadataLine())
            .has_value());
    auto outcome = Commit(TestContext(), store, AppendRequest("/t", 0, "f"));
    ASSERT_FALSE(outcome.has_value()) << feature;
    EXPECT_EQ(outcome.error().code(), ErrorCode::kNotSupported);
    EXPECT_TRUE(outcome.error().message().contains(feature)) << outcome.error().message();
    EXPECT_FALSE(store.Head(CommitName(1)).has_value());
  }
}

TEST_F(CommitTest, StateIsFoundBehindAJsonCheckpointOrGivenByTheRequest) {
  ASSERT_TRUE(store_
                  .Put(LogName("00000000000000000004.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json"),
                       std::string(kPlainProtocol) + "\n" + MetadataLine())
                  .has_value());
  ASSERT_TRUE(store_.Put(CommitName(4), AddLine("x")).has_value());
  ASSERT_TRUE(Run(AppendRequest("/t", 4, "f")).has_value());
  ASSERT_TRUE(store_.Put(LogName("00000000000000000005.checkpoint.parquet"), "x").has_value());
  ASSERT_TRUE(store_.Delete(CommitName(4)).has_value());
  CommitRequest request = AppendRequest("/t", 5, "g");
  EXPECT_EQ(Run(request).error().code(), ErrorCode::kNotSupported);
  request.snapshot_protocol = Protocol{};
  request.snapshot_metadata = ParseCommit(MetadataLine(), "m")->metadata;
  EXPECT_TRUE(Run(request).has_value());
}

TEST_F(CommitTest, CancelledOrLateCommitsWriteNothing) {
  Create();
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(Commit(TestContext(stop.get_token()), store_, AppendRequest("/t", 0, "f")).error().code(),
            ErrorCode::kCancelled);
  EXPECT_EQ(Commit(TestContext({}, std::chrono::seconds(-1)), store_, AppendRequest("/t", 0, "f")).error().code(),
            ErrorCode::kDeadlineExceeded);
  EXPECT_FALSE(store_.Head(CommitName(1)).has_value());
}

}  // namespace
}  // namespace neurolake::tables::delta
