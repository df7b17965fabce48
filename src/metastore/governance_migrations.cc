#include "metastore/internal/governance_migrations.h"

#include <string_view>
#include <utility>
#include <vector>

namespace neurolake::metastore {

namespace {

// By ids, so that renames keep tags: of a column `column_name` is what the table's files call it, empty for the
// relation itself, and `label` its name when it was tagged. `folded` is the value as it is compared, in lower case. A
// policy by tag has a scope: one schema, or the whole lake ('').
std::vector<std::string_view> TagDefinitions() {
  return {
      R"(CREATE TABLE tags (
                relation_id TEXT NOT NULL,
                column_name TEXT NOT NULL,
                label TEXT NOT NULL,
                tag TEXT NOT NULL,
                value TEXT NOT NULL,
                folded TEXT NOT NULL,
                set_by TEXT NOT NULL,
                created INTEGER NOT NULL,
                PRIMARY KEY (relation_id, column_name, tag)))",
      "CREATE INDEX tags_tag ON tags (tag, folded)",
      R"(CREATE TABLE tag_policies (
                id TEXT NOT NULL PRIMARY KEY,
                schema_id TEXT NOT NULL,
                name TEXT NOT NULL UNIQUE,
                kind TEXT NOT NULL CHECK (kind IN ('row', 'mask')),
                of_columns INTEGER NOT NULL,
                tag TEXT NOT NULL,
                value TEXT,
                folded TEXT,
                definition TEXT NOT NULL,
                plan TEXT NOT NULL,
                created_by TEXT NOT NULL,
                created INTEGER NOT NULL))",
      "CREATE INDEX tag_policies_tag ON tag_policies (tag)",
  };
}

// Of purposes, and of who is asking beside who they are.
std::vector<std::string_view> PurposeDefinitions() {
  return {
      R"(CREATE TABLE purposes (
                id TEXT NOT NULL PRIMARY KEY,
                name TEXT NOT NULL UNIQUE,
                comment TEXT NOT NULL,
                created INTEGER NOT NULL))",
      R"(CREATE TABLE purpose_grants (
                purpose_id TEXT NOT NULL REFERENCES purposes (id),
                grantee_kind TEXT NOT NULL,
                grantee_id TEXT NOT NULL,
                granted_by TEXT NOT NULL,
                created INTEGER NOT NULL,
                PRIMARY KEY (purpose_id, grantee_kind, grantee_id)))",
      // Of a table, or of what has a tag, with any value or one: `object` says which, so that there is one list
      // of each.
      R"(CREATE TABLE allowed_purposes (
                object TEXT NOT NULL,
                table_id TEXT NOT NULL,
                tag TEXT NOT NULL,
                folded TEXT,
                purpose_id TEXT NOT NULL REFERENCES purposes (id),
                PRIMARY KEY (object, purpose_id)))",
      "CREATE INDEX allowed_purposes_table ON allowed_purposes (table_id)",
      R"(CREATE TABLE minimum_groups (
                table_id TEXT NOT NULL,
                purpose_id TEXT NOT NULL REFERENCES purposes (id),
                size INTEGER NOT NULL,
                column_name TEXT NOT NULL,
                label TEXT NOT NULL,
                PRIMARY KEY (table_id, purpose_id)))",
      // Who may see a table past its policies, asked for by one and allowed by another, until when. `ended` is
      // set when somebody ended it before.
      R"(CREATE TABLE break_glass (
                id TEXT NOT NULL PRIMARY KEY,
                table_id TEXT NOT NULL,
                principal_id TEXT NOT NULL REFERENCES principals (id),
                reason TEXT NOT NULL,
                minutes INTEGER NOT NULL,
                requested INTEGER NOT NULL,
                approved_by TEXT NOT NULL,
                expires INTEGER,
                ended_by TEXT NOT NULL,
                ended INTEGER))",
      "CREATE INDEX break_glass_table ON break_glass (table_id, principal_id)",
      R"(CREATE TABLE principal_attributes (
                principal_id TEXT NOT NULL REFERENCES principals (id),
                name TEXT NOT NULL,
                value TEXT NOT NULL,
                PRIMARY KEY (principal_id, name)))",
      "ALTER TABLE statements ADD COLUMN purpose TEXT NOT NULL DEFAULT ''",
      "ALTER TABLE statements ADD COLUMN break_glass TEXT NOT NULL DEFAULT ''",
  };
}

}  // namespace

