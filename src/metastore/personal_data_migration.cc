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

}  // namespace neurolake::metastore
