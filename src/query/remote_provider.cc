#include "query/remote_provider.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>

#include "query/append_messages.h"
#include "query/messages.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using engine::duckdb::LakeCommit;
using engine::duckdb::NameChange;
using engine::duckdb::PreparedTable;
using engine::duckdb::RelationName;
using engine::duckdb::TableCreation;
using engine::duckdb::TableEntry;
using engine::duckdb::ViewEntry;

std::unexpected<Error> BadReply() { return MakeError(ErrorCode::kCorruption, "malformed reply from the server"); }

Result<std::vector<std::string>> ToStrings(const json::value& value) {
  if (!value.is_array()) return BadReply();
  std::vector<std::string> strings;
  for (const auto& element : value.get_array()) {
    if (!element.is_string()) return BadReply();
    strings.emplace_back(element.get_string());
  }
  return strings;
}

/// What the server answered: a value, or its error.
Result<json::value> ResultOf(const std::string& reply) {
  NL_ASSIGN_OR_RETURN(json::object object, ParseObject(reply));
  if (const auto* error = object.if_contains("error"); error != nullptr && error->is_object()) {
    return std::unexpected(DecodeError(error->get_object()));
  }
  return std::move(object["result"]);
}

/// What a reply to a commit says was published.
Result<tables::delta::CommitOutcome> OutcomeOf(const json::object& reply) {
  const auto* result = reply.if_contains("result");
  if (result == nullptr || !result->is_object()) return BadReply();
  tables::delta::CommitOutcome outcome;
  NL_ASSIGN_OR_RETURN(outcome.version, IntMember(result->get_object(), "version"));
  NL_ASSIGN_OR_RETURN(const int64_t timestamp, IntMember(result->get_object(), "timestamp_us"));
  outcome.timestamp = WallTime(std::chrono::microseconds(timestamp));
  NL_ASSIGN_OR_RETURN(const int64_t rebases, IntMember(result->get_object(), "rebases"));
  outcome.rebases = static_cast<int>(rebases);
  return outcome;
}

}  // namespace

void RemoteProvider::Deliver(std::optional<std::string> reply) {
  std::lock_guard lock(mutex_);
  if (reply) reply_ = std::move(reply);
  else closed_ = true;
  delivered_.notify_all();
}

Result<std::string> RemoteProvider::Ask(const char* method, json::object arguments,
                                        std::span<const std::string_view> attachments) {
  arguments["method"] = method;
  std::string payload = json::serialize(arguments);
  if (!attachments.empty()) payload = Attach(std::move(payload), attachments);
  std::lock_guard one_call(call_mutex_);
  // A frame that could not be sent whole is none: the server does nothing for it.
  NL_RETURN_IF_ERROR(channel_.Send(FrameKind::kCall, payload));
  std::unique_lock lock(mutex_);
  // The server answers within the statement's deadline or kills this process.
  delivered_.wait(lock, [&] { return reply_.has_value() || closed_; });
  if (!reply_) return MakeError(ErrorCode::kUnavailable, "the server is gone");
  std::string reply = std::move(*reply_);
  reply_.reset();
  return reply;
}

Result<json::value> RemoteProvider::Call(const char* method, json::object arguments,
                                         std::span<const std::string_view> attachments) {
  NL_ASSIGN_OR_RETURN(const std::string reply, Ask(method, std::move(arguments), attachments));
  return ResultOf(reply);
}

Result<bool> RemoteProvider::SchemaExists(const std::string& schema_name) {
  NL_ASSIGN_OR_RETURN(const json::value found, Call("schema_exists", {{"schema", schema_name}}));
  if (!found.is_bool()) return BadReply();
  return found.get_bool();
}

Result<std::vector<std::string>> RemoteProvider::ListSchemas() {
  NL_ASSIGN_OR_RETURN(const json::value names, Call("list_schemas", {}));
  return ToStrings(names);
}

Result<std::optional<TableEntry>> RemoteProvider::FindTable(const RelationName& name) {
  NL_ASSIGN_OR_RETURN(const json::value found, Call("find_table", {{"schema", name.schema_name}, {"name", name.name}}));
  if (!found.is_object()) return std::nullopt;
  NL_ASSIGN_OR_RETURN(auto table, DecodeTable(found.get_object()));
  return table;
}

Result<std::optional<ViewEntry>> RemoteProvider::FindView(const RelationName& name) {
  NL_ASSIGN_OR_RETURN(const json::value found, Call("find_view", {{"schema", name.schema_name}, {"name", name.name}}));
  if (!found.is_object()) return std::nullopt;
  NL_ASSIGN_OR_RETURN(auto view, DecodeView(found.get_object()));
  return view;
}

