#include "query/subject_mentions.h"

#include <gmock/gmock.h>

namespace neurolake::query {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const SubjectMentions kAnn({.identifiers = {"4711", "ann@example.org"}, .texts = {"Ann Example", "NL"}, .key = "4711"});

TEST(SubjectMentionsTest, AnAddressNamesSomebodyWhereverItStands) {
  EXPECT_THAT(kAnn.Find({"'ann@example.org'"}, false), ElementsAre(0));
  EXPECT_THAT(kAnn.Find({"1", "'write to ANN@example.org today'"}, false), ElementsAre(1));
  EXPECT_THAT(kAnn.Find({"$$ann@example.org$$", "E'ann@example.org'"}, false), ElementsAre(0, 1));
  EXPECT_THAT(kAnn.Find({"'bob@example.org'", "'ann@example'"}, false), IsEmpty());
}

TEST(SubjectMentionsTest, LettersOfEveryAlphabetAreComparedWithoutCase) {
  const SubjectMentions subject({.identifiers = {"ÄNNCHEN@example.org", "Ольга"}, .texts = {"Straße 1"}, .key = "É1"});
  EXPECT_THAT(subject.Find({"'ännchen@Example.org'", "'für Ännchen@EXAMPLE.org'", "'STRAße 1'"}, false),
              ElementsAre(0, 1, 2));
  EXPECT_THAT(subject.Find({"'ОЛЬГА'"}, false), ElementsAre(0));
  EXPECT_THAT(subject.Find({"'é1'"}, true), ElementsAre(0));
  EXPECT_TRUE(subject.HoldsElsewhere("an ÄNNCHEN@EXAMPLE.ORG \xff"));
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
            "SELECT * FROM customers WHERE id IN ('[erased]', 4712)");
  EXPECT_EQ(kAnn.Without("SELECT 4711", false), "SELECT 4711");
  EXPECT_EQ(kAnn.Without("SELECT a -- for ann@example.org\n FROM t", false), "SELECT a FROM t");
  EXPECT_EQ(kAnn.Without("SELECT a FROM t WHERE e = \"ann@example.org\"", false),
            "SELECT a FROM t WHERE e = '[erased]'");
  EXPECT_EQ(kAnn.Without("SELECT 'ann@example.org", false), "SELECT [erased]");
  EXPECT_EQ(kAnn.Without("SELECT 'bob@example.org'", true), "SELECT 'bob@example.org'");
}

TEST(SubjectMentionsTest, AnIdentifierThatIsAWordIsNoColumnOfThatName) {
  const SubjectMentions date({.identifiers = {"date"}, .texts = {}, .key = {}});
  EXPECT_EQ(date.Without("SELECT date FROM t WHERE name = 'Date'", true), "SELECT date FROM t WHERE name = '[erased]'");
  EXPECT_EQ(date.Without("SELECT date FROM t /* of the date */", true), "SELECT date FROM t");
  EXPECT_EQ(date.Without("SELECT date FROM t", true), "SELECT date FROM t");
  EXPECT_EQ(date.Without("SELECT a FROM t WHERE name = \"Date\"", true), "[erased]");
}

TEST(SubjectMentionsTest, InFilesAndNamesAWordIsOneByItself) {
  const SubjectMentions john({.identifiers = {"john", "4711", "j@example.org"}, .texts = {}, .key = {}});
  EXPECT_TRUE(john.HoldsElsewhere("a,John,b"));
  EXPECT_TRUE(john.HoldsElsewhere("mailto:j@example.org"));
  EXPECT_FALSE(john.HoldsElsewhere("johnson,4711"));
}

TEST(SubjectMentionsTest, AShortNumberInAQuestionIsTheKeyOrNothing) {
  const SubjectMentions one({.identifiers = {"3", "17", "4711", "ann", "a@example.org"}, .texts = {}, .key = "17"});
  EXPECT_FALSE(one.HoldsInQuestion("top 3 customers"));
  EXPECT_TRUE(one.HoldsInQuestion("orders of customer 17"));
  EXPECT_TRUE(one.HoldsInQuestion("what did 4711 buy"));
  EXPECT_TRUE(one.HoldsInQuestion("orders of Ann"));
  EXPECT_TRUE(one.HoldsInQuestion("mails from A@example.org?"));
}

// Else whoever may have somebody forgotten could have whatever statements said forgotten.
TEST(SubjectMentionsTest, InAModelANumberIsALongOneAndANameAWordByItself) {
  const SubjectMentions anna(
      {.identifiers = {"2024", "471123", "anna", "anna@example.org"}, .texts = {}, .key = "2024"});
  EXPECT_TRUE(anna.HoldsInModel("as in <anna@example.org>"));
  EXPECT_TRUE(anna.HoldsInModel("Anna, 471123"));
  EXPECT_TRUE(anna.HoldsInModel("no. 471123"));
  EXPECT_FALSE(anna.HoldsInModel("the year 2024 in Savannah, 4711234"));
  EXPECT_TRUE(anna.IsIdentifier("2024") && anna.IsIdentifier("ANNA"));
  EXPECT_FALSE(anna.IsIdentifier("20241") || anna.IsIdentifier(""));
}

TEST(SubjectMentionsTest, AKeyThatNoRowHasIsOneConstantOfStatementsAboutTheTables) {
  const SubjectMentions unknown({.identifiers = {}, .texts = {}, .key = "select"});
  EXPECT_THAT(unknown.Find({"'Select'", "'to select'"}, true), ElementsAre(0));
  EXPECT_THAT(unknown.Find({"'select'"}, false), IsEmpty());
  EXPECT_EQ(unknown.Without("SELECT 1 FROM t", true), "SELECT 1 FROM t");
}

TEST(SubjectMentionsTest, ThousandsOfIdentifiersAreLookedForAtOnce) {
  KnownOfSubject known{.identifiers = {}, .texts = {}, .key = {}};
  for (int i = 0; i < 50'000; ++i) known.identifiers.insert(fmt::format("order-{}", i));
  for (int i = 0; i < 50'000; ++i) known.identifiers.insert(std::to_string(100'000 + i));
  const SubjectMentions many(known);
  EXPECT_THAT(many.Find({"'see order-49999'", "149999", "'order_7'", "150000"}, true), ElementsAre(0, 1));
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
