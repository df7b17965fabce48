#include "query/redaction.h"

#include <gtest/gtest.h>

namespace neurolake::query {
namespace {

TEST(RedactionTest, KeepsNoSecretOfAnyCredential) {
  const std::string name = "CREATE CREDENTIAL c";
  EXPECT_EQ(RedactSecrets("CREATE CREDENTIAL c TYPE S3 OPTIONS (secret_access_key = 'hush')"), name + " [redacted]");
  for (const char* sql : {"CREATE CREDENTIAL c TYPE S3 OPTIONS (secret_access_key = 'hush')",
                          "create or replace credential if not exists \"c\" type gcs options (access_token = 'hush')",
                          "/* hush */ CREATE /* hush */ CREDENTIAL c OPTIONS (x = hush)",
                          "CRAETE CREDENTIAL c 'hush'",
                          "ALTER CREDENTIAL c SET hush",
                          "CREATE CREDENTIALS c hush",
                          "EXPLAIN CREATE CREDENTIAL c hush",
                          "EXPLAIN ANALYZE CREATE CREDENTIAL c hush",
                          "SELECT 1; CREATE CREDENTIAL c hush; SELECT 2",
                          "CREATE SECRET (TYPE S3, SECRET 'hush')",
                          "CREATE OR REPLACE PERSISTENT SECRET s (SECRET 'hush')",
                          "CREATE CREDENTIAL c TYPE S3 OPTIONS (a = 'hush",
                          "CREATE CREDENTIAL $$hush",
                          "CREATE CREDENTIAL 'hush'",
                          "CREATE CREDENTIAL hush",
                          "CREATE STORAGE CREDENTIAL x TYPE S3 OPTIONS (secret_access_key = 'hush')",
                          "CREATE CREDENTAIL x TYPE S3 OPTIONS (secret_access_key='hush')",
                          "PREPARE p AS CREATE CREDENTIAL x hush",
                          "PREPARE p(INT) AS CREATE CREDENTIAL x (a='hush')",
                          "EXPLAIN (FORMAT json) CREATE CREDENTIAL x (a='hush')",
                          "EXPLAIN (ANALYZE, FORMAT json) CREATE CREDENTIAL x hush",
                          "SET sas_token = 'hush'",
                          "CREATE CREDENTAIL x OPTIONS (\"Account_Key\" = E'hush', b = $$hush$$)",
                          "CALL f(access_token => 'hush')",
                          "CREATE CREDENTAIL x OPTIONS (sas_token = \"hush\")",
                          "CREATE MY CREDENTIAL x (a 'hush')",
                          "CREATE CREDENTAIL x OPTIONS (sas_token = 'hush",
                          "CREATE CREDENTAIL x OPTIONS (secret_key = 'hush')"}) {
    const std::string kept = RedactSecrets(sql);
    EXPECT_FALSE(kept.contains("hush")) << sql << " -> " << kept;
  }
}

TEST(RedactionTest, ShortensNothingThatCouldRunAsSomethingElse) {
  for (const char* sql : {"SELECT credential FROM t",
                          "SELECT secret FROM salaries",
                          "FROM credential SELECT *",
                          "UPDATE secret SET a = 1",
                          "CREATE TABLE credential (a INT)",
                          "CREATE OR REPLACE VIEW secret AS SELECT 1",
                          "DROP CREDENTIAL c",
                          "SHOW CREDENTIALS",
                          "ROTATE CREDENTIAL KEY",
                          "/* create credential */ SELECT * FROM t",
                          "SELECT 'create credential x options (''a'')'",
                          "WITH credential AS (SELECT 1) FROM credential",
                          "TABLE credential",
                          "SELECT secret FROM t WHERE a = 'b'",
                          "SELECT 'sas_token', 'b'",
                          "CREATE EXTERNAL LOCATION p URL 's3://b/x' WITH (CREDENTIAL = c, REGISTER = TRUE)",
                          "SELECT a AS account_key FROM salaries",
                          "PREPARE p AS SELECT secret FROM t WHERE a = 'b'",
                          "EXPLAIN (FORMAT json) SELECT 'b'",
                          "INSERT INTO t SELECT 'secret'",
                          "",
                          ";",
                          "-- secret"}) {
    EXPECT_EQ(RedactSecrets(sql), sql);
  }
}

TEST(RedactionTest, LeavesTablesAndColumnsOfWhatNamesASecretOption) {
  EXPECT_EQ(RedactSecrets("SELECT * FROM salaries WHERE name = 'a' AND access_token = 'hush' AND b = c.\"d\""),
            "SELECT * FROM salaries WHERE name = 'a' AND access_token = '[redacted]' AND b = c.\"d\"");
}

TEST(RedactionTest, KeepsNoValueThatATokenWasAskedFor) {
  EXPECT_EQ(RedactSecrets("SELECT id FROM t WHERE mail = lookup_token('people', 'hush') AND name = 'x'"),
            "SELECT id FROM t WHERE mail = lookup_token('people', '[redacted]') AND name = 'x'");
  for (const char* sql : {"SELECT LOOKUP_TOKEN('k', E'hush')", "SELECT lookup_token('k', ('hush'))",
                          "SELECT lookup_token ( 'k' , $$hush$$ )", "SELECT lookup_token('k', 'hush",
                          "SELECT lookup_token('k', 'a' || lower('hush'))", "SELECT \"lookup_token\"('k', 'hush')"}) {
    EXPECT_FALSE(RedactSecrets(sql).contains("hush")) << sql << " -> " << RedactSecrets(sql);
  }
  EXPECT_FALSE(RedactSecrets("SELECT lookup_token('k', 4242)").contains("4242"));
  const std::string other = "SELECT token('people', 'kept')";
  EXPECT_EQ(RedactSecrets(other), other);
}

TEST(RedactionTest, APasswordOfAPrincipalIsNotKept) {
  EXPECT_EQ(RedactSecrets("CREATE USER anna PASSWORD 'hush'"), "CREATE USER anna PASSWORD '[redacted]'");
  EXPECT_EQ(RedactSecrets("ALTER USER anna SET PASSWORD = 'hush'"), "ALTER USER anna SET PASSWORD = '[redacted]'");
  EXPECT_EQ(RedactSecrets("create service account x identified by 'hush'"),
            "create service account x identified by '[redacted]'");
  EXPECT_EQ(RedactSecrets("CREATE USER anna ROLE reader"), "CREATE USER anna ROLE reader");
  // A column of that name is no secret of ours.
  EXPECT_EQ(RedactSecrets("SELECT * FROM t WHERE password = 'a'"), "SELECT * FROM t WHERE password = 'a'");
}

}  // namespace
}  // namespace neurolake::query
