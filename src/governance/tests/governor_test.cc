#include "governance/governor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/clock.h"

namespace neurolake::governance {
namespace {

using testing::HasSubstr;

struct FixedPlan final : plan::EnginePlan {
  explicit FixedPlan(plan::PlanDigest with) : digest_(std::move(with)) {}
  const plan::PlanDigest& digest() const override { return digest_; }
  plan::PlanDigest digest_;
};

plan::BoundQuery Bound(plan::PlanDigest digest) {
  return plan::BoundQuery(std::make_unique<FixedPlan>(std::move(digest)));
}

Principal WithRole(const std::string& role) {
  return {.id = PrincipalId("p"), .name = "p", .role = role, .rights = RightsOfRole(role).value()};
}

plan::ScanDigest Scan(uint64_t id) {
  plan::ScanDigest scan;
  scan.scan_id = id;
  scan.table = TableId("t" + std::to_string(id));
  scan.schema_name = "main";
  scan.table_name = "t";
  return scan;
}

plan::PlanDigest Select(std::vector<plan::ScanDigest> scans) {
  plan::PlanDigest digest;
  digest.statement_kind = "SELECT";
  digest.operators = {"PROJECTION"};
  for (size_t i = 0; i < scans.size(); ++i) digest.operators.push_back("GET");
  digest.scans = std::move(scans);
  return digest;
}

plan::PlanDigest Insert() {
  plan::PlanDigest digest;
  digest.statement_kind = "INSERT";
  digest.operators = {"INSERT", "EXPRESSION_GET", "DUMMY_SCAN"};
  digest.writes = {{.table = TableId("t"), .schema_name = "main", .table_name = "t", .operation = "INSERT"}};
  return digest;
}

class GovernorTest : public testing::Test {
 protected:
  Result<plan::GovernedQuery> Govern(const std::string& role, plan::PlanDigest digest,
                                     StatementOrigin origin = StatementOrigin::kUser) {
    const RequestContext ctx(WithRole(role), "r", "test", clock_, clock_.SteadyNow() + std::chrono::minutes(1));
    return governor_.Govern(ctx, Bound(std::move(digest)), origin);
  }
  Result<void> Look(const std::string& kind, const std::string& catalog, const std::string& schema,
                    const std::string& name, StatementOrigin origin = StatementOrigin::kUser) {
    return governor_.GateFor(origin)->Check({.kind = kind, .catalog = catalog, .schema = schema, .name = name});
  }
  template <typename T>
  static void ExpectError(const Result<T>& result, ErrorCode code, const std::string& text) {
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code(), code) << result.error().message();
    EXPECT_THAT(result.error().message(), HasSubstr(text));
  }

