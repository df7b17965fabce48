#pragma once
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "catalog/catalog.h"
#include "common/request_context.h"
#include "query/key_store.h"

namespace neurolake::query {

/// Statements about keys, as server actions: "create_key", "drop_key", "rotate_key", "rotate_master_key",
/// "rewrap_keys", "keys", "grant_key", "key_grants", "key_lookups", for who manages the lake; "lookup_token" for who
/// has the right on its key.
bool IsKeyAction(std::string_view action);

struct KeyActionContext {
  const RequestContext& ctx;
  catalog::Catalog& catalog;
  KeyStore& keys;
  StatementId statement;
};
/// Errors: kPermissionDenied; KeyStore's.
Result<boost::json::value> RunKeyAction(const KeyActionContext& context, const std::string& action,
                                        const boost::json::object& arguments);

/// Puts ids to the names of keys in the expression `member` of a policy's plan, if it has one. What an expression names
/// and is not listed there it is never given, so what a worker leaves out helps nobody. Errors: kNotFound for a key
/// that is not there or may not be used, alike.
Result<void> ResolveKeys(const RequestContext& ctx, catalog::Catalog& catalog, boost::json::object& plan,
                         std::string_view member);

}  // namespace neurolake::query
