#include "engine/duckdb/tests/engine_fixture.h"
#include "engine/duckdb/tests/foreign_table.h"
#include "plan/field_path.h"

namespace neurolake::engine::duckdb {
namespace {

plan::PolicyExpression Sql(const std::string& sql, const std::vector<std::string>& columns) {
  plan::PolicyExpression expression{.policy = "p", .sql = sql, .columns = {}};
  for (const auto& column : columns) expression.columns.push_back({column, column});
  return expression;
}

plan::ScanDecision Decision(std::vector<plan::PolicyExpression> permissive,
                            std::vector<plan::PolicyExpression> restrictive = {},
                            std::vector<plan::ColumnMask> masks = {}, bool filters = true) {
  auto policy = std::make_shared<plan::TablePolicy>();
  policy->context = {.principal = "anna", .groups = {"eu"}};
  policy->filters_rows = filters;
  policy->permissive = std::move(permissive);
  policy->restrictive = std::move(restrictive);
  policy->masks = std::move(masks);
  return {.policy = std::move(policy)};
}

// Ten files with k in [10 n, 10 n + 9]; `side` is 'a' for even k, `s` a text of k.
class PolicyTest : public EngineTest {
 protected:
  void SetUp() override {
    EngineTest::SetUp();
    const std::string t = root_ + "/tables/t";
    provider_->AddTable("t", t);
    std::vector<std::string> lines = {
        ProtocolLine(),
        MetadataLine(FieldJson("k", "long") + "," + FieldJson("side", "string") + "," + FieldJson("s", "string"))};
    for (int i = 0; i < 10; ++i) {
      const std::string file = fmt::format("f{}.parquet", i);
      WriteParquetFile(t + "/" + file,
                       fmt::format("SELECT {0} * 10 + j AS k, CASE WHEN j % 2 = 0 THEN 'a' ELSE 'b' END "
                                   "AS side, ({0} * 10 + j)::VARCHAR AS s FROM range(10) r(j)",
                                   i));
      lines.push_back(AddLine(file, "{}",
                              fmt::format(R"({{"numRecords":10,"minValues":{{"k":{},"side":"a"}},)"
                                          R"("maxValues":{{"k":{},"side":"b"}},"nullCount":{{"k":0,"side":0}}}})",
                                          i * 10, i * 10 + 9)));
    }
    WriteLogFile(t, 0, lines);
  }

