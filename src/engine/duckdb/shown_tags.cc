// What tagged columns are called: only a table's own log knows it.
#include "engine/duckdb/internal/shown_tags.h"

#include <boost/json.hpp>
#include <map>

#include "common/field_path.h"
#include "plan/known_columns.h"
#include "tables/delta/field_places.h"

namespace neurolake::engine::duckdb {
namespace {

namespace json = boost::json;

constexpr const char* kTags = "tags";
/// Of a row that the server lists; the last two are of tables' columns alone, and shown to nobody as they are.
constexpr size_t kSchema = 0, kTable = 1, kColumn = 2, kPhysical = 7, kLabel = 8;

std::vector<json::array> ListedTags(StatementState& state) {
  std::vector<json::array> rows;
  while (true) {
    const auto page = ValueOrThrow(state.provider->ReadSystemRows(kTags, static_cast<int64_t>(rows.size())));
    if (page.empty()) return rows;
    for (const std::string& row : page) rows.push_back(json::parse(row).as_array());
  }
}

/// What the column is called now; nullopt: the principal may not know of it.
std::optional<std::string> NameNow(const KnownTable& table, const std::string& physical, const std::string& label) {
  const auto place =
      table.snapshot == nullptr ? std::nullopt : tables::delta::PlaceOf(table.snapshot->schema(), physical);
  const std::string& name = place ? place->names : label;
  if (!plan::MayKnowColumn(table.entry.policy.get(), FieldPath(physical).front(), FieldPath(name).front())) {
    return std::nullopt;
  }
  return ShownPath(name);
}

}  // namespace

bool MakesSystemRows(const std::string& name) { return name == kTags; }

std::vector<std::string> TagRows(native::ClientContext& context, native::TableCatalogEntry& own,
                                 const InformationScope& scope) {
  StatementState& state = StatementState::Get(context);
  std::map<std::pair<std::string, std::string>, std::optional<KnownTable>> tables;
  std::vector<std::string> rows;
  for (json::array& row : ListedTags(state)) {
    const std::string schema(row.at(kSchema).as_string());
    const std::string table(row.at(kTable).as_string());
    if ((scope.schema && *scope.schema != schema) || (scope.table && *scope.table != table)) continue;
    if (row.size() > kLabel) {
      const auto [known, is_new] = tables.try_emplace({schema, table});
      if (is_new) {
        ValueOrThrow(state.context->CheckAlive());
        known->second = FindKnownTable(context, own, {schema, table});
      }
      if (!known->second) continue;
      const auto name =
          NameNow(*known->second, std::string(row.at(kPhysical).as_string()), std::string(row.at(kLabel).as_string()));
      if (!name) continue;
      row[kColumn] = *name;
      row.resize(kPhysical);
    }
    rows.push_back(json::serialize(row));
  }
  return rows;
}

}  // namespace neurolake::engine::duckdb
