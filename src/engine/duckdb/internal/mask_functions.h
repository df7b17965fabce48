#pragma once
#include <string>
#include <vector>

#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

/// mask_first, mask_last, mask_bucket and mask_date, which depend on their arguments alone; mask_hash, mask_token,
/// mask_fpe and mask_pseudonym, which are keyed: they bind in the expressions of policies alone, take the name of a key
/// as a constant, and get the key from the statement's policy (PolicyBinding), never from who asks. Keys are in bind
/// data, which no plan shows. What cannot be masked becomes NULL. Source: docs/masking.md.
std::vector<native::ScalarFunctionSet> MaskFunctions();

/// lookup_token('key', value): the token that mask_token shows of a value, asked of the server while the query is
/// bound, which checks the right, counts and records. In queries alone, and in their own text: a view or a default that
/// somebody else wrote does not ask in one's name. Source: docs/masking.md, "Looking up a token".
native::ScalarFunctionSet TokenLookupFunction();

/// The value of an argument that has to be constant and not NULL. Throws kInvalidArgument with the function's name.
native::Value MaskConstant(native::ClientContext& context, const native::ScalarFunction& function,
                           const native::Expression& argument);

}  // namespace neurolake::engine::duckdb
