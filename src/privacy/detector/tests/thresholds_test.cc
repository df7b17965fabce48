#include "privacy/detector/thresholds.h"

#include <gtest/gtest.h>

#include "privacy/detector/detector.h"

namespace neurolake::privacy {
namespace {

std::optional<double> Of(const Thresholds& thresholds, Entity entity) {
  return thresholds.of[static_cast<size_t>(entity)];
}

TEST(ThresholdsTest, ReadsNumbersForAllAndForSome) {
  const auto some = ParseThresholds(" 0.7, email_address = 0.9 ,NL=1, NL_BSN = 0");
  ASSERT_TRUE(some.has_value()) << some.error().message();
  EXPECT_EQ(some->all, 0.7);
  EXPECT_EQ(Of(*some, Entity::kEmail), 0.9);
  EXPECT_EQ(Of(*some, Entity::kNlBsn), 0.0);  // Later than its country.
  EXPECT_EQ(Of(*some, Entity::kIp), std::nullopt);
  EXPECT_EQ(ParseThresholds("PERSON = 0.6")->all, 0.5);
  EXPECT_EQ(ParseThresholds("1e-1")->all, 0.1);
}

TEST(ThresholdsTest, RefusesWhatIsNone) {
  for (const char* wrong : {"", "x", "0.7x", "-0.1", "1.01", "nan", "inf", "0.7,,", "MAIL = 0.5", "EMAIL_ADDRESS",
                            "EMAIL_ADDRESS =", "EMAIL_ADDRESS = 2", "= 0.5", "EMAIL_ADDRESS = 0.5 = 0.6"}) {
    const auto list = ParseThresholds(wrong);
    ASSERT_FALSE(list.has_value()) << wrong;
    EXPECT_EQ(list.error().code(), ErrorCode::kInvalidArgument) << wrong;
  }
  EXPECT_NE(ParseThresholds("MAIL = 0.5").error().message().find("MAIL"), std::string::npos);
}

}  // namespace
}  // namespace neurolake::privacy
