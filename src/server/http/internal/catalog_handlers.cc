#include "arrow/text_format.h"
#include "common/text.h"
#include "query/access.h"
#include "server/http/internal/handlers.h"
#include "server/http/internal/json.h"

namespace neurolake::server {
namespace {

void AppendTable(const catalog::TableRecord& table, std::string& out) {
  ObjectWriter object(out);
  object.Text("schema", table.schema_name).Text("name", table.name).Text("type", "table").Text("id", table.id.value());
  object.Boolean("managed", table.managed).Text("comment", table.comment);
  object.Text("created", FormatTimestamp(table.created));
  object.End();
}

void AppendView(const catalog::ViewRecord& view, std::string& out) {
  ObjectWriter object(out);
  object.Text("schema", view.schema_name).Text("name", view.name).Text("type", "view");
  object.Text("created", FormatTimestamp(view.created));
  object.End();
}

Result<std::string> FindSchemaName(Door& door, const Call& call, const std::string& argument) {
  NL_ASSIGN_OR_RETURN(const auto schema, door.service.catalog().FindSchema(argument));
  bool known = false;
  if (schema.has_value()) {
    const RequestContext ctx = call.Context(door, door.settings.statement_timeout);
    NL_ASSIGN_OR_RETURN(known, query::Access(door.service.catalog(), ctx).KnowsSchema(*schema));
  }
  if (!known) return MakeError(ErrorCode::kSchemaNotFound, "there is no such schema: {}", argument);
  return schema->name;
}

// Columns are asked for in SQL, so that they are what the caller may see and nothing else.
Result<std::string> DescribeColumns(Door& door, Call& call, const std::string& schema, const std::string& table) {
  query::StatementRequest request;
  request.sql = "DESCRIBE " + QuoteIdentifier(schema) + "." + QuoteIdentifier(table);
  const RequestContext ctx = call.Context(door, door.settings.statement_timeout);
  NL_ASSIGN_OR_RETURN(const auto stream, door.service.Execute(ctx, std::move(request)));
  NL_ASSIGN_OR_RETURN(auto formatter, arrow::RowFormatter::Make(stream->schema()));
  std::string out = "[";
  while (true) {
    NL_ASSIGN_OR_RETURN(const auto batch, stream->Next());
    if (!batch.has_value()) break;
    NL_RETURN_IF_ERROR(formatter.SetBatch(*batch));
    for (int64_t row = 0; row < batch->row_count(); ++row) {
      if (out.size() > 1) out.push_back(',');
      formatter.AppendJsonObject(row, out);
    }
  }
  return out + "]";
}

void AppendStatementRecord(const catalog::StatementRecord& record, std::string& out) {
  ObjectWriter object(out);
  object.Text("id", record.id.value()).Text("principal", record.principal).Text("door", record.door);
  object.Text("request_id", record.request_id).Text("statement", record.text).Text("fingerprint", record.fingerprint);
  object.Text("kind", record.kind).Text("state", record.state).Text("started", FormatTimestamp(record.started));
  if (record.ended.has_value()) object.Text("ended", FormatTimestamp(*record.ended));
  if (!record.on_behalf_of.empty()) object.Text("on_behalf_of", record.on_behalf_of);
  if (!record.authentication.empty()) object.Text("authentication", record.authentication);
  object.Json("tables", record.tables_json.empty() ? "[]" : record.tables_json);
  object.Integer("rows_returned", record.rows_returned).Integer("bytes_returned", record.bytes_returned);
  object.Integer("rows_scanned", record.rows_scanned).Integer("bytes_scanned", record.bytes_scanned);
  if (record.rows_changed >= 0) object.Integer("rows_changed", record.rows_changed);
  object.Json("stages", record.stages_json.empty() ? "{}" : record.stages_json);
  object.Json("prediction", record.prediction_json.empty() ? "{}" : record.prediction_json);
  if (!record.error_code.empty()) object.Text("error_code", record.error_code).Text("error", record.error_message);
  object.End();
}

void AppendToken(const catalog::TokenRecord& token, ObjectWriter& object) {
  object.Text("id", token.id.value()).Text("name", token.name).Text("prefix", token.prefix);
  object.Text("principal", token.principal_name).Text("role", token.role);
  object.Text("created", FormatTimestamp(token.created));
  if (token.expires.has_value()) object.Text("expires", FormatTimestamp(*token.expires));
  if (token.revoked.has_value()) object.Text("revoked", FormatTimestamp(*token.revoked));
  if (!token.scopes.empty()) object.Json("scopes", TextsJson(token.scopes));
  if (!token.schemas.empty()) object.Json("schemas", TextsJson(token.schemas));
}

}  // namespace

Result<void> ListSchemas(Door& door, Call& call) {
  NL_RETURN_IF_ERROR(call.Require(Right::kRead));
  const RequestContext ctx = call.Context(door, door.settings.statement_timeout);
  NL_ASSIGN_OR_RETURN(const auto schemas, query::Access(door.service.catalog(), ctx).Schemas());
  std::string out = "{\"schemas\":[";
  for (const auto& schema : schemas) {
    if (out.back() != '[') out.push_back(',');
    ObjectWriter object(out);
    object.Text("name", schema.name).Text("comment", schema.comment).Text("created", FormatTimestamp(schema.created));
    object.End();
  }
  return call.SendJson(200, out + "]}");
}

Result<void> ListTables(Door& door, Call& call) {
  NL_RETURN_IF_ERROR(call.Require(Right::kRead));
  NL_ASSIGN_OR_RETURN(const std::string schema, FindSchemaName(door, call, call.arguments[0]));
  const RequestContext ctx = call.Context(door, door.settings.statement_timeout);
  query::Access access(door.service.catalog(), ctx);
  NL_ASSIGN_OR_RETURN(const auto tables, access.Tables(schema));
  NL_ASSIGN_OR_RETURN(const auto views, access.Views(schema));
  std::string out = "{\"tables\":[";
  for (const auto& table : tables) {
    if (out.back() != '[') out.push_back(',');
    AppendTable(table, out);
  }
  for (const auto& view : views) {
    if (out.back() != '[') out.push_back(',');
    AppendView(view, out);
  }
  return call.SendJson(200, out + "]}");
}

Result<void> GetTable(Door& door, Call& call) {
  NL_RETURN_IF_ERROR(call.Require(Right::kRead));
  NL_ASSIGN_OR_RETURN(const std::string schema, FindSchemaName(door, call, call.arguments[0]));
  const RequestContext ctx = call.Context(door, door.settings.statement_timeout);
  query::Access access(door.service.catalog(), ctx);
  NL_ASSIGN_OR_RETURN(auto table, door.service.catalog().FindTable(schema, call.arguments[1]));
  NL_ASSIGN_OR_RETURN(auto view, door.service.catalog().FindView(schema, call.arguments[1]));
  NL_ASSIGN_OR_RETURN(const bool known, table  ? access.Knows(*table)
                                        : view ? access.Knows(*view)
                                               : Result<bool>(false));
  if (!known) {
    return MakeError(ErrorCode::kNotFound, "there is no such table or view: {}.{}", schema, call.arguments[1]);
  }
  std::string out;
  if (table.has_value()) {
    AppendTable(*table, out);
  } else {
    AppendView(*view, out);
  }
  NL_ASSIGN_OR_RETURN(const std::string columns,
                      DescribeColumns(door, call, schema, table.has_value() ? table->name : view->name));
  out.pop_back();
  return call.SendJson(200, out + ",\"columns\":" + columns + "}");
}

Result<void> GetHistory(Door& door, Call& call) {
  // Texts name what lies in other schemas, too.
  if (call.principal->schemas) return call.SendJson(200, "{\"statements\":[]}");
  NL_ASSIGN_OR_RETURN(const int64_t limit, call.IntegerParameter("limit", 100, 1, 1000));
  NL_ASSIGN_OR_RETURN(const int64_t offset, call.IntegerParameter("offset", 0, 0, 1'000'000'000));
  std::optional<std::string> principal = call.principal->name;
  if (call.principal->Has(Right::kManage)) {
    principal.reset();
    if (const std::string wanted = call.TextParameter("principal"); !wanted.empty()) principal = wanted;
  } else if (const std::string wanted = call.TextParameter("principal");
             !wanted.empty() && wanted != call.principal->name) {
    return MakeError(ErrorCode::kPermissionDenied, "other people's history needs the right to manage the lake");
  }
  NL_ASSIGN_OR_RETURN(const auto records, door.service.catalog().ListStatements(principal, limit, offset));
  std::string out = "{\"statements\":[";
  for (const auto& record : records) {
    if (out.back() != '[') out.push_back(',');
    AppendStatementRecord(record, out);
  }
  return call.SendJson(200, out + "]}");
}

Result<void> ListTokens(Door& door, Call& call) {
  NL_RETURN_IF_ERROR(call.Require(Right::kManage));
  NL_ASSIGN_OR_RETURN(const auto tokens, door.service.catalog().ListTokens());
  std::string out = "{\"tokens\":[";
  for (const auto& token : tokens) {
    if (out.back() != '[') out.push_back(',');
    ObjectWriter object(out);
    AppendToken(token, object);
    object.End();
  }
  return call.SendJson(200, out + "]}");
}

Result<void> PostToken(Door& door, Call& call) {
  NL_RETURN_IF_ERROR(call.Require(Right::kManage));
  NL_ASSIGN_OR_RETURN(const JsonObject body, ParseJsonObject(call.body));
  NL_RETURN_IF_ERROR(CheckMembers(body, {"principal", "role", "name", "expires", "scopes", "schemas"}));
  NL_ASSIGN_OR_RETURN(const std::string principal, StringMember(body, "principal"));
  NL_ASSIGN_OR_RETURN(const std::string role, StringMember(body, "role"));
  NL_ASSIGN_OR_RETURN(const std::string name, StringMember(body, "name"));
  NL_ASSIGN_OR_RETURN(const std::string expires_text, StringMember(body, "expires"));
  if (principal.empty() || principal.size() > 200) {
    return MakeError(ErrorCode::kInvalidArgument, "the member \"principal\" must have 1 to 200 bytes");
  }
  if (name.empty()) return MakeError(ErrorCode::kInvalidArgument, "the member \"name\" must say what the token is for");
  NL_RETURN_IF_ERROR(RightsOfRole(role));
  std::optional<WallTime> expires;
  if (body.texts.contains("expires")) {
    const auto parsed = ParseTimestamp(expires_text);
    if (!parsed.has_value() || *parsed <= door.clock.Now()) {
      return MakeError(ErrorCode::kInvalidArgument,
                       "the member \"expires\" must be a time to come, such as 2030-01-31T00:00:00Z");
    }
    expires = *parsed;
  }
  NL_ASSIGN_OR_RETURN(const auto scopes, TextsMember(body, "scopes"));
  NL_ASSIGN_OR_RETURN(const auto schemas, TextsMember(body, "schemas"));
  NL_RETURN_IF_ERROR(RecordChange(door, call, "create_token",
                                  {{"principal", principal},
                                   {"role", role},
                                   {"name", name},
                                   {"expires", expires_text},
                                   {"scopes", TextsJson(scopes)},
                                   {"schemas", TextsJson(schemas)}}));
  NL_ASSIGN_OR_RETURN(const auto created, door.service.catalog().CreateToken({.principal = principal,
                                                                              .role = role,
                                                                              .name = name,
                                                                              .expires = expires,
                                                                              .scopes = scopes,
                                                                              .schemas = schemas}));
  std::string out;
  ObjectWriter object(out);
  AppendToken(created.record, object);
  object.Text("token", created.secret);
  object.End();
  return call.SendJson(
      201, out,
      {{"Cache-Control", "no-store"}, {"Location", "/v1/tokens/" + PercentEncode(created.record.id.value())}});
}

Result<void> DeleteToken(Door& door, Call& call) {
  NL_RETURN_IF_ERROR(call.Require(Right::kManage));
  NL_RETURN_IF_ERROR(RecordChange(door, call, "revoke_token", {{"id", call.arguments[0]}}));
  NL_RETURN_IF_ERROR(door.service.catalog().RevokeToken(TokenId(call.arguments[0])));
  return call.Send(204, "", "");
}

}  // namespace neurolake::server
