#include "privacy/detector/column_scanner.h"

#include <random>

#include "privacy/detector/checks.h"

namespace neurolake::privacy {
namespace {

using Values = std::vector<std::string>;

std::vector<ColumnFinding> Scan(std::string_view column, const Values& values, const ColumnOptions& options = {}) {
  const auto detector = Detector::Get();
  EXPECT_TRUE(detector);
  ColumnScanner scanner(*detector, std::string(column));
  for (const auto& value : values) scanner.Add(value);
  return scanner.Finish(options);
}

/// Numbers of `digits` digits that pass `check`, drawn by chance.
Values Passing(bool (*check)(std::string_view), size_t digits, size_t count, uint64_t seed = 1) {
  std::mt19937_64 random(seed);
  Values values;
  while (values.size() < count) {
    std::string text;
    for (size_t i = 0; i < digits; ++i) text += static_cast<char>('0' + random() % 10);
    if (check == nullptr || check(text)) values.push_back(text);
  }
  return values;
}

TEST(ColumnScannerTest, ACheckThatNearlyAllPassIsEvidence) {
  const auto findings = Scan("c1", Passing(checks::NlBsn, 9, 200));
  ASSERT_FALSE(findings.empty());
  EXPECT_EQ(findings[0].entity, Entity::kNlBsn);
  EXPECT_GT(findings[0].confidence, 0.99);
  EXPECT_EQ(findings[0].tag(), "pii.national.nl_bsn");
  EXPECT_EQ(findings[0].passed, 200);
}

TEST(ColumnScannerTest, RandomNumbersPassOneTimeInElevenAndAreNothing) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    EXPECT_TRUE(Scan("c1", Passing(nullptr, 9, 200, seed)).empty()) << seed;
    EXPECT_TRUE(Scan("c1", Passing(nullptr, 10, 200, seed)).empty()) << seed;
    EXPECT_TRUE(Scan("c1", Passing(nullptr, 11, 200, seed)).empty()) << seed;
  }
}

TEST(ColumnScannerTest, ANameAloneDoesNotMakeRandomNumbersAnIdentifier) {
  // Its check refutes it; the nine digits may be some other identifier without one, but no BSN.
  for (const auto& finding : Scan("bsn", Passing(nullptr, 9, 200))) EXPECT_NE(finding.entity, Entity::kNlBsn);
}

TEST(ColumnScannerTest, AFewTypingErrorsDoNotHideAnIdentifier) {
  Values values = Passing(checks::BrCpf, 11, 190);
  for (const auto& wrong : Passing(nullptr, 11, 10, 7)) values.push_back(wrong);
  const auto findings = Scan("documento", values);
  ASSERT_FALSE(findings.empty());
  EXPECT_EQ(findings[0].entity, Entity::kBrCpf);
}

TEST(ColumnScannerTest, OneValueOfManyRowsCountsOnce) {
  const Values values(500, Passing(checks::NlBsn, 9, 1)[0]);
  EXPECT_TRUE(Scan("c1", values).empty());
}

TEST(ColumnScannerTest, TheNameDecidesBetweenIdentifiersOfOneForm) {
  const Values values = Passing(checks::Luhn, 9, 200);
  const auto canadian = Scan("employee_sin", values), french = Scan("siren", values);
  ASSERT_FALSE(canadian.empty());
  ASSERT_FALSE(french.empty());
  EXPECT_EQ(canadian[0].entity, Entity::kCaSin);
  EXPECT_EQ(french[0].entity, Entity::kFrSiren);
}

TEST(ColumnScannerTest, CountersTimesPricesAndHashesAreNothing) {
  Values counter, epoch, prices, versions;
  for (int i = 0; i < 300; ++i) {
    counter.push_back(std::to_string(100'000'000 + i));
    epoch.push_back(std::to_string(1'700'000'000 + i * 37));
    prices.push_back(fmt::format("{}.{:02}", i * 7 % 1000, i * 13 % 100));
    versions.push_back(fmt::format("{}.{}.{}", i % 7, i % 20, i));
  }
  EXPECT_TRUE(Scan("order_id", counter).empty());
  EXPECT_TRUE(Scan("account", counter).empty());
  EXPECT_TRUE(Scan("created", epoch).empty());
  EXPECT_TRUE(Scan("price", prices).empty());
  EXPECT_TRUE(Scan("version", versions).empty());
}

TEST(ColumnScannerTest, NamesByTheirShareInTheGazetteer) {
  const auto people =
      Scan("c2", {"Maria Garcia", "John Smith", "Jürgen Müller", "Anna Kowalska", "Pierre Dupont", "Emma Jones"});
  ASSERT_FALSE(people.empty());
  EXPECT_EQ(people[0].entity, Entity::kPerson);
  const auto places = Scan("city", {"Berlin", "Paris", "Madrid", "New York", "Toronto", "Osaka"});
  ASSERT_FALSE(places.empty());
  EXPECT_EQ(places[0].entity, Entity::kLocation);
  EXPECT_TRUE(Scan("color", {"Brown", "White", "Black", "Green", "Gray", "Red", "Blue"}).empty());
  EXPECT_TRUE(Scan("status", {"open", "closed", "pending", "cancelled", "returned"}).empty());
  EXPECT_TRUE(Scan("product_name", {"Hammer", "Screwdriver", "Garden hose", "Steel bolt", "Wall paint"}).empty());
}

TEST(ColumnScannerTest, TextsAreJudgedByWhatStandsInThem) {
  Values notes;
  for (int i = 0; i < 60; ++i) {
    notes.push_back(i % 3 == 0 ? fmt::format("please answer customer{}@example.com about order {}", i, i)
                               : fmt::format("parcel {} was delivered to the shop", i));
  }
  const auto findings = Scan("note", notes);
  ASSERT_FALSE(findings.empty());
  EXPECT_EQ(findings[0].entity, Entity::kEmail);
  EXPECT_TRUE(findings[0].in_text);
}

TEST(ColumnScannerTest, ExplanationsHaveNoValues) {
  const Values values = Passing(checks::NlBsn, 9, 50);
  const auto findings = Scan("bsn", values);
  ASSERT_FALSE(findings.empty());
  EXPECT_NE(findings[0].why.find("the column's name has \"bsn\""), std::string::npos);
  EXPECT_NE(findings[0].why.find("50 of 50"), std::string::npos);
  for (const auto& value : values) EXPECT_EQ(findings[0].why.find(value), std::string::npos);
}

TEST(ColumnScannerTest, ThresholdsHoldForSingleEntities) {
  ColumnOptions options;
  options.thresholds[static_cast<size_t>(Entity::kUsPassport)] = 0.999;
  options.entities = EntitySet{}.set(static_cast<size_t>(Entity::kUsPassport));
  const Values values = Passing(nullptr, 9, 50);
  ColumnOptions lax = options;
  lax.thresholds = {};
  EXPECT_FALSE(Scan("passport_no", values, lax).empty());
  EXPECT_TRUE(Scan("passport_no", values, options).empty());
}

TEST(ColumnScannerTest, NothingOfNothing) {
  EXPECT_TRUE(Scan("email", {}).empty());
  EXPECT_TRUE(Scan("email", {"", "  "}).empty());
}

}  // namespace
}  // namespace neurolake::privacy
