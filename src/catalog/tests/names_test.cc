#include "catalog/internal/names.h"

#include <gtest/gtest.h>

#include "catalog/internal/locations.h"

namespace neurolake::catalog {
namespace {

TEST(NamesTest, AnyUtf8WithoutControlCharactersIsAName) {
  for (const char* good : {"a", "Straße", "漢字 😀", "a.b/c", "with \"quotes\" and ; --", " ", "\xC2\xA0"}) {
    EXPECT_TRUE(CheckedName("table", good).has_value()) << good;
  }
  for (const char* bad : {"", "a\nb", "\t", "\x7F", "\xC2\x80", "\xC2\x9F", "\xFF"}) {
    EXPECT_FALSE(CheckedName("table", bad).has_value());
  }
  EXPECT_FALSE(CheckedName("table", std::string_view("a\0b", 3)).has_value());
  EXPECT_TRUE(CheckedName("table", std::string(255, 'x')).has_value());
  EXPECT_FALSE(CheckedName("table", std::string(256, 'x')).has_value());
}

TEST(NamesTest, CaseIsFoldedForAsciiAlone) { EXPECT_EQ(CheckedName("table", "ÄbC").value(), "Äbc"); }

TEST(NamesTest, ReservedSchemasAreRefusedInAnyCase) {
  for (const char* name : {"system", "SYSTEM", "Information_Schema", "pg_catalog", "temp"}) {
    EXPECT_FALSE(CheckedSchemaName(name).has_value()) << name;
  }
  EXPECT_TRUE(CheckedSchemaName("systems").has_value());
}

TEST(LocationsTest, OverlapCountsWholeDirectories) {
  EXPECT_TRUE(Overlap("/data/a", "/data/a"));
  EXPECT_TRUE(Overlap("/data/a", "/data/a/b"));
  EXPECT_TRUE(Overlap("/data/a/b/c", "/data/a"));
  EXPECT_TRUE(Overlap("/", "/data"));
  EXPECT_FALSE(Overlap("/data/a", "/data/ab"));
  EXPECT_FALSE(Overlap("/data/a-b", "/data/a"));
  EXPECT_FALSE(Overlap("/data/a", "/other"));
}

TEST(LocationsTest, PathsAreNormal) {
  const Locations locations("/srv/lake/");
  EXPECT_EQ(locations.ManagedToStored("/srv/lake/tables/x/").value(), "tables/x");
  EXPECT_EQ(locations.ManagedToStored("/srv/other/../lake/tables//x").value(), "tables/x");
  EXPECT_FALSE(locations.ManagedToStored("/srv/lake/tables/../audit").has_value());
  EXPECT_FALSE(locations.ManagedToStored("/srv/lake/tables").has_value());
  EXPECT_FALSE(locations.ManagedToStored("/srv/lake2/tables/x").has_value());
  EXPECT_EQ(locations.ToAbsolute("tables/x", true), "/srv/lake/tables/x");
  EXPECT_EQ(locations.ExternalToStored("/data/./a//b/").value(), "/data/a/b");
  EXPECT_EQ(locations.ExternalToStored("s3://bucket/x/").value(), "s3://bucket/x");
  for (const char* bad : {"relative", "", "s3:///x", "s3://bucket/a/../b", "/srv/lake", "/srv/lake/tables/x", "/srv",
                          "/", "/data/../srv/lake/x"}) {
    EXPECT_FALSE(locations.ExternalToStored(bad).has_value()) << bad;
  }
  EXPECT_TRUE(locations.ExternalToStored("/srv/lake2").has_value());
  EXPECT_FALSE(locations.ExternalToStored("/" + std::string(3000, 'x')).has_value());
  EXPECT_EQ(WithAncestors("/a/b/c"), (std::vector<std::string>{"/a/b/c", "/a/b", "/a"}));
  EXPECT_EQ(WithAncestors("tables/x"), (std::vector<std::string>{"tables/x", "tables"}));
}

}  // namespace
}  // namespace neurolake::catalog
