#include "server/http/internal/sql_request.h"

#include "common/text.h"
#include "server/http/internal/json.h"

namespace neurolake::server {
namespace {

Result<query::Parameter> ParseDescriptor(const std::string& text) {
  NL_ASSIGN_OR_RETURN(const JsonObject object, ParseJsonObject(text));
  NL_RETURN_IF_ERROR(CheckMembers(object, {"name", "value", "type"}));
  const auto value = object.texts.find("value");
  if (value == object.texts.end()) {
    return MakeError(
        ErrorCode::kInvalidArgument,
        "a parameter that is an object must have a member \"value\"; write {{\"value\": {{…}}}} for a struct");
  }
  query::Parameter parameter;
  NL_ASSIGN_OR_RETURN(parameter.name, StringMember(object, "name"));
  NL_ASSIGN_OR_RETURN(parameter.type, StringMember(object, "type"));
  parameter.json = value->second;
  return parameter;
}

Result<std::vector<query::Parameter>> ParseParameters(const JsonObject& object) {
  std::vector<query::Parameter> parameters;
  const auto found = object.texts.find("parameters");
  if (found == object.texts.end()) return parameters;
  const boost::json::value& value = object.values.at("parameters");
  if (value.is_null()) return parameters;
  if (value.is_object()) {
    for (auto& [name, text] : MemberTexts(found->second)) parameters.push_back({name, std::move(text), ""});
    return parameters;
  }
  if (!value.is_array()) {
    return MakeError(ErrorCode::kInvalidArgument, "the member \"parameters\" must be an array or an object");
  }
  for (std::string& text : ElementTexts(found->second)) {
    if (!text.starts_with('{')) {
      parameters.push_back({"", std::move(text), ""});
      continue;
    }
    NL_ASSIGN_OR_RETURN(query::Parameter parameter, ParseDescriptor(text));
    parameters.push_back(std::move(parameter));
  }
  return parameters;
}

// A whole number and a unit, "30s" or "512MiB", exactly as openapi.json describes it; the parsers of settings take
// more.
bool IsNumberWithUnit(std::string_view text) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0 || digits > 9 || digits == text.size()) return false;
  return text.substr(digits).find_first_not_of("abcdefghijklmnopqrstuvwxyzKMGTB") == std::string_view::npos;
}

Result<std::optional<std::chrono::milliseconds>> ParseDurationMember(const JsonObject& object, std::string_view name) {
  NL_ASSIGN_OR_RETURN(const std::string text, StringMember(object, name));
  const auto* value = object.values.if_contains(boost::json::string_view(name));
  if (value == nullptr || value->is_null()) return std::optional<std::chrono::milliseconds>();
  const auto duration = ParseDuration(text);
  if (!IsNumberWithUnit(text) || !duration.has_value()) {
    return MakeError(ErrorCode::kInvalidArgument, "the member \"{}\" must be a duration such as \"250ms\" or \"30s\"",
                     name);
  }
  return std::optional(*duration);
}

// An integer, or text such as "512MiB".
Result<int64_t> ParseMemory(const JsonObject& object) {
  const auto* value = object.values.if_contains("memory");
  if (value == nullptr || value->is_null()) return 0;
  if (value->is_int64() && value->as_int64() > 0) return value->as_int64();
  if (value->is_string()) {
    const std::string text(value->as_string());
    const auto bytes = ParseBytes(text);
    if (IsNumberWithUnit(text) && bytes.has_value() && *bytes > 0) return *bytes;
  }
  return MakeError(ErrorCode::kInvalidArgument, "the member \"memory\" must be bytes, such as 536870912 or \"512MiB\"");
}

