#include "governance/allow_list.h"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/text.h"

namespace neurolake::governance {
namespace {

using Names = std::set<std::pair<std::string, std::string>>;

// The linked engine itself, asked without its headers (only engine/duckdb may see those): its C interface for
// what SQL can list, and the exported functions that name enumerators for statements and operators.
class LinkedEngine {
 public:
  LinkedEngine() {
    library_ = dlopen(NL_CACHE_DIR "/duckdb-library/libduckdb.so", RTLD_NOW | RTLD_LOCAL);
    if (library_ == nullptr) throw std::runtime_error(dlerror());
    if (Call<int>("duckdb_open", static_cast<const char*>(nullptr), &database_) != 0 ||
        Call<int>("duckdb_connect", database_, &connection_) != 0) {
      throw std::runtime_error("the engine does not open");
    }
  }
  ~LinkedEngine() {
    Call<void>("duckdb_disconnect", &connection_);
    Call<void>("duckdb_close", &database_);
  }
  LinkedEngine(const LinkedEngine&) = delete;
  LinkedEngine& operator=(const LinkedEngine&) = delete;

  // First column of every row.
  std::vector<std::string> List(const char* sql) {
    struct {  // duckdb_result
      uint64_t fields[5];
      void* internal;
    } result{};
    EXPECT_EQ(Call<int>("duckdb_query", connection_, sql, static_cast<void*>(&result)), 0) << sql;
    std::vector<std::string> values;
    const auto rows = Call<uint64_t>("duckdb_row_count", static_cast<void*>(&result));
    for (uint64_t row = 0; row < rows; ++row) {
      char* text = Call<char*>("duckdb_value_varchar", static_cast<void*>(&result), uint64_t{0}, row);
      values.emplace_back(text);
      Call<void>("duckdb_free", static_cast<void*>(text));
    }
    Call<void>("duckdb_destroy_result", static_cast<void*>(&result));
    return values;
  }

  // Names of an enumeration, from a function `std::string (Enumeration)`.
  std::set<std::string> EnumeratorNames(const char* symbol) {
    auto* name_of = reinterpret_cast<std::string (*)(uint8_t)>(dlsym(library_, symbol));
    EXPECT_NE(name_of, nullptr) << symbol;
    std::set<std::string> names;
    for (int value = 0; name_of != nullptr && value < 256; ++value) names.insert(name_of(static_cast<uint8_t>(value)));
    return names;
  }

 private:
  template <typename Returned, typename... Arguments>
  Returned Call(const char* symbol, Arguments... arguments) {
    auto* function = reinterpret_cast<Returned (*)(Arguments...)>(dlsym(library_, symbol));
    if (function == nullptr) throw std::runtime_error(std::string("the engine lacks ") + symbol);
    return function(arguments...);
  }

