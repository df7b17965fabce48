#pragma once
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "storage/object_store_options.h"
#include "storage/tests/fake_s3.h"

namespace neurolake::storage {

/// A store over FakeS3 whose waits between attempts pass at once, on a clock of the test's.
class S3StoreTest : public ::testing::Test {
 protected:
  S3Options Options() {
    S3Options options{.endpoint = fake_.url()};
    options.credentials = NewStaticS3Credentials(
        {.access_key_id = "AKIDEXAMPLE", .secret_access_key = "hunter2secret", .session_token = {}, .expires_at = {}});
    options.transport.read_timeout = std::chrono::milliseconds(300);
    options.transport.clock = &clock_;
    options.transport.sleep = [this](const RequestContext& ctx, std::chrono::milliseconds wait) {
      waits_.push_back(wait);
      clock_.Advance(wait);
      return ctx.CheckAlive();
    };
    return options;
  }
  void SetUp() override { store_ = NewS3Store(Options()).value(); }

  /// Loses `times` answers to `method`, before or after the effect.
  void LoseAnswers(FakeS3::When when, int times, const std::string& method = "PUT") {
    for (int i = 0; i < times; ++i) fake_.Inject({when, {.fault = FakeReply::Fault::kLost}, method});
  }
  void Refuse(int times, FakeReply reply, const std::string& method = "") {
    for (int i = 0; i < times; ++i) fake_.Inject({FakeS3::When::kBefore, reply, method});
  }
  int Requests(const std::string& method) {
    int count = 0;
    for (const FakeRequest& request : fake_.server().requests()) count += request.method == method ? 1 : 0;
    return count;
  }
  /// Code and text; no text has a secret in it.
  static void ExpectError(const Error& error, ErrorCode code, const std::string& part) {
    EXPECT_EQ(error.code(), code) << error.message();
    EXPECT_NE(error.message().find(part), std::string::npos) << error.message();
    EXPECT_EQ(error.message().find("hunter2"), std::string::npos) << error.message();
    EXPECT_EQ(error.message().find("AKIDEXAMPLE"), std::string::npos) << error.message();
  }

  FakeClock clock_;
  std::vector<std::chrono::milliseconds> waits_;
  FakeS3 fake_;
  std::unique_ptr<ObjectStore> store_;
};

}  // namespace neurolake::storage
