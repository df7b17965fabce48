#pragma once
#include <set>
#include <string>
#include <string_view>

#include "tables/delta/schema.h"

namespace neurolake::query {

/// SQL of what a column says, as text: the value's own, of what has fields or elements JSON; empty for a type whose
/// values could be anybody's (BOOLEAN, BINARY).
std::string TextSql(const std::string& column, const tables::delta::DataType& type);

/// Adds what `value`, of TextSql, may be recognised by where a statement says it: texts as they are, numbers from four
/// digits on; of JSON those inside of it. In lower case. A text that claims to be JSON and is none is one text.
void AddTexts(std::string_view value, bool json, std::set<std::string>& texts);

/// Whether the values of TextSql are JSON.
bool IsTextOfMany(const tables::delta::DataType& type);

}  // namespace neurolake::query
