#include "query/subject_mentions.h"

#include <gmock/gmock.h>

namespace neurolake::query {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const SubjectMentions kAnn({"4711", "ann@example.org"}, {"Ann Example", "NL"});

TEST(SubjectMentionsTest, AnAddressNamesSomebodyWhereverItStands) {
  EXPECT_THAT(kAnn.Find({"'ann@example.org'"}, false), ElementsAre(0));
  EXPECT_THAT(kAnn.Find({"1", "'write to ANN@example.org today'"}, false), ElementsAre(1));
  EXPECT_THAT(kAnn.Find({"$$ann@example.org$$", "E'ann@example.org'"}, false), ElementsAre(0, 1));
  EXPECT_THAT(kAnn.Find({"'bob@example.org'", "'ann@example'"}, false), IsEmpty());
}

TEST(SubjectMentionsTest, ANumberNamesSomebodyInStatementsAboutTheTablesAlone) {
  EXPECT_THAT(kAnn.Find({"4711"}, true), ElementsAre(0));
  EXPECT_THAT(kAnn.Find({"'4711'", "'customer 4711 called'"}, true), ElementsAre(0, 1));
  EXPECT_THAT(kAnn.Find({"4711"}, false), IsEmpty());
  EXPECT_THAT(kAnn.Find({"47110", "14711", "'a4711'"}, true), IsEmpty());
}

TEST(SubjectMentionsTest, WhatIsSaidOfOthersTooGoesWithAnIdentifierAlone) {
  EXPECT_THAT(kAnn.Find({"4711", "'ann example'", "'NL'", "'Bob'"}, true), ElementsAre(0, 1, 2));
  EXPECT_THAT(kAnn.Find({"'NL'"}, true), IsEmpty());
}

TEST(SubjectMentionsTest, AStatementKeepsWhatIsNotTheSubjects) {
  EXPECT_EQ(kAnn.Without("SELECT * FROM customers WHERE id IN (4711, 4712)", true),
            "SELECT * FROM customers WHERE id IN ( '[erased]' , 4712)");
  EXPECT_EQ(kAnn.Without("SELECT 4711", false), "SELECT 4711");
  EXPECT_EQ(kAnn.Without("SELECT a -- for ann@example.org\n FROM t", false), "SELECT a FROM t");
  EXPECT_EQ(kAnn.Without("SELECT a FROM t WHERE e = \"ann@example.org\"", false),
            "SELECT a FROM t WHERE e = '[erased]'");
  EXPECT_EQ(kAnn.Without("SELECT 'ann@example.org", false), "SELECT [erased]");
  EXPECT_EQ(kAnn.Without("SELECT 'bob@example.org'", true), "SELECT 'bob@example.org'");
}

TEST(SubjectMentionsTest, ATextIsReadWithoutItsQuotes) {
  EXPECT_EQ(ConstantText("'It''s'"), "it's");
  EXPECT_EQ(ConstantText("$tag$A$tag$"), "a");
  EXPECT_EQ(ConstantText("\"A\""), "a");
  EXPECT_EQ(ConstantText("4711"), "4711");
  EXPECT_EQ(ConstantText("'"), "");
  EXPECT_EQ(ConstantText(""), "");
}

}  // namespace
}  // namespace neurolake::query
