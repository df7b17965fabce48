#include "query/provider_server.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>

#include "common/text.h"
#include "query/append_messages.h"
#include "query/break_glass_actions.h"
#include "query/bundle_actions.h"
#include "query/erasure_actions.h"
#include "query/expectation_actions.h"
#include "query/function_grants.h"
#include "query/grant_actions.h"
#include "query/key_actions.h"
#include "query/location_stores.h"
#include "query/object_grants.h"
#include "query/personal_data_actions.h"
#include "query/personal_data_rules.h"
#include "query/policy_actions.h"
#include "query/read_only.h"
#include "query/semantic_model_actions.h"
#include "query/shallow_clones.h"
#include "query/system_relations.h"
#include "query/tag_actions.h"
#include "query/user_actions.h"
#include "storage/path.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using engine::duckdb::NameChange;
using engine::duckdb::TableEntry;

/// What the writer of a group has to ask.
bool IsOfGroups(std::string_view method) {
  constexpr std::string_view kMethods[] = {"schema_exists", "find_table", "find_view", "commit",
                                           "authorize",     "maintain",   "open_store"};
  return std::ranges::find(kMethods, method) != std::end(kMethods);
}

/// Of a call that is not here something may come but its answer to the worker.
bool OnlyLooks(std::string_view method) {
  constexpr std::string_view kMethods[] = {"schema_exists",  "list_schemas", "find_table", "find_view",
                                           "list_relations", "may_append",   "authorize",  "system_rows"};
  return std::ranges::find(kMethods, method) != std::end(kMethods);
}

/// Errors: kReadOnly for a call that is not one of a statement that reads.
Result<void> CheckLooks(std::string_view method, const json::object& arguments) {
  std::string action;
  if (method == "maintain") {
    NL_ASSIGN_OR_RETURN(action, StringMember(arguments, "action"));
  }
  if (IsLook(method, action)) return {};
  return MakeError(ErrorCode::kReadOnly, "this way into the lake is for reading: the statement would change something");
}

}  // namespace

std::unexpected<Error> ProviderServer::Refused(std::string_view what) {
  return MakeError(ErrorCode::kInternal, "a worker sent a commit that cannot be right: {}", what);
}

void ProviderServer::ReleaseLane() {
  if (!held_lane_) return;
  append_groups_->Release(*held_lane_, statement_id_);
  held_lane_.reset();
}

std::string ProviderServer::Handle(std::string_view call) {
  auto answer = Dispatch(call);
  json::object reply;
  if (answer) {
    reply["result"] = std::move(*answer);
  } else {
    reply["error"] = EncodeError(answer.error());
  }
  return json::serialize(reply);
}

