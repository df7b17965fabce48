// What is granted on models and pipelines.
#include "metastore/internal/governance_migrations.h"

namespace neurolake::metastore {

// Of objects that are called by name, whatever they are, in a table of its own: the kinds of `grants` are in its CHECK.
// An empty name: all of the kind. A deny and a grant of the same thing take each other's place.
Migration ObjectGrants() {
  return {22,
          "grants on models and pipelines",
          {
              R"(CREATE TABLE object_grants (
                object_kind TEXT NOT NULL,
                object_name TEXT NOT NULL,
                privilege TEXT NOT NULL,
                grantee_kind TEXT NOT NULL,
                grantee_id TEXT NOT NULL,
                denied INTEGER NOT NULL,
                granted_by TEXT NOT NULL,
                created INTEGER NOT NULL,
                PRIMARY KEY (object_kind, object_name, privilege, grantee_kind, grantee_id)))",
          },
          {"DROP TABLE object_grants"}};
}

}  // namespace neurolake::metastore
