// The front parser against the engine's own: on texts that the engine can parse, both must see the same
// statements, and what is not ours must reach the engine with its bytes. Texts are made from fragments, with
// a fixed seed.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "query/front_parser.h"

namespace neurolake::query {
namespace {

// DuckDB's C interface, without its headers, which only engine/duckdb may include.
class EngineParser {
 public:
  EngineParser() {
    library_ = dlopen(NL_CACHE_DIR "/duckdb-library/libduckdb.so", RTLD_NOW | RTLD_LOCAL);
    if (library_ == nullptr) throw std::runtime_error(dlerror());
    Call<int>("duckdb_open", static_cast<const char*>(nullptr), &database_);
    Call<int>("duckdb_connect", database_, &connection_);
  }
  ~EngineParser() {
    Call<void>("duckdb_disconnect", &connection_);
    Call<void>("duckdb_close", &database_);
  }
  EngineParser(const EngineParser&) = delete;
  EngineParser& operator=(const EngineParser&) = delete;

  // Number of statements; 0 for none and for a text it cannot parse.
  size_t Count(const std::string& sql) {
    void* extracted = nullptr;
    const auto count = Call<uint64_t>("duckdb_extract_statements", connection_, sql.c_str(), &extracted);
    Call<void>("duckdb_destroy_extracted", &extracted);
    return count;
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

const std::vector<std::string>& Statements() {
  static const std::vector<std::string> kStatements = {
      "select a, b as \"c d\" from t x where a = 'it''s' and b >= -1.5e3 -- end\n",
      "select * from version as of, timestamp as x join u using (a)",
      "select $$;$$, $tag$ ; $$ $tag$, E'\\';', 'a'\n'b', x'00', \"a\"\"b\"",
      "with c as materialized (select 1 as version) select version as of from c",
      "select extract(year from d), trim(both ' ' from s), a is distinct from b, x[1:2], {'a': 1}, a->>'$.b' "
      "from t",
      "select count(*) filter (where a) over (partition by b order by c rows between 1 preceding and current "
      "row) from t",
      "create table t (a int not null, b decimal(10, 2), c struct(x int, y varchar[]), primary key (a))",
      "create or replace table s.t as select 1 as location, 2 as comment",
      "create table t (a int) partitioned by (a) with (x = 1, 'y.z' = 'w')",
      "insert into t (a, b) values (1, '/* no comment'), (2, '-- none')",
      "update version as of set a = 1 where of.b",
      "delete from t where a in (select 1 union all select 2)",
      "select a /* one /* two ; */ ; */ + /**/ 1 - - 1 from t",
      "from t select a:: int, b :: text, c := 3 limit 5",
      "select list_transform([1, 2], lambda x : x + 1), ?1, $2, $name, @a, ~b, a<->b, 1..2"};
  return kStatements;
}

const std::vector<std::string>& Fragments() {
  static const std::vector<std::string> kFragments = {" version ",
                                                      " as of ",
                                                      " timestamp ",
                                                      " as ",
                                                      " of ",
                                                      "@v3",
                                                      " from ",
                                                      " join t ",
                                                      " 'x' ",
                                                      " 3 ",
                                                      "(",
                                                      ")",
                                                      ",",
                                                      ";",
                                                      " t ",
                                                      "a.b",
                                                      " update ",
                                                      " set ",
                                                      " comment ",
                                                      " location ",
                                                      " using ",
                                                      " byte ",
                                                      " array ",
                                                      "<",
                                                      ">",
                                                      ">>",
                                                      " map ",
                                                      " distinct ",
                                                      " is distinct from ",
                                                      "--",
                                                      "\n",
                                                      "/*",
                                                      "*/",
                                                      "'",
                                                      "\"",
                                                      "$$",
                                                      "$a$",
                                                      "E'",
                                                      "\\",
                                                      "+",
                                                      "-",
                                                      "->",
                                                      "=",
                                                      "\xC2\xA0",
                                                      "\xE2\x80\x83",
                                                      "\xC3\xA9",
                                                      " where ",
                                                      " on ",
                                                      "1e5",
                                                      "1_0",
                                                      "?",
                                                      "::",
                                                      ":"};
  return kFragments;
}

std::string RandomText(std::mt19937& random) {
  const auto pick = [&](const std::vector<std::string>& from) { return from[random() % from.size()]; };
  std::string text = pick(Statements());
  for (auto changes = random() % 4; changes > 0; --changes) {
    const size_t at = random() % (text.size() + 1);
    const size_t length = random() % 3 == 0 ? std::min<size_t>(random() % 8, text.size() - at) : 0;
    text.replace(at, length, pick(Fragments()));
  }
  if (random() % 4 == 0) text += ";" + pick(Statements());
  return text;
}

TEST(FrontParserEngineTest, SeesTheSameStatementsAndChangesNoneOfTheEngines) {
  EngineParser engine;
  constexpr unsigned kSeed = 20130101;
  std::mt19937 random(kSeed);
  std::vector<std::string> texts = Statements();
  for (int i = 0; i < 20'000; ++i) texts.push_back(RandomText(random));
  size_t compared = 0;
  for (const std::string& text : texts) {
    const size_t count = engine.Count(text);
    if (count == 0) continue;
    ++compared;
    const auto split = SplitStatements(text);
    ASSERT_TRUE(split.has_value()) << text << ": " << split.error().message();
    ASSERT_EQ(split->size(), count) << text;
    for (const StatementText& statement : *split) {
      const auto parsed = ParseFront(statement.sql);
      ASSERT_TRUE(parsed.has_value()) << statement.sql << ": " << parsed.error().message();
      const auto* passed = std::get_if<PassThrough>(&parsed->statement);
      ASSERT_NE(passed, nullptr) << statement.sql;
      // A user's type may be called BYTE in the engine's grammar; it is ours in a list of columns.
      if (statement.sql.find("byte") != std::string_view::npos) continue;
      EXPECT_EQ(passed->sql, statement.sql) << "seed " << kSeed;
      EXPECT_FALSE(passed->rewritten) << statement.sql;
    }
  }
  EXPECT_GT(compared, 3'000U) << "the texts must be such that the engine parses many of them";
}

TEST(FrontParserEngineTest, WhatIsRewrittenIsWhatTheEngineParses) {
  EngineParser engine;
  for (const char* sql :
       {"select * from t version as of 3 x join u timestamp as of '2013-01-01' on true", "select * from s.t@v1 as x",
        "create table t (a array<map<string, struct<x: int>>>, b timestamp_ntz) using delta partitioned by "
        "(b) comment 'c' "
        "tblproperties ('delta.x' = 'y')",
        "create table t location '/d'", "create or replace table t comment 'c' as select 1 as a",
        "show tables in s like 'a*'", "show all tables", "show views", "show databases like '%x'",
        "describe table extended s.t"}) {
    const auto parsed = ParseFront(sql);
    ASSERT_TRUE(parsed.has_value()) << sql;
    const auto* passed = std::get_if<PassThrough>(&parsed->statement);
    ASSERT_NE(passed, nullptr) << sql;
    EXPECT_TRUE(passed->rewritten) << sql;
    EXPECT_EQ(engine.Count(passed->sql), 1U) << passed->sql;
  }
}

}  // namespace
}  // namespace neurolake::query
