#include <gtest/gtest.h>

#include <random>

#include "duckdb/planner/filter/conjunction_filter.hpp"
#include "duckdb/planner/filter/constant_filter.hpp"
#include "duckdb/planner/filter/in_filter.hpp"
#include "duckdb/planner/filter/null_filter.hpp"
#include "engine/duckdb/internal/file_pruning.h"
#include "engine/duckdb/internal/type_mapping.h"

namespace neurolake::engine::duckdb {
namespace {

using native::ExpressionType;
using native::Value;
using tables::delta::AddFile;
using tables::delta::DataType;
using tables::delta::StructField;
using Kind = DataType::Kind;

constexpr int kFiles = 400;
/// So few that the pruner asks them one by one.
constexpr size_t kFew = 20;

struct Column {
  const char* name;
  DataType type;
  bool partition;
  std::vector<const char*> texts;  // As JSON where it is no partition column.
};

DataType Simple(Kind kind, int precision = 0, int scale = 0) {
  DataType type;
  type.kind = kind;
  type.precision = precision;
  type.scale = scale;
  return type;
}

/// Common spellings and uncommon ones, what fits and what does not.
const std::vector<Column>& Columns() {
  static const std::vector<Column> kColumns = {
      {"l",
       Simple(Kind::kLong),
       false,
       {"0", "-5", "17", "9223372036854775807", "1e3", "5.0", "\"12\"", "null", "true"}},
      {"b", Simple(Kind::kByte), false, {"-128", "0", "5", "127", "300"}},
      {"d", Simple(Kind::kDouble), false, {"0.5", "-1e300", "17", "\"NaN\"", "\"Infinity\"", "1e999", "-0.0", "0"}},
      {"f", Simple(Kind::kFloat), false, {"0.1", "16777217", "-3.4e38", "1e39"}},
      {"m", Simple(Kind::kDecimal, 10, 2), false, {"1.50", "1.5", "-7", "99999999.99", "1.555", "1e2", "\"3.25\""}},
      {"w", Simple(Kind::kDecimal, 38, 4), false, {"1.5", "-7.0001", "123456789012.5"}},
      {"t",
       Simple(Kind::kDate),
       false,
       {"\"2020-01-01\"", "\"1999-12-31\"", "\"20000-01-01\"", "\"2020-1-1\"", "\"x\""}},
      {"z",
       Simple(Kind::kTimestamp),
       false,
       {"\"2020-01-01T00:00:00.123Z\"", "\"2020-01-01 00:00:00\"", "\"1969-12-31T23:59:59.999+02:00\"", "\"soon\""}},
      {"s", Simple(Kind::kString), false, {"\"\"", "\"a\"", "\"ab\"", "\"b\"", "\"\\u00e4\"", "\"zz\\\"\"", "7"}},
      {"o", Simple(Kind::kBoolean), false, {"true", "false"}},
      {"y", Simple(Kind::kBinary), false, {"\"a\"", "\"b\""}},
      {"ps", Simple(Kind::kString), true, {"", "a", "ab", "b", "zz"}},
      {"pl", Simple(Kind::kLong), true, {"0", "-5", "17", "9000000000"}},
      {"pt", Simple(Kind::kDate), true, {"2020-01-01", "1999-12-31"}},
      {"po", Simple(Kind::kBoolean), true, {"true", "false", "TRUE"}},
      {"pd", Simple(Kind::kDouble), true, {"0.5", "NaN", "17"}},
      {"py", Simple(Kind::kBinary), true, {"a", "b"}},
  };
  return kColumns;
}

template <typename T>
const T& Pick(std::mt19937& random, const std::vector<T>& values) {
  return values[random() % values.size()];
}

AddFile RandomFile(std::mt19937& random, int number) {
  AddFile file;
  file.path = fmt::format("f{}", number);
  std::string members[3];
  for (const Column& column : Columns()) {
    if (column.partition) {
      if (random() % 4 != 0) file.partition_values[column.name] = Pick(random, column.texts);
      continue;
    }
    for (auto& member : members) {
      if (random() % 4 == 0) continue;
      const std::string value = &member == &members[2] ? std::to_string(random() % 3) : Pick(random, column.texts);
      member += fmt::format("{}\"{}\":{}", member.empty() ? "" : ",", column.name, value);
    }
  }
  file.stats = fmt::format(R"({{"numRecords":{},"minValues":{{{}}},"maxValues":{{{}}},"nullCount":{{{}}}}})",
                           random() % 3, members[0], members[1], members[2]);
  if (random() % 20 == 0) file.stats = "";
  if (random() % 20 == 0) file.stats.resize(file.stats.size() / 2);
  if (random() % 20 == 0) file.stats += "]";
  return file;
}

std::shared_ptr<const tables::delta::Snapshot> RandomSnapshot(std::mt19937& random) {
  tables::delta::ReplayedLog log;
  log.protocol.emplace();
  log.metadata.emplace();
  DataType schema = Simple(Kind::kStruct);
  for (const Column& column : Columns()) {
    StructField field;
    field.name = column.name;
    field.type = column.type;
    schema.fields.push_back(field);
    if (column.partition) log.metadata->partition_columns.emplace_back(column.name);
  }
  for (int i = 0; i < kFiles; ++i) log.files.Add(RandomFile(random, i));
  return std::make_shared<const tables::delta::Snapshot>("/t", 0, std::move(log), std::move(schema));
}

/// A constant of the column's type, from the texts that files have; sometimes one of another type. Never NULL: the
/// engine makes no such filters.
Value RandomConstant(std::mt19937& random, const Column& column) {
  if (random() % 20 == 0) return Value::HUGEINT(native::hugeint_t(3));
  for (;;) {
    std::string text = Pick(random, column.texts);
    if (text.starts_with('"')) text = text.substr(1, text.size() - 2);
    if (auto value = ParseDeltaValue(text, column.type); value.has_value() && !value->IsNull()) return *value;
  }
}

native::unique_ptr<native::TableFilter> RandomFilter(std::mt19937& random, const Column& column, int depth = 0) {
  static const std::vector<ExpressionType> kComparisons = {
      ExpressionType::COMPARE_EQUAL,       ExpressionType::COMPARE_NOTEQUAL,
      ExpressionType::COMPARE_LESSTHAN,    ExpressionType::COMPARE_LESSTHANOREQUALTO,
      ExpressionType::COMPARE_GREATERTHAN, ExpressionType::COMPARE_GREATERTHANOREQUALTO};
  switch (random() % (depth > 1 ? 6 : 8)) {
    case 0: return native::make_uniq<native::IsNullFilter>();
    case 1: return native::make_uniq<native::IsNotNullFilter>();
    case 6: {
      auto both = native::make_uniq<native::ConjunctionAndFilter>();
      for (int i = 0; i < 2; ++i) both->child_filters.push_back(RandomFilter(random, column, depth + 1));
      return both;
    }
    case 7: {
      auto either = native::make_uniq<native::ConjunctionOrFilter>();
      for (int i = 0; i < 2; ++i) either->child_filters.push_back(RandomFilter(random, column, depth + 1));
      return either;
    }
    default:
      return native::make_uniq<native::ConstantFilter>(Pick(random, kComparisons), RandomConstant(random, column));
  }
}

std::vector<uint32_t> OneByOne(FilePruner& pruner, const std::vector<FilePruner::ColumnFilter>& filters) {
  std::vector<uint32_t> kept;
  std::vector<uint32_t> few;
  for (uint32_t i = 0; i < kFiles; ++i) {
    few.push_back(i);
    if (few.size() < kFew && i + 1 < kFiles) continue;
    const auto some = pruner.Prune(few, filters);
    kept.insert(kept.end(), some.begin(), some.end());
    few.clear();
  }
  return kept;
}

TEST(BulkPruningTest, ManyFilesAtOnceAsOneByOne) {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    std::mt19937 random(seed);
    FilePruner pruner(RandomSnapshot(random));
    std::vector<uint32_t> all(kFiles);
    std::iota(all.begin(), all.end(), 0U);
    size_t skipped = 0;
    for (int i = 0; i < 600; ++i) {
      const size_t column = random() % Columns().size();
      const auto filter = RandomFilter(random, Columns()[column]);
      const std::vector<FilePruner::ColumnFilter> filters = {{column, filter.get()}};
      const auto kept = pruner.Prune(all, filters);
      ASSERT_EQ(kept, OneByOne(pruner, filters)) << "seed " << seed << ": " << filter->ToString(Columns()[column].name);
      skipped += kFiles - kept.size();
    }
    EXPECT_GT(skipped, 40'000u);
  }
}

TEST(BulkPruningTest, APartitionValueOfAnotherTypeIsDamageStill) {
  tables::delta::ReplayedLog log;
  log.protocol.emplace();
  log.metadata.emplace();
  log.metadata->partition_columns = {"p"};
  DataType schema = Simple(Kind::kStruct);
  StructField field;
  field.name = "p";
  field.type = Simple(Kind::kDate);
  schema.fields.push_back(field);
  for (int i = 0; i < 100; ++i) {
    AddFile file;
    file.path = fmt::format("f{}", i);
    file.partition_values["p"] = i == 77 ? "yesterday" : "2020-01-01";
    log.files.Add(file);
  }
  FilePruner pruner(std::make_shared<const tables::delta::Snapshot>("/t", 0, std::move(log), std::move(schema)));
  const native::ConstantFilter filter(ExpressionType::COMPARE_EQUAL, Value::DATE(native::date_t(0)));
  std::vector<uint32_t> all(100);
  std::iota(all.begin(), all.end(), 0U);
  EXPECT_ANY_THROW(pruner.Prune(all, {{0, &filter}}));
  std::erase(all, 77U);
  EXPECT_TRUE(pruner.Prune(all, {{0, &filter}}).empty());
}

}  // namespace
}  // namespace neurolake::engine::duckdb