Result<std::optional<query::ApplicationVersion>> ParseTransaction(const JsonObject& object) {
  const auto* value = object.values.if_contains("transaction");
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (!value->is_object())
    return MakeError(ErrorCode::kInvalidArgument, "the member \"transaction\" must be an object");
  NL_ASSIGN_OR_RETURN(const JsonObject transaction, ParseJsonObject(object.texts.at("transaction")));
  NL_RETURN_IF_ERROR(CheckMembers(transaction, {"application_id", "version"}));
  query::ApplicationVersion given;
  NL_ASSIGN_OR_RETURN(given.application_id, StringMember(transaction, "application_id"));
  const auto* version = transaction.values.if_contains("version");
  const size_t id_bytes = given.application_id.size();
  if (id_bytes == 0 || id_bytes > query::ApplicationVersion::kIdBytesMax || version == nullptr ||
      !version->is_int64() || version->as_int64() < 0) {
    return MakeError(
        ErrorCode::kInvalidArgument,
        "the member \"transaction\" must have an \"application_id\" of 1 to 256 bytes and a \"version\" from 0");
  }
  given.version = version->as_int64();
  return given;
}

Result<void> CheckText(const std::string& sql, const Settings& settings) {
  if (Trim(sql).empty()) return MakeError(ErrorCode::kInvalidArgument, "the statement is empty");
  if (static_cast<int64_t>(sql.size()) > settings.statement_text_bytes_max) {
    return MakeError(ErrorCode::kPayloadTooLarge, "the statement is longer than statement.text_bytes_max: {} bytes",
                     settings.statement_text_bytes_max);
  }
  return {};
}

}  // namespace

Result<SqlRequest> ParseSqlRequest(std::string_view body, bool body_is_text, const Settings& settings) {
  SqlRequest request;
  request.timeout = settings.statement_timeout;
  if (body_is_text) {
    request.statement.sql = std::string(body);
    NL_RETURN_IF_ERROR(CheckText(request.statement.sql, settings));
    return request;
  }
  NL_ASSIGN_OR_RETURN(const JsonObject object, ParseJsonObject(body));
  NL_RETURN_IF_ERROR(CheckMembers(object, {"statement", "parameters", "schema", "time_zone", "purpose", "timeout",
                                           "memory", "row_limit", "wait", "transaction"}));
  NL_ASSIGN_OR_RETURN(request.statement.sql, StringMember(object, "statement"));
  NL_RETURN_IF_ERROR(CheckText(request.statement.sql, settings));
  NL_ASSIGN_OR_RETURN(request.statement.parameters, ParseParameters(object));
  NL_ASSIGN_OR_RETURN(request.statement.schema, StringMember(object, "schema"));
  NL_ASSIGN_OR_RETURN(request.statement.time_zone, StringMember(object, "time_zone"));
  NL_ASSIGN_OR_RETURN(request.statement.purpose, StringMember(object, "purpose"));
  NL_ASSIGN_OR_RETURN(const auto timeout, ParseDurationMember(object, "timeout"));
  if (timeout.has_value()) {
    if (timeout->count() == 0 || *timeout > settings.statement_timeout) {
      return MakeError(ErrorCode::kInvalidArgument,
                       "the member \"timeout\" must be more than 0 and at most statement.timeout: {} ms",
                       settings.statement_timeout.count());
    }
    request.timeout = *timeout;
  }
  NL_ASSIGN_OR_RETURN(request.statement.memory_bytes, ParseMemory(object));
  if (const auto* limit = object.values.if_contains("row_limit"); limit != nullptr && !limit->is_null()) {
    if (!limit->is_int64() || limit->as_int64() < 1 || limit->as_int64() > settings.statement_rows_max) {
      return MakeError(ErrorCode::kInvalidArgument, "the member \"row_limit\" must be an integer from 1 to {}",
                       settings.statement_rows_max);
    }
    request.statement.rows_max = limit->as_int64();
  }
  NL_ASSIGN_OR_RETURN(request.statement.transaction, ParseTransaction(object));
  NL_ASSIGN_OR_RETURN(request.wait, ParseDurationMember(object, "wait"));
  return request;
}

}  // namespace neurolake::server
