#include "semantic/name_words.h"

#include <gtest/gtest.h>

namespace neurolake::semantic {
namespace {

std::string Said(std::string_view name) { return JoinedWords(WordsOfName(name)); }

TEST(WordsOfNameTest, PartsNamesAsPeopleWriteThem) {
  EXPECT_EQ(Said("order_date"), "order date");
  EXPECT_EQ(Said("OrderDate"), "order date");
  EXPECT_EQ(Said("customerID"), "customer id");
  EXPECT_EQ(Said("HTTPStatus"), "http status");
  EXPECT_EQ(Said("Unit Price (net)"), "unit price net");
}

TEST(WordsOfNameTest, WritesAbbreviationsOut) {
  EXPECT_EQ(Said("cust_acct_bal"), "customer account balance");
  EXPECT_EQ(Said("qty"), "quantity");
  EXPECT_EQ(Said("inv_no"), "invoice number");
  EXPECT_EQ(Said("fname"), "first name");
}

TEST(WordsOfNameTest, TakesWordsOfTheTradeApart) {
  EXPECT_EQ(Said("extendedprice"), "extended price");
  EXPECT_EQ(Said("acctbal"), "account balance");
  EXPECT_EQ(Said("lineitem"), "line item");
  EXPECT_EQ(Said("mktsegment"), "market segment");
  EXPECT_EQ(Said("userid"), "user id");
  // And leaves alone what only looks like it.
  for (const char* word : {"category", "account", "carrier", "discount", "warehouse", "manager", "paid", "altitude"}) {
    EXPECT_EQ(Said(word), word);
  }
}

TEST(WordsOfNameTest, SaysGermanAndFrenchNamesInEnglish) {
  EXPECT_EQ(Said("Kundennummer"), "customer number");
  EXPECT_EQ(Said("bestell_datum"), "order date");
  EXPECT_EQ(Said("Rechnungsbetrag"), "invoice amount");
  EXPECT_EQ(Said("größe"), "size");
  EXPECT_EQ(Said("prix_unitaire"), "unit price");
  EXPECT_EQ(Said("date_commande"), "order date");
  EXPECT_EQ(Said("quantité"), "quantity");
  // What is English, too, stays what it is.
  for (const char* word : {"tag", "art", "rate", "note", "land", "position", "grand prix"}) {
    EXPECT_EQ(Said(word), word);
  }
}

TEST(PluralTest, GoesBothWays) {
  for (const auto& [one, many] : {std::pair{"customer", "customers"},
                                  {"order line", "order lines"},
                                  {"city", "cities"},
                                  {"branch", "branches"},
                                  {"person", "people"},
                                  {"weather", "weather"},
                                  {"day", "days"},
                                  {"diagnosis", "diagnoses"},
                                  {"box", "boxes"}}) {
    EXPECT_EQ(PluralOf(one), many);
    EXPECT_EQ(PluralOf(many), many);
    EXPECT_EQ(SingularOf(many), one);
  }
  EXPECT_EQ(SingularOf("status"), "status");
  EXPECT_EQ(SingularOf("address"), "address");
}

TEST(VerbOfTimeTest, SaysWhatIsDone) {
  EXPECT_EQ(VerbOfTime({"order", "date"}), "ordered");
  EXPECT_EQ(VerbOfTime({"shipped", "at"}), "shipped");
  EXPECT_EQ(VerbOfTime({"signed", "up", "at"}), "signed up");
  EXPECT_EQ(VerbOfTime({"day"}), "");
}

}  // namespace
}  // namespace neurolake::semantic
