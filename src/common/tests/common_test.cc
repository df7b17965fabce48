#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

#include "common/clock.h"
#include "common/descriptor.h"
#include "common/ids.h"
#include "common/request_context.h"
#include "common/settings.h"
#include "common/text.h"

namespace neurolake {
namespace {

TEST(ErrorTest, ADetailMoreLeavesTheRestAsItWas) {
  const std::string message = "a message that is too long to be kept in the string itself";
  Error error = Error(ErrorCode::kConflict, message).With("first", "1");
  error = std::move(error).With("second", "2");
  error.With("third", "3").With("fourth", "4");
  EXPECT_EQ(error.code(), ErrorCode::kConflict);
  EXPECT_EQ(error.message(), message);
  using Details = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(error.details(), (Details{{"first", "1"}, {"second", "2"}, {"third", "3"}, {"fourth", "4"}}));
}

TEST(DescriptorTest, ClosesOnceWhoeverHasItLast) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const auto is_open = [](int fd) { return ::fcntl(fd, F_GETFD) >= 0; };
  const Descriptor read_end(ends[0]);
  {
    Descriptor write_end(ends[1]);
    Descriptor moved(std::move(write_end));
    Descriptor assigned;
    EXPECT_FALSE(assigned.valid());
    assigned = std::move(moved);
    auto& same = assigned;
    assigned = std::move(same);
    EXPECT_EQ(assigned.get(), ends[1]);
    EXPECT_TRUE(is_open(ends[1]));
    errno = ENOSPC;
    assigned = Descriptor();
    EXPECT_EQ(errno, ENOSPC) << "what failed before is not forgotten";
    EXPECT_FALSE(is_open(ends[1]));
  }
  EXPECT_TRUE(is_open(ends[0]));
}

TEST(ErrorTest, EveryCodeHasANameThatLeadsBack) {
  EXPECT_EQ(ErrorName(ErrorCode::kConflict), "Conflict");
  EXPECT_EQ(SqlState(ErrorCode::kConflict), "40001");
  EXPECT_EQ(HttpStatus(ErrorCode::kConflict), 409);
  EXPECT_EQ(RetryAdviceFor(ErrorCode::kConflict), RetryAdvice::kRetry);
  EXPECT_EQ(ErrorCodeFromName("Conflict"), ErrorCode::kConflict);
  EXPECT_EQ(ErrorCodeFromName("of a newer version"), ErrorCode::kInternal);
}

TEST(TextTest, TimestampsOfBothSpellingsMeanTheSameInstant) {
  const auto utc = ParseTimestamp("2013-01-31T23:59:59.5Z");
  ASSERT_TRUE(utc.has_value());
  EXPECT_EQ(FormatTimestamp(*utc), "2013-01-31T23:59:59.500000Z");
  EXPECT_EQ(*ParseTimestamp("2013-02-01 00:59:59.500000+01:00"), *utc);
  EXPECT_EQ(FormatTimestamp(*ParseTimestamp("2013-01-31")), "2013-01-31T00:00:00.000000Z");
  EXPECT_EQ(FormatTimestamp(*ParseTimestamp("1969-12-31 23:59:59.999999")), "1969-12-31T23:59:59.999999Z");
}

TEST(TextTest, MalformedTimestampsAreRefused) {
  for (const char* text : {"", "2013", "2013-02-30", "2013-01-31T24:00", "2013-01-31 12", "2013-01-31T12:00:00.Z",
                           "2013-01-31x", "-013-01-31", "2013-01-31 12:00+99"}) {
    EXPECT_FALSE(ParseTimestamp(text).has_value()) << text;
  }
}

TEST(TextTest, SizesAndDurations) {
  EXPECT_EQ(*ParseBytes("16MiB"), 16 << 20);
  EXPECT_EQ(*ParseBytes("4 GB"), 4'000'000'000);
  EXPECT_FALSE(ParseBytes("9999999999TiB").has_value());
  EXPECT_FALSE(ParseBytes("-1").has_value());
  EXPECT_FALSE(ParseBytes("1.5GB").has_value());
  EXPECT_EQ(*ParseDuration("2h"), std::chrono::hours(2));
  EXPECT_FALSE(ParseDuration("2").has_value());
}

TEST(TextTest, QuotingCannotBeEscapedFrom) {
  EXPECT_EQ(QuoteIdentifier("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(QuoteLiteral("it's"), "'it''s'");
}

TEST(RequestContextTest, EndsExactlyAtItsDeadlineAndOnStop) {
  FakeClock clock;
  std::stop_source stop;
  const RequestContext ctx({}, "r", "test", clock, clock.SteadyNow() + std::chrono::seconds(2), stop.get_token());
  clock.Advance(std::chrono::milliseconds(1999));
  EXPECT_TRUE(ctx.CheckAlive().has_value());
  clock.Advance(std::chrono::milliseconds(1));
  EXPECT_EQ(ctx.CheckAlive().error().code(), ErrorCode::kDeadlineExceeded);
  stop.request_stop();
  EXPECT_EQ(ctx.CheckAlive().error().code(), ErrorCode::kCancelled);
}

TEST(RoleTest, OnlyAnAdministratorRegistersLocations) {
  EXPECT_EQ(RightsOfRole("nobody").error().code(), ErrorCode::kInvalidArgument);
  const Principal engineer{{}, "e", "engineer", *RightsOfRole("engineer")};
  EXPECT_TRUE(engineer.Has(Right::kCreate));
  EXPECT_FALSE(engineer.Has(Right::kRegisterLocation));
}

TEST(RoleTest, WhoAuditsSeesTheLogAndChangesNothing) {
  const Principal auditor{{}, "a", "auditor", *RightsOfRole("auditor")};
  EXPECT_TRUE(auditor.Has(Right::kAudit));
  for (const Right right : {Right::kWrite, Right::kCreate, Right::kRegisterLocation, Right::kManage}) {
    EXPECT_FALSE(auditor.Has(right));
  }
  EXPECT_TRUE((Principal{{}, "a", "admin", *RightsOfRole("admin")}).Has(Right::kAudit));
  for (const char* role : {"member", "reader", "writer", "engineer", "monitor"}) {
    EXPECT_FALSE((Principal{{}, "p", role, *RightsOfRole(role)}).Has(Right::kAudit)) << role;
  }
}

class SettingsTest : public testing::Test {
 protected:
  std::string WriteFile(const std::string& text) {
    const std::string path = testing::TempDir() + "/settings_test.toml";
    std::ofstream(path) << text;
    return path;
  }
};

TEST_F(SettingsTest, FlagBeatsEnvironmentBeatsFileBeatsDefault) {
  const std::string file = WriteFile("[http]\nport = 1\nlisten = \"::1\"\n[statement]\ntimeout = \"5s\"\n");
  const auto settings =
      LoadSettings(file, {{"NEUROLAKE_HTTP_PORT", "2"}, {"NEUROLAKE_STATEMENT_TIMEOUT", "6s"}}, {{"http.port", "3"}});
  ASSERT_TRUE(settings.has_value()) << settings.error().message();
  EXPECT_EQ(settings->http_port, 3);
  EXPECT_EQ(settings->statement_timeout, std::chrono::seconds(6));
  EXPECT_EQ(settings->http_listen, "::1");
  EXPECT_EQ(settings->http_body_bytes_max, 16 << 20);
}

TEST_F(SettingsTest, BadValuesNameTheSettingItsSourceAndWhatIsRight) {
  const auto bad_flag = LoadSettings("", {}, {{"http-port", "99999"}});
  EXPECT_EQ(bad_flag.error().message(),
            "setting http.port from the flag --http-port: expected a value from 0 to 65535");
  // Every statement would end past its deadline.
  const auto no_time = LoadSettings("", {}, {{"statement.timeout", "0s"}});
  ASSERT_FALSE(no_time.has_value());
  EXPECT_THAT(no_time.error().message(), testing::HasSubstr("expected at least 1 ms"));
  EXPECT_TRUE(LoadSettings("", {}, {{"statement.timeout", "1ms"}}).has_value());
  const auto unknown = LoadSettings(WriteFile("[http]\nporto = 1\n"), {}, {});
  EXPECT_THAT(unknown.error().message(), testing::HasSubstr("unknown setting in"));
  const auto variable = LoadSettings("", {{"NEUROLAKE_HTTP_PROT", "1"}}, {});
  EXPECT_EQ(variable.error().message(), "unknown setting in the environment: NEUROLAKE_HTTP_PROT");
  EXPECT_FALSE(LoadSettings("", {}, {{"log_level", "loud"}}).has_value());
  EXPECT_FALSE(LoadSettings(WriteFile("[http\n"), {}, {}).has_value());
}

}  // namespace
}  // namespace neurolake
