#include "engine/duckdb/internal/change_feed_table.h"

#include <charconv>

#include "common/text.h"
#include "duckdb/parser/expression/constant_expression.hpp"
#include "duckdb/parser/parsed_data/create_table_function_info.hpp"
#include "duckdb/parser/qualified_name.hpp"
#include "duckdb/parser/tableref/at_clause.hpp"
#include "duckdb/parser/tableref/basetableref.hpp"
#include "engine/duckdb/internal/snapshot_cache.h"
#include "tables/delta/change_feed.h"

namespace neurolake::engine::duckdb {
namespace {

using tables::delta::HistoryEntry;

constexpr char kVersion = 'v';
constexpr char kTime = 't';
constexpr char kBetween = '|';

[[noreturn]] void RefuseRange() {
  ThrowLakeError(Error(ErrorCode::kInvalidArgument,
                       "table_changes takes a table's name and a first and last version or timestamp: "
                       "table_changes('sales.orders', 3), table_changes('sales.orders', 3, 5)"));
}

/// One end of a range: "v3", or "t" and microseconds. A time without an offset is in the session's time zone.
std::string EndText(native::ClientContext& context, const native::Value& value) {
  native::Value cast;
  native::string problem;
  if (value.IsNull()) RefuseRange();
  if (value.type().IsIntegral()) return fmt::format("{}{}", kVersion, value.ToString());
  if (!value.TryCastAs(context, native::LogicalType::TIMESTAMP_TZ, cast, &problem) || cast.IsNull()) RefuseRange();
  return fmt::format("{}{}", kTime, cast.GetValue<native::timestamp_tz_t>().value);
}

native::unique_ptr<native::TableRef> Replace(native::ClientContext& context, native::TableFunctionBindInput& input) {
  if (input.inputs[0].IsNull()) RefuseRange();
  const auto name = native::QualifiedName::Parse(input.inputs[0].ToString());
  std::string range = EndText(context, input.inputs[1]) + kBetween;
  if (input.inputs.size() > 2) range += EndText(context, input.inputs[2]);
  auto reference = native::make_uniq<native::BaseTableRef>();
  reference->catalog_name = name.catalog.empty() && !name.schema.empty() ? LakeCatalog::kName : name.catalog;
  reference->schema_name = LowerAscii(name.schema);
  reference->table_name = name.name;
  reference->alias = name.name;
  reference->at_clause = native::make_uniq<native::AtClause>(
      kChangesUnit, native::make_uniq<native::ConstantExpression>(native::Value(range)));
  return reference;
}

struct RangeEnd {
  bool is_time = false;
  int64_t number = 0;
};

std::optional<RangeEnd> ParseEnd(std::string_view text) {
  if (text.empty()) return std::nullopt;
  RangeEnd end{.is_time = text[0] == kTime};
  const auto parsed = std::from_chars(text.data() + 1, text.data() + text.size(), end.number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) RefuseRange();
  if (text[0] != kTime && text[0] != kVersion) RefuseRange();
  return end;
}

WallTime TimeOf(const RangeEnd& end) { return WallTime(std::chrono::microseconds(end.number)); }

/// The first version at or after a time.
int64_t FirstVersion(const RangeEnd& end, const std::vector<HistoryEntry>& history) {
  if (!end.is_time) return end.number;
  std::optional<int64_t> found;
  for (const HistoryEntry& entry : history) {  // Newest first.
    if (entry.timestamp < TimeOf(end)) break;
    found = entry.version;
  }
  if (found) return *found;
  ThrowLakeError(
      Error(ErrorCode::kVersionNotFound, "the table has no version at or after the time that was asked for"));
}

/// The last version at or before a time.
int64_t LastVersion(const RangeEnd& end, const std::vector<HistoryEntry>& history) {
  if (!end.is_time) return end.number;
  for (const HistoryEntry& entry : history) {
    if (entry.timestamp <= TimeOf(end)) return entry.version;
  }
  ThrowLakeError(
      Error(ErrorCode::kVersionNotFound, "the table has no version at or before the time that was asked for"));
}

}  // namespace

native::unique_ptr<native::CatalogEntry> MakeChangeFeed(native::ClientContext& context, LakeCatalog& catalog,
                                                        LakeSchemaEntry& schema, TableEntry table,
                                                        const native::Value& range) {
  StatementState& state = StatementState::Get(context);
  const std::string text = range.IsNull() ? "" : range.ToString();
  const size_t between = text.find(kBetween);
  if (between == std::string::npos) RefuseRange();
  const auto from = ParseEnd(std::string_view(text).substr(0, between));
  const auto to = ParseEnd(std::string_view(text).substr(between + 1));
  if (!from) RefuseRange();
  std::vector<HistoryEntry> history;
  if (from->is_time || (to && to->is_time)) {
    history = ValueOrThrow(tables::delta::ReadHistory(*state.context, *state.store, table.location, std::nullopt));
  }
  const int64_t first_version = FirstVersion(*from, history);
  std::optional<int64_t> last_version;
  if (to) last_version = LastVersion(*to, history);
  const auto last = ValueOrThrow(state.snapshots->Load(*state.context, table, last_version));
  if (first_version > last->version() || first_version < 0) {
    ThrowLakeError(Error(ErrorCode::kInvalidArgument,
                         fmt::format("a change feed begins at a version from 0 to its last, not at: {}; last: {}",
                                     first_version, last->version())));
  }
  const auto first = ValueOrThrow(state.snapshots->Load(*state.context, table, first_version));
  auto feed = ValueOrThrow(tables::delta::ReadChangeFeed(*state.context, *state.store, *first, *last));
  auto entry = LakeTableEntry::Make(StatementState::Get(context), catalog, schema, std::move(table),
                                    std::move(feed.snapshot), /*time_travel=*/true);
  entry->SetChangeRows(std::make_shared<const ChangeRows>(std::move(feed.only_rows)));
  return entry;
}

void RegisterTableChanges(native::ClientContext& context) {
  native::TableFunctionSet changes("table_changes");
  const native::LogicalType name = native::LogicalType::VARCHAR;
  for (const auto& end : {native::LogicalType::BIGINT, native::LogicalType::VARCHAR, native::LogicalType::TIMESTAMP,
                          native::LogicalType::TIMESTAMP_TZ}) {
    native::TableFunction open("table_changes", {name, end}, nullptr, nullptr);
    open.bind_replace = Replace;
    native::TableFunction closed("table_changes", {name, end, end}, nullptr, nullptr);
    closed.bind_replace = Replace;
    changes.AddFunction(open);
    changes.AddFunction(closed);
  }
  context.RunFunctionInTransaction([&] {
    native::CreateTableFunctionInfo info(changes);
    info.internal = true;
    native::Catalog::GetSystemCatalog(context).CreateTableFunction(context, info);
  });
}

}  // namespace neurolake::engine::duckdb