Migration TagsAndPurposes() {
  std::vector<std::string_view> up = TagDefinitions();
  const auto purposes = PurposeDefinitions();
  up.insert(up.end(), purposes.begin(), purposes.end());
  return {12,
          "tags, purposes and attributes",
          std::move(up),
          {"ALTER TABLE statements DROP COLUMN break_glass", "ALTER TABLE statements DROP COLUMN purpose",
           "DROP TABLE principal_attributes", "DROP TABLE break_glass", "DROP TABLE minimum_groups",
           "DROP TABLE allowed_purposes", "DROP TABLE purpose_grants", "DROP TABLE purposes", "DROP TABLE tag_policies",
           "DROP TABLE tags"}};
}

// Data keys are wrapped (privacy/key_service.h); what unwraps them is not here. Lookups have the token, not the value.
Migration DataKeys() {
  return {13,
          "data keys",
          {
              R"(CREATE TABLE data_keys (
                id TEXT NOT NULL PRIMARY KEY,
                name TEXT NOT NULL UNIQUE,
                purpose TEXT NOT NULL CHECK (purpose IN ('mask', 'column')),
                created_by TEXT NOT NULL,
                created INTEGER NOT NULL))",
              R"(CREATE TABLE data_key_versions (
                key_id TEXT NOT NULL REFERENCES data_keys (id),
                version INTEGER NOT NULL,
                service TEXT NOT NULL,
                wrapping_key TEXT NOT NULL,
                wrapped TEXT NOT NULL,
                created INTEGER NOT NULL,
                PRIMARY KEY (key_id, version)))",
              R"(CREATE TABLE data_key_grants (
                key_id TEXT NOT NULL REFERENCES data_keys (id),
                privilege TEXT NOT NULL CHECK (privilege IN ('usage', 'lookup')),
                grantee_kind TEXT NOT NULL,
                grantee_id TEXT NOT NULL,
                denied INTEGER NOT NULL,
                granted_by TEXT NOT NULL,
                created INTEGER NOT NULL,
                PRIMARY KEY (key_id, privilege, grantee_kind, grantee_id)))",
              R"(CREATE TABLE data_key_lookups (
                id TEXT NOT NULL PRIMARY KEY,
                at INTEGER NOT NULL,
                principal_id TEXT NOT NULL,
                principal TEXT NOT NULL,
                key_id TEXT NOT NULL,
                token TEXT NOT NULL,
                statement_id TEXT NOT NULL))",
              "CREATE INDEX data_key_lookups_principal ON data_key_lookups (principal_id, at)",
              "CREATE INDEX data_key_lookups_at ON data_key_lookups (at)",
          },
          {"DROP TABLE data_key_lookups", "DROP TABLE data_key_grants", "DROP TABLE data_key_versions",
           "DROP TABLE data_keys"}};
}

// A token's scopes and schemas are JSON arrays, empty for "no limit". Of passwords and sessions only hashes are kept;
// an external identity is an issuer's word for a subject, and never an e-mail address, which others may get.
Migration Identity() {
  return {14,
          "identity",
          {
              "ALTER TABLE principals ADD COLUMN kind TEXT NOT NULL DEFAULT 'user'",
              "ALTER TABLE principals ADD COLUMN on_behalf_of TEXT",
              "ALTER TABLE principals ADD COLUMN claimed_role TEXT NOT NULL DEFAULT ''",
              "ALTER TABLE principals ADD COLUMN claimed_groups TEXT NOT NULL DEFAULT '[]'",
              "ALTER TABLE tokens ADD COLUMN scopes TEXT NOT NULL DEFAULT '[]'",
              "ALTER TABLE tokens ADD COLUMN schemas TEXT NOT NULL DEFAULT '[]'",
              R"(CREATE TABLE passwords (
                principal_id TEXT NOT NULL PRIMARY KEY REFERENCES principals (id),
                hash TEXT NOT NULL,
                changed INTEGER NOT NULL))",
              R"(CREATE TABLE sessions (
                id TEXT NOT NULL PRIMARY KEY,
                hash TEXT NOT NULL UNIQUE,
                principal_id TEXT NOT NULL REFERENCES principals (id),
                authentication TEXT NOT NULL,
                details TEXT NOT NULL,
                created INTEGER NOT NULL,
                expires INTEGER NOT NULL))",
              "CREATE INDEX sessions_principal ON sessions (principal_id)",
              "CREATE INDEX sessions_expires ON sessions (expires)",
              R"(CREATE TABLE external_identities (
                issuer TEXT NOT NULL,
                subject TEXT NOT NULL,
                principal_id TEXT NOT NULL REFERENCES principals (id),
                created INTEGER NOT NULL,
                PRIMARY KEY (issuer, subject)))",
              "CREATE INDEX external_identities_principal ON external_identities (principal_id)",
              "ALTER TABLE statements ADD COLUMN on_behalf_of TEXT NOT NULL DEFAULT ''",
              "ALTER TABLE statements ADD COLUMN authentication TEXT NOT NULL DEFAULT ''",
          },
          {"ALTER TABLE statements DROP COLUMN authentication", "ALTER TABLE statements DROP COLUMN on_behalf_of",
           "DROP TABLE external_identities", "DROP TABLE sessions", "DROP TABLE passwords",
           "ALTER TABLE tokens DROP COLUMN schemas", "ALTER TABLE tokens DROP COLUMN scopes",
           "ALTER TABLE principals DROP COLUMN claimed_groups", "ALTER TABLE principals DROP COLUMN claimed_role",
           "ALTER TABLE principals DROP COLUMN on_behalf_of", "ALTER TABLE principals DROP COLUMN kind"}};
}