Result<json::value> ProviderServer::Dispatch(std::string_view payload) {
  NL_ASSIGN_OR_RETURN(const Attached attached, Detach(payload));
  NL_ASSIGN_OR_RETURN(const json::object object, ParseObject(attached.json));
  NL_ASSIGN_OR_RETURN(const std::string method, StringMember(object, "method"));
  NL_RETURN_IF_ERROR(ctx_.CheckAlive());
  // The engine looks for names alike when its table has gone.
  if (group_ && (method == "list_schemas" || method == "list_relations")) return json::array();
  if (group_ && !IsOfGroups(method)) return Refused("a group that asks for more than its table");
  if (looks_only_) NL_RETURN_IF_ERROR(CheckLooks(method, object));
  if (before_effect_ && !OnlyLooks(method)) NL_RETURN_IF_ERROR(before_effect_());
  if (method == "schema_exists") {
    NL_ASSIGN_OR_RETURN(const std::string schema, StringMember(object, "schema"));
    NL_ASSIGN_OR_RETURN(const auto found, catalog_.FindSchema(schema));
    // Missing and forbidden look the same.
    if (!found) return json::value(false);
    NL_ASSIGN_OR_RETURN(const bool known, access_.KnowsSchema(*found));
    return json::value(known);
  }
  if (method == "list_schemas") {
    json::array names;
    NL_ASSIGN_OR_RETURN(const auto schemas, access_.Schemas());
    for (const auto& schema : schemas) names.emplace_back(schema.name);
    return json::value(std::move(names));
  }
  if (method == "find_table") return FindTable(object);
  if (method == "find_view") return FindView(object);
  if (method == "list_relations") return ListRelations(object);
  if (method == "change_name") return ChangeName(object);
  if (method == "prepare_table") return PrepareTable(object);
  if (method == "commit") return Commit(object);
  if (method == "may_append") return MayAppend(object);
  if (method == "append") return Append(object, attached.attachments);
  if (method == "create_location" || method == "drop_location") {
    NL_RETURN_IF_ERROR(AuditChange(method, object));
    return ChangeLocation(object, method == "create_location");
  }
  if (method == "authorize") {
    NL_ASSIGN_OR_RETURN(const int64_t right, IntMember(object, "right"));
    if (right < 0 || right > static_cast<int64_t>(Right::kAsk)) return BadMember("right");
    NL_RETURN_IF_ERROR(Require(static_cast<Right>(right)));
    return json::value(nullptr);
  }
  if (method == "maintain") return Maintain(object);
  if (method == "open_store") return OpenStoreOf(object);
  if (method == "system_rows") {
    NL_ASSIGN_OR_RETURN(const std::string relation, StringMember(object, "relation"));
    NL_ASSIGN_OR_RETURN(const int64_t offset, IntMember(object, "offset"));
    if (LineageReader::Knows(relation)) {
      NL_ASSIGN_OR_RETURN(const auto lineage, lineage_.Read(relation, offset));
      return json::value_from(lineage);
    }
    if (audit_ && AuditReader::Knows(relation)) {
      // With this statement's own records, all that came before them are there.
      if (before_effect_) NL_RETURN_IF_ERROR(before_effect_());
      NL_ASSIGN_OR_RETURN(const auto records, audit_->Read(offset));
      return json::value_from(records);
    }
    NL_ASSIGN_OR_RETURN(const auto rows, ReadSystemRelation(ctx_, catalog_, running_, relation, offset));
    return json::value_from(rows);
  }
  return MakeError(ErrorCode::kCorruption, "a worker called something unknown");
}

Result<json::value> ProviderServer::Maintain(const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const std::string action, StringMember(arguments, "action"));
  NL_ASSIGN_OR_RETURN(const std::string text, StringMember(arguments, "arguments"));
  NL_ASSIGN_OR_RETURN(const json::object action_arguments, ParseObject(text));
  if (group_) {
    // What moves rows after the group's version asks for the table's expectations, as any write does.
    NL_ASSIGN_OR_RETURN(const std::string table, StringMember(action_arguments, "table"));
    if (action != "expectations" || TableId(table) != group_->table)
      return Refused("a group that does more than append");
  }
  NL_RETURN_IF_ERROR(AuditChange(action, action_arguments));
  if (locations_ != nullptr && IsCredentialAction(action)) {
    return RunCredentialAction(ctx_, catalog_, *locations_, action, action_arguments);
  }
  if (keys_ != nullptr && IsKeyAction(action)) {
    return RunKeyAction({ctx_, catalog_, *keys_, StatementId(statement_id_)}, action, action_arguments);
  }
  if (IsErasureAction(action)) return Erase(action, action_arguments);
  if (action == "may_modify") return MayModify(action_arguments);
  if (action == "shallow_clone") return MakeShallowClone(action_arguments);
  if (action == "clone_policies") return CopyPolicies(action_arguments);
  if (action == "clones_of") return FindClones(action_arguments);
  // What the statement itself changes does not end it.
  const bool changes_policies = IsGrantAction(action) || (IsPolicyAction(action) && action != "check_sources") ||
                                IsTagAction(action) || IsPurposeAction(action) || IsBreakGlassAction(action) ||
                                IsPersonalDataRuleAction(action);
  if (changes_policies) shown_.clear();
  if (IsBreakGlassAction(action)) return RunBreakGlassAction(ctx_, catalog_, action, action_arguments);
  const RequestContext& ctx = shows_as_ && IsShown(action) ? *shows_as_ : ctx_;
  if (IsTagAction(action)) return RunTagAction(ctx, catalog_, action, action_arguments);
  if (IsPurposeAction(action)) return RunPurposeAction(ctx, catalog_, action, action_arguments);
  if (IsFunctionGrantAction(action)) return RunFunctionGrantAction(ctx, catalog_, action, action_arguments);
  if (IsObjectGrantAction(action)) {
    const ConfiguredObjects objects{.models = models_ == nullptr ? std::vector<std::string>() : *models_};
    return RunObjectGrantAction(ctx, catalog_, objects, action, action_arguments);
  }
  if (IsGrantAction(action)) return RunGrantAction(ctx, catalog_, action, action_arguments);
  if (IsUserAction(action)) return RunUserAction(ctx_, catalog_, action, action_arguments);
  if (IsPolicyAction(action)) return RunPolicyAction(ctx, catalog_, action, action_arguments);
  if (IsBundleAction(action)) {
    shown_.clear();
    return RunBundleAction(ctx_, catalog_, action, action_arguments);
  }
  if (IsPersonalDataRuleAction(action)) {
    return RunPersonalDataRuleAction({ctx_, catalog_, store_, trail_, statement_id_}, action, action_arguments);
  }
  if (IsPersonalDataAction(action)) return RunPersonalDataAction(ctx_, catalog_, action, action_arguments);
  if (IsSemanticModelAction(action)) return RunSemanticModelAction(ctx_, catalog_, action, action_arguments);
  if (IsExpectationAction(action)) {
    return RunExpectationAction(ctx_, catalog_, StatementId(statement_id_), action, action_arguments);
  }
  return RunServerAction(ctx_, catalog_, policy_, action, action_arguments);
}

