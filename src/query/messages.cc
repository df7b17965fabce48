#include "query/messages.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace neurolake::query {
namespace {

namespace json = boost::json;
using engine::duckdb::ExecutionStatistics;

json::object EncodeStages(const StageTimes& stages) {
  json::object object;
  for (const auto& [name, micros] : stages) object[name + "_us"] = micros;
  return object;
}

Result<StageTimes> DecodeStages(const json::object& message) {
  StageTimes stages;
  const auto* member = message.if_contains("stages");
  if (member == nullptr || !member->is_object()) return BadMember("stages");
  for (const auto& [name, value] : member->get_object()) {
    if (!value.is_int64()) return BadMember("stages");
    std::string stage = name;
    if (stage.ends_with("_us")) stage.resize(stage.size() - 3);
    stages.emplace_back(std::move(stage), value.get_int64());
  }
  return stages;
}

/// Each integer of the statistics with its member name, so that both directions stay in step.
template <typename Statistics, typename Visit>
void VisitStatistics(Statistics& statistics, Visit visit) {
  visit("rows_changed", statistics.rows_changed);
  visit("committed_version", statistics.committed_version);
  visit("files_total", statistics.files_total);
  visit("files_kept", statistics.files_kept);
  visit("row_groups_total", statistics.row_groups_total);
  visit("row_groups_kept", statistics.row_groups_kept);
  visit("bytes_read", statistics.bytes_read);
  visit("rows_scanned", statistics.rows_scanned);
}

json::array EncodeParameters(const std::vector<Parameter>& parameters) {
  json::array array;
  for (const Parameter& parameter : parameters) {
    array.push_back({{"name", parameter.name}, {"json", parameter.json}, {"type", parameter.type}});
  }
  return array;
}

Result<std::vector<Parameter>> DecodeParameters(const json::object& message) {
  const auto* member = message.if_contains("parameters");
  if (member == nullptr || !member->is_array()) return BadMember("parameters");
  std::vector<Parameter> parameters;
  for (const auto& value : member->get_array()) {
    if (!value.is_object()) return BadMember("parameters");
    Parameter parameter;
    NL_ASSIGN_OR_RETURN(parameter.name, StringMember(value.get_object(), "name"));
    NL_ASSIGN_OR_RETURN(parameter.json, StringMember(value.get_object(), "json"));
    NL_ASSIGN_OR_RETURN(parameter.type, StringMember(value.get_object(), "type"));
    parameters.push_back(std::move(parameter));
  }
  return parameters;
}

json::array EncodeReadable(const std::vector<ReadableLocation>& readable) {
  json::array array;
  for (const ReadableLocation& location : readable) {
    array.push_back({{"name", location.name}, {"path", location.path}});
  }
  return array;
}

Result<std::vector<ReadableLocation>> DecodeReadable(const json::object& message) {
  const auto* member = message.if_contains("readable");
  if (member == nullptr || !member->is_array()) return BadMember("readable");
  std::vector<ReadableLocation> readable;
  for (const auto& value : member->get_array()) {
    if (!value.is_object()) return BadMember("readable");
    ReadableLocation location;
    NL_ASSIGN_OR_RETURN(location.name, StringMember(value.get_object(), "name"));
    NL_ASSIGN_OR_RETURN(location.path, StringMember(value.get_object(), "path"));
    readable.push_back(std::move(location));
  }
  return readable;
}

Result<std::optional<ApplicationVersion>> DecodeTransaction(const json::object& message) {
  const auto* member = message.if_contains("transaction");
  if (member == nullptr) return std::nullopt;
  if (!member->is_object()) return BadMember("transaction");
  ApplicationVersion transaction;
  NL_ASSIGN_OR_RETURN(transaction.application_id, StringMember(member->get_object(), "application_id"));
  NL_ASSIGN_OR_RETURN(transaction.version, IntMember(member->get_object(), "version"));
  return transaction;
}

}  // namespace

std::unexpected<Error> BadMember(std::string_view name) {
  return MakeError(ErrorCode::kCorruption, "malformed message between server and worker, member {}", name);
}

Result<json::object> ParseObject(std::string_view text) {
  boost::system::error_code error;
  json::value value = json::parse({text.data(), text.size()}, error, {}, {.max_depth = 64});
  if (error || !value.is_object()) return BadMember("(all)");
  return std::move(value.get_object());
}

Result<std::string> StringMember(const json::object& object, std::string_view name) {
  const auto* member = object.if_contains(name);
  if (member == nullptr || !member->is_string()) return BadMember(name);
  return std::string(member->get_string());
}

Result<int64_t> IntMember(const json::object& object, std::string_view name) {
  const auto* member = object.if_contains(name);
  if (member == nullptr || !member->is_int64()) return BadMember(name);
  return member->get_int64();
}