// A bundle is never changed: another is the next version. Each row of policy_activations began an epoch; the newest is
// in force, and one without a bundle ended them.
Migration PolicyBundles() {
  return {15,
          "policy bundles",
          {
              R"(CREATE TABLE policy_bundles (
                version INTEGER NOT NULL PRIMARY KEY,
                revision TEXT NOT NULL,
                digest TEXT NOT NULL UNIQUE,
                files TEXT NOT NULL,
                created_by TEXT NOT NULL,
                created INTEGER NOT NULL))",
              R"(CREATE TABLE policy_activations (
                epoch INTEGER NOT NULL PRIMARY KEY,
                version INTEGER REFERENCES policy_bundles (version),
                activated_by TEXT NOT NULL,
                activated INTEGER NOT NULL))",
          },
          {"DROP TABLE policy_activations", "DROP TABLE policy_bundles"}};
}

// What a scan found in a table's columns, as proposals. By ids: `column_id` is what the table's files call the column.
// No values: `evidence` is words and counts.
Migration PersonalData() {
  return {16,
          "personal data",
          {
              R"(CREATE TABLE pii_findings (
                table_id TEXT NOT NULL,
                column_id TEXT NOT NULL,
                column_name TEXT NOT NULL,
                entity TEXT NOT NULL,
                tag TEXT NOT NULL,
                confidence REAL NOT NULL,
                in_text INTEGER NOT NULL,
                also TEXT NOT NULL,
                evidence TEXT NOT NULL,
                version INTEGER NOT NULL,
                rows_scanned INTEGER NOT NULL,
                found INTEGER NOT NULL,
                found_by TEXT NOT NULL,
                state TEXT NOT NULL DEFAULT 'proposed' CHECK (state IN ('proposed', 'accepted', 'rejected')),
                PRIMARY KEY (table_id, column_id, entity)))",
          },
          {"DROP TABLE pii_findings"}};
}

// Of a function that is not named here everybody has the right to execute it.
Migration FunctionGrantsAndThresholds() {
  return {17,
          "function grants, thresholds of personal data",
          {
              R"(CREATE TABLE function_grants (
                function_name TEXT NOT NULL,
                grantee_kind TEXT NOT NULL,
                grantee_id TEXT NOT NULL,
                effect TEXT NOT NULL CHECK (effect IN ('grant', 'deny', 'revoke')),
                granted_by TEXT NOT NULL,
                created INTEGER NOT NULL,
                PRIMARY KEY (function_name, grantee_kind, grantee_id)))",
              // `subject`: an entity, a group or a country; empty: all.
              R"(CREATE TABLE pii_thresholds (
                subject TEXT NOT NULL PRIMARY KEY,
                threshold REAL NOT NULL,
                set_by TEXT NOT NULL,
                set_at INTEGER NOT NULL))",
          },
          {"DROP TABLE pii_thresholds", "DROP TABLE function_grants"}};
}

