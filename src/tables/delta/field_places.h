#pragma once
#include <optional>
#include <string>
#include <vector>

#include "tables/delta/schema.h"

namespace neurolake::tables::delta {

/// A column, or a field inside of one at any depth. Ways are those of common/field_path.h.
struct FieldPlace {
  std::string names;
  std::string physical;            ///< What the table's files call each; outlives renames.
  const DataType* type = nullptr;  ///< Of the schema that was looked in.
  bool repeated = false;           ///< Inside of a list or map: a row has any number of them.
};

/// By names, without case; "element" inside of a list, "key" and "value" inside of a map.
std::optional<FieldPlace> FindPlace(const DataType& schema, const std::vector<std::string>& names);
/// By what the files call each on the way.
std::optional<FieldPlace> PlaceOf(const DataType& schema, const std::string& physical);
/// All that are inside of columns, each after what is around it.
std::vector<FieldPlace> NestedPlaces(const DataType& schema);

}  // namespace neurolake::tables::delta