Result<bool> BoolMember(const json::object& object, std::string_view name) {
  const auto* member = object.if_contains(name);
  if (member == nullptr || !member->is_bool()) return BadMember(name);
  return member->get_bool();
}

std::string StagesJson(const StageTimes& stages) { return json::serialize(EncodeStages(stages)); }

std::string Encode(const StartMessage& message) {
  json::array rights;
  for (const Right right : message.principal.rights) rights.push_back(static_cast<int64_t>(right));
  json::object start{
      {"statement_id", message.statement_id},
      {"request_id", message.request_id},
      {"door", message.door},
      {"principal_id", message.principal.id.value()},
      {"principal_name", message.principal.name},
      {"role", message.principal.role},
      {"rights", std::move(rights)},
      {"sql", message.request.sql},
      {"parameters", EncodeParameters(message.request.parameters)},
      {"schema", message.request.schema},
      {"time_zone", message.request.time_zone},
      {"memory_bytes", message.memory_bytes},
      {"planning_bytes", message.planning_bytes},
      {"rows_max", message.request.rows_max},
      {"read_only", message.request.read_only},
      {"deadline_ms", message.deadline_ms},
      {"log_level", message.log_level},
      {"readable", EncodeReadable(message.readable)},
      {"append_rows_max", message.append_rows_max},
      {"append_bytes_max", message.append_bytes_max},
      {"denied_functions", json::array(message.denied_functions.begin(), message.denied_functions.end())}};
  if (const auto& transaction = message.request.transaction) {
    start["transaction"] =
        json::object{{"application_id", transaction->application_id}, {"version", transaction->version}};
  }
  if (message.group) return EncodeGroup(*message.group, std::move(start));
  return json::serialize(start);
}

Result<StartMessage> DecodeStart(std::string_view payload) {
  NL_ASSIGN_OR_RETURN(const Attached attached, Detach(payload));
  NL_ASSIGN_OR_RETURN(const json::object object, ParseObject(attached.json));
  StartMessage message;
  NL_ASSIGN_OR_RETURN(message.statement_id, StringMember(object, "statement_id"));
  NL_ASSIGN_OR_RETURN(message.request_id, StringMember(object, "request_id"));
  NL_ASSIGN_OR_RETURN(message.door, StringMember(object, "door"));
  NL_ASSIGN_OR_RETURN(std::string id, StringMember(object, "principal_id"));
  message.principal.id = PrincipalId(std::move(id));
  NL_ASSIGN_OR_RETURN(message.principal.name, StringMember(object, "principal_name"));
  NL_ASSIGN_OR_RETURN(message.principal.role, StringMember(object, "role"));
  const auto* rights = object.if_contains("rights");
  if (rights == nullptr || !rights->is_array()) return BadMember("rights");
  for (const auto& right : rights->get_array()) {
    if (!right.is_int64() || right.get_int64() < 0 || right.get_int64() > static_cast<int64_t>(Right::kAsk)) {
      return BadMember("rights");
    }
    message.principal.rights.push_back(static_cast<Right>(right.get_int64()));
  }
  NL_ASSIGN_OR_RETURN(message.request.sql, StringMember(object, "sql"));
  NL_ASSIGN_OR_RETURN(message.request.parameters, DecodeParameters(object));
  NL_ASSIGN_OR_RETURN(message.request.schema, StringMember(object, "schema"));
  NL_ASSIGN_OR_RETURN(message.request.time_zone, StringMember(object, "time_zone"));
  NL_ASSIGN_OR_RETURN(message.request.transaction, DecodeTransaction(object));
  NL_ASSIGN_OR_RETURN(message.memory_bytes, IntMember(object, "memory_bytes"));
  NL_ASSIGN_OR_RETURN(message.planning_bytes, IntMember(object, "planning_bytes"));
  NL_ASSIGN_OR_RETURN(message.request.rows_max, IntMember(object, "rows_max"));
  NL_ASSIGN_OR_RETURN(message.request.read_only, BoolMember(object, "read_only"));
  NL_ASSIGN_OR_RETURN(message.deadline_ms, IntMember(object, "deadline_ms"));
  NL_ASSIGN_OR_RETURN(message.log_level, IntMember(object, "log_level"));
  NL_ASSIGN_OR_RETURN(message.readable, DecodeReadable(object));
  NL_ASSIGN_OR_RETURN(message.append_rows_max, IntMember(object, "append_rows_max"));
  NL_ASSIGN_OR_RETURN(message.append_bytes_max, IntMember(object, "append_bytes_max"));
  const auto* denied = object.if_contains("denied_functions");
  if (denied == nullptr || !denied->is_array()) return BadMember("denied_functions");
  for (const auto& one : denied->get_array()) {
    if (!one.is_string()) return BadMember("denied_functions");
    message.denied_functions.emplace_back(one.get_string());
  }
  NL_ASSIGN_OR_RETURN(message.group, DecodeGroup(object, attached.attachments));
  return message;
}