Result<void> ProviderServer::Require(Right right) const {
  if (ctx_.principal().Has(right)) return {};
  switch (right) {
    case Right::kRead: return MakeError(ErrorCode::kPermissionDenied, "reading tables needs the right to read");
    case Right::kWrite: return MakeError(ErrorCode::kPermissionDenied, "changing tables needs the right to write");
    case Right::kCreate:
      return MakeError(ErrorCode::kPermissionDenied,
                       "creating and dropping schemas, tables and views needs the right to create");
    case Right::kRegisterLocation:
      return MakeError(ErrorCode::kPermissionDenied, "a table at a LOCATION needs the right to register locations");
    case Right::kManage: return MakeError(ErrorCode::kPermissionDenied, "this needs the right to manage the lake");
    case Right::kAudit: return MakeError(ErrorCode::kPermissionDenied, "this needs the right to read the audit log");
    case Right::kAsk: return MakeError(ErrorCode::kPermissionDenied, "asking questions needs the right to ask");
  }
  NL_UNREACHABLE();
}

Result<void> ProviderServer::RequireModify(const catalog::TableRecord& table) {
  NL_ASSIGN_OR_RETURN(const bool may, access_.May(Privilege::kModify, table));
  if (may) return {};
  return MakeError(ErrorCode::kPermissionDenied, "changing the table needs the privilege MODIFY: {}.{}",
                   table.schema_name, table.name);
}

Result<json::value> ProviderServer::FindTable(const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const std::string schema, StringMember(arguments, "schema"));
  NL_ASSIGN_OR_RETURN(const std::string name, StringMember(arguments, "name"));
  // Missing and forbidden look the same.
  if (!ctx_.principal().Has(Right::kRead)) return json::value(nullptr);
  NL_ASSIGN_OR_RETURN(const auto table, catalog_.FindTable(schema, name));
  if (!table || (group_ && table->id != group_->table)) return json::value(nullptr);
  // The rows of a group were checked by those who made them, each for itself.
  std::optional<ShownPolicy> shown = ShownPolicy();
  const bool whole = group_.has_value() || SeesForErasure(table->id);
  if (!whole) {
    NL_ASSIGN_OR_RETURN(shown, ShownOf(catalog_, ctx_, access_, *table));
  }
  if (!shown) return json::value(nullptr);
  if (storage::IsUrl(table->location)) found_.insert(table->location);
  effects_.found[table->id] = table->schema_name + "." + table->name;
  NL_ASSIGN_OR_RETURN(TableEntry entry, EntryOf(catalog_, *table));
  entry.policy = *std::move(shown);
  if (!whole) {
    NL_RETURN_IF_ERROR(NoteBreakGlass(*table));
    NoteShown(table->id, entry.policy);
  }
  NL_ASSIGN_OR_RETURN(entry.policy, WithKeys(entry.policy));
  // Who may read a clone reads the files that it has of others.
  for (const auto& root : entry.foreign_roots) {
    if (storage::IsUrl(root.location)) found_.insert(root.location);
  }
  return json::value(EncodeTable(entry));
}

