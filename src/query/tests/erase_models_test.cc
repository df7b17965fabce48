// What FORGET SUBJECT takes out of semantic models, and what it leaves to their owners.
#include "query/erase_models.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/semantic_models.h"
#include "query/semantic_models.h"
#include "query/tests/table_fixture.h"
#include "semantic/load.h"

namespace neurolake::query {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr std::string_view kShop = R"(semantic_model: shop  # asked for by ann@example.org
description: Orders, among them those of ann@example.org
entities:
  - name: customers
    table: main.customers
    primary_key: id
    description: People who buy
    dimensions:
      - {name: id, value_type: integer, values: [42, 43]}
      - {name: email, description: "as ann@example.org", synonyms: [mail, ann@example.org],
         values: [{value: x, label: Ann, synonyms: [ann@example.org]}, {value: y, label: Bob}]}
  - name: sizes
    table: main.sizes
    dimensions:
      - {name: size, value_type: integer, description: "42 is large", values: [42]}
verified_questions:
  - {question: "orders of ann@example.org?", intent: "{}"}
  - {question: "how many orders?", intent: "{}"}
)";

class EraseModelsTest : public TableFixture {
 protected:
  const SubjectMentions mentions_{{.identifiers = {"42", "ann@example.org"}, .texts = {"Ann"}, .key = "42"}};

  catalog::SemanticModels& models() { return catalog_->semantic_models(); }
  catalog::SemanticModelVersion Version(std::string_view body) {
    return {.body = std::string(body),
            .digest = "digest of " + std::string(body),
            .created_by = "ada",
            .created = clock_.Now()};
  }
  void Make(const std::string& name, std::string_view body, const std::string& comment = "") {
    const auto schema = catalog_->FindSchema("main").value();
    const auto made = models().Create({.id = "id of " + name,
                                       .name = name,
                                       .schema_id = schema->id.value(),
                                       .schema_name = "main",
                                       .owner = PrincipalId("ada"),
                                       .comment = comment,
                                       .created = clock_.Now(),
                                       .updated = clock_.Now(),
                                       .current = Version(body)});
    ASSERT_TRUE(made.has_value()) << made.error().message();
  }
  ModelTraces Erase(bool erase = true) {
    const Principal officer{PrincipalId("id"), "officer", "engineer", RightsOfRole("engineer").value()};
    const RequestContext ctx(officer, "request", "test", clock_, SteadyTime::max());
    return EraseInModels(ctx, *catalog_, mentions_, {"main.customers"}, erase).value();
  }
  std::string Text(const std::string& name) { return models().Find(name).value()->current.body; }
};

TEST_F(EraseModelsTest, DescriptionsSynonymsValuesAndVerifiedQuestionsAreTakenOut) {
  Make("shop", kShop, "made for ann@example.org");
  EXPECT_EQ(Erase(false).texts, 2);
  EXPECT_EQ(Text("shop"), kShop);
  const ModelTraces traces = Erase();
  EXPECT_EQ(traces.texts, 2);
  EXPECT_THAT(traces.left, IsEmpty());
  EXPECT_THAT(Text("shop"), Not(HasSubstr("ann@example.org")));
  const auto model = semantic::LoadModel(Text("shop")).value();
  EXPECT_EQ(model.description, "[erased]");
  const auto& customers = *semantic::FindEntity(model, "customers");
  EXPECT_EQ(customers.description, "People who buy");
  EXPECT_THAT(semantic::FindDimension(customers, "id")->values, SizeIs(1));
  const auto& email = *semantic::FindDimension(customers, "email");
  EXPECT_THAT(email.synonyms, ElementsAre("mail"));
  EXPECT_THAT(email.values, SizeIs(1));
  EXPECT_EQ(email.values[0].label, "Bob");
  // Of what is no table of the subject's a short number says nothing.
  const auto& size = *semantic::FindDimension(*semantic::FindEntity(model, "sizes"), "size");
  EXPECT_THAT(size.values, SizeIs(1));
  EXPECT_EQ(size.description, "42 is large");
  EXPECT_THAT(model.verified_questions, SizeIs(1));
  const auto record = models().Find("shop").value();
  EXPECT_EQ(record->comment, "[erased]");
  EXPECT_EQ(record->current.created_by, "officer");
  EXPECT_EQ(Erase().texts, 0);
}

TEST_F(EraseModelsTest, OlderVersionsThatNameTheSubjectGoAndOthersStay) {
  Make("shop", kShop);
  constexpr std::string_view kClean =
      "{semantic_model: shop, entities: [{name: e, table: t, dimensions: [{name: a}]}]}";
  ASSERT_EQ(models().AddVersion("id of shop", 1, Version(kClean)).value(), 2);
  ASSERT_EQ(models().AddVersion("id of shop", 2, Version(kShop)).value(), 3);
  ASSERT_EQ(models().AddVersion("id of shop", 3, Version(std::string(kClean) + "\n")).value(), 4);
  EXPECT_EQ(Erase().texts, 2);
  std::vector<int64_t> left;
  const auto versions = models().ListVersions("id of shop").value();
  for (const auto& version : versions) left.push_back(version.version);
  EXPECT_THAT(left, ElementsAre(4, 2));
  EXPECT_EQ(Text("shop"), std::string(kClean) + "\n") << "what says nothing of anybody is not touched";
}

TEST_F(EraseModelsTest, WhatAModelMeansIsToldOfAndStays) {
  constexpr std::string_view kFiltered = R"(semantic_model: shop
description: without ann@example.org
entities:
  - name: customers
    table: main.customers
    filter: "email <> 'ann@example.org'"
    dimensions: [{name: id, value_type: integer}]
    measures: [{name: n, aggregation: count, filter: "email = 'ann@example.org'"}]
)";
  Make("shop", kFiltered);
  const ModelTraces traces = Erase();
  ASSERT_THAT(traces.left, SizeIs(1));
  EXPECT_EQ(traces.left[0].model, "shop");
  EXPECT_EQ(traces.left[0].count, 2);
  EXPECT_EQ(traces.left[0].places, "entities.customers.filter, entities.customers.measures.n.filter");
  const auto model = semantic::LoadModel(Text("shop")).value();
  EXPECT_EQ(model.description, "[erased]");
  EXPECT_EQ(model.entities[0].filter, "email <> 'ann@example.org'");
  // Its owner says what is meant instead; then the rest goes.
  const auto again = Erase();
  EXPECT_EQ(again.texts, 0);
  EXPECT_THAT(again.left, SizeIs(1));
  ASSERT_TRUE(
      models()
          .AddVersion("id of shop", models().Find("shop").value()->current.version,
                      Version("{semantic_model: shop, entities: [{name: e, table: t, dimensions: [{name: a}]}]}"))
          .has_value());
  const auto last = Erase();
  EXPECT_EQ(last.texts, 1);
  EXPECT_THAT(last.left, IsEmpty());
  EXPECT_THAT(models().ListVersions("id of shop").value(), SizeIs(1));
}

TEST_F(EraseModelsTest, ATextThatDoesNotLoadIsToldOf) {
  Make("old", "semantic_model: [ann@example.org");
  Make("fine", "semantic_model: [nobody");
  const ModelTraces traces = Erase();
  ASSERT_THAT(traces.left, SizeIs(1));
  EXPECT_EQ(traces.left[0].model, "old");
  EXPECT_THAT(traces.left[0].places, AllOf(HasSubstr("does not load"), Not(HasSubstr("ann"))));
}

}  // namespace
}  // namespace neurolake::query
