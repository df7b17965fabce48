#include "semantic/join_paths.h"

#include <gmock/gmock.h>

namespace neurolake::semantic {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Entity EntityOf(const std::string& name) {
  Entity entity;
  entity.name = name;
  entity.table = {name};
  return entity;
}

Join JoinOf(const std::string& from, const std::string& to, Cardinality cardinality = Cardinality::kManyToOne) {
  Join join;
  join.name = from + "_" + to;
  join.from = from;
  join.to = to;
  join.cardinality = cardinality;
  join.from_columns = {"f"};
  join.to_columns = {"t"};
  return join;
}

std::vector<std::vector<std::string>> Names(const SemanticModel& model, const std::string& from,
                                            const std::string& to) {
  std::vector<std::vector<std::string>> names;
  for (const JoinPath& path : ToOnePaths(model, *FindEntity(model, from), *FindEntity(model, to))) {
    auto& joins = names.emplace_back();
    for (const JoinStep& step : path) joins.push_back(step.join->name);
  }
  return names;
}

/// e0 → e1 → … → e<last>.
SemanticModel Chain(size_t last) {
  SemanticModel model;
  for (size_t i = 0; i <= last; ++i) model.entities.push_back(EntityOf("e" + std::to_string(i)));
  for (size_t i = 0; i < last; ++i) {
    model.joins.push_back(JoinOf("e" + std::to_string(i), "e" + std::to_string(i + 1)));
  }
  return model;
}

TEST(JoinPathsTest, WalksFromTheManyToTheOne) {
  SemanticModel model;
  model.entities = {EntityOf("orders"), EntityOf("customers"), EntityOf("countries")};
  model.joins = {JoinOf("orders", "customers"), JoinOf("countries", "customers", Cardinality::kOneToMany)};
  EXPECT_THAT(Names(model, "orders", "countries"), ElementsAre(ElementsAre("orders_customers", "countries_customers")));
  EXPECT_THAT(Names(model, "countries", "orders"), IsEmpty());
  EXPECT_THAT(Names(model, "orders", "orders"), ElementsAre(IsEmpty()));
  const auto back = ToOnePaths(model, model.entities[1], model.entities[2]);
  ASSERT_THAT(back, ElementsAre(SizeIs(1)));
  EXPECT_THAT(back[0][0].from_columns, ElementsAre("t")) << "walked against the way it was written";
}

TEST(JoinPathsTest, TakesEightJoinsAndNotNine) {
  EXPECT_THAT(Names(Chain(8), "e0", "e8"), ElementsAre(SizeIs(8)));
  EXPECT_THAT(Names(Chain(9), "e0", "e9"), IsEmpty());
}

TEST(JoinPathsTest, EndsOnAModelInWhichAllIsJoinedWithAll) {
  SemanticModel model;
  constexpr int kEntities = 60;
  for (int i = 0; i < kEntities; ++i) model.entities.push_back(EntityOf("e" + std::to_string(i)));
  for (int i = 0; i < kEntities; ++i) {
    for (int j = 0; j < kEntities - 1; ++j) {
      if (i != j) model.joins.push_back(JoinOf("e" + std::to_string(i), "e" + std::to_string(j)));
    }
  }
  EXPECT_THAT(Names(model, "e0", "e1"), testing::AllOf(testing::Not(IsEmpty()), SizeIs(testing::Le(kJoinPathsMax))));
  EXPECT_THAT(Names(model, "e0", "e59"), IsEmpty()) << "nothing leads there";
}

}  // namespace
}  // namespace neurolake::semantic
