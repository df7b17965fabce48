#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ask/link/join_paths.h"
#include "ask/link/linker.h"
#include "ask/link/value_index.h"

namespace neurolake::ask {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Found(const ValueIndex& index, std::string_view words) {
  std::vector<std::string> shown;
  for (const ValueMatch& match : index.Find(TokenizeName(words))) shown.push_back(match.shown);
  return shown;
}

std::unique_ptr<const ValueIndex> Index(std::initializer_list<const char*> values) {
  std::vector<IndexedValue> indexed;
  for (const char* value : values) indexed.push_back({{"customers", "city"}, std::string(value), value});
  return NewMemoryValueIndex(std::move(indexed));
}

TEST(ValueIndexTest, FindsWithoutCaseAccentsAndHyphens) {
  const auto index = Index({"São Paulo", "Rio de Janeiro", "Baden-Baden", "O'Hare"});
  EXPECT_THAT(Found(*index, "SAO paulo"), ElementsAre("São Paulo"));
  EXPECT_THAT(Found(*index, "baden-baden"), ElementsAre("Baden-Baden"));
  EXPECT_THAT(Found(*index, "O'Hare"), ElementsAre("O'Hare"));
  EXPECT_THAT(Found(*index, "Lisbon"), IsEmpty());
}

TEST(ValueIndexTest, FindsAbbreviationsBeginningsAndMisspellings) {
  const auto index =
      Index({"New York City", "Delta Air Lines Inc.", "Acme Corp", "Munich", "Bakerville North", "Bakerville South"});
  EXPECT_THAT(Found(*index, "NYC"), ElementsAre("New York City"));
  EXPECT_THAT(Found(*index, "Acme"), ElementsAre("Acme Corp"));
  EXPECT_THAT(Found(*index, "Delta"), ElementsAre("Delta Air Lines Inc."));
  EXPECT_THAT(Found(*index, "Munihc"), ElementsAre("Munich"));
  EXPECT_THAT(Found(*index, "Bakerville"), ::testing::SizeIs(2));
  EXPECT_THAT(Found(*index, "'Delta'"), IsEmpty());  // Quoted means as written.
}

TEST(ValueIndexTest, ShortWordsAreCodesOnlyInCapitals) {
  const auto index = Index({"OR", "IN", "ME", "B6", "JFK"});
  EXPECT_THAT(Found(*index, "OR"), ElementsAre("OR"));
  EXPECT_THAT(Found(*index, "or"), IsEmpty());
  EXPECT_THAT(Found(*index, "in"), IsEmpty());
  EXPECT_THAT(Found(*index, "b6"), ElementsAre("B6"));
  EXPECT_THAT(Found(*index, "jfk"), ElementsAre("JFK"));
}

TEST(ValueIndexTest, SuggestsOnlyWhatItHolds) {
  const auto index = Index({"Munich", "Berlin"});
  EXPECT_THAT(index->Nearest(TokenizeName("Munchen"), 3), ElementsAre("Munich"));
  EXPECT_THAT(index->Nearest(TokenizeName("qqqq"), 3), IsEmpty());
}

semantic::SemanticModel Model() {
  semantic::SemanticModel model;
  semantic::Entity trips, places, countries;
  trips.name = trips.label = "trips";
  places.name = places.label = "places";
  countries.name = countries.label = "countries";
  semantic::Dimension name;
  name.name = name.label = "name";
  name.is_label = true;
  places.dimensions = {name};
  countries.dimensions = {name};
  semantic::Metric metric;
  metric.name = "trips";
  metric.label = "number of trips";
  metric.entity = "trips";
  model.entities = {trips, places, countries};
  model.metrics = {metric};
  semantic::Join from, to, country;
  from.name = from.label = "start_place";
  to.name = to.label = "end_place";
  from.from = to.from = "trips";
  from.to = to.to = "places";
  country.name = country.label = "country";
  country.from = "places";
  country.to = "countries";
  model.joins = {from, to, country};
  return model;
}

TEST(JoinPathsTest, GoesOnlyWhereThereIsOneRow) {
  const auto model = Model();
  EXPECT_THAT(ToOnePaths(model, "trips", "places"), ElementsAre(ElementsAre("start_place"), ElementsAre("end_place")));
  EXPECT_THAT(ToOnePaths(model, "trips", "countries"), ::testing::SizeIs(2));
  EXPECT_THAT(ToOnePaths(model, "places", "trips"), IsEmpty());
  EXPECT_THAT(ToOnePaths(model, "Trips", "trips"), ElementsAre(IsEmpty()));
}

TEST(LinkerTest, LinksNamesAndRoles) {
  const auto model = Model();
  const Linker linker(model, nullptr);
  const auto has = [&](std::string_view text, LinkKind kind, std::vector<std::string> via = {}) {
    const auto tokens = TokenizeName(text);
    for (const Link& link : linker.Find(tokens)) {
      if (link.begin == 0 && link.end == tokens.size() && link.kind == kind && link.field.via == via) return true;
    }
    return false;
  };
  EXPECT_TRUE(has("number of trips", LinkKind::kMetric));
  EXPECT_TRUE(has("trips", LinkKind::kMetric));
  EXPECT_TRUE(has("countries", LinkKind::kEntity));
  EXPECT_TRUE(has("start place name", LinkKind::kDimension, {"start_place"}));
  EXPECT_TRUE(has("end place", LinkKind::kDimension, {"end_place"}));
  EXPECT_TRUE(has("name of the place", LinkKind::kDimension));
  EXPECT_FALSE(has("strangers", LinkKind::kEntity));
  EXPECT_THAT(linker.Nearest("contries", 3), ElementsAre("countries"));
}

TEST(LinkerTest, LikenessOnlyBreaksTies) {
  const auto model = Model();
  const Linker plain(model, nullptr);
  const Linker alike(model, nullptr,
                     [](std::string_view, std::string_view name) { return name == "countries" ? 1.0 : -1.0; });
  const auto tokens = TokenizeName("name");
  const auto before = plain.Find(tokens);
  const auto after = alike.Find(tokens);
  ASSERT_EQ(before.size(), after.size());
  for (size_t i = 0; i < before.size(); ++i) EXPECT_LE(std::abs(before[i].cost - after[i].cost), 0.021);
}

TEST(LinkerTest, KnowsWhatPeopleAlsoCallAThing) {
  const auto model = Model();
  const Linker linker(model, nullptr);
  const auto kinds = [&](std::string_view text) {
    std::vector<LinkKind> found;
    const auto tokens = TokenizeName(text);
    for (const Link& link : linker.Find(tokens)) {
      if (link.begin == 0 && link.end == tokens.size() && !link.note.empty()) found.push_back(link.kind);
    }
    return found;
  };
  EXPECT_THAT(kinds("journeys"), ElementsAre(LinkKind::kEntity));  // Said: “journeys” is read as trips.
  EXPECT_THAT(kinds("vendors"), IsEmpty());
}

TEST(LinkerTest, ArticlesInANameMayBeLeftOut) {
  auto model = Model();
  semantic::Dimension amount;
  amount.name = "net_toll";
  amount.label = "net toll amount on the road of a trip";
  amount.value_type = semantic::ValueType::kNumber;
  model.entities[0].dimensions = {amount};
  const Linker linker(model, nullptr);
  const auto links = [&](std::string_view text) {
    const auto tokens = TokenizeName(text);
    return std::ranges::any_of(linker.Find(tokens), [&](const Link& link) {
      return link.field.name == "net_toll" && link.begin == 0 && link.end == tokens.size();
    });
  };
  EXPECT_TRUE(links("net toll amount on road of a trip"));
  EXPECT_FALSE(links("road toll"));  // Net or gross?
}

}  // namespace
}  // namespace neurolake::ask
