#include <fstream>
#include <map>
#include <set>

#include "privacy/detector/detector.h"
#include "privacy/detector/internal/pattern_lists.h"

namespace neurolake::privacy {
namespace {

struct Example {
  std::string entity, value, source;
  bool valid;
};

std::vector<Example> Examples() {
  std::ifstream file(NL_SOURCE_DIR "/src/privacy/detector/tests/identifiers.tsv");
  std::vector<Example> examples;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    const size_t first = line.find('\t'), second = line.find('\t', first + 1), third = line.find('\t', second + 1);
    examples.push_back({line.substr(0, first), line.substr(first + 1, second - first - 1), line.substr(third + 1),
                        line.substr(second + 1, third - second - 1) == "valid"});
  }
  return examples;
}

TEST(IdentifiersTest, PublishedExamplesPassAndWrongOnesDoNot) {
  const auto examples = Examples();
  ASSERT_GT(examples.size(), 150u);
  for (const Example& example : examples) {
    const auto entity = EntityFromName(example.entity);
    ASSERT_TRUE(entity) << example.entity;
    const auto detector = Detector::Get();
    ASSERT_TRUE(detector) << detector.error().message();
    DetectOptions options;
    options.entities = EntitySet{}.set(static_cast<size_t>(*entity));
    options.threshold = 0;
    const auto spans = (*detector)->Find(example.value, options);
    const bool whole = spans.size() == 1 && spans[0].begin == 0 && spans[0].end == example.value.size();
    EXPECT_EQ(whole, example.valid) << example.entity << " " << example.value << ": " << example.source;
  }
}

TEST(IdentifiersTest, EveryCheckHasAnExampleOfEachKind) {
  std::map<std::string, std::set<bool>> kinds;
  for (const Example& example : Examples()) kinds[example.entity].insert(example.valid);
  // Ranges and dates of what has no published numbers: the detector's own tests have them.
  const std::set<Entity> elsewhere = {Entity::kEmail,
                                      Entity::kIp,
                                      Entity::kDateTime,
                                      Entity::kDateOfBirth,
                                      Entity::kJwt,
                                      Entity::kAwsSecretKey,
                                      Entity::kAzureKey,
                                      Entity::kAccessToken,
                                      Entity::kHighEntropySecret,
                                      Entity::kDeTaxNumber,
                                      Entity::kKrDriverLicense,
                                      Entity::kKrFrn,
                                      Entity::kPhTin,
                                      Entity::kNgNin};
  for (const Pattern& pattern : Patterns()) {
    if (pattern.check == nullptr || elsewhere.contains(pattern.entity)) continue;
    EXPECT_EQ(kinds[std::string(InfoOf(pattern.entity).name)].size(), 2u) << InfoOf(pattern.entity).name;
  }
}

TEST(IdentifiersTest, EveryEntityHasAPatternOrIsFoundByName) {
  EntitySet found;
  for (const Pattern& pattern : Patterns()) found.set(static_cast<size_t>(pattern.entity));
  for (const Entity entity : {Entity::kPerson, Entity::kLocation, Entity::kOrganization, Entity::kNrp}) {
    found.set(static_cast<size_t>(entity));
  }
  for (size_t i = 0; i < kEntityCount; ++i) EXPECT_TRUE(found.test(i)) << InfoOf(static_cast<Entity>(i)).name;
}

TEST(EntitiesTest, ListsNameEntitiesGroupsAndCountries) {
  const auto has = [](std::string_view list, Entity entity) {
    const auto set = ParseEntities(list);
    return set && set->test(static_cast<size_t>(entity));
  };
  EXPECT_TRUE(has("nl_bsn", Entity::kNlBsn));
  EXPECT_FALSE(has("nl_bsn", Entity::kEmail));
  EXPECT_TRUE(has("EMAIL_ADDRESS, NL", Entity::kNlBsn));
  EXPECT_TRUE(has("contact", Entity::kEmail));
  EXPECT_TRUE(has("default,-person", Entity::kEmail));
  EXPECT_FALSE(has("default,-person", Entity::kPerson));
  EXPECT_FALSE(has("-person", Entity::kPerson));
  EXPECT_TRUE(has("-person", Entity::kEmail));
  EXPECT_FALSE(has("default", Entity::kUrl));
  EXPECT_TRUE(has("all", Entity::kUrl));
  EXPECT_EQ(ParseEntities("PERSN").error().code(), ErrorCode::kInvalidArgument);
  EXPECT_NE(ParseEntities("PERSN").error().message().find("PERSN"), std::string::npos);
  EXPECT_FALSE(ParseEntities(""));
  EXPECT_FALSE(ParseEntities("nl_bsn,-nl_bsn"));
}

}  // namespace
}  // namespace neurolake::privacy