Result<json::value> ProviderServer::FindView(const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const std::string schema, StringMember(arguments, "schema"));
  NL_ASSIGN_OR_RETURN(const std::string name, StringMember(arguments, "name"));
  if (group_) return json::value(nullptr);
  NL_ASSIGN_OR_RETURN(const auto view, catalog_.FindView(schema, name));
  if (!view) return json::value(nullptr);
  NL_ASSIGN_OR_RETURN(const bool known, access_.Knows(*view));
  if (!known) return json::value(nullptr);
  return json::value(EncodeView({view->schema_name, view->name, view->sql, view->column_names}));
}

Result<json::value> ProviderServer::ListRelations(const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const std::string schema, StringMember(arguments, "schema"));
  json::array names;
  if (!ctx_.principal().Has(Right::kRead)) return json::value(std::move(names));
  NL_ASSIGN_OR_RETURN(const auto tables, access_.Tables(schema));
  for (const auto& table : tables) names.emplace_back(table.name);
  NL_ASSIGN_OR_RETURN(const auto views, access_.Views(schema));
  for (const auto& view : views) names.emplace_back(view.name);
  return json::value(std::move(names));
}

Result<void> ProviderServer::CheckMayDropAll(const std::string& schema) {
  NL_ASSIGN_OR_RETURN(const auto tables, catalog_.ListTables(schema));
  for (const auto& table : tables) {
    NL_ASSIGN_OR_RETURN(const bool may, access_.May(Privilege::kModify, table));
    // Without its name, which may be hidden.
    if (!may)
      return MakeError(ErrorCode::kPermissionDenied, "the schema has a table that you may not drop: {}", schema);
    if (table.has_policies) NL_RETURN_IF_ERROR(RequireSteward(ctx_.principal(), table));
  }
  return CheckMayDropModels(ctx_, catalog_, schema);
}

Result<bool> ProviderServer::MayChange(const NameChange& change) {
  NL_ASSIGN_OR_RETURN(const auto view, catalog_.FindView(change.schema_name, change.name));
  if (view) return access_.Knows(*view);
  NL_ASSIGN_OR_RETURN(const auto table, catalog_.FindTable(change.schema_name, change.name));
  // The catalogue says what is missing.
  if (!table) return true;
  NL_ASSIGN_OR_RETURN(const bool known, access_.Knows(*table));
  if (!known) return false;
  NL_RETURN_IF_ERROR(RequireModify(*table));
  if (change.kind == NameChange::Kind::kRenameTable) {
    if (!EqualsIgnoringCase(change.schema_name, change.new_schema_name)) {
      NL_RETURN_IF_ERROR(CheckMayLeaveSchema(*table));
    }
    // What is denied on the schema does not go with it.
    NL_ASSIGN_OR_RETURN(const bool reads, access_.May(Privilege::kSelect, *table));
    if (reads || EqualsIgnoringCase(change.schema_name, change.new_schema_name)) return true;
    return MakeError(ErrorCode::kPermissionDenied, "moving a table to another schema needs the privilege SELECT: {}.{}",
                     table->schema_name, table->name);
  }
  if (table->has_policies) NL_RETURN_IF_ERROR(RequireSteward(ctx_.principal(), *table));
  return true;
}

Result<void> ProviderServer::CheckMayLeaveSchema(const catalog::TableRecord& table) {
  if (ctx_.principal().Has(Right::kManage)) return {};
  NL_ASSIGN_OR_RETURN(const auto policies, catalog_.TagPoliciesOf(table.id.value()));
  if (std::ranges::all_of(policies, [](const auto& policy) { return policy.schema.empty(); })) return {};
  return MakeError(ErrorCode::kPermissionDenied,
                   "a policy by tag holds for tables of the schema: only who manages the lake may move it to another: "
                   "{}.{}",
                   table.schema_name, table.name);
}

