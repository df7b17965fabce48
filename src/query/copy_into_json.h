#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "query/copy_into.h"

namespace neurolake::query {

/// How files spell a key, by its small letters. Columns go by name in any case; the engine takes each spelling for a
/// key of its own.
using KeySpellings = std::map<std::string, std::vector<std::string>>;

/// Leaves out keys that no statement can name.
void AddSpellings(const std::vector<std::string>& keys, KeySpellings& spellings);
/// Of columns that the engine found in JSON lines, makes one of those that are spellings of one key. Their types become
/// one that can hold both's values.
void JoinSpellings(const KeySpellings& spellings, ProductSql::Rows& columns);

/// SQL that makes a value of `type` (in the engine's spelling) from the JSON text `json`. Keys that an object lacks are
/// NULL, other keys are left out, and a value of the wrong type is an error of the whole, not a NULL inside: that is
/// what neither the engine's CAST from JSON nor its json_transform does. Types it cannot take apart are cast by the
/// engine.
std::string JsonValueSql(std::string_view type, const std::string& json);

}  // namespace neurolake::query
