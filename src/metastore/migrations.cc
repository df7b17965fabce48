#include "metastore/internal/migrations.h"

#include "metastore/internal/governance_migrations.h"

namespace neurolake::metastore {

namespace {

// Names come first: a relation (table or view) is one row, so that one unique constraint keeps tables and views from
// sharing a name. A location has its own unique index, which also serves the search for overlapping ones.
// Times are microseconds since 1970 in UTC; truth values are 0 and 1.
Migration SchemasAndRelations() {
  return {1,
          "schemas and relations",
          {
              R"(CREATE TABLE schemas (
                id TEXT NOT NULL PRIMARY KEY,
                name TEXT NOT NULL UNIQUE,
                comment TEXT NOT NULL,
                created INTEGER NOT NULL))",
              R"(INSERT INTO schemas (id, name, comment, created) VALUES
                ('{uuid}', 'main', 'Default schema', {now}),
                ('{uuid}', 'bronze', 'Raw data as it came, append only', {now}),
                ('{uuid}', 'silver', 'Cleaned data', {now}),
                ('{uuid}', 'gold', 'Aggregates for use', {now}))",
              R"(CREATE TABLE relations (
                id TEXT NOT NULL PRIMARY KEY,
                schema_id TEXT NOT NULL REFERENCES schemas (id),
                name TEXT NOT NULL,
                kind TEXT NOT NULL CHECK (kind IN ('table', 'view')),
                location TEXT,
                managed INTEGER NOT NULL,
                view_sql TEXT,
                view_columns TEXT,
                owner TEXT NOT NULL,
                comment TEXT NOT NULL,
                created INTEGER NOT NULL,
                UNIQUE (schema_id, name)))",
              "CREATE UNIQUE INDEX relations_location ON relations (location)",
          },
          {"DROP TABLE relations", "DROP TABLE schemas"}};
}

Migration PrincipalsAndTokens() {
  return {
      2,
      "principals and tokens",
      {
          R"(CREATE TABLE principals (
                id TEXT NOT NULL PRIMARY KEY,
                name TEXT NOT NULL UNIQUE,
                role TEXT NOT NULL,
                disabled INTEGER NOT NULL,
                created INTEGER NOT NULL))",
          "INSERT INTO principals (id, name, role, disabled, created) VALUES ('{uuid}', 'local', 'admin', 0, {now})",
          R"(CREATE TABLE tokens (
                id TEXT NOT NULL PRIMARY KEY,
                name TEXT NOT NULL,
                prefix TEXT NOT NULL,
                hash TEXT NOT NULL UNIQUE,
                principal_id TEXT NOT NULL REFERENCES principals (id),
                created INTEGER NOT NULL,
                expires INTEGER,
                revoked INTEGER))",
          "CREATE INDEX tokens_prefix ON tokens (prefix)",
      },
      {"DROP TABLE tokens", "DROP TABLE principals"}};
}

Migration ExternalLocations() {
  return {3,
          "external locations",
          {
              R"(CREATE TABLE external_locations (
                name TEXT NOT NULL PRIMARY KEY,
                path TEXT NOT NULL UNIQUE,
                may_register INTEGER NOT NULL,
                created INTEGER NOT NULL))",
          },
          {"DROP TABLE external_locations"}};
}

Migration StatementHistory() {
  return {4,
          "statement history",
          {
              R"(CREATE TABLE statements (
                id TEXT NOT NULL PRIMARY KEY,
                principal TEXT NOT NULL,
                door TEXT NOT NULL,
                request_id TEXT NOT NULL,
                sql_text TEXT NOT NULL,
                fingerprint TEXT NOT NULL,
                kind TEXT NOT NULL,
                state TEXT NOT NULL,
                started INTEGER NOT NULL,
                ended INTEGER,
                tables_json TEXT NOT NULL,
                rows_returned INTEGER NOT NULL,
                bytes_returned INTEGER NOT NULL,
                rows_scanned INTEGER NOT NULL,
                bytes_scanned INTEGER NOT NULL,
                rows_changed INTEGER NOT NULL,
                stages_json TEXT NOT NULL,
                prediction_json TEXT NOT NULL,
                error_code TEXT NOT NULL,
                error_message TEXT NOT NULL))",
              "CREATE INDEX statements_started ON statements (started)",
              "CREATE INDEX statements_principal ON statements (principal, started)",
              // Small at all times: it finds what a dead server left behind without reading the history.
              "CREATE INDEX statements_running ON statements (id) WHERE state = 'running'",
          },
          {"DROP TABLE statements"}};
}

