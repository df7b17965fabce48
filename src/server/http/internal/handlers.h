#pragma once
#include "server/http/internal/door.h"

namespace neurolake::server {

// One function per route. Each sends its response, or returns an error that becomes a problem document.

/// Puts into the audit log what the caller is about to change; if it fails, nothing may be. No secrets.
Result<void> RecordChange(Door& door, const Call& call, std::string_view action,
                          std::vector<std::pair<std::string, std::string>> details);

Result<void> PostSql(Door& door, Call& call);
Result<void> PostStatement(Door& door, Call& call);
Result<void> ListStatements(Door& door, Call& call);
Result<void> GetStatement(Door& door, Call& call);
Result<void> GetStatementResult(Door& door, Call& call);
Result<void> DeleteStatement(Door& door, Call& call);

Result<void> ListSchemas(Door& door, Call& call);
Result<void> ListTables(Door& door, Call& call);
Result<void> GetTable(Door& door, Call& call);
Result<void> GetHistory(Door& door, Call& call);

Result<void> ListTokens(Door& door, Call& call);
Result<void> PostToken(Door& door, Call& call);
Result<void> DeleteToken(Door& door, Call& call);

Result<void> GetLogin(Door& door, Call& call);
Result<void> GetLoginCallback(Door& door, Call& call);
Result<void> PostLogin(Door& door, Call& call);
Result<void> PostLogout(Door& door, Call& call);
Result<void> GetMe(Door& door, Call& call);
Result<void> PutMyPassword(Door& door, Call& call);

Result<void> ListUsers(Door& door, Call& call);
Result<void> PostUser(Door& door, Call& call);
Result<void> PatchUser(Door& door, Call& call);
Result<void> PutUserPassword(Door& door, Call& call);
Result<void> DeleteUserPassword(Door& door, Call& call);
Result<void> ListIdentities(Door& door, Call& call);
Result<void> PostIdentity(Door& door, Call& call);
Result<void> DeleteIdentity(Door& door, Call& call);

Result<void> PostAsk(Door& door, Call& call);
Result<void> DeleteAsk(Door& door, Call& call);
Result<void> ListSemanticModels(Door& door, Call& call);
Result<void> ListConversations(Door& door, Call& call);
Result<void> GetConversation(Door& door, Call& call);
Result<void> DeleteConversation(Door& door, Call& call);
Result<void> PostAskFeedback(Door& door, Call& call);
Result<void> ListAskFeedback(Door& door, Call& call);
Result<void> PostFeedbackDecision(Door& door, Call& call);

Result<void> PutUpload(Door& door, Call& call);
Result<void> ListUploads(Door& door, Call& call);
Result<void> DeleteUpload(Door& door, Call& call);

Result<void> PostMessage(Door& door, Call& call);
Result<void> DeleteMessages(Door& door, Call& call);

Result<void> GetHealth(Door& door, Call& call);
Result<void> GetReady(Door& door, Call& call);
Result<void> GetMetrics(Door& door, Call& call);
Result<void> GetOpenApi(Door& door, Call& call);

}  // namespace neurolake::server
