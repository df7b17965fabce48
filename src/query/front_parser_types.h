#pragma once
#include <vector>

#include "query/front_parser_cursor.h"

namespace neurolake::query {

/// Standing on a column's type: if it is one of our spellings, moves behind it and adds its rewriting.
/// Errors: kSyntaxError for a nested type that is not closed and the like.
Result<void> RewriteType(TokenCursor& cursor, std::vector<TextEdit>& edits);

}  // namespace neurolake::query