Result<bool> ProviderServer::IsToChange(const NameChange& change) {
  using Kind = NameChange::Kind;
  switch (change.kind) {
    case Kind::kCreateSchema: return true;
    case Kind::kDropSchema: NL_RETURN_IF_ERROR(CheckMayDropAll(change.schema_name)); return true;
    case Kind::kCreateView: {
      if (!change.or_replace) return true;
      NL_ASSIGN_OR_RETURN(const auto view, catalog_.FindView(change.schema_name, change.name));
      if (!view) return true;
      NL_ASSIGN_OR_RETURN(const bool known, access_.Knows(*view));
      if (known) return true;
      return MakeError(ErrorCode::kAlreadyExists, "the name is taken: {}.{}", change.schema_name, change.name);
    }
    case Kind::kDropTable:
    case Kind::kDropView:
    case Kind::kRenameTable: break;
  }
  NL_ASSIGN_OR_RETURN(const bool may, MayChange(change));
  if (may || change.if_exists) return may;
  return MakeError(ErrorCode::kNotFound, "there is no such {}: {}.{}",
                   change.kind == Kind::kDropView ? "view" : "table", change.schema_name, change.name);
}

Result<json::value> ProviderServer::ChangeName(const json::object& arguments) {
  NL_RETURN_IF_ERROR(Require(Right::kCreate));
  NL_ASSIGN_OR_RETURN(const NameChange change, DecodeChange(arguments));
  NL_ASSIGN_OR_RETURN(const bool is_to_change, IsToChange(change));
  if (!is_to_change) return json::value(nullptr);
  switch (change.kind) {
    case NameChange::Kind::kCreateSchema: {
      const auto created = catalog_.CreateSchema(change.schema_name, change.if_not_exists, change.comment);
      if (!created) return std::unexpected(created.error());
      break;
    }
    case NameChange::Kind::kDropSchema:
      NL_RETURN_IF_ERROR(catalog_.DropSchema(change.schema_name, change.if_exists, change.cascade));
      break;
    case NameChange::Kind::kDropTable:
      NL_RETURN_IF_ERROR(catalog_.DropTable(change.schema_name, change.name, change.if_exists));
      break;
    case NameChange::Kind::kCreateView:
      NL_RETURN_IF_ERROR(catalog_.CreateView({.schema_name = change.schema_name,
                                              .name = change.name,
                                              .sql = change.view_sql,
                                              .column_names = change.view_columns,
                                              .owner = ctx_.principal().owner(),
                                              .created = ctx_.clock().Now()},
                                             change.or_replace, change.if_not_exists));
      effects_.created_views.insert(LowerAscii(change.schema_name) + "." + LowerAscii(change.name));
      NL_RETURN_IF_ERROR(TagView(change.schema_name, change.name));
      break;
    case NameChange::Kind::kDropView:
      NL_RETURN_IF_ERROR(catalog_.DropView(change.schema_name, change.name, change.if_exists));
      break;
    case NameChange::Kind::kRenameTable:
      NL_RETURN_IF_ERROR(
          catalog_.RenameTable(change.schema_name, change.name, change.new_schema_name, change.new_name));
      break;
  }
  shown_.clear();
  return json::value(nullptr);
}

