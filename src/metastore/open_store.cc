#include "metastore/internal/postgres_store.h"
#include "metastore/internal/sqlite_store.h"

namespace neurolake::metastore {

Result<std::unique_ptr<Store>> OpenStore(const std::string& url, const std::string& sqlite_path) {
  NL_ASSIGN_OR_RETURN(auto store, url.empty() ? SqliteStore::Open(sqlite_path) : PostgresStore::Open(url));
  NL_RETURN_IF_ERROR(MigrateTo(*store, NewestMigration()));
  return store;
}

}  // namespace neurolake::metastore
