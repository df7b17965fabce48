// Which findings of personal data are accepted by themselves, and from which version of a table on statistics are kept.
#include "metastore/internal/governance_migrations.h"

namespace neurolake::metastore {

// `entities` is a list as ParseEntities reads it; `owner` the principal in whose name tags are set. A floor is the
// first version of a table that does not hold what was encrypted or erased: what was found in older ones came late.
Migration PersonalDataRules() {
  return {27,
          "rules for personal data, and floors of statistics",
          {
              R"(CREATE TABLE pii_rules (
                id TEXT NOT NULL PRIMARY KEY,
                name TEXT NOT NULL UNIQUE,
                entities TEXT NOT NULL,
                schema_id TEXT NOT NULL,
                threshold REAL NOT NULL,
                owner TEXT NOT NULL,
                of_others INTEGER NOT NULL,
                created INTEGER NOT NULL))",
              "ALTER TABLE pii_findings ADD COLUMN decided_by TEXT NOT NULL DEFAULT ''",
              R"(CREATE TABLE statistics_floors (
                table_id TEXT NOT NULL PRIMARY KEY,
                version INTEGER NOT NULL))",
          },
          {"DROP TABLE statistics_floors", "ALTER TABLE pii_findings DROP COLUMN decided_by", "DROP TABLE pii_rules"}};
}

// Floors that commits put up which have not ended: each goes with its commit, or stays where nobody knows what came of
// it.
Migration StatisticsHolds() {
  return {
      28,
      "floors of statistics that commits put up",
      {R"(CREATE TABLE statistics_holds (
                id TEXT NOT NULL PRIMARY KEY,
                table_id TEXT NOT NULL,
                version INTEGER NOT NULL))"},
      {"INSERT INTO statistics_floors (table_id, version) SELECT table_id, MAX(version) FROM statistics_holds WHERE "
       "true GROUP BY table_id ON CONFLICT (table_id) DO UPDATE SET version = CASE WHEN excluded.version > "
       "statistics_floors.version THEN excluded.version ELSE statistics_floors.version END",
       "DROP TABLE statistics_holds"}};
}

}  // namespace neurolake::metastore