// What principals used of models on a day (UTC), and each call. No text that was sent or came back.
Migration Models() {
  return {18,
          "models",
          {
              R"(CREATE TABLE model_days (
                principal_id TEXT NOT NULL,
                day INTEGER NOT NULL,
                tokens INTEGER NOT NULL,
                cost_nanodollars INTEGER NOT NULL,
                PRIMARY KEY (principal_id, day)))",
              R"(CREATE TABLE model_calls (
                id TEXT NOT NULL PRIMARY KEY,
                principal_id TEXT NOT NULL,
                request_id TEXT NOT NULL,
                task TEXT NOT NULL,
                provider TEXT NOT NULL,
                model TEXT NOT NULL,
                prompt_sha256 TEXT NOT NULL,
                outcome TEXT NOT NULL,
                input_tokens INTEGER NOT NULL,
                output_tokens INTEGER NOT NULL,
                cost_nanodollars INTEGER NOT NULL,
                attempts INTEGER NOT NULL,
                started INTEGER NOT NULL,
                took_us INTEGER NOT NULL))",
              "CREATE INDEX model_calls_started ON model_calls (started)",
              "CREATE INDEX model_calls_principal ON model_calls (principal_id, started)",
              R"(CREATE TABLE runs (
                id TEXT NOT NULL PRIMARY KEY,
                graph TEXT NOT NULL,
                graph_version INTEGER NOT NULL,
                principal_id TEXT NOT NULL,
                state TEXT NOT NULL CHECK (state IN ('running', 'succeeded', 'failed', 'cancelled')),
                error_code TEXT NOT NULL DEFAULT '',
                error_message TEXT NOT NULL DEFAULT '',
                holder TEXT NOT NULL DEFAULT '',
                held_until INTEGER NOT NULL DEFAULT 0,
                started INTEGER NOT NULL,
                updated INTEGER NOT NULL))",
              "CREATE INDEX runs_state ON runs (state, held_until)",
              R"(CREATE TABLE run_steps (
                run_id TEXT NOT NULL REFERENCES runs (id),
                step INTEGER NOT NULL,
                value TEXT NOT NULL,
                next TEXT NOT NULL,
                trace TEXT NOT NULL,
                made INTEGER NOT NULL,
                PRIMARY KEY (run_id, step)))",
          },
          {"DROP TABLE run_steps", "DROP TABLE runs", "DROP TABLE model_calls", "DROP TABLE model_days"}};
}

// Tables that have, or had in some version, a column encrypted with the key; which columns is in their Delta logs.
// The table of grants is made anew for two more privileges: SQLite cannot change a CHECK.
Migration EncryptedColumns() {
  return {19,
          "encrypted columns",
          {
              "CREATE TABLE data_key_grants_kept AS SELECT * FROM data_key_grants",
              "DROP TABLE data_key_grants",
              R"(CREATE TABLE data_key_grants (
                key_id TEXT NOT NULL REFERENCES data_keys (id),
                privilege TEXT NOT NULL CHECK (privilege IN ('usage', 'lookup', 'encrypt', 'decrypt')),
                grantee_kind TEXT NOT NULL,
                grantee_id TEXT NOT NULL,
                denied INTEGER NOT NULL,
                granted_by TEXT NOT NULL,
                created INTEGER NOT NULL,
                PRIMARY KEY (key_id, privilege, grantee_kind, grantee_id)))",
              "INSERT INTO data_key_grants SELECT key_id, privilege, grantee_kind, grantee_id, denied, granted_by, "
              "created FROM data_key_grants_kept",
              "DROP TABLE data_key_grants_kept",
              R"(CREATE TABLE data_key_tables (
                key_id TEXT NOT NULL REFERENCES data_keys (id),
                table_id TEXT NOT NULL,
                PRIMARY KEY (key_id, table_id)))",
          },
          {
              "DROP TABLE data_key_tables",
              "CREATE TABLE data_key_grants_kept AS SELECT * FROM data_key_grants",
              "DROP TABLE data_key_grants",
              R"(CREATE TABLE data_key_grants (
                key_id TEXT NOT NULL REFERENCES data_keys (id),
                privilege TEXT NOT NULL CHECK (privilege IN ('usage', 'lookup')),
                grantee_kind TEXT NOT NULL,
                grantee_id TEXT NOT NULL,
                denied INTEGER NOT NULL,
                granted_by TEXT NOT NULL,
                created INTEGER NOT NULL,
                PRIMARY KEY (key_id, privilege, grantee_kind, grantee_id)))",
              "INSERT INTO data_key_grants SELECT key_id, privilege, grantee_kind, grantee_id, denied, granted_by, "
              "created FROM data_key_grants_kept WHERE privilege IN ('usage', 'lookup')",
              "DROP TABLE data_key_grants_kept",
          }};
}