// What is kept of a dropped table is what brings its name back; its files stay until it is forgotten. Locations are not
// unique here: one place may have had several tables.
Migration Maintenance() {
  return {5,
          "maintenance",
          {
              R"(CREATE TABLE dropped_tables (
                id TEXT NOT NULL PRIMARY KEY,
                schema_name TEXT NOT NULL,
                name TEXT NOT NULL,
                location TEXT NOT NULL,
                managed INTEGER NOT NULL,
                owner TEXT NOT NULL,
                comment TEXT NOT NULL,
                created INTEGER NOT NULL,
                dropped INTEGER NOT NULL))",
              "CREATE INDEX dropped_tables_name ON dropped_tables (schema_name, name, dropped)",
              R"(CREATE TABLE table_statistics (
                table_id TEXT NOT NULL PRIMARY KEY,
                version INTEGER NOT NULL,
                made INTEGER NOT NULL,
                table_row TEXT NOT NULL,
                column_rows TEXT NOT NULL))",
          },
          {"DROP TABLE table_statistics", "DROP TABLE dropped_tables"}};
}

// By table's id, so that renames keep them. `plan` is what is checked, as JSON; `definition` what people read.
Migration Expectations() {
  return {6,
          "expectations",
          {
              R"(CREATE TABLE expectations (
                id TEXT NOT NULL PRIMARY KEY,
                table_id TEXT NOT NULL,
                name TEXT NOT NULL,
                kind TEXT NOT NULL,
                definition TEXT NOT NULL,
                plan TEXT NOT NULL,
                action TEXT NOT NULL,
                foreign_table_id TEXT,
                quarantine_id TEXT,
                created_by TEXT NOT NULL,
                created INTEGER NOT NULL,
                UNIQUE (table_id, name)))",
              R"(CREATE TABLE expectation_results (
                sequence INTEGER NOT NULL PRIMARY KEY,
                checked INTEGER NOT NULL,
                table_id TEXT NOT NULL,
                expectation_id TEXT NOT NULL,
                name TEXT NOT NULL,
                action TEXT NOT NULL,
                version INTEGER,
                rows_checked INTEGER NOT NULL,
                violations INTEGER NOT NULL,
                metric REAL,
                profile TEXT NOT NULL,
                statement_id TEXT NOT NULL))",
              "CREATE INDEX expectation_results_table ON expectation_results (table_id, sequence)",
              "CREATE INDEX expectation_results_expectation ON expectation_results (expectation_id, sequence)",
          },
          {"DROP TABLE expectation_results", "DROP TABLE expectations"}};
}

// Secrets are sealed (storage/secret_box.h); the key is not here.
Migration Credentials() {
  return {7,
          "credentials",
          {
              R"(CREATE TABLE credentials (
                name TEXT NOT NULL PRIMARY KEY,
                kind TEXT NOT NULL,
                source TEXT NOT NULL,
                options TEXT NOT NULL,
                sealed TEXT NOT NULL,
                key_id TEXT NOT NULL,
                created INTEGER NOT NULL))",
              "ALTER TABLE external_locations ADD COLUMN credential TEXT NOT NULL DEFAULT ''",
          },
          {"ALTER TABLE external_locations DROP COLUMN credential", "DROP TABLE credentials"}};
}

// An edge's columns are one value: they are written and read together, and there are as many as a table is wide.
Migration Lineage() {
  return {8,
          "lineage",
          {
              R"(CREATE TABLE lineage (
                id TEXT NOT NULL PRIMARY KEY,
                at INTEGER NOT NULL,
                statement_id TEXT NOT NULL,
                principal TEXT NOT NULL,
                operation TEXT NOT NULL,
                source_kind TEXT NOT NULL,
                source_id TEXT NOT NULL,
                source_name TEXT NOT NULL,
                source_version INTEGER NOT NULL,
                target_kind TEXT NOT NULL,
                target_id TEXT NOT NULL,
                target_name TEXT NOT NULL,
                target_version INTEGER NOT NULL,
                via TEXT NOT NULL,
                column_rows TEXT NOT NULL))",
              "CREATE INDEX lineage_at ON lineage (at, id)",
              R"(CREATE TABLE event_outbox (
                id TEXT NOT NULL PRIMARY KEY,
                created INTEGER NOT NULL,
                body TEXT NOT NULL))",
              "CREATE INDEX event_outbox_created ON event_outbox (created, id)",
          },
          {"DROP TABLE event_outbox", "DROP TABLE lineage"}};
}