  FakeClock clock_;
  Governor governor_;
};

TEST_F(GovernorTest, StatementKindsNeedTheirRight) {
  EXPECT_TRUE(governor_.CheckStatementKind("SELECT", WithRole("reader")));
  EXPECT_TRUE(governor_.CheckStatementKind("INSERT", WithRole("writer")));
  ExpectError(governor_.CheckStatementKind("INSERT", WithRole("reader")), ErrorCode::kPermissionDenied, "write");
  EXPECT_TRUE(governor_.CheckStatementKind("CREATE TABLE", WithRole("engineer")));
  ExpectError(governor_.CheckStatementKind("CREATE TABLE", WithRole("writer")), ErrorCode::kPermissionDenied, "create");
  ExpectError(governor_.CheckStatementKind("SELECT", Principal{}), ErrorCode::kPermissionDenied, "read");
}

TEST_F(GovernorTest, DeniedStatementsAreDeniedToAdministratorsToo) {
  for (const char* kind :
       {"ATTACH", "DETACH", "LOAD", "PRAGMA", "SET", "CALL", "EXPORT", "PREPARE", "EXECUTE", "COPY", "CREATE MACRO",
        "CREATE SECRET", "CREATE TYPE", "CREATE", "MULTIPLE", "SHOW", "NEVER HEARD OF", ""}) {
    ExpectError(governor_.CheckStatementKind(kind, WithRole("admin")), ErrorCode::kPermissionDenied,
                "not allowed here");
  }
  ExpectError(governor_.CheckStatementKind("VACUUM", WithRole("admin")), ErrorCode::kNotSupported, "not supported");
  EXPECT_TRUE(governor_.CheckStatementKind("MERGE", WithRole("writer")));
  ExpectError(governor_.CheckStatementKind("MERGE", WithRole("reader")), ErrorCode::kPermissionDenied, "write");
}

TEST_F(GovernorTest, ProductStatementsMayReadFilesAndUsersMayNot) {
  EXPECT_TRUE(governor_.CheckStatementKind("COPY", WithRole("admin"), StatementOrigin::kProduct));
  EXPECT_TRUE(Look("table function", "system", "main", "read_csv", StatementOrigin::kProduct));
  ExpectError(Look("table function", "system", "main", "read_csv"), ErrorCode::kPermissionDenied,
              "function is not allowed here: read_csv");
  ExpectError(Look("table function", "system", "main", "read_text", StatementOrigin::kProduct),
              ErrorCode::kPermissionDenied, "read_text");
}

TEST_F(GovernorTest, LookUpsOfFunctionsFollowTheList) {
  EXPECT_TRUE(Look("scalar function", "system", "main", "lower"));
  ExpectError(Look("scalar function", "system", "main", "getvariable"), ErrorCode::kPermissionDenied, "getvariable");
  EXPECT_TRUE(Look("table function", "system", "main", "range"));
  ExpectError(Look("table function", "system", "main", "query"), ErrorCode::kPermissionDenied, "query");
  EXPECT_TRUE(Look("macro", "system", "main", "list_sum"));
  ExpectError(Look("macro", "system", "pg_catalog", "pg_get_viewdef"), ErrorCode::kPermissionDenied, "pg_get_viewdef");
  // One found in the lake would shadow the engine's.
  ExpectError(Look("scalar function", "lake", "main", "lower"), ErrorCode::kPermissionDenied, "lower");
  EXPECT_TRUE(Look("type", "system", "main", "INTEGER"));
  ExpectError(Look("type", "system", "main", "my_type"), ErrorCode::kPermissionDenied, "type is not allowed");
  ExpectError(Look("setting", "", "", "threads"), ErrorCode::kPermissionDenied, "setting is not allowed");
  ExpectError(Look("copy function", "system", "main", "csv"), ErrorCode::kPermissionDenied, "csv");
  ExpectError(Look("sequence", "lake", "main", "s"), ErrorCode::kPermissionDenied, "sequence");
  ExpectError(Look("something new", "lake", "main", "s"), ErrorCode::kPermissionDenied, "something new");
}

TEST_F(GovernorTest, MasksUnderKeysAreForPoliciesAlone) {
  for (const char* name : {"mask_token", "mask_hash", "mask_fpe", "mask_pseudonym"}) {
    for (const auto origin : {StatementOrigin::kUser, StatementOrigin::kProduct}) {
      plan::Lookup lookup{.kind = "scalar function", .catalog = "system", .schema = "main", .name = name};
      ExpectError(governor_.GateFor(origin)->Check(lookup), ErrorCode::kPermissionDenied, name);
      lookup.in_policy = true;
      EXPECT_TRUE(governor_.GateFor(origin)->Check(lookup)) << name;
    }
  }
  // A policy is no way around the rest of the list.
  const plan::Lookup denied{
      .kind = "scalar function", .catalog = "system", .schema = "main", .name = "getvariable", .in_policy = true};
  ExpectError(governor_.GateFor(StatementOrigin::kUser)->Check(denied), ErrorCode::kPermissionDenied, "getvariable");
  EXPECT_TRUE(Look("scalar function", "system", "main", "mask_last"));
}

TEST_F(GovernorTest, RelationsOfTheLakePassAndTheEnginesOwnDoNot) {
  EXPECT_TRUE(Look("table", "lake", "main", "flights"));
  EXPECT_TRUE(Look("table", "lake", "system", "queries"));
  EXPECT_TRUE(Look("schema", "lake", "", "bronze"));
  for (const char* schema : {"information_schema", "pg_catalog", "PG_CATALOG"}) {
    ExpectError(Look("view", "system", schema, "tables"), ErrorCode::kPermissionDenied, "system");
  }
  // The lake has relations of its own under the one name, and nothing under the other.
  EXPECT_TRUE(Look("table", "lake", "information_schema", "tables"));
  ExpectError(Look("view", "lake", "pg_catalog", "tables"), ErrorCode::kPermissionDenied, "system");
  ExpectError(Look("view", "system", "main", "sqlite_master"), ErrorCode::kPermissionDenied, "sqlite_master");
  ExpectError(Look("table", "temp", "main", "t"), ErrorCode::kPermissionDenied, "t");
  ExpectError(Look("schema", "system", "", "main"), ErrorCode::kPermissionDenied, "main");
}

TEST_F(GovernorTest, GivesEveryScanADecision) {
  auto governed = Govern("reader", Select({Scan(1), Scan(2)}));
  ASSERT_TRUE(governed.has_value()) << governed.error().message();
  EXPECT_EQ(governed->decisions().size(), 2U);
  EXPECT_TRUE(governed->decisions().contains(1));
  EXPECT_EQ(governed->decisions().at(2).policy, nullptr);
}

TEST_F(GovernorTest, RefusesAScanIdTwice) {
  ExpectError(Govern("admin", Select({Scan(1), Scan(1)})), ErrorCode::kInternal, "twice");
  ExpectError(Govern("admin", Select({plan::ScanDigest{}})), ErrorCode::kInternal, "no table");
}

TEST_F(GovernorTest, RefusesASourceThatNobodyDeclared) {
  auto digest = Select({Scan(1)});
  digest.operators.push_back("GET");
  ExpectError(Govern("admin", digest), ErrorCode::kInternal, "sources");
  digest.functions = {{.name = "range", .kind = "table"}};
  EXPECT_TRUE(Govern("admin", digest));
}

TEST_F(GovernorTest, ReadsSystemRelationsAndTransactionsWithoutScans) {
  plan::PlanDigest digest;
  digest.statement_kind = "SELECT";
  digest.operators = {"PROJECTION", "SYSTEM_SCAN"};
  EXPECT_TRUE(Govern("reader", digest));
  plan::PlanDigest begin;
  begin.statement_kind = "TRANSACTION";
  EXPECT_TRUE(Govern("reader", begin));
}

TEST_F(GovernorTest, ChecksFunctionsOfThePlanAgain) {
  auto digest = Select({Scan(1)});
  digest.functions = {{.name = "lower", .kind = "scalar"},
                      {.name = "sum", .kind = "aggregate"},
                      {.name = "row_number", .kind = "window"},
                      {.name = "sum", .kind = "window"}};
  EXPECT_TRUE(Govern("reader", digest));
  digest.functions.push_back({.name = "getvariable", .kind = "scalar"});
  ExpectError(Govern("admin", digest), ErrorCode::kPermissionDenied, "getvariable");
  digest.functions = {{.name = "lower", .kind = "oracle"}};
  ExpectError(Govern("admin", digest), ErrorCode::kInternal, "oracle");
}

TEST_F(GovernorTest, ChecksOperatorsOfThePlan) {
  auto digest = Select({Scan(1)});
  for (const char* name : {"COPY_TO_FILE", "ATTACH", "CUSTOM_OP", "SET", "NEVER HEARD OF", "INVALID", "EXECUTE"}) {
    auto changed = digest;
    changed.operators.emplace_back(name);
    ExpectError(Govern("admin", changed), ErrorCode::kPermissionDenied, name);
  }
  digest.operators.clear();
  ExpectError(Govern("admin", digest), ErrorCode::kInternal, "no operators");
}

TEST_F(GovernorTest, WritingNeedsTheRightToWrite) {
  EXPECT_TRUE(Govern("writer", Insert()));
  ExpectError(Govern("reader", Insert()), ErrorCode::kPermissionDenied, "write");
  auto disguised = Insert();
  disguised.statement_kind = "SELECT";
  ExpectError(Govern("reader", disguised), ErrorCode::kPermissionDenied, "write");
  auto undeclared = Insert();
  undeclared.writes.clear();
  ExpectError(Govern("writer", undeclared), ErrorCode::kInternal, "no written table");
  auto system = Insert();
  system.writes[0].schema_name = "SYSTEM";
  ExpectError(Govern("admin", system), ErrorCode::kPermissionDenied, "system");
  auto unknown = Insert();
  unknown.writes[0].operation = "TRUNCATE";
  ExpectError(Govern("admin", unknown), ErrorCode::kPermissionDenied, "TRUNCATE");
}

TEST_F(GovernorTest, CreatingNeedsTheRightToCreate) {
  plan::PlanDigest digest;
  digest.statement_kind = "CREATE TABLE AS";
  digest.changed_catalogs = {"lake"};
  digest.operators = {"CREATE_TABLE", "DUMMY_SCAN"};
  digest.writes = {{.table = TableId("t"), .schema_name = "main", .table_name = "t", .operation = "CREATE TABLE AS"}};
  EXPECT_TRUE(Govern("engineer", digest));
  ExpectError(Govern("writer", digest), ErrorCode::kPermissionDenied, "create");
}

TEST_F(GovernorTest, OnlyTheLakeCanBeChanged) {
  plan::PlanDigest digest;
  digest.statement_kind = "CREATE VIEW";
  digest.operators = {"CREATE_VIEW"};
  ExpectError(Govern("admin", digest), ErrorCode::kPermissionDenied, "temporary");
  digest.changed_catalogs = {"memory"};
  ExpectError(Govern("admin", digest), ErrorCode::kPermissionDenied, "memory");
  digest.changed_catalogs = {"lake"};
  EXPECT_TRUE(Govern("admin", digest));
  digest.changed_catalogs = {"lake", "temp"};
  ExpectError(Govern("admin", digest), ErrorCode::kPermissionDenied, "temp");
  // DROP … IF EXISTS of nothing changes nothing.
  plan::PlanDigest drop;
  drop.statement_kind = "DROP TABLE";
  drop.operators = {"DROP"};
  EXPECT_TRUE(Govern("admin", drop));
  auto foreign = Insert();
  foreign.writes[0].table = TableId();
  ExpectError(Govern("admin", foreign), ErrorCode::kPermissionDenied, "tables of the lake");
}

TEST_F(GovernorTest, ReadingSideOfAWriteNeedsBothRights) {
  auto scan = Scan(1);
  scan.for_write = true;
  plan::PlanDigest digest;
  digest.statement_kind = "DELETE";
  digest.operators = {"DELETE", "FILTER", "GET"};
  digest.scans = {scan};
  digest.writes = {{.table = TableId("t1"), .schema_name = "main", .table_name = "t", .operation = "DELETE"}};
  EXPECT_TRUE(Govern("writer", digest));
  ExpectError(Govern("reader", digest), ErrorCode::kPermissionDenied, "write");
}

TEST_F(GovernorTest, ARowsPlaceInItsFilesIsForChangingIt) {
  auto scan = Scan(1);
  scan.reads_row_ids = true;
  ExpectError(Govern("admin", Select({scan})), ErrorCode::kColumnNotFound, "place in its files");
  EXPECT_TRUE(Govern("admin", Select({scan}), StatementOrigin::kProduct).has_value());
  auto digest = Select({scan});
  digest.operators.insert(digest.operators.begin(), "DELETE");
  digest.writes = {{.table = scan.table, .schema_name = "main", .table_name = "t", .operation = "DELETE"}};
  EXPECT_TRUE(Govern("admin", digest).has_value());
  // Of another table, or to copy it somewhere, it is a query again.
  digest.writes[0].table = TableId("other");
  ExpectError(Govern("admin", digest), ErrorCode::kColumnNotFound, "place in its files");
  digest.writes[0] = {.table = scan.table, .schema_name = "main", .table_name = "t", .operation = "INSERT"};
  digest.operators[0] = "INSERT";
  ExpectError(Govern("admin", digest), ErrorCode::kColumnNotFound, "place in its files");
}

TEST_F(GovernorTest, IdsThatRowsKeepAreForWhoSeesAllRows) {
  auto scan = Scan(1);
  scan.reads_tracking = true;
  auto policy = std::make_shared<plan::TablePolicy>();
  scan.policy = policy;
  EXPECT_TRUE(Govern("admin", Select({scan})).has_value());
  policy->filters_rows = true;
  ExpectError(Govern("admin", Select({scan})), ErrorCode::kPermissionDenied, "would count those it hides");
  scan.reads_tracking = false;
  EXPECT_TRUE(Govern("admin", Select({scan})).has_value());
}

TEST_F(GovernorTest, ATableIsReadForItsPurposesAlone) {
  auto scan = Scan(1);
  auto policy = std::make_shared<plan::TablePolicy>();
  scan.policy = policy;
  EXPECT_TRUE(Govern("admin", Select({scan})).has_value());
  policy->lacks_purpose = true;
  ExpectError(Govern("admin", Select({scan})), ErrorCode::kPermissionDenied, "purposes: none");
  policy->purposes = {"billing", "fraud"};
  ExpectError(Govern("admin", Select({scan})), ErrorCode::kPermissionDenied, "purposes: billing, fraud");
}

TEST_F(GovernorTest, ColumnsAreReadAsTheyWereGrantedAndDenied) {
  auto scan = Scan(1);
  scan.columns = {"id", "name"};
  scan.physical_columns = {"id", "col-1"};
  auto policy = std::make_shared<plan::TablePolicy>();
  scan.policy = policy;
  EXPECT_TRUE(Govern("reader", Select({scan})).has_value());
  policy->denied_columns = {"col-1"};
  ExpectError(Govern("admin", Select({scan})), ErrorCode::kPermissionDenied, "name");
  policy->denied_columns = {"NAME"};
  ExpectError(Govern("admin", Select({scan})), ErrorCode::kPermissionDenied, "name");
  policy->denied_columns = {"other"};
  EXPECT_TRUE(Govern("reader", Select({scan})).has_value());
  policy->readable_columns = {"id"};
  ExpectError(Govern("reader", Select({scan})), ErrorCode::kPermissionDenied, "name");
  policy->readable_columns = {"id", "col-1"};
  EXPECT_TRUE(Govern("reader", Select({scan})).has_value());
  policy->denied_columns = {"col-1"};
  ExpectError(Govern("reader", Select({scan})), ErrorCode::kPermissionDenied, "name");
  scan.physical_columns.clear();
  ExpectError(Govern("reader", Select({scan})), ErrorCode::kInternal, "");
}

TEST_F(GovernorTest, EachPartOfAPlanNeedsItsRight) {
  // Of the product, whose kinds of statements need none; each part of the plan by itself is told.
  const auto product = StatementOrigin::kProduct;
  auto scan = Scan(1);
  EXPECT_TRUE(Govern("reader", Select({scan}), product).has_value());
  ExpectError(Govern("monitor", Select({scan}), product), ErrorCode::kPermissionDenied, "lacks the right to read");
  scan.for_write = true;
  EXPECT_TRUE(Govern("writer", Select({scan}), product).has_value());
  ExpectError(Govern("reader", Select({scan}), product), ErrorCode::kPermissionDenied, "lacks the right to write");
  auto writes = Select({Scan(1)});
  writes.writes = {{.table = TableId("t"), .schema_name = "main", .table_name = "t", .operation = "INSERT"}};
  EXPECT_TRUE(Govern("writer", writes, product).has_value());
  ExpectError(Govern("reader", writes, product), ErrorCode::kPermissionDenied, "lacks the right to write");
  auto inserts = Insert();
  EXPECT_TRUE(Govern("writer", inserts, product).has_value());
  inserts.writes.clear();
  ExpectError(Govern("reader", inserts, product), ErrorCode::kPermissionDenied, "lacks the right to write");
}

TEST_F(GovernorTest, AScansPolicyIsItsDecision) {
  auto scan = Scan(1);
  auto policy = std::make_shared<plan::TablePolicy>();
  policy->filters_rows = true;
  scan.policy = policy;
  const auto governed = Govern("reader", Select({scan, Scan(2)}));
  ASSERT_TRUE(governed.has_value()) << governed.error().message();
  EXPECT_EQ(governed->decisions().at(1).policy, policy);
  EXPECT_EQ(governed->decisions().at(2).policy, nullptr);
}

TEST_F(GovernorTest, RowsWhoseValuesAreMaskedAreNotWrittenAnew) {
  auto scan = Scan(1);
  auto policy = std::make_shared<plan::TablePolicy>();
  policy->masks = {{.column = {.name = "c", .physical = "c"}, .value = {.policy = "m", .sql = "NULL", .columns = {}}}};
  scan.policy = policy;
  for (const char* operation : {"UPDATE", "MERGE", "DELETE"}) {
    auto digest = Select({scan});
    digest.writes = {{.table = scan.table, .schema_name = "main", .table_name = "t", .operation = operation}};
    const bool rewrites = std::string_view(operation) != "DELETE";
    const auto governed = Govern("admin", digest);
    EXPECT_EQ(governed.has_value(), !rewrites) << operation;
    if (rewrites) ExpectError(governed, ErrorCode::kPermissionDenied, "cannot be changed by UPDATE or MERGE");
    // Of another table the values that are seen may be written.
    digest.writes[0].table = TableId("other");
    EXPECT_TRUE(Govern("admin", digest).has_value()) << operation;
  }
}

TEST_F(GovernorTest, ADeadStatementIsNotGoverned) {
  const RequestContext late(WithRole("admin"), "r", "test", clock_, clock_.SteadyNow() - std::chrono::seconds(1));
  ExpectError(governor_.Govern(late, Bound(Select({Scan(1)}))), ErrorCode::kDeadlineExceeded, "");
}

}  // namespace
}  // namespace neurolake::governance
