#include "query/read_only.h"

#include <gtest/gtest.h>

#include "query/front_parser.h"

namespace neurolake::query {
namespace {

TEST(ReadOnlyTest, LetsQueriesPassAndRefusesWhatChanges) {
  for (const char* sql :
       {"SELECT 1", "WITH a AS (SELECT 1) FROM a", "EXPLAIN SELECT 1", "EXPLAIN ANALYZE SELECT 1", "DESCRIBE HISTORY t",
        "DESCRIBE DETAIL t", "SHOW CREATE TABLE t", "SHOW TABLES", "SHOW POLICIES", "SHOW POLICIES ON t",
        "SHOW EFFECTIVE POLICY ON t", "SHOW GRANTS", "SHOW GROUPS", "SHOW TAGS ON t", "SHOW EXPECTATIONS"}) {
    const auto parsed = ParseFront(sql);
    ASSERT_TRUE(parsed.has_value()) << sql;
    EXPECT_TRUE(CheckReads(*parsed).has_value()) << sql;
  }
  for (const char* sql :
       {"VACUUM t", "OPTIMIZE t", "TRUNCATE TABLE t", "COPY INTO t FROM 'upload://a' FILEFORMAT = CSV",
        "GRANT SELECT ON TABLE t TO USER anna", "CREATE EXTERNAL LOCATION l URL '/data'", "DROP EXTERNAL LOCATION l",
        "ALTER TABLE t SET TAGS ('a' = 'b')"}) {
    const auto parsed = ParseFront(sql);
    ASSERT_TRUE(parsed.has_value()) << sql;
    const auto checked = CheckReads(*parsed);
    ASSERT_FALSE(checked.has_value()) << sql;
    EXPECT_EQ(checked.error().code(), ErrorCode::kReadOnly) << sql;
  }
}

TEST(ReadOnlyTest, JudgesWhatTheEngineMakesOfAStatementByItsKind) {
  for (const char* kind : {"SELECT", "DESCRIBE", "SUMMARIZE", "TRANSACTION"}) EXPECT_TRUE(CheckReads(kind).has_value());
  for (const char* kind : {"INSERT", "UPDATE", "DELETE", "MERGE", "CREATE TABLE", "CREATE TABLE AS", "CREATE VIEW",
                           "CREATE SCHEMA", "DROP TABLE", "COPY", "LOGICAL_PLAN"}) {
    const auto checked = CheckReads(kind);
    ASSERT_FALSE(checked.has_value()) << kind;
    EXPECT_EQ(checked.error().code(), ErrorCode::kReadOnly) << kind;
  }
}

TEST(ReadOnlyTest, WhatIsNotListedIsAChange) {
  for (const char* method : {"find_table", "find_view", "system_rows", "authorize"}) EXPECT_TRUE(IsLook(method, ""));
  for (const char* action :
       {"lookup_token", "column_keys", "column_cells", "policies", "effective_policy", "grants", "groups", "tags"}) {
    EXPECT_TRUE(IsLook("maintain", action));
  }
  for (const char* method : {"commit", "change_name", "prepare_table", "append", "may_append", "create_location",
                             "drop_location", "something new", ""}) {
    EXPECT_FALSE(IsLook(method, ""));
  }
  for (const char* action : {"", "column_key_use", "request_break_glass", "save_personal_data", "set_tags", "grant",
                             "grant_function", "create_policy", "create_group", "add_member", "undrop"}) {
    EXPECT_FALSE(IsLook("maintain", action));
  }
}

TEST(ReadOnlyTest, OfAllRightsThoseStayThatRead) {
  Principal admin{PrincipalId("a"), "a", "admin", RightsOfRole("admin").value()};
  ASSERT_TRUE(admin.Has(Right::kWrite) && admin.Has(Right::kManage));
  const Principal reading = ReadingAlone(admin);
  EXPECT_TRUE(reading.Has(Right::kRead));
  for (const Right right : {Right::kWrite, Right::kCreate, Right::kRegisterLocation, Right::kManage}) {
    EXPECT_FALSE(reading.Has(right));
  }
  EXPECT_FALSE(ReadingAlone({PrincipalId("m"), "m", "monitor", {}}).Has(Right::kRead));
}

}  // namespace
}  // namespace neurolake::query