  Rows Governed(const std::string& sql, const plan::ScanDecision& decision) {
    auto rows = Run(sql, {}, decision);
    if (rows.has_value()) return *rows;
    return {std::string(ErrorName(rows.error().code())) + ": " + rows.error().message()};
  }
  void Expect(const std::string& predicate, const plan::ScanDecision& decision, int64_t rows, int64_t files) {
    EXPECT_EQ(Governed("SELECT count(k) FROM t WHERE " + predicate, decision), Rows{fmt::format("[{}]", rows)})
        << predicate;
    EXPECT_EQ(statistics_.files_kept, files) << predicate;
  }
};

TEST_F(PolicyTest, LeakProofConditionsPruneAsWithoutPolicies) {
  const auto side = Decision({Sql("side = 'a'", {"side"})});
  Expect("k = 42", side, 1, 1);
  Expect("k = 43", side, 0, 1);
  Expect("42 >= k", side, 22, 5);
  Expect("k BETWEEN 15 AND 25", side, 5, 2);
  Expect("k IN (2, 55, 98)", side, 2, 3);
  Expect("k = 2 OR k = 98", side, 2, 2);
  Expect("NOT (k < 90)", side, 5, 1);
  Expect("k > 1000", side, 0, 0);
  Expect("k IS NULL", side, 0, 0);
}

TEST_F(PolicyTest, ThePolicyPrunesItself) {
  const auto high = Decision({Sql("k >= 80", {"k"})});
  Expect("true", high, 20, 2);
  Expect("k < 90", high, 10, 1);
  Expect("CAST(s AS INTEGER) < 90", high, 10, 2);
}

TEST_F(PolicyTest, ConditionsPruneThroughProjectionsJoinsAndViews) {
  const auto side = Decision({Sql("side = 'a'", {"side"})});
  EXPECT_EQ(Governed("SELECT count(*) FROM (SELECT k AS x, s FROM t) q WHERE x = 42", side), Rows{"[1]"});
  EXPECT_EQ(statistics_.files_kept, 1);
  EXPECT_EQ(Governed("SELECT count(*) FROM t a JOIN t b ON a.k = b.k WHERE a.k = 42", side), Rows{"[1]"});
  EXPECT_LE(statistics_.files_kept, 2);
  EXPECT_EQ(Governed("WITH c AS (SELECT * FROM t) SELECT count(*) FROM c WHERE k = 42", side), Rows{"[1]"});
  EXPECT_EQ(statistics_.files_kept, 1);
}

TEST_F(PolicyTest, WhatMayFailNeverMeetsAHiddenRow) {
  const auto low = Decision({Sql("k < 5", {"k"})});
  EXPECT_EQ(Governed("SELECT count(*) FROM t WHERE 10 // (7 - k) > 0", low), Rows{"[5]"});
  EXPECT_EQ(Governed("SELECT count(*) FROM t WHERE CAST(CASE WHEN k > 4 THEN 'x' ELSE s END AS INTEGER) < 3", low),
            Rows{"[3]"});
  EXPECT_EQ(Governed("SELECT count(*) FROM (SELECT CAST(CASE WHEN k > 4 THEN 'x' ELSE s END AS INTEGER) AS n FROM t) "
                     "WHERE n < 3",
                     low),
            Rows{"[3]"});
  EXPECT_EQ(Governed("SELECT count(*) FROM t a JOIN t b ON CAST(CASE WHEN a.k > 4 THEN 'x' ELSE a.s END AS INTEGER) = "
                     "b.k",
                     low),
            Rows{"[5]"});
  // The same on rows that are visible fails.
  EXPECT_NE(Governed("SELECT count(*) FROM t WHERE CAST(CASE WHEN k = 4 THEN 'x' ELSE s END AS INTEGER) < 3", low),
            Rows{"[3]"});
}

/// As of policies in Rego: nobody has bound it before.
plan::PolicyExpression ByName(const std::string& sql) {
  return {.policy = "rego", .sql = sql, .columns = {}, .by_name = true};
}

TEST_F(PolicyTest, WhatWasMadeElsewhereIsBoundByName) {
  const auto narrowed = Decision({Sql("true", {})}, {ByName("k < 20 AND side = 'a' AND is_member('eu')")},
                                 {{.column = {.name = "S", .physical = ""}, .value = ByName("left(s, 1)")}});
  Expect("true", narrowed, 10, 2);
  EXPECT_EQ(Governed("SELECT max(length(s)) FROM t WHERE k > 9", narrowed), Rows{"[1]"});
}

TEST_F(PolicyTest, WhatWasMadeElsewhereAndDoesNotFitHidesEverything) {
  for (const char* sql :
       {"1", "no_such = 1", "k IN (SELECT 1)", "k = ", "random() < 0.5", "'true'", "getenv('HOME') = ''", ""}) {
    const Rows rows = Governed("SELECT count(*) FROM t", Decision({Sql("true", {})}, {ByName(sql)}));
    ASSERT_EQ(rows.size(), 1) << sql;
    EXPECT_TRUE(rows[0].starts_with("PermissionDenied: ")) << sql << " " << rows[0];
  }
  const auto masked = [](const std::string& column, const std::string& sql) {
    return Decision({}, {}, {{.column = {.name = column, .physical = ""}, .value = ByName(sql)}}, false);
  };
  EXPECT_EQ(Governed("SELECT count(s) FROM t", masked("s", "NULL")), Rows{"[0]"});
  EXPECT_TRUE(Governed("SELECT max(k) FROM t", masked("k", "'x'"))[0].starts_with("PermissionDenied: "));
  EXPECT_TRUE(Governed("SELECT max(k) FROM t", masked("k", "[k]"))[0].starts_with("PermissionDenied: "));
  // It would hide nothing, of whatever column one asks.
  EXPECT_TRUE(Governed("SELECT max(k) FROM t", masked("no_such", "NULL"))[0].starts_with("PermissionDenied: "));
}

TEST_F(PolicyTest, NoPermissivePolicyIsNoRow) {
  Expect("true", Decision({}, {Sql("true", {})}), 0, 0);
  EXPECT_EQ(Governed("SELECT count(*) FROM t", Decision({})), Rows{"[0]"});
}

TEST_F(PolicyTest, RestrictivePoliciesNarrowPermissiveOnes) {
  EXPECT_EQ(Governed("SELECT k FROM t ORDER BY k",
                     Decision({Sql("k = 1", {"k"}), Sql("k = 12", {"k"})}, {Sql("side = 'a'", {"side"})})),
            Rows{"[12]"});
}

TEST_F(PolicyTest, ExpressionsKnowWhoIsAsking) {
  EXPECT_EQ(Governed("SELECT k FROM t", Decision({Sql("is_member('EU') AND k = 1", {"k"})})), Rows{"[1]"});
  EXPECT_EQ(Governed("SELECT k FROM t", Decision({Sql("is_member('us') AND k = 1", {"k"})})), Rows{});
  EXPECT_EQ(Governed("SELECT k FROM t", Decision({Sql("current_principal() = 'anna' AND k = 1", {"k"})})), Rows{"[1]"});
}

TEST_F(PolicyTest, MasksStandInThePlaceOfTheColumn) {
  const auto masked = Decision({}, {}, {{.column = {"s", "s"}, .value = Sql("'#' || right(s, 1)", {"s"})}}, false);
  EXPECT_EQ(Governed("SELECT s FROM t WHERE k = 42", masked), Rows{R"(["#2"])"});
  EXPECT_EQ(statistics_.files_kept, 1);
  EXPECT_EQ(Governed("SELECT count(*) FROM t WHERE s = '42'", masked), Rows{"[0]"});
  EXPECT_EQ(Governed("SELECT count(*) FROM t WHERE s = '#2'", masked), Rows{"[10]"});
  EXPECT_EQ(Governed("SELECT min(s), max(s) FROM t", masked), Rows{R"(["#0","#9"])"});
  EXPECT_EQ(Governed("SELECT t FROM t WHERE k = 42", masked), Rows{R"([{"k":42,"side":"a","s":"#2"}])"});
  EXPECT_EQ(Governed("SELECT count(*) FROM t", masked), Rows{"[100]"});
}

TEST_F(PolicyTest, AColumnThatTwoMasksMeanShowsNothing) {
  // By what files call it, and by the name that it took from another.
  const auto masked = Decision(
      {}, {}, {{.column = {"s", "s"}, .value = Sql("'one'", {})}, {.column = {"s", "gone"}, .value = Sql("'two'", {})}},
      false);
  EXPECT_EQ(Governed("SELECT s FROM t WHERE k = 42", masked), Rows{"[null]"});
  EXPECT_EQ(Governed("SELECT k FROM t WHERE k = 42", masked), Rows{"[42]"});
}

TEST_F(PolicyTest, AColumnThatIsMaskedAsAWholeAndInAPartShowsNothing) {
  ASSERT_EQ(Answer("CREATE TABLE people (id BIGINT, home STRUCT(town VARCHAR, street VARCHAR))"), Rows{});
  ASSERT_EQ(Answer("INSERT INTO people VALUES (1, {'town': 'Ulm', 'street': 'Elm 7'})"), Rows{});
  const std::string town = std::string("home") + plan::kFieldSeparator + "town";
  const plan::ColumnMask part{.column = {town, town}, .value = Sql("'#'", {})};
  const plan::ColumnMask whole{
      .column = {"home", "home"},
      .value = Sql("struct_pack(town := struct_extract(home, 'town'), street := '*')", {"home"})};
  const std::string sql = "SELECT home FROM people";
  EXPECT_EQ(Governed(sql, Decision({}, {}, {part}, false)), Rows{R"([{"town":"#","street":"Elm 7"}])"});
  EXPECT_EQ(Governed(sql, Decision({}, {}, {whole}, false)), Rows{R"([{"town":"Ulm","street":"*"}])"});
  // The mask of the whole is made of what the other hides.
  EXPECT_EQ(Governed(sql, Decision({}, {}, {whole, part}, false)), Rows{"[null]"});
  EXPECT_EQ(Governed(sql, Decision({}, {}, {part, whole}, false)), Rows{"[null]"});
  EXPECT_EQ(Governed("SELECT id FROM people", Decision({}, {}, {part, whole}, false)), Rows{"[1]"});
}

TEST_F(PolicyTest, TheFirstRowsInAnOrderAreMaskedToo) {
  const auto masked = Decision({Sql("k > 7", {"k"})}, {}, {{.column = {"s", "s"}, .value = Sql("'#'", {})}});
  EXPECT_EQ(Governed("SELECT k, s, side FROM t ORDER BY k LIMIT 2", masked),
            (Rows{R"([8,"#","a"])", R"([9,"#","b"])"}));
  const auto shown = Decision({}, {}, {{.column = {"s", "s"}, .value = Sql("'#'", {})}}, false);
  EXPECT_EQ(Governed("SELECT k, s, side FROM t ORDER BY k LIMIT 2", shown), (Rows{R"([0,"#","a"])", R"([1,"#","b"])"}));
  EXPECT_EQ(Governed("SELECT k, s, side FROM t ORDER BY s, k LIMIT 1", shown), Rows{R"([0,"#","a"])"});
}

TEST_F(PolicyTest, MasksUnderKeysGetThemFromThePolicy) {
  const auto masked = [](const std::string& sql, const std::string& column, const std::string& key) {
    auto decision = Decision({}, {}, {{.column = {column, column}, .value = Sql(sql, {column})}}, false);
    auto policy = std::make_shared<plan::TablePolicy>(*decision.policy);
    policy->context.keys = {{.name = "people", .id = "id", .bytes = key}};
    decision.policy = std::move(policy);
    return decision;
  };
  const std::string key(32, 'k'), other(32, 'o');
  const auto token = masked("mask_token(s, 'People')", "s", key);
  EXPECT_EQ(Governed("SELECT count(DISTINCT s), bool_and(regexp_full_match(s, 'tok_[a-z2-7]{24}')) FROM t", token),
            Rows{"[100,true]"});
  EXPECT_EQ(Governed("SELECT count(*) FROM t a JOIN t b ON a.s = b.s WHERE a.k <> b.k", token), Rows{"[0]"});
  EXPECT_EQ(Governed("SELECT count(*) FROM t WHERE s = '42'", token), Rows{"[0]"});
  EXPECT_EQ(Governed("SELECT s FROM t WHERE k = 42", token), Governed("SELECT s FROM t WHERE k = 42", token));
  EXPECT_NE(Governed("SELECT s FROM t WHERE k = 42", token),
            Governed("SELECT s FROM t WHERE k = 42", masked("mask_token(s, 'people')", "s", other)));
  EXPECT_EQ(
      Governed("SELECT count(DISTINCT k) FROM t WHERE k < 0 OR k > 99", masked("mask_token(k, 'people')", "k", key)),
      Rows{"[100]"});
  EXPECT_EQ(Governed("SELECT s FROM t WHERE k = 42", masked("mask_token(s, 'others')", "s", key)),
            Rows{"PermissionDenied: a policy names a key that it was not made with: others"});
  EXPECT_EQ(Governed("SELECT count(s) FROM t", masked("mask_fpe(s, 'people', 'digits')", "s", key)), Rows{"[0]"})
      << "two digits have no format";
}

TEST_F(PolicyTest, AKeyThatCannotBeOpenedShowsNothing) {
  auto policy = std::make_shared<plan::TablePolicy>();
  policy->masks = {{.column = {"s", "s"}, .value = Sql("mask_token(s, 'people')", {"s"})}};
  policy->context.keys = {
      {.name = "people", .id = "id", .bytes = "", .problem = Error(ErrorCode::kUnavailable, "the service is down")}};
  EXPECT_EQ(Governed("SELECT s FROM t", {.policy = policy}), Rows{"Unavailable: the service is down"});
  EXPECT_EQ(Governed("SELECT count(k) FROM t", {.policy = policy}), Rows{"[100]"}) << "no mask is needed for it";
}

TEST_F(PolicyTest, AKeyedMaskIsNoFunctionOfQueries) {
  const auto answer = Governed("SELECT mask_token(s, 'people') FROM t", {});
  EXPECT_EQ(answer, Rows{"PermissionDenied: function is not allowed here: mask_token"});
}

TEST_F(PolicyTest, NeitherAPolicyNorAViewLooksUpATokenForWhoReads) {
  const Rows refused{
      "PermissionDenied: lookup_token() is for the text of a query itself, not for views, writes and "
      "policies"};
  EXPECT_EQ(Governed("SELECT k FROM t", Decision({Sql("s = lookup_token('people', 'x')", {"s"})})), refused);
  ASSERT_TRUE(provider_
                  ->ChangeName({.kind = NameChange::Kind::kCreateView,
                                .schema_name = "main",
                                .name = "v",
                                .view_sql = "SELECT lookup_token('people', 'x') AS token",
                                .view_columns = {"token"}})
                  .has_value());
  EXPECT_EQ(Governed("SELECT token FROM v", {}), refused);
  // The text of a query itself is asked about.
  EXPECT_NE(Governed("SELECT lookup_token('people', 'x')", {}), refused);
}

TEST_F(PolicyTest, APolicyThatDoesNotFitHidesAll) {
  const auto lost = Decision({Sql("gone = 1", {"gone"})});
  EXPECT_EQ(Governed("SELECT k FROM t", lost),
            Rows{"PermissionDenied: a policy does not fit the table any more, so nothing of it can be read: p"});
  EXPECT_EQ(Governed("SELECT k FROM t", Decision({Sql("true OR k = 1", {"k", "gone"})})),
            Rows{"PermissionDenied: a policy does not fit the table any more, so nothing of it can be read: p"});
}

TEST_F(PolicyTest, EveryLayerHasToLetARowThrough) {
  auto decision = Decision({Sql("true", {})});
  auto policy = std::make_shared<plan::TablePolicy>(*decision.policy);
  policy->any_of = {{Sql("k < 10", {"k"}), Sql("k = 42", {"k"})}, {Sql("side = 'a'", {"side"})}};
  EXPECT_EQ(Governed("SELECT count(*), max(k) FROM t", {.policy = policy}), Rows{"[6,42]"});
  policy->any_of.push_back({});
  EXPECT_EQ(Governed("SELECT count(*) FROM t", {.policy = policy}), Rows{"[0]"});
}

TEST_F(PolicyTest, AMaskOfATagThatDoesNotFitShowsNull) {
  const auto masked = [](const std::string& column, const std::string& sql, bool null_if_unfit) {
    plan::PolicyExpression value{.policy = "p", .sql = sql, .columns = {{"value", column, column}}};
    return Decision({}, {}, {{.column = {column, column}, .value = value, .null_if_unfit = null_if_unfit}}, false);
  };
  EXPECT_EQ(Governed("SELECT s FROM t WHERE k = 42", masked("s", "left(value, 1) || '*'", true)), Rows{R"(["4*"])"});
  EXPECT_EQ(Governed("SELECT k FROM t WHERE s = '42'", masked("k", "left(value, 1) || '*'", true)), Rows{"[null]"});
  EXPECT_EQ(Governed("SELECT k FROM t WHERE s = '42'", masked("k", "'no number'", true)), Rows{"[null]"});
  EXPECT_EQ(Governed("SELECT k FROM t WHERE s = '42'", masked("k", "value - value % 10", true)), Rows{"[40]"});
  // Of the table's own nothing is read then.
  EXPECT_NE(Governed("SELECT k FROM t WHERE s = '42'", masked("k", "left(value, 1) || '*'", false)), Rows{"[42]"});
  EXPECT_EQ(Governed("SELECT k FROM t WHERE s = '42'", masked("k", "left(value, 1) || '*'", false)).size(), 1U);
}

TEST_F(PolicyTest, ExpressionsKnowThePurposeAndAttributes) {
  auto decision =
      Decision({Sql("current_purpose() = 'billing' AND principal_attribute('Region') = 'EU' AND k = 1", {"k"})});
  auto policy = std::make_shared<plan::TablePolicy>(*decision.policy);
  EXPECT_EQ(Governed("SELECT k FROM t", {.policy = policy}), Rows{});
  policy->context.purpose = "billing";
  EXPECT_EQ(Governed("SELECT k FROM t", {.policy = policy}), Rows{});
  policy->context.attributes = {{"region", "EU"}};
  EXPECT_EQ(Governed("SELECT k FROM t", {.policy = policy}), Rows{"[1]"});
}

TEST_F(PolicyTest, SmallGroupsDoNotLeave) {
  auto decision = Decision({}, {}, {}, false);
  auto policy = std::make_shared<plan::TablePolicy>(*decision.policy);
  policy->group_minimums = {{.size = 50}};
  EXPECT_EQ(Governed("SELECT side, count(*), sum(k) FROM t GROUP BY side ORDER BY side", {.policy = policy}),
            (Rows{R"(["a",50,"2450"])", R"(["b",50,"2500"])"}));
  EXPECT_EQ(Governed("SELECT count(*) FROM t WHERE k < 49", {.policy = policy}), Rows{});
  EXPECT_EQ(Governed("SELECT count(*) FROM t WHERE k < 50", {.policy = policy}), Rows{"[50]"});
  policy->group_minimums[0].entity = plan::PolicyColumn{"side", "side"};
  EXPECT_EQ(Governed("SELECT count(*) FROM t", {.policy = policy}), Rows{});
  policy->group_minimums[0].size = 2;
  EXPECT_EQ(Governed("SELECT count(*) FROM t", {.policy = policy}), Rows{"[100]"});
  // Of several, each has to be reached.
  policy->group_minimums.push_back({.size = 101});
  EXPECT_EQ(Governed("SELECT count(*) FROM t", {.policy = policy}), Rows{});
  policy->group_minimums.back().size = 100;
  EXPECT_EQ(Governed("SELECT count(*) FROM t", {.policy = policy}), Rows{"[100]"});
  policy->group_minimums.pop_back();
  for (const char* sql : {"SELECT k FROM t", "SELECT max(k) FROM t", "SELECT DISTINCT side FROM t",
                          "SELECT count(*) FROM t a JOIN t b USING (k)", "SELECT sum(k + 1) FROM t"}) {
    const Rows refused = Governed(sql, {.policy = policy});
    ASSERT_EQ(refused.size(), 1U) << sql;
    EXPECT_NE(refused[0].find("PermissionDenied: for this purpose"), std::string::npos) << sql << refused[0];
  }
}

}  // namespace
}  // namespace neurolake::engine::duckdb
