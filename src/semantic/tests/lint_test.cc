#include <gtest/gtest.h>

#include <algorithm>

#include "semantic/lint.h"
#include "semantic/load.h"

namespace neurolake::semantic {
namespace {

std::vector<std::string> Findings(const std::string& yaml,
                                  LintFinding::Severity severity = LintFinding::Severity::kWarning) {
  const auto model = LoadModel(yaml);
  EXPECT_TRUE(model.has_value()) << model.error().message();
  std::vector<std::string> findings;
  for (const LintFinding& finding : LintModel(*model)) {
    if (finding.severity == severity) findings.push_back(finding.rule + " " + finding.member);
  }
  return findings;
}

TEST(LintModelTest, FindsWhatIsMisunderstood) {
  const std::string yaml = R"(
semantic_model: m
entities:
  - name: orders
    table: orders
    primary_key: id
    dimensions: [{name: status, synonyms: [state]}, {name: day, type: time}]
    measures: [{name: revenue, synonyms: [sales]}, {name: margin, synonyms: [Sales]}]
  - {name: customers, table: customers, primary_key: id, dimensions: [{name: region, synonyms: [State]}]}
  - {name: lonely, table: lonely}
joins:
  - {name: j, from: orders, to: customers, on: {customer_mail: mail}}
  - {name: k, from: orders, to: customers, on: {a: b}, cardinality: many_to_many}
)";
  const std::vector<std::string> expected{"no-default-time orders", "ambiguous-word margin",
                                          "unreachable-entity lonely", "fan-out j", "fan-out k"};
  EXPECT_EQ(Findings(yaml), expected);
}

TEST(LintModelTest, OneWordIsWorseWithinAnEntityThanBetweenTwo) {
  const std::string yaml = R"(
semantic_model: m
entities:
  - name: orders
    table: orders
    primary_key: id
    default_time: at
    dimensions: [{name: at, type: time, expr: '"at"'}, {name: status}, {name: state, synonyms: [status]}, {name: amount}]
    measures: [{name: total, synonyms: [amount]}]
  - {name: customers, table: customers, primary_key: id, dimensions: [{name: standing, synonyms: [status]}]}
joins: [{name: j, from: orders, to: customers, on: {customer_id: id}}]
)";
  EXPECT_EQ(Findings(yaml), std::vector<std::string>{"ambiguous-word orders.state"})
      << "a column and its total may be called the same";
  const auto notes = Findings(yaml, LintFinding::Severity::kNote);
  EXPECT_EQ(std::ranges::count(notes, "ambiguous-word customers.standing"), 1);
}

TEST(LintModelTest, ATimeIsMissedWhereThereAreSome) {
  const auto model = [](const char* dimensions) {
    return fmt::format(
        "semantic_model: m\nentities: [{{name: a, table: a, primary_key: id, {} measures: [{{name: x}}]}}]",
        dimensions);
  };
  EXPECT_TRUE(Findings(model("")).empty());
  EXPECT_EQ(Findings(model("dimensions: [{name: t, type: time}],")), std::vector<std::string>{"no-default-time a"});
}

TEST(LintModelTest, SaysNothingOfAClearModel) {
  EXPECT_TRUE(Findings(R"(
semantic_model: m
entities:
  - name: orders
    table: orders
    primary_key: id
    default_time: at
    dimensions: [{name: at, type: time, expr: '"at"'}]
    measures: [{name: revenue}]
  - {name: customers, table: customers, primary_key: id, dimensions: [{name: region}]}
joins: [{name: j, from: orders, to: customers, on: {customer_id: id}}]
)")
                  .empty());
}

}  // namespace
}  // namespace neurolake::semantic
