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

}  // namespace
}  // namespace neurolake::engine::duckdb