  void* library_ = nullptr;
  void* database_ = nullptr;
  void* connection_ = nullptr;
};

Names EngineHas(LinkedEngine& engine) {
  Names names;
  const auto add = [&](const std::string& kind, const std::vector<std::string>& listed) {
    for (const auto& name : listed) names.emplace(kind, LowerAscii(name));
  };
  const std::pair<const char*, const char*> functions[] = {
      {"scalar", "scalar function"}, {"aggregate", "aggregate function"}, {"macro", "macro"},
      {"table", "table function"},   {"table_macro", "table macro"},      {"pragma", "pragma function"}};
  for (const auto& [type, kind] : functions) {
    const std::string sql =
        "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type = " + QuoteLiteral(type);
    add(kind, engine.List(sql.c_str()));
  }
  EXPECT_THAT(engine.List("SELECT DISTINCT function_type FROM duckdb_functions()"),
              testing::UnorderedElementsAre("scalar", "aggregate", "macro", "table", "table_macro", "pragma"));
  add("setting", engine.List("SELECT DISTINCT name FROM duckdb_settings()"));
  add("type", engine.List("SELECT DISTINCT type_name FROM duckdb_types()"));
  add("collation", engine.List("SELECT DISTINCT collname FROM pragma_collations()"));
  add("view", engine.List("SELECT DISTINCT view_name FROM duckdb_views()"));
  for (const auto& name : engine.EnumeratorNames("_ZN6duckdb21StatementTypeToStringB5cxx11ENS_13StatementTypeE")) {
    names.emplace("statement", name);
  }
  for (const auto& name :
       engine.EnumeratorNames("_ZN6duckdb23LogicalOperatorToStringB5cxx11ENS_19LogicalOperatorTypeE")) {
    names.emplace("operator", name);
  }
  return names;
}

// What the list names although the engine cannot list it: names that its binder resolves itself, formats that
// only COPY knows, and engine/duckdb's own, finer names of statements and sources.
bool CannotBeListed(const AllowEntry& entry) {
  static const std::set<std::string_view> kResolvedByTheBinder = {"unnest",      "unlist",   "grouping",
                                                                  "grouping_id", "coalesce", "try"};
  static const std::set<std::string_view> kOurNames = {"DEALLOCATE", "DESCRIBE", "SHOW",          "SUMMARIZE",
                                                       "MERGE",      "MULTIPLE", "COPY DATABASE", "UPDATE EXTENSIONS"};
  if (entry.kind == "copy function") return true;
  // engine/duckdb adds these to the engine it opens.
  static const std::set<std::string_view> kOurFunctions = {
      "lookup_token", "redact", "reencrypted_cell", "encrypted_cell", "decrypted_cell", "table_changes", "table_rows"};
  if (entry.kind.ends_with("function") &&
      (entry.name.starts_with("lake_") || entry.name.starts_with("mask_") || kOurFunctions.contains(entry.name))) {
    return true;
  }
  if (entry.kind == "scalar function") return kResolvedByTheBinder.contains(entry.name);
  if (entry.kind == "operator") return entry.name == "SYSTEM_SCAN";
  return entry.kind == "statement" &&
         (entry.name.starts_with("CREATE ") || entry.name.starts_with("DROP ") || kOurNames.contains(entry.name));
}

TEST(AllowListTest, ClassifiesEverythingTheLinkedEngineHasAndNothingElse) {
  LinkedEngine engine;
  const Names has = EngineHas(engine);
  ASSERT_GT(has.size(), 1300U);
  for (const auto& [kind, name] : has) {
    // The engine lists its window functions among the aggregates.
    if (kind == "aggregate function" && FindAllowEntry("window function", name) != nullptr) continue;
    EXPECT_NE(FindAllowEntry(kind, name), nullptr) << "unclassified: " << kind << " " << name;
  }
  for (const AllowEntry& entry : AllowList()) {
    if (CannotBeListed(entry)) continue;
    const std::string listed_as(entry.kind == "window function" ? "aggregate function" : entry.kind);
    EXPECT_TRUE(has.contains({listed_as, std::string(entry.name)}))
        << "classified but no longer there: " << entry.kind << " " << entry.name;
  }
}

TEST(AllowListTest, HasNothingThatReadsFilesForUsers) {
  for (const AllowEntry& entry : AllowList()) {
    if (entry.reason == Reason::kFiles) {
      EXPECT_NE(entry.verdict, Verdict::kAllow) << entry.kind << " " << entry.name;
    }
    const bool suspicious = entry.name.starts_with("duckdb_") || entry.name.starts_with("pragma_") ||
                            entry.name.starts_with("parquet_") || entry.name.starts_with("read_") ||
                            entry.name.starts_with("test_") || entry.name.starts_with("query") ||
                            entry.name.starts_with("sniff");
    if (suspicious) {
      EXPECT_NE(entry.verdict, Verdict::kAllow) << entry.kind << " " << entry.name;
    }
    if (entry.kind == "setting" || entry.kind == "view" || entry.kind == "pragma function") {
      EXPECT_NE(entry.verdict, Verdict::kAllow) << entry.kind << " " << entry.name;
    }
  }
}

TEST(AllowListTest, FindsNamesWithoutCaseButStatementsExactly) {
  ASSERT_NE(FindAllowEntry("scalar function", "LOWER"), nullptr);
  EXPECT_EQ(FindAllowEntry("scalar function", "LOWER")->verdict, Verdict::kAllow);
  EXPECT_EQ(FindAllowEntry("statement", "select"), nullptr);
  EXPECT_EQ(FindAllowEntry("scalar function", "no_such_function"), nullptr);
  EXPECT_EQ(FindAllowEntry("table function", "lower"), nullptr) << "a verdict holds for its kind only";
}

}  // namespace
}  // namespace neurolake::governance
