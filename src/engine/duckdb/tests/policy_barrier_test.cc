// Which conditions of a query lie below a row filter, in the plan: that one which may fail lies above it is seen in
// answers only as long as the engine happens to evaluate it first.
#include "engine/duckdb/internal/policy_barrier.h"

#include <gtest/gtest.h>

#include "duckdb/parser/parser.hpp"
#include "duckdb/planner/planner.hpp"

namespace neurolake::engine::duckdb {
namespace {

using OperatorPointer = native::unique_ptr<native::LogicalOperator>;

constexpr const char* kPolicy = "region = 'EU'";

/// Conditions that are evaluated on rows that the policy hides, without its own, and those that are not.
struct Placed {
  std::vector<std::string> below, above;
  bool may_go_below = true;  ///< All of them, as they were bound: the engine itself holds some back.
};

class PolicyBarrierTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto made = connection_.Query(
        "CREATE TABLE people (tiny TINYINT, id INTEGER, big BIGINT, huge HUGEINT, price DECIMAL(9,2), ratio FLOAT, "
        "exact DOUBLE, name VARCHAR, region VARCHAR, bytes BLOB, tags VARCHAR[], seen TIMESTAMP, alive BOOLEAN)");
    ASSERT_FALSE(made->HasError()) << made->GetError();
  }

  Placed Place(const std::string& condition) {
    Placed placed;
    native::ClientContext& context = *connection_.context;
    try {
      context.RunFunctionInTransaction([&] {
        native::Parser parser(context.GetParserOptions());
        parser.ParseQuery(fmt::format("SELECT id FROM (SELECT * FROM people WHERE {}) WHERE {}", kPolicy, condition));
        native::Planner planner(context);
        planner.CreatePlan(std::move(parser.statements.at(0)));
        auto root = std::move(planner.plan);
        Judge(*root, placed);
        Protect(root);
        Collect(*PushLeakProof(context, *planner.binder, std::move(root)), /*hidden=*/false, placed);
      });
    } catch (const std::exception& exception) {
      ADD_FAILURE() << condition << ": " << native::ErrorData(exception).Message();
      return {};
    }
    // The policy's own is the first.
    EXPECT_FALSE(placed.below.empty()) << condition;
    if (!placed.below.empty()) placed.below.erase(placed.below.begin());
    return placed;
  }

  void ExpectBelow(const std::vector<std::string>& conditions) {
    for (const std::string& condition : conditions) {
      const Placed placed = Place(condition);
      EXPECT_FALSE(placed.below.empty()) << condition;
      EXPECT_THAT(placed.above, testing::IsEmpty()) << condition;
      EXPECT_TRUE(placed.may_go_below) << condition;
    }
  }
  void ExpectAbove(const std::vector<std::string>& conditions) {
    for (const std::string& condition : conditions) {
      const Placed placed = Place(condition);
      EXPECT_FALSE(placed.above.empty()) << condition;
      EXPECT_THAT(placed.below, testing::IsEmpty()) << condition;
      EXPECT_FALSE(placed.may_go_below) << condition;
    }
  }

 private:
  /// The query's own filter is above the policy's.
  static void Judge(const native::LogicalOperator& op, Placed& placed) {
    if (op.type == native::LogicalOperatorType::LOGICAL_FILTER) {
      placed.may_go_below = std::ranges::all_of(op.expressions, [](const auto& one) { return IsLeakProof(*one); });
      return;
    }
    for (const auto& child : op.children) Judge(*child, placed);
  }
  /// Puts the barrier where a governed scan has it.
  static void Protect(OperatorPointer& op) {
    using Type = native::LogicalOperatorType;
    if (op->type == Type::LOGICAL_FILTER && op->children[0]->type == Type::LOGICAL_GET) {
      op = native::make_uniq<PolicyBarrier>(std::move(op));
      return;
    }
    for (auto& child : op->children) Protect(child);
  }
  static void Collect(const native::LogicalOperator& op, bool hidden, Placed& placed) {
    if (op.type == native::LogicalOperatorType::LOGICAL_FILTER) {
      for (const auto& condition : op.expressions)
        (hidden ? placed.below : placed.above).push_back(condition->ToString());
    }
    hidden = hidden || dynamic_cast<const PolicyBarrier*>(&op) != nullptr;
    for (const auto& child : op.children) Collect(*child, hidden, placed);
  }

  native::DuckDB database_;
  native::Connection connection_{database_};
};

