#include "storage/tests/s3_fixture.h"

namespace neurolake::storage {
namespace {

using Fault = FakeReply::Fault;
using When = FakeS3::When;

TEST_F(S3StoreTest, KeepsItsConnection) {
  ASSERT_TRUE(store_->Put("s3://bucket/t/a b%20c", "text").has_value());
  EXPECT_EQ(store_->Read("s3://bucket/t/a b%20c").value(), "text");
  EXPECT_EQ(store_->Head("s3://bucket/t/a b%20c")->size_bytes, 4);
  EXPECT_TRUE(store_->Delete("s3://bucket/t/a b%20c").has_value());
  EXPECT_EQ(fake_.server().connections(), 1);
  EXPECT_TRUE(fake_.server()
                  .requests()
                  .front()
                  .headers.at("authorization")
                  .starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"));
}

TEST_F(S3StoreTest, AConnectionThatTheServiceClosedIsNotUsedAgain) {
  fake_.Inject({When::kAfter, {.fault = Fault::kClosing}, "PUT"});
  ASSERT_TRUE(store_->Put("s3://bucket/x", "text").has_value());
  EXPECT_EQ(store_->Read("s3://bucket/x").value(), "text");
}

TEST_F(S3StoreTest, AnObjectWithoutATimeIsNotAnOldOne) {
  ASSERT_TRUE(store_->Put("s3://bucket/x", "text").has_value());
  // 1970 would be older than any retention.
  Refuse(1, {.status = 200, .headers = {}, .body = "text"}, "HEAD");
  ExpectError(store_->Head("s3://bucket/x").error(), ErrorCode::kIoError, "no time");
  EXPECT_EQ(store_->Head("s3://bucket/x")->size_bytes, 4);
}

TEST_F(S3StoreTest, TriesAgainWithGrowingWaits) {
  Refuse(4, S3Error(503, "ServiceUnavailable"));
  ASSERT_TRUE(store_->Put("s3://bucket/x", "text").has_value());
  ASSERT_EQ(waits_.size(), 4);
  for (size_t i = 0; i < waits_.size(); ++i) EXPECT_LE(waits_[i], std::chrono::milliseconds(100 << i));
}

TEST_F(S3StoreTest, AsksNoSoonerThanTheServiceWishes) {
  FakeReply busy = S3Error(503, "SlowDown");
  busy.headers.emplace_back("Retry-After", "7");
  Refuse(1, busy);
  EXPECT_EQ(store_->Read("s3://bucket/x").error().code(), ErrorCode::kNotFound);
  ASSERT_EQ(waits_.size(), 1);
  EXPECT_EQ(waits_[0], std::chrono::seconds(7));
}

TEST_F(S3StoreTest, ThrottlingIsToldAsThat) {
  Refuse(8, S3Error(503, "SlowDown"));
  ExpectError(store_->Put("s3://bucket/x", "text").error(), ErrorCode::kTooManyRequests,
              "s3://bucket at " + fake_.url());
  Refuse(8, S3Error(429, "TooManyRequests"));
  ExpectError(store_->PutIfAbsent("s3://bucket/x", "text").error(), ErrorCode::kTooManyRequests, "attempts: 8");
  Refuse(8, S3Error(500, "InternalError"));
  ExpectError(store_->Read("s3://bucket/x").error(), ErrorCode::kUnavailable, "HTTP 500 InternalError");
  EXPECT_TRUE(fake_.Objects().empty());
}

TEST_F(S3StoreTest, TheCallEndsWithItsTime) {
  S3Options options = Options();
  options.transport.operation_timeout = std::chrono::seconds(10);
  options.transport.attempts_max = 1'000;
  store_ = NewS3Store(options).value();
  FakeReply busy = S3Error(503, "SlowDown");
  busy.headers.emplace_back("Retry-After", "4");
  Refuse(10, busy);
  ExpectError(store_->Read("s3://bucket/x").error(), ErrorCode::kTooManyRequests, "attempts: 3");
}

TEST_F(S3StoreTest, ADeadEndpointIsNamed) {
  std::string url;
  {
    const FakeS3 gone;
    url = gone.url();
  }
  S3Options options = Options();
  options.endpoint = url;
  store_ = NewS3Store(options).value();
  ExpectError(store_->Read("s3://bucket/x").error(), ErrorCode::kIoError, url);
  // Nothing was sent, so nothing can have happened.
  ExpectError(store_->PutIfAbsent("s3://bucket/x", "text").error(), ErrorCode::kIoError, url);
}

TEST_F(S3StoreTest, SilenceEndsAnAttempt) {
  Refuse(1, {.fault = Fault::kSilent});
  fake_.SetObject("bucket/x", "text");
  EXPECT_EQ(store_->Read("s3://bucket/x").value(), "text");
}

TEST_F(S3StoreTest, ABrokenAnswerIsReadAgain) {
  fake_.SetObject("bucket/x", "text");
  Refuse(1, {.fault = Fault::kTruncated});
  EXPECT_EQ(store_->Read("s3://bucket/x").value(), "text");
  Refuse(1, {.fault = Fault::kTruncated});
  EXPECT_EQ(store_->ReadRange("s3://bucket/x", 1, 3).value(), "ext");
  Refuse(1, {.fault = Fault::kGarbage});
  EXPECT_EQ(store_->Read("s3://bucket/x").value(), "text");
}

TEST_F(S3StoreTest, ReadsRangesAlsoWhereTheServiceSendsAll) {
  fake_.SetObject("bucket/x", "0123456789");
  for (const bool ignored : {false, true}) {
    fake_.ignore_ranges = ignored;
    EXPECT_EQ(store_->ReadRange("s3://bucket/x", 3, 4).value(), "3456");
    EXPECT_EQ(store_->ReadRange("s3://bucket/x", 8, 100).value(), "89");
    EXPECT_EQ(store_->ReadRange("s3://bucket/x", 10, 5).value(), "");
    EXPECT_EQ(store_->ReadRange("s3://bucket/x", 2, 0).value(), "");
  }
  EXPECT_EQ(store_->ReadRange("s3://bucket/none", 2, 0).error().code(), ErrorCode::kNotFound);
}

TEST_F(S3StoreTest, ARangeThatWasNotAskedForIsRefused) {
  Refuse(1, {.status = 206, .headers = {{"Content-Range", "bytes 0-3/10"}}, .body = "0123"});
  EXPECT_EQ(store_->ReadRange("s3://bucket/x", 3, 4).error().code(), ErrorCode::kIoError);
  Refuse(1, {.status = 206, .headers = {{"Content-Range", "bytes 3-9/10"}}, .body = "3456789"});
  EXPECT_EQ(store_->ReadRange("s3://bucket/x", 3, 4).error().code(), ErrorCode::kPayloadTooLarge);
}

TEST_F(S3StoreTest, WrongKeysAndMissingBucketsAreNamed) {
  for (const char* code : {"SignatureDoesNotMatch", "InvalidAccessKeyId", "AccessDenied"}) {
    Refuse(1, S3Error(403, code));
    ExpectError(store_->Read("s3://bucket/x").error(), ErrorCode::kPermissionDenied, "s3://bucket at " + fake_.url());
  }
  ExpectError(store_->Read("s3://nobucket/x").error(), ErrorCode::kNotFound,
              "the bucket does not exist: s3://nobucket");
  ExpectError(store_->PutIfAbsent("s3://nobucket/x", "t").error(), ErrorCode::kNotFound, "s3://nobucket");
  ExpectError(store_->List("s3://nobucket/x").error(), ErrorCode::kNotFound, "s3://nobucket");
  ExpectError(store_->Delete("s3://nobucket/x").error(), ErrorCode::kNotFound, "s3://nobucket");
  ExpectError(store_->Read("s3://bucket/x").error(), ErrorCode::kNotFound, "key x");
  ExpectError(store_->Head("s3://bucket/x").error(), ErrorCode::kNotFound, "key x");
  EXPECT_TRUE(waits_.empty());
}

TEST_F(S3StoreTest, RedirectsAreToldAndNotFollowed) {
  FakeS3 elsewhere;
  FakeReply redirect = S3Error(301, "PermanentRedirect");
  redirect.headers = {{"Location", elsewhere.url() + "/bucket/x"}, {"x-amz-bucket-region", "eu-central-1"}};
  Refuse(1, redirect);
  ExpectError(store_->Read("s3://bucket/x").error(), ErrorCode::kInvalidArgument, "eu-central-1");
  EXPECT_EQ(elsewhere.server().connections(), 0);
}

TEST_F(S3StoreTest, OnePathIsOneObjectOfThisStore) {
  EXPECT_EQ(store_->Read("gs://bucket/x").error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(store_->Read("/etc/passwd").error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(store_->Put("s3://bucket/", "x").error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(store_->Put("s3://bucket/dir/", "x").error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(fake_.server().connections(), 0);
}

TEST_F(S3StoreTest, OptionsThatCannotWorkAreRefused) {
  S3Options options = Options();
  options.region = "us east\r\n";
  EXPECT_EQ(NewS3Store(options).error().code(), ErrorCode::kInvalidArgument);
  options = Options();
  options.endpoint = "ftp://host";
  EXPECT_EQ(NewS3Store(options).error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(S3StoreTest, ARequestsEndIsTheWaitsEnd) {
  std::stop_source stop;
  const RequestContext ctx({}, "r", "test", clock_, SteadyTime::max(), stop.get_token());
  const auto bound = store_->For(ctx);
  ASSERT_TRUE(bound->Put("s3://bucket/x", "text").has_value());
  stop.request_stop();
  EXPECT_EQ(bound->Read("s3://bucket/x").error().code(), ErrorCode::kCancelled);
  EXPECT_EQ(store_->Read("s3://bucket/x").value(), "text");
  const RequestContext late({}, "r", "test", clock_, clock_.SteadyNow());
  EXPECT_EQ(store_->For(late)->Read("s3://bucket/x").error().code(), ErrorCode::kDeadlineExceeded);
}

// ---- Lists ----

TEST_F(S3StoreTest, ListsALogOfAHundredThousandEntries) {
  for (int i = 0; i < 100'000; ++i) fake_.SetObject(fmt::format("bucket/t/_delta_log/{:020}.json", i), "{}");
  fake_.SetObject("bucket/t/_delta_log/_sidecars/x", "s");
  fake_.SetObject("bucket/t/_delta_log2/y", "s");
  const auto all = store_->List("s3://bucket/t/_delta_log/").value();
  ASSERT_EQ(all.size(), 100'000);
  EXPECT_EQ(all.front().path, "s3://bucket/t/_delta_log/00000000000000000000.json");
  EXPECT_EQ(all.back().path, "s3://bucket/t/_delta_log/00000000000000099999.json");
  const int before = Requests("GET");
  const auto last = store_->List("s3://bucket/t/_delta_log", "00000000000000099997.json").value();
  ASSERT_EQ(last.size(), 2);
  EXPECT_EQ(last.front().path, "s3://bucket/t/_delta_log/00000000000000099998.json");
  EXPECT_EQ(Requests("GET"), before + 1);
}

TEST_F(S3StoreTest, NamesWithSignsOfXmlComeBackAsTheyAre) {
  fake_.SetObject("bucket/t/a&b<c>\"d' e+%20", "x");
  const auto listed = store_->List("s3://bucket/t").value();
  ASSERT_EQ(listed.size(), 1);
  EXPECT_EQ(listed[0].path, "s3://bucket/t/a&b<c>\"d' e+%20");
  ASSERT_TRUE(store_->DeleteMany({listed[0].path}).has_value());
  EXPECT_TRUE(fake_.Objects().empty());
}

TEST_F(S3StoreTest, WalksWhereItMayEnter) {
  for (const char* key : {"t/a", "t/p=1/b", "t/p=1/q=2/c", "t/_delta_log/0.json", "t/dir/", "u/x"}) {
    fake_.SetObject(std::string("bucket/") + key, "x");
  }
  std::vector<std::string> found;
  ASSERT_TRUE(store_
                  ->Walk(
                      "s3://bucket/t", [](const std::string& name) { return name != "_delta_log"; },
                      [&](const ObjectInfo& info) {
                        found.push_back(info.path);
                        return Result<void>();
                      })
                  .has_value());
  EXPECT_THAT(found,
              ::testing::UnorderedElementsAre("s3://bucket/t/a", "s3://bucket/t/p=1/b", "s3://bucket/t/p=1/q=2/c"));
}

TEST_F(S3StoreTest, HostileListsAreRefused) {
  const auto list = [&](std::string body) {
    Refuse(1, {.status = 200, .headers = {}, .body = std::move(body)}, "GET");
    return store_->List("s3://bucket/t").error();
  };
  ExpectError(list("<!DOCTYPE a [<!ENTITY b \"hunter2\">]><ListBucketResult>&b;</ListBucketResult>"),
              ErrorCode::kIoError, "document type");
  ExpectError(list("{\"hunter2\": 1}"), ErrorCode::kIoError, "not");
  ExpectError(list("<ListBucketResult><Contents>"), ErrorCode::kIoError, "not XML");
  ExpectError(list("<Other/>"), ErrorCode::kIoError, "not the one expected");
  ExpectError(list("<ListBucketResult><Contents><Key>t/x</Key><Size>-5</Size></Contents></ListBucketResult>"),
              ErrorCode::kIoError, "without size");
  ExpectError(list("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"), ErrorCode::kIoError,
              "breaks off");
  std::string deep;
  for (int i = 0; i < 2'000'000; ++i) deep += "<a>";
  ExpectError(list(deep), ErrorCode::kIoError, "too many elements");
  ExpectError(list(std::string(17 << 20, ' ')), ErrorCode::kPayloadTooLarge, "larger");
  const std::string endless =
      "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>x</NextContinuationToken></"
      "ListBucketResult>";
  Refuse(2, {.status = 200, .headers = {}, .body = endless}, "GET");
  ExpectError(store_->List("s3://bucket/t").error(), ErrorCode::kIoError, "does not end");
}

TEST_F(S3StoreTest, DeletesAThousandWithOneRequest) {
  std::vector<std::string> paths;
  for (int i = 0; i < 2'500; ++i) {
    fake_.SetObject(fmt::format("bucket/t/{}", i), "x");
    paths.push_back(fmt::format("s3://bucket/t/{}", i));
  }
  fake_.SetObject("bucket/t/kept", "x");
  ASSERT_TRUE(store_->DeleteMany(paths).has_value());
  EXPECT_EQ(fake_.Objects().size(), 1);
  EXPECT_EQ(Requests("POST"), 3);
  EXPECT_EQ(Requests("DELETE"), 0);
}

TEST_F(S3StoreTest, WhatCannotBeDeletedIsTold) {
  Refuse(1, {.body = "<DeleteResult><Error><Key>t/1</Key><Code>AccessDenied</Code></Error></DeleteResult>"}, "POST");
  ExpectError(store_->DeleteMany({"s3://bucket/t/1", "s3://bucket/t/2"}).error(), ErrorCode::kPermissionDenied,
              "s3://bucket");
}

TEST_F(S3StoreTest, StaysBelowADirectory) {
  fake_.SetObject("bucket/t/a", "text");
  fake_.SetObject("bucket/t2/a", "other");
  EXPECT_EQ(store_->DeleteBelow("s3://bucket/t", "s3://bucket/t2/a").error().code(), ErrorCode::kPermissionDenied);
  EXPECT_EQ(store_->DeleteBelow("s3://bucket/t", "s3://bucket/t/../t2/a").error().code(), ErrorCode::kPermissionDenied);
  EXPECT_EQ(store_->OpenBelow("s3://bucket/t", "/etc/passwd").error().code(), ErrorCode::kPermissionDenied);
  EXPECT_EQ(fake_.Objects().size(), 2);
  {
    const auto reader = store_->OpenBelow("s3://bucket/t", "s3://bucket/t/a").value();
    EXPECT_EQ(reader->Read(3).value(), "tex");
    EXPECT_EQ(reader->Read(3).value(), "t");
    EXPECT_EQ(reader->Read(3).value(), "");
  }
  EXPECT_TRUE(store_->DeleteBelow("s3://bucket/t", "s3://bucket/t/a").has_value());
  EXPECT_EQ(fake_.Objects().size(), 1);
}

// ---- Credentials ----

TEST_F(S3StoreTest, ExpiredCredentialsAreRenewedOnce) {
  struct Provider final : S3CredentialsProvider {
    Result<S3Credentials> Get(const RequestContext&) override {
      return S3Credentials{.access_key_id = fmt::format("KEY{}", renewals),
                           .secret_access_key = "s",
                           .session_token = "token",
                           .expires_at = {}};
    }
    void Invalidate() override { ++renewals; }
    int renewals = 0;
  };
  const auto provider = std::make_shared<Provider>();
  S3Options options = Options();
  options.credentials = provider;
  store_ = NewS3Store(options).value();
  Refuse(1, S3Error(400, "ExpiredToken"));
  ASSERT_TRUE(store_->Put("s3://bucket/x", "text").has_value());
  EXPECT_EQ(provider->renewals, 1);
  EXPECT_NE(fake_.server().requests().back().headers.at("authorization").find("KEY1"), std::string::npos);
  EXPECT_EQ(fake_.server().requests().back().headers.at("x-amz-security-token"), "token");
  Refuse(10, S3Error(400, "ExpiredToken"));
  ExpectError(store_->Put("s3://bucket/x", "text").error(), ErrorCode::kPermissionDenied, "expired");
  EXPECT_EQ(Requests("PUT"), 4);
}

}  // namespace
}  // namespace neurolake::storage
