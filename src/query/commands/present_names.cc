#include "query/commands/present_names.h"

#include <boost/json/array.hpp>
#include <map>

#include "common/field_path.h"
#include "query/messages.h"
#include "tables/delta/field_places.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using tables::delta::DataType;

/// Where an answer names a column.
struct Place {
  size_t row = 0, cell = 0;
  bool is_text = false;
  ObjectName table;
  std::string name, physical;
};

Result<Place> DecodePlace(const json::value& value) {
  const bool whole = value.is_array() && value.get_array().size() == 7 && value.at(0).is_int64() &&
                     value.at(1).is_int64() && value.at(2).is_bool();
  if (!whole) return BadMember("names");
  for (size_t i = 3; i < 7; ++i) {
    if (!value.at(i).is_string()) return BadMember("names");
  }
  Place place;
  place.row = static_cast<size_t>(value.at(0).get_int64());
  place.cell = static_cast<size_t>(value.at(1).get_int64());
  place.is_text = value.at(2).get_bool();
  place.table = {.schema = std::string(value.at(3).get_string()), .name = std::string(value.at(4).get_string())};
  place.name = value.at(5).get_string();
  place.physical = value.at(6).get_string();
  return place;
}

std::string Present(const DataType& schema, const Place& place) {
  const auto now = tables::delta::PlaceOf(schema, place.physical);
  const auto same_name = tables::delta::FindPlace(schema, FieldPath(place.name));
  std::string text = now ? ShownPath(now->names) : ShownPath(place.name);
  if (now && same_name && same_name->physical != now->physical) text += ", " + ShownPath(same_name->names);
  return text;
}

/// Empty: it is called as it was.
std::string Comment(const DataType& schema, const Place& place) {
  const auto now = tables::delta::PlaceOf(schema, place.physical);
  const std::string before = ShownPath(place.name);
  if (!now) return fmt::format(" /* {} is not there any more */", before);
  const std::string after = ShownPath(now->names);
  return after == before ? "" : fmt::format(" /* {} is called {} now */", before, after);
}

}  // namespace

Result<void> CallColumnsAsNow(CommandContext& context, json::object& answer) {
  const auto* names = answer.if_contains("names");
  auto* rows = answer.if_contains("rows");
  if (names == nullptr || !names->is_array() || rows == nullptr || !rows->is_array()) return BadMember("names");
  std::map<std::pair<std::string, std::string>, std::optional<OpenedTable>> tables;
  for (const auto& one : names->get_array()) {
    NL_ASSIGN_OR_RETURN(const Place place, DecodePlace(one));
    if (place.row >= rows->get_array().size() || !rows->at(place.row).is_array()) return BadMember("names");
    json::array& row = rows->at(place.row).get_array();
    if (place.cell >= row.size()) return BadMember("names");
    // What is hidden from the principal is not named either.
    if (!row[place.cell].is_string()) continue;
    const auto [entry, is_new] = tables.try_emplace({place.table.schema, place.table.name});
    if (is_new) {
      if (auto opened = context.Open(place.table)) entry->second = *std::move(opened);
    }
    if (!entry->second) continue;
    const DataType& schema = entry->second->snapshot->schema();
    if (place.is_text) {
      row[place.cell] = std::string(row[place.cell].get_string()) + Comment(schema, place);
    } else {
      row[place.cell] = Present(schema, place);
    }
  }
  return {};
}

}  // namespace neurolake::query
