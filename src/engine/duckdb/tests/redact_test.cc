#include "engine/duckdb/tests/engine_fixture.h"

namespace neurolake::engine::duckdb {
namespace {

class RedactTest : public EngineTest {};

TEST_F(RedactTest, HidesPersonalDataOfEachRow) {
  EXPECT_THAT(Answer("SELECT redact('write to maria@example.com')"),
              testing::ElementsAre("[\"write to <EMAIL_ADDRESS>\"]"));
  EXPECT_THAT(Answer("SELECT redact(t) FROM (VALUES ('10.1.2.3 up'), (NULL), ('plain')) v(t)"),
              testing::ElementsAre("[\"<IP_ADDRESS> up\"]", "[null]", "[\"plain\"]"));
}

TEST_F(RedactTest, TakesAListOfEntities) {
  EXPECT_THAT(Answer("SELECT redact('maria@example.com 10.1.2.3', 'IP_ADDRESS')"),
              testing::ElementsAre("[\"maria@example.com <IP_ADDRESS>\"]"));
}

TEST_F(RedactTest, TakesThresholds) {
  const Rows hidden{"[\"<EMAIL_ADDRESS>\"]"}, shown{"[\"maria@example.com\"]"};
  for (const char* list : {"0.7", "'0.7'", "'EMAIL_ADDRESS = 0.1'", "'1, CONTACT = 0.5'", "0::DOUBLE"}) {
    EXPECT_EQ(Answer(fmt::format("SELECT redact('maria@example.com', 'DEFAULT', {})", list)), hidden) << list;
  }
  for (const char* list : {"1", "'1'", "'0.1, EMAIL_ADDRESS = 1'"}) {
    EXPECT_EQ(Answer(fmt::format("SELECT redact('maria@example.com', 'DEFAULT', {})", list)), shown) << list;
  }
  // Two calls that differ by their thresholds alone are two.
  EXPECT_THAT(
      Answer("SELECT redact(t, 'DEFAULT', 0.5), redact(t, 'DEFAULT', 1) FROM (VALUES ('maria@example.com')) v(t)"),
      testing::ElementsAre("[\"<EMAIL_ADDRESS>\",\"maria@example.com\"]"));
  for (const char* list : {"2", "-0.1", "'MAIL = 0.5'", "''", "t", "'nan'"}) {
    const auto answer =
        Run(fmt::format("SELECT redact(t, 'DEFAULT', {}) FROM (VALUES ('maria@example.com')) v(t)", list));
    ASSERT_FALSE(answer.has_value()) << list;
    EXPECT_EQ(answer.error().code(), ErrorCode::kInvalidArgument) << list << ": " << answer.error().message();
    EXPECT_EQ(answer.error().message().find("maria"), std::string::npos);
  }
}

}  // namespace
}  // namespace neurolake::engine::duckdb