// Which columns name a person, who may have one forgotten, and what was. By ids: `column_id` is what the table's files
// call the column. `key_hash` is keyed: the subject is not in here. `sealed` is what a job under way has to remember.
Migration DataSubjects() {
  return {20,
          "data subjects",
          {
              R"(CREATE TABLE data_subjects (
                id TEXT NOT NULL PRIMARY KEY,
                name TEXT NOT NULL UNIQUE,
                created_by TEXT NOT NULL,
                created INTEGER NOT NULL))",
              R"(CREATE TABLE data_subject_columns (
                subject_id TEXT NOT NULL REFERENCES data_subjects (id),
                table_id TEXT NOT NULL,
                column_id TEXT NOT NULL,
                column_name TEXT NOT NULL,
                identifier TEXT NOT NULL,
                PRIMARY KEY (subject_id, table_id, column_id)))",
              R"(CREATE TABLE data_subject_grants (
                subject_id TEXT NOT NULL REFERENCES data_subjects (id),
                grantee_kind TEXT NOT NULL,
                grantee_id TEXT NOT NULL,
                denied INTEGER NOT NULL,
                granted_by TEXT NOT NULL,
                created INTEGER NOT NULL,
                PRIMARY KEY (subject_id, grantee_kind, grantee_id)))",
              R"(CREATE TABLE erasures (
                id TEXT NOT NULL PRIMARY KEY,
                subject_id TEXT NOT NULL,
                subject_name TEXT NOT NULL,
                key_hash TEXT NOT NULL,
                state TEXT NOT NULL CHECK (state IN ('running', 'done')),
                principal TEXT NOT NULL,
                statement_id TEXT NOT NULL,
                started INTEGER NOT NULL,
                ended INTEGER,
                report TEXT NOT NULL,
                sealed TEXT NOT NULL))",
              "CREATE INDEX erasures_key ON erasures (subject_id, key_hash)",
          },
          {"DROP TABLE erasures", "DROP TABLE data_subject_grants", "DROP TABLE data_subject_columns",
           "DROP TABLE data_subjects"}};
}

// Of tags: each table and column that has one has the rule, beside its own.
Migration TagMinimumGroups() {
  return {21,
          "smallest groups by tag",
          {
              R"(CREATE TABLE tag_minimum_groups (
                object TEXT NOT NULL,
                tag TEXT NOT NULL,
                folded TEXT,
                purpose_id TEXT NOT NULL REFERENCES purposes (id),
                size INTEGER NOT NULL,
                entity_tag TEXT NOT NULL,
                PRIMARY KEY (object, purpose_id)))",
          },
          {"DROP TABLE tag_minimum_groups"}};
}

// What CREATE SEMANTIC MODEL keeps. A version is never changed; `tables` are what its text named when it was made, by
// id where the lake has one. Of grants, `securable_kind` says what the id is of: a model, or the schema or lake it is
// in.
Migration SemanticModels() {
  return {23,
          "semantic models",
          {
              R"(CREATE TABLE semantic_models (
                id TEXT NOT NULL PRIMARY KEY,
                name TEXT NOT NULL UNIQUE,
                schema_id TEXT NOT NULL REFERENCES schemas (id),
                owner TEXT NOT NULL,
                comment TEXT NOT NULL,
                version INTEGER NOT NULL,
                created INTEGER NOT NULL,
                updated INTEGER NOT NULL))",
              R"(CREATE TABLE semantic_model_versions (
                model_id TEXT NOT NULL REFERENCES semantic_models (id),
                version INTEGER NOT NULL,
                body TEXT NOT NULL,
                digest TEXT NOT NULL,
                restored INTEGER,
                created_by TEXT NOT NULL,
                created INTEGER NOT NULL,
                PRIMARY KEY (model_id, version)))",
              R"(CREATE TABLE semantic_model_tables (
                model_id TEXT NOT NULL REFERENCES semantic_models (id),
                version INTEGER NOT NULL,
                schema_name TEXT NOT NULL,
                relation_name TEXT NOT NULL,
                relation_id TEXT NOT NULL,
                PRIMARY KEY (model_id, version, schema_name, relation_name)))",
              kSemanticModelGrants,
          },
          {"DROP TABLE semantic_model_grants", "DROP TABLE semantic_model_tables", "DROP TABLE semantic_model_versions",
           "DROP TABLE semantic_models"}};
}

// Answers of language models that may be given again. Keys are of a principal and a hash of what was asked.
Migration KeptAnswers() {
  return {25,
          "kept answers",
          {
              R"(CREATE TABLE kept_answers (
                key TEXT NOT NULL PRIMARY KEY,
                value TEXT NOT NULL,
                kept INTEGER NOT NULL))",
              "CREATE INDEX kept_answers_kept ON kept_answers (kept)",
          },
          {"DROP TABLE kept_answers"}};
}

}  // namespace neurolake::metastore
