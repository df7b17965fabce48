#include "server/http/internal/routes.h"

#include <set>

#include "common/text.h"
#include "server/http/internal/handlers.h"

namespace neurolake::server {
namespace {

// openapi.json describes the same list; a test compares them.
constexpr Route kRoutes[] = {
    {"POST", "/v1/sql", Access::kToken, BodyKind::kJsonOrText, PostSql, ""},
    {"POST", "/v1/statements", Access::kToken, BodyKind::kJsonOrText, PostStatement, ""},
    {"GET", "/v1/statements", Access::kToken, BodyKind::kNone, ListStatements, "limit"},
    {"GET", "/v1/statements/{id}", Access::kToken, BodyKind::kNone, GetStatement, ""},
    {"DELETE", "/v1/statements/{id}", Access::kToken, BodyKind::kNone, DeleteStatement, ""},
    {"GET", "/v1/statements/{id}/result", Access::kToken, BodyKind::kNone, GetStatementResult, "page_token page_size"},
    {"GET", "/v1/history", Access::kToken, BodyKind::kNone, GetHistory, "limit offset principal"},
    {"GET", "/v1/catalog/schemas", Access::kToken, BodyKind::kNone, ListSchemas, ""},
    {"GET", "/v1/catalog/schemas/{schema}/tables", Access::kToken, BodyKind::kNone, ListTables, ""},
    {"GET", "/v1/catalog/schemas/{schema}/tables/{table}", Access::kToken, BodyKind::kNone, GetTable, ""},
    {"POST", "/v1/ask", Access::kToken, BodyKind::kJson, PostAsk, ""},
    {"DELETE", "/v1/ask/{run}", Access::kToken, BodyKind::kNone, DeleteAsk, ""},
    {"POST", "/v1/ask/{id}/feedback", Access::kToken, BodyKind::kJson, PostAskFeedback, ""},
    {"GET", "/v1/semantic-models", Access::kToken, BodyKind::kNone, ListSemanticModels, ""},
    {"GET", "/v1/conversations", Access::kToken, BodyKind::kNone, ListConversations, "limit"},
    {"GET", "/v1/conversations/{id}", Access::kToken, BodyKind::kNone, GetConversation, ""},
    {"DELETE", "/v1/conversations/{id}", Access::kToken, BodyKind::kNone, DeleteConversation, ""},
    {"GET", "/v1/feedback", Access::kToken, BodyKind::kNone, ListAskFeedback, "model state limit"},
    {"POST", "/v1/feedback/{id}/decision", Access::kToken, BodyKind::kJson, PostFeedbackDecision, ""},
    {"GET", "/v1/tokens", Access::kToken, BodyKind::kNone, ListTokens, ""},
    {"POST", "/v1/tokens", Access::kToken, BodyKind::kJson, PostToken, ""},
    {"DELETE", "/v1/tokens/{id}", Access::kToken, BodyKind::kNone, DeleteToken, ""},
    {"POST", "/mcp", Access::kToken, BodyKind::kJson, PostMessage, ""},
    {"DELETE", "/mcp", Access::kToken, BodyKind::kNone, DeleteMessages, ""},
    {"GET", "/v1/login", Access::kOpen, BodyKind::kNone, GetLogin, "return_to"},
    {"POST", "/v1/login", Access::kOpen, BodyKind::kJson, PostLogin, ""},
    // Beside what we look at: what providers add of their own.
    {"GET", "/v1/login/callback", Access::kOpen, BodyKind::kNone, GetLoginCallback,
     "code state iss error error_description error_uri session_state scope authuser prompt hd"},
    {"POST", "/v1/logout", Access::kOpen, BodyKind::kNone, PostLogout, ""},
    {"GET", "/v1/me", Access::kToken, BodyKind::kNone, GetMe, ""},
    {"PUT", "/v1/me/password", Access::kToken, BodyKind::kJson, PutMyPassword, ""},
    {"GET", "/v1/users", Access::kToken, BodyKind::kNone, ListUsers, ""},
    {"POST", "/v1/users", Access::kToken, BodyKind::kJson, PostUser, ""},
    {"PATCH", "/v1/users/{name}", Access::kToken, BodyKind::kJson, PatchUser, ""},
    {"PUT", "/v1/users/{name}/password", Access::kToken, BodyKind::kJson, PutUserPassword, ""},
    {"DELETE", "/v1/users/{name}/password", Access::kToken, BodyKind::kNone, DeleteUserPassword, ""},
    {"GET", "/v1/identities", Access::kToken, BodyKind::kNone, ListIdentities, ""},
    {"POST", "/v1/identities", Access::kToken, BodyKind::kJson, PostIdentity, ""},
    {"DELETE", "/v1/identities", Access::kToken, BodyKind::kNone, DeleteIdentity, "issuer subject"},
    {"GET", "/v1/uploads", Access::kToken, BodyKind::kNone, ListUploads, ""},
    {"PUT", "/v1/uploads/{name}", Access::kToken, BodyKind::kStream, PutUpload, ""},
    {"DELETE", "/v1/uploads/{name}", Access::kToken, BodyKind::kNone, DeleteUpload, ""},
    {"GET", "/v1/openapi.json", Access::kOpen, BodyKind::kNone, GetOpenApi, ""},
    {"GET", "/health", Access::kOpen, BodyKind::kNone, GetHealth, ""},
    {"GET", "/ready", Access::kOpen, BodyKind::kNone, GetReady, ""},
    {"GET", "/metrics", Access::kMetrics, BodyKind::kNone, GetMetrics, ""},
};

bool Matches(std::string_view pattern, const std::vector<std::string>& segments, std::vector<std::string>& arguments) {
  arguments.clear();
  size_t index = 0;
  while (!pattern.empty()) {
    pattern.remove_prefix(1);  // "/".
    const size_t end = std::min(pattern.find('/'), pattern.size());
    const std::string_view part = pattern.substr(0, end);
    pattern.remove_prefix(end);
    if (index == segments.size()) return false;
    if (part.starts_with('{')) {
      arguments.push_back(segments[index]);
    } else if (part != segments[index]) {
      return false;
    }
    ++index;
  }
  return index == segments.size();
}

}  // namespace

std::span<const Route> Routes() { return kRoutes; }

RouteMatch FindRoute(std::string_view method, const std::vector<std::string>& segments) {
  RouteMatch match;
  std::set<std::string_view> methods;
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  std::vector<std::string> arguments;
  for (const Route& route : kRoutes) {
    if (!Matches(route.path, segments, arguments)) continue;
    methods.insert(route.method);
    if (route.method == "GET") methods.insert("HEAD");
    methods.insert("OPTIONS");
    if (route.method != wanted) continue;
    match.route = &route;
    match.arguments = arguments;
  }
  match.allow = fmt::format("{}", fmt::join(methods, ", "));
  return match;
}

}  // namespace neurolake::server