TEST_F(PolicyBarrierTest, WhatTakesEveryValueGoesBelow) {
  ExpectBelow({"id = 7", "7 < id", "id < big", "tiny = big", "big = huge", "name <> region", "id IS NULL",
               "name IS NOT NULL", "NOT (id < 7)", "id IN (1, 2, 3)", "name NOT IN ('a', 'b')", "id BETWEEN 1 AND big",
               "alive"});
  ExpectBelow({"name LIKE 'a%'", "name NOT LIKE '%b_'", "name LIKE region", "prefix(name, 'a')", "suffix(name, 'a')",
               "contains(name, region)", "starts_with(name, 'a')", "ends_with(name, 'a')"});
  ExpectBelow({"id = 1 OR name LIKE 'a%'", "id = 1 OR (big = 2 AND name = 'x')", "(id = 1) = (big = 2)"});
  ExpectBelow({"CAST(id AS BIGINT) = 1", "CAST(tiny AS HUGEINT) = 1", "CAST(id AS DOUBLE) > exact",
               "CAST(ratio AS DOUBLE) > exact", "CAST(price AS DOUBLE) > exact"});
}

TEST_F(PolicyBarrierTest, CastsThatMayFailStayAbove) {
  // The error would tell the value.
  ExpectAbove({"CAST(name AS INTEGER) = 1", "CAST(name AS DATE) > DATE '2020-01-01'", "CAST(name AS BOOLEAN)",
               "TRY_CAST(name AS INTEGER) = 1", "CAST(exact AS INTEGER) = 1", "CAST(exact AS DECIMAL(4, 1)) = 1",
               "CAST(alive AS INTEGER) = 1", "CAST(id AS VARCHAR) = '1'"});
  // Into narrower integers.
  ExpectAbove({"CAST(id AS TINYINT) = 1", "CAST(big AS INTEGER) = 1", "CAST(huge AS BIGINT) = 1",
               "TRY_CAST(id AS TINYINT) = 1"});
  // What is cast safely may have failed before.
  ExpectAbove({"CAST(CAST(name AS INTEGER) AS BIGINT) = 1", "CAST(epoch_ns(seen) AS HUGEINT) = 1"});
}

TEST_F(PolicyBarrierTest, ComparisonsAreAsSafeAsEachOfTheirSides) {
  ExpectAbove({"epoch_ns(seen) > id", "id < epoch_ns(seen)", "id = CAST(name AS INTEGER)", "CAST(name AS INTEGER) = id",
               "name = lower(region)", "id IS DISTINCT FROM CAST(name AS INTEGER)"});
  ExpectAbove({"NOT (CAST(name AS INTEGER) BETWEEN 1 AND 9)", "NOT (id BETWEEN CAST(name AS INTEGER) AND 9)",
               "NOT (id BETWEEN 1 AND CAST(name AS INTEGER))"});
  // Of lists and structs the comparison itself is not on the list.
  ExpectAbove({"tags = ['a']", "['a'] = tags"});
}

TEST_F(PolicyBarrierTest, ConjunctionsAreAsSafeAsEachOfTheirParts) {
  ExpectAbove({"CAST(name AS INTEGER) = 2 OR id = 1", "id = 1 OR CAST(name AS INTEGER) = 2",
               "id = 1 OR (big = 2 AND CAST(name AS INTEGER) = 3)", "(id = 1 AND epoch_ns(seen) > 0) = alive"});
  // Those that hold together are placed one by one.
  const Placed placed = Place("id = 1 AND CAST(name AS INTEGER) = 2");
  EXPECT_EQ(placed.below.size(), 1U);
  EXPECT_EQ(placed.above.size(), 1U);
}

TEST_F(PolicyBarrierTest, OperatorsAreThoseOnTheListOverWhatIsSafe) {
  ExpectAbove({"CAST(name AS INTEGER) IS NULL", "CAST(name AS INTEGER) IS NOT NULL", "NOT CAST(name AS BOOLEAN)",
               "CAST(name AS INTEGER) IN (1, 2)", "id IN (1, CAST(name AS INTEGER))",
               "CAST(name AS INTEGER) NOT IN (1, 2)", "id NOT IN (1, CAST(name AS INTEGER))"});
  ExpectAbove({"coalesce(alive, FALSE)", "coalesce(id, 1) = 1", "TRY(CAST(name AS INTEGER)) = 1"});
}

TEST_F(PolicyBarrierTest, FunctionsAreThoseOnTheListOverTexts) {
  ExpectAbove({"lower(name) = 'a'", "length(name) > 1", "regexp_matches(name, region)",
               "like_escape(name, region, 'x')", "name ILIKE 'a%'", "id + 1 = 2", "id / 2 > 1"});
  ExpectAbove({"contains(name, lower(region))", "starts_with(lower(name), 'a')", "name LIKE CAST(seen AS VARCHAR)",
               "contains(name, CAST(id AS VARCHAR))"});
  ExpectAbove({"contains(tags, 'a')", "contains(tags, name)"});
}

TEST_F(PolicyBarrierTest, WhatIsOfNoKnownKindStaysAbove) {
  ExpectAbove({"CASE WHEN id = 1 THEN alive ELSE FALSE END", "CASE WHEN alive THEN id ELSE 0 END = 1",
               "name = CASE WHEN alive THEN name ELSE region END"});
}

}  // namespace
}  // namespace neurolake::engine::duckdb
