// What of a worker's calls goes into the audit log besides the statement's own records.
#include <boost/json/serialize.hpp>

#include "common/text.h"
#include "query/provider_server.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;

/// Who may see and do what hangs on these. The rest is told by the statement's own records.
constexpr std::string_view kAudited[] = {
    "create_policy", "drop_policy", "create_group", "drop_group", "add_member", "remove_member", "grant", "set_owner",
    "grant_function", "grant_object", "set_pii_threshold", "reset_pii_threshold", "accept_pii", "reject_pii",
    "create_pii_rule", "drop_pii_rule", "create_credential", "drop_credential", "rotate_credential_key",
    "create_location", "drop_location", "create_user", "alter_user", "create_bundle", "activate_bundle",
    // Tags, purposes and attributes decide which policies hold, and for whom.
    "set_tags", "create_tag_policy", "drop_tag_policy", "create_purpose", "drop_purpose", "grant_purpose",
    "allow_purposes", "set_minimum_group", "set_attributes", "request_break_glass", "approve_break_glass",
    "end_break_glass", "create_semantic_model", "alter_semantic_model", "restore_semantic_model", "drop_semantic_model",
    "grant_semantic_model",
    // A token looked up tells who is behind it.
    "create_data_subject", "alter_data_subject", "drop_data_subject", "grant_forget", "create_key", "drop_key",
    "rotate_key", "rotate_master_key", "rewrap_keys", "grant_key", "lookup_token",
    // So does a value that rows are found by; and keys given out say who could read which column.
    "column_key_use", "column_keys", "column_cells"};

/// Names and ids, and what tags and attributes are set to. Nothing else of the arguments: among them are secrets, the
/// text of rules, and values whose tokens are looked up.
constexpr std::string_view kTold[] = {
    "schema",     "table",     "name",     "kind",         "column",    "group",      "member",  "effect",
    "privileges", "grantees",  "path",     "credential",   "tag",       "of_columns", "set",     "unset",
    "grant",      "purpose",   "purposes", "size",         "principal", "id",         "minutes", "reason",
    "key",        "role",      "state",    "on_behalf_of", "version",   "functions",  "objects", "threshold",
    "use",        "privilege", "owner",    "entities",     "findings"};

}  // namespace

Result<void> ProviderServer::AuditChange(std::string_view action, const json::object& arguments) {
  if (trail_ == nullptr || std::ranges::find(kAudited, action) == std::end(kAudited)) return {};
  AuditTrail::Details details;
  for (const std::string_view name : kTold) {
    const auto* value = arguments.if_contains(name);
    if (value == nullptr || value->is_null()) continue;
    const bool text = value->is_string();
    details.emplace_back(name, text ? std::string(value->get_string()) : json::serialize(*value));
  }
  if (const auto* rule = arguments.if_contains("definition"); rule != nullptr && rule->is_string()) {
    details.emplace_back("definition_sha256", Sha256Hex(std::string_view(rule->get_string())));
  }
  return trail_->Change(ctx_, action, std::move(details), statement_id_);
}

}  // namespace neurolake::query
