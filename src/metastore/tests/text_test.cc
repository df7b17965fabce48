#include <gmock/gmock.h>

#include "metastore/database.h"
#include "metastore/internal/connection_url.h"
#include "metastore/internal/migrations.h"
#include "metastore/stored_text.h"

namespace neurolake::metastore {
namespace {

TEST(StoredTextTest, AcceptsWellFormedUtf8Only) {
  for (const char* good : {"", "abc", "é", "漢", "😀", "\xF4\x8F\xBF\xBF"}) EXPECT_TRUE(IsStorableText(good)) << good;
  for (const char* bad :
       {"\x80", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF5", "a\xE6\xBC", "\xF0\x9F"}) {
    EXPECT_FALSE(IsStorableText(bad));
  }
  EXPECT_FALSE(IsStorableText(std::string_view("a\0", 2)));
}

TEST(StoredTextTest, ReplacesOnlyWhatIsBroken) {
  EXPECT_EQ(MakeStorable("grün"), "grün");
  EXPECT_EQ(MakeStorable(std::string_view("a\0b\xFF漢", 7)),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD漢");
  EXPECT_TRUE(IsStorableText(MakeStorable("\xE6\xBC")));
}

TEST(NumberParametersTest, LeavesQuotesAndCommentsAlone) {
  EXPECT_EQ(NumberParameters("SELECT ?, '?', \"?\", ? -- ?\n, ? /* ? */ WHERE a = ?"),
            "SELECT $1, '?', \"?\", $2 -- ?\n, $3 /* ? */ WHERE a = $4");
  EXPECT_EQ(NumberParameters("'it''s ?' || ?"), "'it''s ?' || $1");
  EXPECT_EQ(NumberParameters("'open ?"), "'open ?");
}

TEST(RedactUrlTest, NeverShowsThePassword) {
  EXPECT_EQ(RedactUrl("postgresql://anna:hunter2@db.example:5433/lake"), "postgresql://anna:***@db.example:5433/lake");
  EXPECT_EQ(RedactUrl("postgres://anna@db/lake"), "postgresql://anna@db/lake");
  EXPECT_EQ(RedactUrl("postgresql://db/lake?password=hunter2&user=anna&sslpassword=hunter2"),
            "postgresql://anna:***@db/lake");
  for (const char* odd : {"postgresql://anna:hun%ter2@db/lake", "postgresql://anna:hunter2@db:x:y/lake?hunter2",
                          "anna:hunter2@db", "host=db password=hunter2", "postgresql://h:hunter2@[::1/x"}) {
    EXPECT_THAT(RedactUrl(odd), testing::Not(testing::AnyOf(testing::HasSubstr("hunter2"), testing::HasSubstr("ter2"))))
        << odd;
    const auto opened = OpenStore(odd, "");
    ASSERT_FALSE(opened.has_value());
    EXPECT_THAT(opened.error().message(), testing::Not(testing::HasSubstr("ter2")));
  }
}

TEST(TranslateDefinitionTest, OneTextServesBothKinds) {
  const std::string_view sql = "CREATE TABLE t (a INTEGER, b TEXT, text_column REAL)";
  EXPECT_EQ(TranslateDefinition("sqlite", sql), std::string(sql) + " STRICT");
  EXPECT_EQ(TranslateDefinition("postgresql", sql),
            "CREATE TABLE t (a BIGINT, b TEXT COLLATE \"C\", text_column DOUBLE PRECISION)");
  EXPECT_EQ(TranslateDefinition("postgresql", "DROP TABLE t"), "DROP TABLE t");
}

}  // namespace
}  // namespace neurolake::metastore
