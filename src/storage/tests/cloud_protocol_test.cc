#include <gtest/gtest.h>

#include <deque>
#include <mutex>

#include "storage/internal/azure_service.h"
#include "storage/object_store_options.h"
#include "storage/tests/fake_http_server.h"

namespace neurolake::storage {
namespace {

/// Google's and Azure's answers as their references give them, and what the emulators never do.
class CloudProtocolTest : public ::testing::Test {
 protected:
  CloudProtocolTest() : server_([this](const FakeRequest&) { return Next(); }) {}

  FakeReply Next() {
    std::lock_guard lock(mutex_);
    if (replies_.empty()) return {.status = 418};
    FakeReply reply = std::move(replies_.front());
    replies_.pop_front();
    return reply;
  }
  void Expect(std::vector<FakeReply> replies) {
    std::lock_guard lock(mutex_);
    for (FakeReply& reply : replies) replies_.push_back(std::move(reply));
  }
  TransportOptions Transport() {
    TransportOptions transport;
    transport.attempts_max = 4;
    transport.upload_part_bytes = 1 << 20;
    transport.clock = &clock_;
    transport.sleep = [this](const RequestContext& ctx, std::chrono::milliseconds wait) {
      clock_.Advance(wait);
      return ctx.CheckAlive();
    };
    return transport;
  }
  struct Tokens final : AccessTokenProvider {
    Result<AccessToken> Get(const RequestContext&) override {
      return AccessToken{.token = fmt::format("hunter2-{}", renewals), .expires_at = {}};
    }
    void Invalidate() override { ++renewals; }
    int renewals = 0;
  };
  std::unique_ptr<ObjectStore> Gcs() {
    return NewGcsStore({.endpoint = server_.url(), .credentials = tokens_, .transport = Transport()}).value();
  }
  std::unique_ptr<ObjectStore> Azure(const std::string& sas = "") {
    AzureOptions options{.account = "acc", .endpoint = server_.url(), .account_key = {}, .sas_token = sas};
    if (sas.empty()) options.credentials = tokens_;
    options.transport = Transport();
    return NewAzureStore(options).value();
  }
  FakeRequest Request(size_t index) { return server_.requests().at(index); }
  static void ExpectError(const Error& error, ErrorCode code, const std::string& part) {
    EXPECT_EQ(error.code(), code) << error.message();
    EXPECT_NE(error.message().find(part), std::string::npos) << error.message();
    EXPECT_EQ(error.message().find("hunter2"), std::string::npos) << error.message();
  }

