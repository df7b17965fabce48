#include "storage/tests/s3_fixture.h"

namespace neurolake::storage {
namespace {

using Fault = FakeReply::Fault;
using When = FakeS3::When;

constexpr const char* kPath = "s3://bucket/t/_delta_log/7.json";
constexpr const char* kKey = "bucket/t/_delta_log/7.json";

// ---- What became of a write whose answer got lost ----

TEST_F(S3StoreTest, OneOfTwoWritersWins) {
  ASSERT_TRUE(store_->PutIfAbsent(kPath, "first").has_value());
  ExpectError(store_->PutIfAbsent(kPath, "second").error(), ErrorCode::kAlreadyExists, "7.json");
  // The same bytes are no proof that they are ours.
  ExpectError(store_->PutIfAbsent(kPath, "first").error(), ErrorCode::kAlreadyExists, "7.json");
  EXPECT_EQ(fake_.Objects()[kKey], "first");
}

TEST_F(S3StoreTest, AnAnswerLostAfterTheWriteIsReadBack) {
  LoseAnswers(When::kAfter, 1);
  EXPECT_TRUE(store_->PutIfAbsent(kPath, "ours").has_value());
  EXPECT_EQ(fake_.Objects()[kKey], "ours");
}

TEST_F(S3StoreTest, AnAnswerLostBeforeTheWriteIsTriedAgain) {
  LoseAnswers(When::kBefore, 3);
  EXPECT_TRUE(store_->PutIfAbsent(kPath, "ours").has_value());
  EXPECT_EQ(fake_.Objects()[kKey], "ours");
}

TEST_F(S3StoreTest, AServersErrorMayHaveHadItsEffect) {
  fake_.Inject({When::kAfter, S3Error(500, "InternalError"), "PUT"});
  EXPECT_TRUE(store_->PutIfAbsent(kPath, "ours").has_value());
  EXPECT_EQ(fake_.Objects()[kKey], "ours");
}

TEST_F(S3StoreTest, AnothersObjectIsToldFromOurs) {
  fake_.SetObject(kKey, "same bytes", "another writer");
  LoseAnswers(When::kBefore, 1);
  ExpectError(store_->PutIfAbsent(kPath, "same bytes").error(), ErrorCode::kAlreadyExists, "7.json");
}

TEST_F(S3StoreTest, WhereMarksAreDroppedNothingIsGuessed) {
  fake_.drop_metadata = true;
  EXPECT_TRUE(store_->PutIfAbsent("s3://bucket/certain", "x").has_value());
  LoseAnswers(When::kAfter, 1);
  ExpectError(store_->PutIfAbsent(kPath, "ours").error(), ErrorCode::kCommitUnknown, "does not tell who wrote");
  EXPECT_EQ(fake_.Objects()[kKey], "ours");
}

TEST_F(S3StoreTest, AllAnswersLostIsUnknownUnlessTheObjectTells) {
  LoseAnswers(When::kBefore, 8);
  ExpectError(store_->PutIfAbsent(kPath, "ours").error(), ErrorCode::kCommitUnknown, "7.json");
  EXPECT_TRUE(fake_.Objects().empty());
  LoseAnswers(When::kAfter, 8);
  EXPECT_TRUE(store_->PutIfAbsent(kPath, "ours").has_value());
  fake_.SetObject(kKey, "theirs", "another writer");
  LoseAnswers(When::kBefore, 8);
  ExpectError(store_->PutIfAbsent(kPath, "ours").error(), ErrorCode::kAlreadyExists, "7.json");
}

TEST_F(S3StoreTest, UnknownWhenTheStoreCannotBeAsked) {
  LoseAnswers(When::kAfter, 8);
  Refuse(100, S3Error(503, "ServiceUnavailable"), "HEAD");
  ExpectError(store_->PutIfAbsent(kPath, "ours").error(), ErrorCode::kCommitUnknown, "7.json");
}

TEST_F(S3StoreTest, CancelledInTheMiddleIsStillToldTruly) {
  for (const bool landed : {true, false}) {
    std::stop_source stop;
    S3Options options = Options();
    options.transport.sleep = [&](const RequestContext& ctx, std::chrono::milliseconds) {
      stop.request_stop();
      return ctx.CheckAlive();
    };
    const auto store = NewS3Store(options).value();
    const auto bound = store->For(RequestContext({}, "r", "test", clock_, SteadyTime::max(), stop.get_token()));
    LoseAnswers(landed ? When::kAfter : When::kBefore, 1);
    const std::string path = fmt::format("s3://bucket/cancelled-{}", landed);
    const auto outcome = bound->PutIfAbsent(path, "ours");
    if (landed) EXPECT_TRUE(outcome.has_value());
    else ExpectError(outcome.error(), ErrorCode::kCommitUnknown, path);
  }
}

TEST_F(S3StoreTest, ARaceThatTheServiceDoesNotDecideIsRunAgain) {
  Refuse(2, S3Error(409, "ConditionalRequestConflict"), "PUT");
  EXPECT_TRUE(store_->PutIfAbsent(kPath, "ours").has_value());
}

TEST_F(S3StoreTest, AServiceWithoutConditionalWritesIsTold) {
  Refuse(1, S3Error(501, "NotImplemented"), "PUT");
  ExpectError(store_->PutIfAbsent(kPath, "ours").error(), ErrorCode::kNotSupported, "s3://bucket");
}

TEST_F(S3StoreTest, AServiceThatIgnoresTheConditionIsFoundOut) {
  EXPECT_TRUE(CheckConditionalWrites(*store_, "s3://bucket/t").has_value());
  fake_.ignore_conditions = true;
  ExpectError(CheckConditionalWrites(*store_, "s3://bucket/t").error(), ErrorCode::kNotSupported, "s3://bucket/t");
  EXPECT_TRUE(fake_.Objects().empty());
}

TEST_F(S3StoreTest, AReplacingWriteIsSimplyRepeated) {
  LoseAnswers(When::kAfter, 2);
  ASSERT_TRUE(store_->Put(kPath, "a").has_value());
  EXPECT_EQ(fake_.Objects()[kKey], "a");
}

// ---- Uploads ----

class S3UploadTest : public S3StoreTest {
 protected:
  void SetUp() override {
    S3Options options = Options();
    options.transport.upload_part_bytes = 1 << 20;
    store_ = NewS3Store(options).value();
    for (int i = 0; i < 3'300'000; ++i) bytes_ += static_cast<char>('a' + i % 23);
  }
  Result<void> Upload(bool if_absent, size_t piece = 700'000) {
    auto writer = store_->NewUpload("s3://bucket/big", {.if_absent = if_absent}).value();
    for (size_t at = 0; at < bytes_.size(); at += piece) NL_RETURN_IF_ERROR(writer->Append(bytes_.substr(at, piece)));
    return writer->Finish();
  }
  std::string bytes_;
};

TEST_F(S3UploadTest, LargeObjectsGoInParts) {
  ASSERT_TRUE(Upload(false).has_value());
  EXPECT_EQ(fake_.Objects()["bucket/big"], bytes_);
  EXPECT_EQ(Requests("PUT"), 4);
  EXPECT_EQ(fake_.open_uploads(), 0);
}

TEST_F(S3UploadTest, SmallObjectsGoAtOnce) {
  bytes_.resize(1 << 20);
  ASSERT_TRUE(Upload(true).has_value());
  EXPECT_EQ(Requests("POST"), 0);
  bytes_ += "x";
  ExpectError(Upload(true).error(), ErrorCode::kAlreadyExists, "big");
  EXPECT_EQ(fake_.open_uploads(), 0);
  bytes_.clear();
  ASSERT_TRUE(Upload(false).has_value());
  EXPECT_EQ(fake_.Objects()["bucket/big"], "");
}

TEST_F(S3UploadTest, NothingIsSeenOfAnUploadGivenUp) {
  {
    auto writer = store_->NewUpload("s3://bucket/big").value();
    ASSERT_TRUE(writer->Append(bytes_).has_value());
    EXPECT_EQ(fake_.open_uploads(), 1);
  }
  EXPECT_EQ(fake_.open_uploads(), 0);
  EXPECT_TRUE(fake_.Objects().empty());
  auto writer = store_->NewUpload("s3://bucket/big").value();
  writer->Abort();
  EXPECT_EQ(writer->Append("x").error().code(), ErrorCode::kInternal);
  EXPECT_EQ(writer->Finish().error().code(), ErrorCode::kInternal);
}

TEST_F(S3UploadTest, PartsAndTheEndSurviveLostAnswers) {
  LoseAnswers(When::kAfter, 1, "PUT");
  LoseAnswers(When::kBefore, 1, "POST");  // The beginning.
  ASSERT_TRUE(Upload(true).has_value());
  EXPECT_EQ(fake_.Objects()["bucket/big"], bytes_);
}

TEST_F(S3UploadTest, AnEndWhoseAnswerWasLostIsReadBack) {
  auto writer = store_->NewUpload("s3://bucket/big", {.if_absent = true}).value();
  ASSERT_TRUE(writer->Append(bytes_).has_value());
  LoseAnswers(When::kAfter, 1, "POST");
  EXPECT_TRUE(writer->Finish().has_value());
  EXPECT_EQ(fake_.Objects()["bucket/big"], bytes_);
}

TEST_F(S3UploadTest, AnErrorAfterTheHeadIsAnError) {
  auto writer = store_->NewUpload("s3://bucket/big").value();
  ASSERT_TRUE(writer->Append(bytes_).has_value());
  Refuse(1, S3Error(200, "InternalError"), "POST");
  EXPECT_TRUE(writer->Finish().has_value());
  EXPECT_EQ(fake_.Objects()["bucket/big"], bytes_);
  auto second = store_->NewUpload("s3://bucket/big", {.if_absent = true}).value();
  ASSERT_TRUE(second->Append(bytes_).has_value());
  ExpectError(second->Finish().error(), ErrorCode::kAlreadyExists, "big");
  EXPECT_EQ(fake_.open_uploads(), 0);
}

}  // namespace
}  // namespace neurolake::storage
