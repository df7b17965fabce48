#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>

#include "query/expectation_actions.h"
#include "query/messages.h"
#include "query/policy_messages.h"
#include "query/shallow_clones.h"
#include "tables/delta/actions.h"

namespace neurolake::query {

namespace json = boost::json;
namespace delta = tables::delta;
using engine::duckdb::LakeCommit;
using engine::duckdb::NameChange;
using engine::duckdb::RelationName;
using engine::duckdb::TableCreation;
using engine::duckdb::TableEntry;
using engine::duckdb::ViewEntry;

namespace {

json::object EncodeTexts(const std::map<std::string, std::string>& texts) {
  json::object object;
  for (const auto& [key, value] : texts) object[key] = value;
  return object;
}

Result<std::map<std::string, std::string>> TextsMember(const json::object& object, std::string_view name) {
  std::map<std::string, std::string> texts;
  const auto* member = object.if_contains(name);
  if (member == nullptr || !member->is_object()) {
    return BadMember(name);
  }
  for (const auto& [key, value] : member->get_object()) {
    if (value.is_string()) texts.emplace(key, value.get_string());
  }
  return texts;
}

Result<std::vector<std::string>> NamesMember(const json::object& object, std::string_view name) {
  std::vector<std::string> names;
  const auto* member = object.if_contains(name);
  if (member == nullptr || !member->is_array()) {
    return BadMember(name);
  }
  for (const auto& value : member->get_array()) {
    if (value.is_string()) names.emplace_back(value.get_string());
  }
  return names;
}

}  // namespace

json::object EncodeTable(const TableEntry& table) {
  return {{"id", table.id.value()},
          {"schema", table.schema_name},
          {"name", table.table_name},
          {"location", table.location},
          {"managed", table.managed},
          {"comment", table.comment},
          {"foreign_roots", EncodeRoots(table.foreign_roots)},
          {"policy", EncodePolicy(table.policy)}};
}

Result<TableEntry> DecodeTable(const json::object& object) {
  TableEntry table;
  NL_ASSIGN_OR_RETURN(std::string id, StringMember(object, "id"));
  table.id = TableId(std::move(id));
  NL_ASSIGN_OR_RETURN(table.schema_name, StringMember(object, "schema"));
  NL_ASSIGN_OR_RETURN(table.table_name, StringMember(object, "name"));
  NL_ASSIGN_OR_RETURN(table.location, StringMember(object, "location"));
  NL_ASSIGN_OR_RETURN(table.managed, BoolMember(object, "managed"));
  NL_ASSIGN_OR_RETURN(table.comment, StringMember(object, "comment"));
  NL_ASSIGN_OR_RETURN(table.foreign_roots, DecodeRoots(object));
  NL_ASSIGN_OR_RETURN(table.policy, DecodePolicy(object));
  return table;
}

json::object EncodeView(const ViewEntry& view) {
  return {{"schema", view.schema_name},
          {"name", view.view_name},
          {"sql", view.sql},
          {"columns", json::value_from(view.column_names)}};
}

Result<ViewEntry> DecodeView(const json::object& object) {
  ViewEntry view;
  NL_ASSIGN_OR_RETURN(view.schema_name, StringMember(object, "schema"));
  NL_ASSIGN_OR_RETURN(view.view_name, StringMember(object, "name"));
  NL_ASSIGN_OR_RETURN(view.sql, StringMember(object, "sql"));
  NL_ASSIGN_OR_RETURN(view.column_names, NamesMember(object, "columns"));
  return view;
}

json::object EncodeChange(const NameChange& change) {
  return {{"kind", static_cast<int64_t>(change.kind)},
          {"schema", change.schema_name},
          {"name", change.name},
          {"if_exists", change.if_exists},
          {"if_not_exists", change.if_not_exists},
          {"or_replace", change.or_replace},
          {"cascade", change.cascade},
          {"new_schema", change.new_schema_name},
          {"new_name", change.new_name},
          {"view_sql", change.view_sql},
          {"view_columns", json::value_from(change.view_columns)},
          {"comment", change.comment}};
}

Result<NameChange> DecodeChange(const json::object& object) {
  NameChange change;
  NL_ASSIGN_OR_RETURN(const int64_t kind, IntMember(object, "kind"));
  if (kind < 0 || kind > static_cast<int64_t>(NameChange::Kind::kRenameTable)) {
    return BadMember("kind");
  }
  change.kind = static_cast<NameChange::Kind>(kind);
  NL_ASSIGN_OR_RETURN(change.schema_name, StringMember(object, "schema"));
  NL_ASSIGN_OR_RETURN(change.name, StringMember(object, "name"));
  NL_ASSIGN_OR_RETURN(change.if_exists, BoolMember(object, "if_exists"));
  NL_ASSIGN_OR_RETURN(change.if_not_exists, BoolMember(object, "if_not_exists"));
  NL_ASSIGN_OR_RETURN(change.or_replace, BoolMember(object, "or_replace"));
  NL_ASSIGN_OR_RETURN(change.cascade, BoolMember(object, "cascade"));
  NL_ASSIGN_OR_RETURN(change.new_schema_name, StringMember(object, "new_schema"));
  NL_ASSIGN_OR_RETURN(change.new_name, StringMember(object, "new_name"));
  NL_ASSIGN_OR_RETURN(change.view_sql, StringMember(object, "view_sql"));
  NL_ASSIGN_OR_RETURN(change.view_columns, NamesMember(object, "view_columns"));
  NL_ASSIGN_OR_RETURN(change.comment, StringMember(object, "comment"));
  return change;
}

json::object EncodeCreation(const TableCreation& creation) {
  return {{"schema", creation.schema_name},
          {"name", creation.table_name},
          {"or_replace", creation.or_replace},
          {"if_not_exists", creation.if_not_exists},
          {"location", creation.location}};
}

Result<TableCreation> DecodeCreation(const json::object& object) {
  TableCreation creation;
  NL_ASSIGN_OR_RETURN(creation.schema_name, StringMember(object, "schema"));
  NL_ASSIGN_OR_RETURN(creation.table_name, StringMember(object, "name"));
  NL_ASSIGN_OR_RETURN(creation.or_replace, BoolMember(object, "or_replace"));
  NL_ASSIGN_OR_RETURN(creation.if_not_exists, BoolMember(object, "if_not_exists"));
  NL_ASSIGN_OR_RETURN(creation.location, StringMember(object, "location"));
  return creation;
}

json::object EncodeCommit(const LakeCommit& commit) {
  const delta::CommitRequest& request = commit.request;
  // Actions travel in their own format, the log's: one writer and one parser of it, wherever it goes.
  std::string actions;
  auto append = [&](const auto& action) { (actions += delta::ToJsonLine(action)) += '\n'; };
  if (request.protocol) append(*request.protocol);
  if (request.metadata) append(*request.metadata);
  for (const auto& action : request.transactions) append(action);
  for (const auto& action : request.domains) append(action);
  for (const auto& action : request.removes) append(action);
  for (const auto& action : request.adds) append(action);
  for (const auto& action : request.changes) append(action);
  std::string snapshot;
  if (request.snapshot_protocol) (snapshot += delta::ToJsonLine(*request.snapshot_protocol)) += '\n';
  if (request.snapshot_metadata) (snapshot += delta::ToJsonLine(*request.snapshot_metadata)) += '\n';
  json::object object{{"table", commit.table.value()},
                      {"read_version", request.read_version},
                      {"operation", request.operation},
                      {"parameters", EncodeTexts(request.operation_parameters)},
                      {"metrics", EncodeTexts(request.operation_metrics)},
                      {"blind_append", request.blind_append},
                      {"exclusive", request.exclusive},
                      {"read_scope", EncodeReadScope(request.read_scope)},
                      {"actions", std::move(actions)},
                      {"snapshot", std::move(snapshot)},
                      {"register_only", commit.register_only},
                      {"beside", commit.beside},
                      {"expectations", engine::duckdb::EncodeEvidence(commit.expectations)}};
  if (request.snapshot_row_id_mark) object["row_id_mark"] = *request.snapshot_row_id_mark;
  if (commit.register_as) {
    object["register_schema"] = commit.register_as->schema_name;
    object["register_name"] = commit.register_as->name;
  }
  return object;
}

Result<LakeCommit> DecodeCommit(const json::object& object) {
  LakeCommit commit;
  NL_ASSIGN_OR_RETURN(std::string table, StringMember(object, "table"));
  commit.table = TableId(std::move(table));
  delta::CommitRequest& request = commit.request;
  NL_ASSIGN_OR_RETURN(request.read_version, IntMember(object, "read_version"));
  NL_ASSIGN_OR_RETURN(request.operation, StringMember(object, "operation"));
  NL_ASSIGN_OR_RETURN(request.operation_parameters, TextsMember(object, "parameters"));
  NL_ASSIGN_OR_RETURN(request.operation_metrics, TextsMember(object, "metrics"));
  NL_ASSIGN_OR_RETURN(request.blind_append, BoolMember(object, "blind_append"));
  NL_ASSIGN_OR_RETURN(request.exclusive, BoolMember(object, "exclusive"));
  const auto* scope = object.if_contains("read_scope");
  if (scope == nullptr || !scope->is_object()) return BadMember("read_scope");
  NL_ASSIGN_OR_RETURN(request.read_scope, DecodeReadScope(scope->get_object()));
  NL_ASSIGN_OR_RETURN(const std::string actions, StringMember(object, "actions"));
  NL_ASSIGN_OR_RETURN(delta::CommitActions parsed, delta::ParseCommit(actions, "commit request"));
  request.protocol = std::move(parsed.protocol);
  request.metadata = std::move(parsed.metadata);
  request.adds = std::move(parsed.adds);
  request.removes = std::move(parsed.removes);
  request.changes = std::move(parsed.changes);
  request.transactions = std::move(parsed.transactions);
  request.domains = std::move(parsed.domains);
  NL_ASSIGN_OR_RETURN(const std::string snapshot, StringMember(object, "snapshot"));
  NL_ASSIGN_OR_RETURN(delta::CommitActions read, delta::ParseCommit(snapshot, "commit request"));
  request.snapshot_protocol = std::move(read.protocol);
  request.snapshot_metadata = std::move(read.metadata);
  if (object.contains("row_id_mark")) {
    NL_ASSIGN_OR_RETURN(request.snapshot_row_id_mark, IntMember(object, "row_id_mark"));
  }
  NL_ASSIGN_OR_RETURN(commit.register_only, BoolMember(object, "register_only"));
  NL_ASSIGN_OR_RETURN(commit.beside, BoolMember(object, "beside"));
  if (object.contains("expectations")) {
    NL_ASSIGN_OR_RETURN(const std::string evidence, StringMember(object, "expectations"));
    NL_ASSIGN_OR_RETURN(commit.expectations, DecodeEvidence(evidence));
  }
  if (object.contains("register_schema")) {
    RelationName name;
    NL_ASSIGN_OR_RETURN(name.schema_name, StringMember(object, "register_schema"));
    NL_ASSIGN_OR_RETURN(name.name, StringMember(object, "register_name"));
    commit.register_as = std::move(name);
  }
  return commit;
}

}  // namespace neurolake::query