// Where files of shallow clones lie beside their own directory: in that of `source_id`, which the clone's log calls
// `named` and which is at `location` now, stored as relations.location.
Migration CloneSources() {
  return {9,
          "clone sources",
          {
              R"(CREATE TABLE clone_sources (
                clone_id TEXT NOT NULL,
                source_id TEXT NOT NULL,
                location TEXT NOT NULL,
                managed INTEGER NOT NULL,
                named TEXT NOT NULL,
                PRIMARY KEY (clone_id, named)))",
              "CREATE INDEX clone_sources_location ON clone_sources (location)",
          },
          {"DROP TABLE clone_sources"}};
}

// By ids, so that renames keep policies. `plan` is what is enforced, as JSON; `definition` what people read. A mask's
// `column_name` is what the table's files call the column; NULL for row policies, so that the index is about masks
// alone.
Migration GroupsAndPolicies() {
  return {10,
          "groups and policies",
          {
              R"(CREATE TABLE principal_groups (
                id TEXT NOT NULL PRIMARY KEY,
                name TEXT NOT NULL UNIQUE,
                created INTEGER NOT NULL))",
              R"(CREATE TABLE group_members (
                group_id TEXT NOT NULL REFERENCES principal_groups (id),
                principal_id TEXT NOT NULL REFERENCES principals (id),
                PRIMARY KEY (group_id, principal_id)))",
              "CREATE INDEX group_members_principal ON group_members (principal_id)",
              R"(CREATE TABLE policies (
                id TEXT NOT NULL PRIMARY KEY,
                table_id TEXT NOT NULL,
                name TEXT NOT NULL,
                kind TEXT NOT NULL CHECK (kind IN ('row', 'mask')),
                column_name TEXT,
                definition TEXT NOT NULL,
                plan TEXT NOT NULL,
                created_by TEXT NOT NULL,
                created INTEGER NOT NULL,
                UNIQUE (table_id, name)))",
              "CREATE UNIQUE INDEX policies_column ON policies (table_id, column_name)",
          },
          {"DROP TABLE policies", "DROP TABLE group_members", "DROP TABLE principal_groups"}};
}

// A deny and a grant of the same thing take each other's place, so that there is one answer.
Migration Grants() {
  return {11,
          "grants",
          {
              R"(CREATE TABLE grants (
                securable_kind TEXT NOT NULL CHECK (securable_kind IN ('lake', 'schema', 'relation')),
                securable_id TEXT NOT NULL,
                grantee_kind TEXT NOT NULL,
                grantee_id TEXT NOT NULL,
                privilege TEXT NOT NULL,
                denied INTEGER NOT NULL,
                granted_by TEXT NOT NULL,
                created INTEGER NOT NULL,
                PRIMARY KEY (securable_kind, securable_id, grantee_kind, grantee_id, privilege)))",
          },
          {"DROP TABLE grants"}};
}

}  // namespace

const std::vector<Migration>& Migrations() {
  static const std::vector<Migration> migrations = {SchemasAndRelations(),
                                                    PrincipalsAndTokens(),
                                                    ExternalLocations(),
                                                    StatementHistory(),
                                                    Maintenance(),
                                                    Expectations(),
                                                    Credentials(),
                                                    Lineage(),
                                                    CloneSources(),
                                                    GroupsAndPolicies(),
                                                    Grants(),
                                                    TagsAndPurposes(),
                                                    DataKeys(),
                                                    Identity(),
                                                    PolicyBundles(),
                                                    PersonalData(),
                                                    FunctionGrantsAndThresholds(),
                                                    Models(),
                                                    EncryptedColumns(),
                                                    DataSubjects(),
                                                    TagMinimumGroups(),
                                                    ObjectGrants(),
                                                    SemanticModels(),
                                                    Conversations(),
                                                    KeptAnswers(),
                                                    OneTableOfObjectGrants(),
                                                    PersonalDataRules(),
                                                    StatisticsHolds()};
  return migrations;
}

}  // namespace neurolake::metastore
