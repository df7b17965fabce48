#pragma once
#include "server/http/internal/door.h"

namespace neurolake::server {

// One function per route. Each sends its response, or returns an error that becomes a problem document.

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

Result<void> PutUpload(Door& door, Call& call);
Result<void> ListUploads(Door& door, Call& call);
Result<void> DeleteUpload(Door& door, Call& call);

Result<void> GetHealth(Door& door, Call& call);
Result<void> GetReady(Door& door, Call& call);
Result<void> GetMetrics(Door& door, Call& call);
Result<void> GetOpenApi(Door& door, Call& call);

}  // namespace neurolake::server
