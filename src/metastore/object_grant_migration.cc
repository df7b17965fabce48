// What is granted on models and pipelines, and on semantic models.
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

// Semantic models are called by their ids there, which names do not tell from the names of others. What was granted on
// the lake is granted on all of them.
Migration OneTableOfObjectGrants() {
  return {
      26,
      "one table of grants on objects",
      {
          "ALTER TABLE object_grants RENAME COLUMN object_name TO object",
          R"(INSERT INTO object_grants (object_kind, object, privilege, grantee_kind, grantee_id, denied, granted_by,
                created) SELECT CASE securable_kind WHEN 'schema' THEN 'semantic_models_of_schema'
                ELSE 'semantic_model' END, securable_id, privilege, grantee_kind, grantee_id, denied, granted_by, created
                FROM semantic_model_grants)",
          "DROP TABLE semantic_model_grants",
      },
      {
          kSemanticModelGrants,
          R"(INSERT INTO semantic_model_grants (securable_kind, securable_id, privilege, grantee_kind, grantee_id,
                denied, granted_by, created) SELECT CASE WHEN object_kind = 'semantic_models_of_schema' THEN 'schema'
                WHEN object = '' THEN 'lake' ELSE 'model' END, object, privilege, grantee_kind, grantee_id, denied,
                granted_by, created FROM object_grants
                WHERE object_kind IN ('semantic_model', 'semantic_models_of_schema'))",
          "DELETE FROM object_grants WHERE object_kind IN ('semantic_model', 'semantic_models_of_schema')",
          "ALTER TABLE object_grants RENAME COLUMN object TO object_name",
      }};
}

}  // namespace neurolake::metastore
