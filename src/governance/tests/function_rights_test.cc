#include "governance/function_rights.h"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/clock.h"
#include "governance/governor.h"

namespace neurolake::governance {
namespace {

template <typename T>
ErrorCode CodeOf(const Result<T>& result) {
  EXPECT_FALSE(result.has_value());
  return result.has_value() ? ErrorCode::kInternal : result.error().code();
}

TEST(FunctionNameTest, OtherNamesAreTheFunctions) {
  EXPECT_EQ(FunctionName("EditDist3"), "levenshtein");
  EXPECT_EQ(FunctionName("levenshtein"), "levenshtein");
  EXPECT_EQ(FunctionName("%"), "mod");
  EXPECT_EQ(FunctionName("no_such_function"), "no_such_function");
}

TEST(FunctionNameTest, SecurableIsWhatStatementsMayCall) {
  for (const auto& [name, function] :
       std::vector<std::pair<std::string, std::string>>{{"levenshtein", "levenshtein"},
                                                        {"EDITDIST3", "levenshtein"},
                                                        {"median", "median"},
                                                        {"row_number", "row_number"},
                                                        {"table_changes", "table_changes"},
                                                        {"list_sum", "list_sum"},
                                                        {"redact", "redact"}}) {
    const auto found = SecurableFunction(name);
    ASSERT_TRUE(found.has_value()) << found.error().message();
    EXPECT_EQ(*found, function);
  }
  for (const char* name : {"no_such_function", "read_csv", "getenv", "mask_token", "lake_files"}) {
    EXPECT_EQ(CodeOf(SecurableFunction(name)), ErrorCode::kFunctionNotFound) << name;
  }
  for (const char* name : {"%", "||", "+", "^@", "", "a b"}) {
    EXPECT_EQ(CodeOf(SecurableFunction(name)), ErrorCode::kInvalidArgument) << name;
  }
}

TEST(FunctionRightsTest, DenyAFunctionByAllOfItsNames) {
  const FunctionRights rights({"levenshtein", "mod"});
  for (const char* name : {"levenshtein", "editdist3", "EDITDIST3", "mod", "%"}) {
    EXPECT_EQ(CodeOf(rights.Check(name)), ErrorCode::kPermissionDenied) << name;
  }
  for (const char* name : {"jaccard", "fmod", "lower", "list_aggregate"}) {
    EXPECT_TRUE(rights.Check(name).has_value()) << name;
  }
  EXPECT_TRUE(FunctionRights().Check("levenshtein").has_value());
}

TEST(FunctionRightsTest, WhoIsDeniedAnAggregateDoesNotNameItInAText) {
  for (const char* denied : {"median", "mean", "string_agg"}) {
    const FunctionRights rights({denied});
    for (const char* name : {"list_aggregate", "list_aggr", "array_aggr", "aggregate"}) {
      EXPECT_EQ(CodeOf(rights.Check(name)), ErrorCode::kPermissionDenied) << denied << " by " << name;
    }
    EXPECT_TRUE(rights.Check("list_sort").has_value());
  }
}

class GovernedFunctionsTest : public testing::Test {
 protected:
  static Result<void> Look(const Governor& governor, const std::string& kind, const std::string& name,
                           bool in_policy = false, StatementOrigin origin = StatementOrigin::kUser) {
    return governor.GateFor(origin)->Check(
        {.kind = kind, .catalog = "system", .schema = "main", .name = name, .in_policy = in_policy});
  }
  Result<plan::GovernedQuery> Govern(const Governor& governor, const plan::FunctionUse& function,
                                     StatementOrigin origin = StatementOrigin::kUser) {
    struct FixedPlan final : plan::EnginePlan {
      const plan::PlanDigest& digest() const override { return digest_; }
      plan::PlanDigest digest_;
    };
    auto plan = std::make_unique<FixedPlan>();
    plan->digest_.statement_kind = "SELECT";
    plan->digest_.operators = {"PROJECTION", "DUMMY_SCAN"};
    plan->digest_.functions = {function};
    const RequestContext ctx(
        {.id = PrincipalId("p"), .name = "p", .role = "admin", .rights = RightsOfRole("admin").value()}, "r", "test",
        clock_, clock_.SteadyNow() + std::chrono::minutes(1));
    return governor.Govern(ctx, plan::BoundQuery(std::move(plan)), origin);
  }
  FakeClock clock_;
  const Governor all_;
  const Governor some_{FunctionRights({"levenshtein", "row_number", "first", "median"})};
};

TEST_F(GovernedFunctionsTest, TheGateOfLookUpsAsks) {
  EXPECT_TRUE(Look(all_, "scalar function", "levenshtein").has_value());
  EXPECT_EQ(CodeOf(Look(some_, "scalar function", "levenshtein")), ErrorCode::kPermissionDenied);
  EXPECT_EQ(CodeOf(Look(some_, "scalar function", "editdist3")), ErrorCode::kPermissionDenied);
  EXPECT_TRUE(Look(some_, "scalar function", "jaccard").has_value());
  EXPECT_EQ(CodeOf(Look(some_, "aggregate function", "median")), ErrorCode::kPermissionDenied);
}

TEST_F(GovernedFunctionsTest, PoliciesAndTheProductAreNotAsked) {
  EXPECT_TRUE(Look(some_, "scalar function", "levenshtein", /*in_policy=*/true).has_value());
  EXPECT_TRUE(Look(some_, "scalar function", "levenshtein", false, StatementOrigin::kProduct).has_value());
  EXPECT_TRUE(Govern(some_, {"levenshtein", "scalar"}, StatementOrigin::kProduct).has_value());
}

TEST_F(GovernedFunctionsTest, TheBoundPlanIsAskedAgain) {
  EXPECT_TRUE(Govern(all_, {"levenshtein", "scalar"}).has_value());
  EXPECT_EQ(CodeOf(Govern(some_, {"levenshtein", "scalar"})), ErrorCode::kPermissionDenied);
  // Nothing looks it up: the grammar knows it.
  EXPECT_TRUE(Govern(all_, {"row_number", "window"}).has_value());
  EXPECT_EQ(CodeOf(Govern(some_, {"row_number", "window"})), ErrorCode::kPermissionDenied);
  EXPECT_TRUE(Govern(some_, {"rank", "window"}).has_value());
  // The planner makes it of a scalar subquery.
  EXPECT_TRUE(Govern(some_, {"first", "aggregate"}).has_value());
}

// The linked engine's own word on which names are one function's.
TEST(FunctionNameTest, KnowsAllOtherNamesThatTheLinkedEngineHas) {
  void* library = dlopen(NL_CACHE_DIR "/duckdb-library/libduckdb.so", RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(library, nullptr);
  const auto symbol = [&]<typename Function>(const char* name, Function*& function) {
    function = reinterpret_cast<Function*>(dlsym(library, name));
  };
  struct DuckDbResult {
    uint64_t fields[5];
    void* internal;
  } result{};
  int (*open)(const char*, void**) = nullptr;
  int (*connect)(void*, void**) = nullptr;
  int (*query)(void*, const char*, DuckDbResult*) = nullptr;
  uint64_t (*row_count)(DuckDbResult*) = nullptr;
  char* (*value)(DuckDbResult*, uint64_t, uint64_t) = nullptr;
  void (*release)(void*) = nullptr;
  void (*disconnect)(void**) = nullptr;
  void (*close)(void**) = nullptr;
  symbol("duckdb_open", open);
  symbol("duckdb_connect", connect);
  symbol("duckdb_query", query);
  symbol("duckdb_row_count", row_count);
  symbol("duckdb_value_varchar", value);
  symbol("duckdb_free", release);
  symbol("duckdb_disconnect", disconnect);
  symbol("duckdb_close", close);
  void *database = nullptr, *connection = nullptr;
  ASSERT_EQ(open(nullptr, &database), 0);
  ASSERT_EQ(connect(database, &connection), 0);
  ASSERT_EQ(query(connection,
                  "SELECT DISTINCT function_name, alias_of FROM duckdb_functions() WHERE coalesce(alias_of, '') <> ''",
                  &result),
            0);
  EXPECT_GT(row_count(&result), 80U);
  for (uint64_t row = 0; row < row_count(&result); ++row) {
    char* name = value(&result, 0, row);
    char* of = value(&result, 1, row);
    EXPECT_EQ(FunctionName(name), FunctionName(of)) << name << " is " << of;
    release(name);
    release(of);
  }
  void (*destroy)(DuckDbResult*) = nullptr;
  symbol("duckdb_destroy_result", destroy);
  destroy(&result);
  disconnect(&connection);
  close(&database);
}

}  // namespace
}  // namespace neurolake::governance
