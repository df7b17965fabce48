#include "tables/delta/field_places.h"

#include "common/field_path.h"

namespace neurolake::tables::delta {
namespace {

using Kind = DataType::Kind;

/// What is right inside of `place`.
std::vector<FieldPlace> Inside(const FieldPlace& place) {
  std::vector<FieldPlace> inside;
  const auto add = [&](const std::string& name, const std::string& physical, const DataType& type, bool repeated) {
    const bool is_column = place.names.empty();
    inside.push_back({.names = is_column ? name : place.names + kFieldSeparator + name,
                      .physical = is_column ? physical : place.physical + kFieldSeparator + physical,
                      .type = &type,
                      .repeated = repeated});
  };
  const DataType& type = *place.type;
  for (const StructField& field : type.fields) add(field.name, field.physical_name(), field.type, place.repeated);
  if (type.kind == Kind::kArray) add("element", "element", type.children[0], true);
  if (type.kind == Kind::kMap) {
    add("key", "key", type.children[0], true);
    add("value", "value", type.children[1], true);
  }
  return inside;
}

std::string LastOf(const std::string& path) { return path.substr(path.rfind(kFieldSeparator) + 1); }

template <typename IsMeant>
std::optional<FieldPlace> Follow(const DataType& schema, const std::vector<std::string>& steps,
                                 const IsMeant& is_meant) {
  FieldPlace place{.names = {}, .physical = {}, .type = &schema};
  for (const std::string& step : steps) {
    const auto inside = Inside(place);
    const auto found = std::ranges::find_if(inside, [&](const FieldPlace& one) { return is_meant(one, step); });
    if (found == inside.end()) return std::nullopt;
    place = *found;
  }
  return place;
}

void AddInside(const FieldPlace& around, std::vector<FieldPlace>& places) {
  for (FieldPlace& one : Inside(around)) {
    places.push_back(one);
    AddInside(one, places);
  }
}

}  // namespace

std::optional<FieldPlace> FindPlace(const DataType& schema, const std::vector<std::string>& names) {
  return Follow(schema, names, [](const FieldPlace& one, const std::string& name) {
    return EqualsIgnoringCase(LastOf(one.names), name);
  });
}

std::optional<FieldPlace> PlaceOf(const DataType& schema, const std::string& physical) {
  return Follow(schema, FieldPath(physical),
                [](const FieldPlace& one, const std::string& step) { return LastOf(one.physical) == step; });
}

std::vector<FieldPlace> NestedPlaces(const DataType& schema) {
  std::vector<FieldPlace> places;
  for (const FieldPlace& column : Inside({.names = {}, .physical = {}, .type = &schema})) AddInside(column, places);
  return places;
}

}  // namespace neurolake::tables::delta