Result<json::value> ProviderServer::PrepareTable(const json::object& arguments) {
  NL_RETURN_IF_ERROR(Require(Right::kCreate));
  NL_ASSIGN_OR_RETURN(const auto creation, DecodeCreation(arguments));
  NL_ASSIGN_OR_RETURN(const auto schema, catalog_.FindSchema(creation.schema_name));
  if (!schema) return MakeError(ErrorCode::kSchemaNotFound, "schema does not exist: {}", creation.schema_name);
  NL_ASSIGN_OR_RETURN(const auto existing, catalog_.FindTable(creation.schema_name, creation.table_name));
  NL_ASSIGN_OR_RETURN(const auto view, catalog_.FindView(creation.schema_name, creation.table_name));
  if (view || (existing && !creation.or_replace && !creation.if_not_exists)) {
    return MakeError(ErrorCode::kAlreadyExists, "a table or view with this name exists: {}.{}", creation.schema_name,
                     creation.table_name);
  }
  if (existing) {
    if (!creation.location.empty() && creation.or_replace) {
      return MakeError(ErrorCode::kNotSupported, "CREATE OR REPLACE keeps the table's place; LOCATION cannot be given");
    }
    if (creation.or_replace) NL_RETURN_IF_ERROR(CheckMayReplace(*existing));
    // Of a table that is left as it is, nothing but that it is there: it may be one that may not be read.
    if (creation.or_replace && storage::IsUrl(existing->location)) found_.insert(existing->location);
    NL_ASSIGN_OR_RETURN(const TableEntry entry, EntryOf(catalog_, *existing));
    if (creation.or_replace) prepared_[existing->id] = entry;
    return json::value{{"table", EncodeTable(entry)}, {"exists", true}};
  }
  TableEntry table{.id = TableId(NewUuid()),
                   .schema_name = schema->name,
                   .table_name = LowerAscii(creation.table_name),
                   .location = creation.location,
                   .managed = creation.location.empty(),
                   .comment = {},
                   .foreign_roots = {}};
  if (table.managed) {
    table.location = tables_directory_ + "/" + table.id.value();
  } else {
    NL_RETURN_IF_ERROR(CheckLocation(creation.location));
    NL_ASSIGN_OR_RETURN(table.location, PlaceOf(creation.location));
    // Before anything is written among the files of others. AddTable asks again, for what comes between.
    NL_RETURN_IF_ERROR(catalog_.CheckTable({.id = table.id,
                                            .schema_name = table.schema_name,
                                            .name = table.table_name,
                                            .location = table.location,
                                            .managed = false}));
  }
  if (storage::IsUrl(table.location)) found_.insert(table.location);
  // A LOCATION may turn out to be one that there is nothing at to register: whoever writes there makes it.
  if (table.managed) NL_RETURN_IF_ERROR(store_.MakeDirectory(table.location));
  prepared_[table.id] = table;
  prepared_new_[table.id] = creation;
  return json::value{{"table", EncodeTable(table)}, {"exists", false}};
}

Result<json::value> ProviderServer::MayAppend(const json::object& arguments) {
  NL_RETURN_IF_ERROR(Require(Right::kWrite));
  NL_ASSIGN_OR_RETURN(std::string id, StringMember(arguments, "table"));
  const TableId table(std::move(id));
  if (append_groups_ == nullptr || held_lane_ || append_ || transaction_) return json::value(false);
  NL_ASSIGN_OR_RETURN(const auto record, catalog_.FindTable(table));
  if (!record) return json::value(false);
  if (append_groups_->MayAppend(table, statement_id_)) return json::value(true);
  held_lane_ = table;
  return json::value(false);
}

Result<json::value> ProviderServer::Append(const json::object& arguments,
                                           std::span<const std::string_view> attachments) {
  /// Far above what a statement may hand over; below what would hurt the server.
  constexpr int64_t kBytesMax = 64LL << 20;
  NL_RETURN_IF_ERROR(Require(Right::kWrite));
  if (append_groups_ == nullptr || append_ || committed_version_ || transaction_)
    return Refused("rows handed over out of place");
  AppendedRows rows;
  NL_ASSIGN_OR_RETURN(std::string id, StringMember(arguments, "table"));
  rows.table = TableId(std::move(id));
  NL_ASSIGN_OR_RETURN(rows.definition, StringMember(arguments, "definition"));
  NL_ASSIGN_OR_RETURN(rows.expectations, StringMember(arguments, "expectations"));
  NL_ASSIGN_OR_RETURN(const auto table, catalog_.FindTable(rows.table));
  if (!table) return MakeError(ErrorCode::kConflict, "the table was dropped while the statement ran");
  NL_RETURN_IF_ERROR(RequireModify(*table));
  NL_ASSIGN_OR_RETURN(rows.judged_by, JudgesOf(catalog_, rows.table, rows.expectations));
  if (attachments.empty()) return Refused("no rows");
  GroupMember given{.schema = std::string(attachments[0]), .batches = {}};
  for (const std::string_view batch : attachments.subspan(1)) given.batches.emplace_back(batch);
  NL_ASSIGN_OR_RETURN(rows.row_count, CountRows(given));
  rows.schema = std::move(given.schema);
  rows.batches = std::move(given.batches);
  if (rows.bytes() > kBytesMax) return Refused("more rows than may be handed over");
  NL_RETURN_IF_ERROR(CarryTags(rows.table, table->schema_name + "." + table->name, ""));
  rows.statement_id = statement_id_;
  rows.principal_name = ctx_.principal().name;
  append_ = std::move(rows);
  return json::value(nullptr);
}

}  // namespace neurolake::query