Result<std::vector<std::string>> RemoteProvider::ListRelations(const std::string& schema_name) {
  NL_ASSIGN_OR_RETURN(const json::value names, Call("list_relations", {{"schema", schema_name}}));
  return ToStrings(names);
}

Result<void> RemoteProvider::ChangeName(const NameChange& change) {
  NL_ASSIGN_OR_RETURN(const json::value done, Call("change_name", EncodeChange(change)));
  return {};
}

Result<PreparedTable> RemoteProvider::PrepareTable(const TableCreation& creation) {
  NL_ASSIGN_OR_RETURN(const json::value reply, Call("prepare_table", EncodeCreation(creation)));
  if (!reply.is_object() || !reply.get_object().contains("table")) return BadReply();
  const auto* table = reply.get_object().at("table").if_object();
  if (table == nullptr) return BadReply();
  PreparedTable prepared;
  NL_ASSIGN_OR_RETURN(prepared.table, DecodeTable(*table));
  NL_ASSIGN_OR_RETURN(prepared.exists, BoolMember(reply.get_object(), "exists"));
  return prepared;
}

Result<tables::delta::CommitOutcome> RemoteProvider::Commit(const LakeCommit& commit) {
  if (commit_check_) NL_RETURN_IF_ERROR(commit_check_());
  const auto answer = Ask("commit", EncodeCommit(commit), {});
  // The server may have published the version and then have gone, or have lost its words: whoever deletes the files
  // now, loses rows.
  if (!answer.has_value()) {
    if (answer.error().code() != ErrorCode::kUnavailable) return std::unexpected(answer.error());
    return MakeError(ErrorCode::kCommitUnknown, "the server went away while it committed; the commit may be there");
  }
  const auto object = ParseObject(*answer);
  if (object.has_value()) {
    if (const auto* error = object->if_contains("error")) {
      const auto* refusal = error->if_object();
      if (refusal != nullptr && refusal->contains("code")) return std::unexpected(DecodeError(*refusal));
    } else if (auto outcome = OutcomeOf(*object); outcome.has_value()) {
      return outcome;
    }
  }
  return MakeError(ErrorCode::kCommitUnknown, "the server's answer to a commit is malformed; the commit may be there");
}

Result<bool> RemoteProvider::MayAppend(const TableId& table) {
  NL_ASSIGN_OR_RETURN(const json::value may, Call("may_append", {{"table", table.value()}}));
  if (!may.is_bool()) return BadReply();
  return may.get_bool();
}

Result<void> RemoteProvider::Append(const engine::duckdb::LakeAppend& append) {
  if (commit_check_) NL_RETURN_IF_ERROR(commit_check_());
  std::vector<std::string_view> attachments{append.schema};
  attachments.insert(attachments.end(), append.batches.begin(), append.batches.end());
  NL_ASSIGN_OR_RETURN(
      const json::value done,
      Call("append",
           {{"table", append.table.value()},
            {"definition", append.definition},
            {"expectations", engine::duckdb::EncodeEvidence(append.expectations)}},
           attachments));
  return {};
}

Result<std::vector<std::string>> RemoteProvider::ReadSystemRows(const std::string& relation, int64_t offset) {
  NL_ASSIGN_OR_RETURN(const json::value rows, Call("system_rows", {{"relation", relation}, {"offset", offset}}));
  return ToStrings(rows);
}

Result<std::string> RemoteProvider::Maintain(const std::string& action, const std::string& arguments_json) {
  NL_ASSIGN_OR_RETURN(const json::value answer, Call("maintain", {{"action", action}, {"arguments", arguments_json}}));
  return json::serialize(answer);
}

Result<StoreAccess> RemoteProvider::OpenStore(const std::string& url) {
  NL_ASSIGN_OR_RETURN(const json::value answer, Call("open_store", {{"url", url}}));
  if (!answer.is_object()) return BadMember("open_store");
  return DecodeStoreAccess(answer.get_object());
}

Result<void> RemoteProvider::Authorize(Right right) {
  NL_ASSIGN_OR_RETURN(const json::value done, Call("authorize", {{"right", static_cast<int64_t>(right)}}));
  return {};
}

Result<void> RemoteProvider::CreateExternalLocation(const neurolake::query::CreateExternalLocation& statement) {
  NL_ASSIGN_OR_RETURN(const json::value done, Call("create_location", {{"name", statement.name},
                                                                       {"path", statement.url},
                                                                       {"if_not_exists", statement.if_not_exists},
                                                                       {"may_register", statement.may_register},
                                                                       {"credential", statement.credential}}));
  return {};
}

Result<void> RemoteProvider::DropExternalLocation(const neurolake::query::DropExternalLocation& statement) {
  NL_ASSIGN_OR_RETURN(const json::value done,
                      Call("drop_location", {{"name", statement.name}, {"if_exists", statement.if_exists}}));
  return {};
}

}  // namespace neurolake::query
