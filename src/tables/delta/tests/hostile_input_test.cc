#include "tables/delta/expression.h"
#include "tables/delta/reconciler.h"
#include "tables/delta/statistics.h"
#include "tables/delta/tests/test_table.h"

namespace neurolake::tables::delta {
namespace {

/// Damages `text` in `rounds` reproducible ways: flipped bits, cuts, repeated and swapped pieces.
template <typename Try>
void Damage(const std::string& text, int rounds, Try&& attempt) {
  uint32_t seed = 7;
  auto next = [&] { return seed = seed * 1664525 + 1013904223, seed >> 8; };
  for (size_t length = 0; length < text.size(); length += 1 + text.size() / 500) attempt(text.substr(0, length));
  for (int round = 0; round < rounds; ++round) {
    std::string bad = text;
    for (uint32_t i = 0; i <= next() % 4; ++i) {
      const size_t at = next() % bad.size();
      switch (next() % 4) {
        case 0: bad[at] = static_cast<char>(bad[at] ^ 1 << next() % 8); break;
        case 1: bad[at] = "{}[]\",:\\0-e\n"[next() % 12]; break;
        case 2: bad.erase(at, next() % 8); break;
        default: bad.insert(at, bad.substr(next() % bad.size(), next() % 16)); break;
      }
      if (bad.empty()) bad = "{";
    }
    attempt(bad);
  }
}

TEST(HostileInputTest, CommitsGiveActionsOrCorruption) {
  CommitRequest request = CreateRequest("/t", {{"delta.columnMapping.mode", "name"}});
  AddFile add = TestAdd("a%20b");
  add.deletion_vector = DeletionVectorDescriptor{.storage_type = "u",
                                                 .path_or_inline_dv = "ab^-aqEH.-t@S}K{vb[*k^",
                                                 .offset = 1,
                                                 .size_bytes = 40,
                                                 .cardinality = 6};
  add.tags = {{"k", "v"}};
  const std::string text = R"({"commitInfo":{"timestamp":1,"inCommitTimestamp":2,"operationParameters":{"a":"b"}}})"
                           "\n" +
                           ToJsonLine(*request.protocol) + "\n" + ToJsonLine(*request.metadata) + "\n" +
                           ToJsonLine(add) + "\n" + ToJsonLine(MakeRemove(add, 1, true)) + "\n" +
                           R"({"txn":{"appId":"a","version":1}})"
                           "\n"
                           R"({"domainMetadata":{"domain":"d","configuration":"","removed":false}})"
                           "\n";
  int parsed = 0;
  Damage(text, 20'000, [&](const std::string& bad) {
    auto actions = ParseCommit(bad, "f");
    if (!actions.has_value()) {
      EXPECT_EQ(actions.error().code(), ErrorCode::kCorruption);
      return;
    }
    ++parsed;
    if (actions->metadata.has_value()) (void)ParseSchema(actions->metadata->schema_string);
    Reconciler reconciler(Reconciler::Order::kOldestFirst);
    reconciler.Apply(std::move(*actions));
    (void)std::move(reconciler).Finish();
  });
  EXPECT_GT(parsed, 0);
}

TEST(HostileInputTest, SchemasGiveTypesOrErrors) {
  const std::string text = CreateRequest("/t", {{"delta.columnMapping.mode", "name"}}).metadata->schema_string;
  Damage(text, 20'000, [&](const std::string& bad) {
    auto schema = ParseSchema(bad);
    if (schema.has_value()) {
      auto again = ParseSchema(SerializeSchema(*schema));
      EXPECT_TRUE(again.has_value());
    } else {
      EXPECT_TRUE(schema.error().code() == ErrorCode::kCorruption || schema.error().code() == ErrorCode::kNotSupported);
    }
  });
}

TEST(HostileInputTest, ExpressionsAreUnderstoodTheSameTwiceOrRefused) {
  const std::string text =
      "NOT (id % 3 <=> -1.5e3) AND (CASE WHEN name LIKE 'a\\'%' THEN CAST(id AS DECIMAL(10,2)) ELSE coalesce(id, 2) "
      "END "
      "BETWEEN 1 AND length(`name`) OR name IN ('x', \"y\", concat(name, 'z')) OR st.x IS NOT NULL)";
  ASSERT_TRUE(Expression::Parse(text, Expression::Dialect::kSpark).has_value());
  int parsed = 0;
  Damage(text, 20'000, [&](const std::string& bad) {
    for (const auto dialect : {Expression::Dialect::kSpark, Expression::Dialect::kOurs}) {
      const auto expression = Expression::Parse(bad, dialect);
      if (!expression.has_value()) {
        EXPECT_TRUE(expression.error().code() == ErrorCode::kSyntaxError ||
                    expression.error().code() == ErrorCode::kNotSupported);
        continue;
      }
      ++parsed;
      (void)expression->ToEngine(TwoColumns());
      const std::string written = expression->ToText(dialect);
      const auto again = Expression::Parse(written, dialect);
      ASSERT_TRUE(again.has_value()) << bad << "\n" << written << "\n" << again.error().message();
      EXPECT_EQ(again->ToText(dialect), written) << bad;
    }
  });
  EXPECT_GT(parsed, 0);
}

TEST(HostileInputTest, StatisticsGiveSomethingOrNothing) {
  const std::string text = R"({"numRecords":3,"minValues":{"a":1,"n":{"s":"x\"\u00e9","d":-1.5e3}},)"
                           R"("maxValues":{"a":9,"l":[1,[2]],"z":null},"nullCount":{"a":0},"tightBounds":true})";
  Damage(text, 30'000, [&](const std::string& bad) {
    (void)ParseStatistics(bad, {});
    (void)ParseStatistics(bad, {"a"});
    (void)LoosenBounds(bad);
  });
}

TEST(HostileInputTest, LastCheckpointAndNamesNeverMatter) {
  MemoryStore store;
  ASSERT_TRUE(store.Put(CommitName(0), std::string(kPlainProtocol) + "\n" + MetadataLine()).has_value());
  for (const char* name : {"99999999999999999999.json", "00000000000000000001.checkpoint..parquet", "..", ".json",
                           "00000000000000000001.checkpoint.0000000000.0000000000.parquet",
                           "00000000000000000001.checkpoint.0000000003.0000000002.parquet",
                           "00000000000000000005.00000000000000000003.compacted.json", "0000000000000000000a.json",
                           "-0000000000000000001.json", "00000000000000000001.json.tmp"}) {
    ASSERT_TRUE(store.Put(LogName(name), "x").has_value());
  }
  Damage(R"({"version":0,"size":5,"checksum":"abc"})", 2'000, [&](const std::string& bad) {
    ASSERT_TRUE(store.Put(LogName("_last_checkpoint"), bad).has_value());
    auto segment = ListLog(store, "/t", std::nullopt);
    ASSERT_TRUE(segment.has_value()) << segment.error().message();
    EXPECT_EQ(segment->version, 0);
    EXPECT_EQ(segment->commit_files.size(), 1u);
  });
}

}  // namespace
}  // namespace neurolake::tables::delta