  FakeClock clock_;
  std::shared_ptr<Tokens> tokens_ = std::make_shared<Tokens>();
  std::mutex mutex_;
  std::deque<FakeReply> replies_;
  FakeHttpServer server_;
};

FakeReply Json(std::string body) {
  return {.headers = {{"Content-Type", "application/json"}}, .body = std::move(body)};
}
const FakeReply kLost = {.fault = FakeReply::Fault::kLost};

// ---- Google ----

TEST_F(CloudProtocolTest, GooglesListsComeInPages) {
  Expect({Json(R"({"items":[{"name":"t/a","size":"5","updated":"2024-01-31T10:00:00.5Z"}],"nextPageToken":"p 2"})"),
          Json(R"({"items":[{"name":"t/b","size":"6","updated":"2024-01-31T10:00:00Z"}]})"), Json("{}")});
  const auto store = Gcs();
  const auto listed = store->List("gs://lake/t", "A").value();
  ASSERT_EQ(listed.size(), 2);
  EXPECT_EQ(listed[1].path, "gs://lake/t/b");
  EXPECT_EQ(Request(0).query.at("startOffset"), "t/A");
  EXPECT_EQ(Request(0).query.at("delimiter"), "/");
  EXPECT_EQ(Request(1).query.at("pageToken"), "p 2");
  EXPECT_EQ(Request(0).headers.at("authorization"), "Bearer hunter2-0");
  EXPECT_TRUE(store->List("gs://lake/none").value().empty());
}

TEST_F(CloudProtocolTest, GooglesRefusalsAreClear) {
  const auto store = Gcs();
  Expect({{.status = 404,
           .headers = {},
           .body = R"({"error":{"message":"The specified bucket does not exist. hunter2"}})"},
          {.status = 403, .headers = {}, .body = "hunter2"},
          {.status = 401},
          Json("text"),
          {.status = 401},
          {.status = 401},
          {.status = 429},
          {.status = 429},
          {.status = 429},
          {.status = 429},
          Json("[]")});
  ExpectError(store->Read("gs://lake/x").error(), ErrorCode::kNotFound, "the bucket does not exist: gs://lake at");
  ExpectError(store->Read("gs://lake/x").error(), ErrorCode::kPermissionDenied, "gs://lake at " + server_.url());
  EXPECT_EQ(store->Read("gs://lake/x").value(), "text");
  EXPECT_EQ(tokens_->renewals, 1);
  ExpectError(store->Read("gs://lake/x").error(), ErrorCode::kPermissionDenied, "refuses the token");
  ExpectError(store->PutIfAbsent("gs://lake/x", "y").error(), ErrorCode::kTooManyRequests, "gs://lake");
  ExpectError(store->Head("gs://lake/x").error(), ErrorCode::kIoError, "not a JSON object");
}

TEST_F(CloudProtocolTest, AGoogleObjectTellsWhoWroteIt) {
  const auto store = Gcs();
  Expect({kLost,
          {.status = 412},
          Json(R"({"name":"x","size":"1","updated":"2024-01-31T10:00:00Z","metadata":{"nl-writer":"other"}})")});
  ExpectError(store->PutIfAbsent("gs://lake/x", "y").error(), ErrorCode::kAlreadyExists, "gs://lake/x");
  EXPECT_EQ(Request(1).query.at("ifGenerationMatch"), "0");
  EXPECT_NE(Request(1).body.find("nl-writer"), std::string::npos);
  Expect({kLost, {.status = 412}, Json(R"({"name":"x","size":"1","updated":"2024-01-31T10:00:00Z"})")});
  ExpectError(store->PutIfAbsent("gs://lake/x", "y").error(), ErrorCode::kCommitUnknown, "gs://lake/x");
}

TEST_F(CloudProtocolTest, GoogleMayTakePartOfAPart) {
  const auto store = Gcs();
  std::string bytes;
  for (int i = 0; i < (1 << 20) + 10; ++i) bytes += static_cast<char>('a' + i % 23);
  const FakeReply begun{.headers = {{"Location", "http://elsewhere.invalid/?uploadType=resumable&upload_id=id%2F7"}}};
  Expect({begun,
          {.status = 308, .headers = {{"Range", "bytes=0-262143"}}},
          {.status = 308, .headers = {{"Range", "bytes=0-1048575"}}},
          kLost,
          Json("{}")});
  auto writer = store->NewUpload("gs://lake/big").value();
  ASSERT_TRUE(writer->Append(bytes).has_value());
  const auto finished = writer->Finish();
  ASSERT_TRUE(finished.has_value()) << finished.error().message();
  EXPECT_EQ(Request(1).query.at("upload_id"), "id/7");
  EXPECT_EQ(Request(1).headers.at("content-range"), "bytes 0-1048575/*");
  EXPECT_EQ(Request(2).headers.at("content-range"), "bytes 262144-1048575/*");
  EXPECT_EQ(Request(2).body, bytes.substr(262'144, (1 << 20) - 262'144));
  EXPECT_EQ(Request(4).headers.at("content-range"), fmt::format("bytes 1048576-{}/{}", bytes.size() - 1, bytes.size()));
}

// ---- Azure ----

TEST_F(CloudProtocolTest, WhatAzureSignsIsWhatItsReferenceSays) {
  EXPECT_EQ(internal::AzureStringToSign(
                "myaccount", "GET", "/mycontainer", {{"restype", "container"}, {"comp", "metadata"}, {"timeout", "20"}},
                {{"x-ms-version", "2015-02-21"}, {"x-ms-date", "Fri, 26 Jun 2015 23:39:12 GMT"}}, 0),
            "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\nx-ms-version:2015-02-21\n"
            "/myaccount/mycontainer\ncomp:metadata\nrestype:container\ntimeout:20");
}

std::string AzurePage(const std::string& blobs, const std::string& next) {
  return "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults><Blobs>" + blobs +
         "</Blobs><NextMarker>" + next + "</NextMarker></EnumerationResults>";
}

TEST_F(CloudProtocolTest, AzuresListsComeInPages) {
  const std::string properties =
      "<Properties><Last-Modified>Wed, 21 Oct 2015 07:28:00 "
      "GMT</Last-Modified><Content-Length>7</Content-Length></Properties>";
  Expect(
      {{.headers = {},
        .body = AzurePage("<Blob><Name>t/a</Name>" + properties + "</Blob><BlobPrefix><Name>t/d/</Name></BlobPrefix>",
                          "m2")},
       {.headers = {}, .body = AzurePage("<Blob><Name Encoded=\"true\">t/b%20%41</Name>" + properties + "</Blob>", "")},
       {.headers = {}, .body = "<!DOCTYPE x [<!ENTITY e \"hunter2\">]><EnumerationResults/>"}});
  const auto store = Azure();
  const auto listed = store->List("az://lake/t").value();
  ASSERT_EQ(listed.size(), 2);
  EXPECT_EQ(listed[0].path, "az://lake/t/a");
  EXPECT_EQ(listed[0].size_bytes, 7);
  EXPECT_EQ(listed[1].path, "az://lake/t/b A");
  EXPECT_EQ(Request(1).query.at("marker"), "m2");
  ExpectError(store->List("az://lake/t").error(), ErrorCode::kIoError, "document type");
}

TEST_F(CloudProtocolTest, AzuresRefusalsAreClear) {
  const auto store = Azure();
  const auto refusal = [](int status, const std::string& code) {
    return FakeReply{.status = status, .headers = {{"x-ms-error-code", code}}, .body = "hunter2"};
  };
  Expect({refusal(404, "ContainerNotFound"), refusal(403, "AuthenticationFailed"), refusal(409, "BlobAlreadyExists"),
          refusal(503, "ServerBusy"), refusal(503, "ServerBusy"), refusal(503, "ServerBusy"),
          refusal(503, "ServerBusy")});
  ExpectError(store->Read("az://lake/x").error(), ErrorCode::kNotFound, "the container does not exist: az://lake at");
  ExpectError(store->Read("az://lake/x").error(), ErrorCode::kPermissionDenied, "AuthenticationFailed");
  ExpectError(store->PutIfAbsent("az://lake/x", "y").error(), ErrorCode::kAlreadyExists, "key x");
  ExpectError(store->PutIfAbsent("az://lake/x", "y").error(), ErrorCode::kTooManyRequests, "az://lake at");
  EXPECT_EQ(Request(2).headers.at("if-none-match"), "*");
  EXPECT_EQ(Request(2).headers.at("x-ms-blob-type"), "BlockBlob");
}

TEST_F(CloudProtocolTest, ASharedAccessSignatureGoesWithEachRequestAndIntoNoMessage) {
  const auto store = Azure("?sv=2022-11-02&sig=hunter2%2F%2B&sp=rw");
  Expect({{.body = "text"}, {.status = 403}});
  EXPECT_EQ(store->Read("az://lake/x").value(), "text");
  EXPECT_EQ(Request(0).query.at("sig"), "hunter2/+");
  EXPECT_FALSE(Request(0).headers.contains("authorization"));
  ExpectError(store->Read("az://lake/x").error(), ErrorCode::kPermissionDenied, "az://lake");
}

TEST_F(CloudProtocolTest, WhatCannotBeDeletedIsToldAndTheRestIsDeleted) {
  const auto store = Azure();
  Expect({{.status = 202}, {.status = 403}, {.status = 404}, {.status = 202}});
  ExpectError(store->DeleteMany({"az://lake/1", "az://lake/2", "az://lake/3", "az://lake/4"}).error(),
              ErrorCode::kPermissionDenied, "az://lake");
  EXPECT_EQ(server_.requests().size(), 4);
}

TEST_F(CloudProtocolTest, AnAzureObjectTellsWhoWroteIt) {
  const auto store = Azure();
  Expect({kLost,
          {.status = 409, .headers = {{"x-ms-error-code", "BlobAlreadyExists"}}},
          {.headers = {{"x-ms-meta-nlwriter", "other"}, {"Content-Length", "1"}}}});
  ExpectError(store->PutIfAbsent("az://lake/x", "y").error(), ErrorCode::kAlreadyExists, "az://lake/x");
}

}  // namespace
}  // namespace neurolake::storage