std::string Encode(const PlannedMessage& message) {
  return json::serialize(json::object{{"kind", message.kind},
                                      {"tables", message.tables_json},
                                      {"prediction", message.prediction_json},
                                      {"memory_bytes", message.memory_bytes},
                                      {"reserve", message.reserve ? 1 : 0}});
}

Result<PlannedMessage> DecodePlanned(std::string_view text) {
  NL_ASSIGN_OR_RETURN(const json::object object, ParseObject(text));
  PlannedMessage message;
  NL_ASSIGN_OR_RETURN(message.kind, StringMember(object, "kind"));
  NL_ASSIGN_OR_RETURN(message.tables_json, StringMember(object, "tables"));
  NL_ASSIGN_OR_RETURN(message.prediction_json, StringMember(object, "prediction"));
  NL_ASSIGN_OR_RETURN(message.memory_bytes, IntMember(object, "memory_bytes"));
  NL_ASSIGN_OR_RETURN(const int64_t reserve, IntMember(object, "reserve"));
  message.reserve = reserve != 0;
  return message;
}

std::string Encode(const GrantMessage& message) {
  json::object object{{"memory_bytes", message.memory_bytes}};
  if (message.error) object["error"] = EncodeError(*message.error);
  return json::serialize(object);
}

Result<GrantMessage> DecodeGrant(std::string_view text) {
  NL_ASSIGN_OR_RETURN(const json::object object, ParseObject(text));
  GrantMessage message;
  NL_ASSIGN_OR_RETURN(message.memory_bytes, IntMember(object, "memory_bytes"));
  if (const auto* error = object.if_contains("error")) {
    if (!error->is_object()) return BadMember("error");
    message.error = DecodeError(error->get_object());
  }
  return message;
}

std::string Encode(const DoneMessage& message) {
  json::object object{{"stages", EncodeStages(message.stages)}};
  VisitStatistics(message.statistics, [&](const char* name, int64_t value) { object[name] = value; });
  object["applied_before"] = message.statistics.applied_before;
  return json::serialize(object);
}

Result<DoneMessage> DecodeDone(std::string_view text) {
  NL_ASSIGN_OR_RETURN(const json::object object, ParseObject(text));
  DoneMessage message;
  NL_ASSIGN_OR_RETURN(message.stages, DecodeStages(object));
  std::string missing;
  VisitStatistics(message.statistics, [&](const char* name, int64_t& value) {
    const auto member = IntMember(object, name);
    if (member) value = *member;
    else missing = name;
  });
  if (!missing.empty()) return BadMember(missing);
  NL_ASSIGN_OR_RETURN(message.statistics.applied_before, BoolMember(object, "applied_before"));
  return message;
}

json::object EncodeError(const Error& error) {
  json::array details;
  for (const auto& [key, value] : error.details()) details.push_back(json::array{key, value});
  return {{"code", ErrorName(error.code())}, {"message", error.message()}, {"details", std::move(details)}};
}

Error DecodeError(const json::object& object) {
  const auto code = StringMember(object, "code");
  const auto text = StringMember(object, "message");
  Error error(code ? ErrorCodeFromName(*code) : ErrorCode::kInternal, text ? *text : "malformed error from a worker");
  if (const auto* details = object.if_contains("details"); details != nullptr && details->is_array()) {
    for (const auto& detail : details->get_array()) {
      if (!detail.is_array() || detail.get_array().size() != 2) continue;
      const auto& pair = detail.get_array();
      if (!pair[0].is_string() || !pair[1].is_string()) continue;
      error.With(std::string(pair[0].get_string()), std::string(pair[1].get_string()));
    }
  }
  return error;
}

std::string Encode(const FailedMessage& message) {
  return json::serialize(json::object{{"error", EncodeError(message.error)},
                                      {"stages", EncodeStages(message.stages)},
                                      {"engine_broken", message.engine_broken}});
}

Result<FailedMessage> DecodeFailed(std::string_view text) {
  NL_ASSIGN_OR_RETURN(const json::object object, ParseObject(text));
  FailedMessage message;
  const auto* error = object.if_contains("error");
  if (error == nullptr || !error->is_object()) return BadMember("error");
  message.error = DecodeError(error->get_object());
  NL_ASSIGN_OR_RETURN(message.stages, DecodeStages(object));
  NL_ASSIGN_OR_RETURN(message.engine_broken, BoolMember(object, "engine_broken"));
  return message;
}

}  // namespace neurolake::query
