#include "engine/duckdb/lake_provider.h"

namespace neurolake::engine::duckdb {

const std::vector<SystemRelation>& SystemRelations() {
  constexpr const char* kText = "VARCHAR";
  constexpr const char* kNumber = "BIGINT";
  constexpr const char* kInstant = "TIMESTAMP WITH TIME ZONE";
  constexpr const char* kBoolean = "BOOLEAN";
  // The order of columns is the order of values in LakeProvider::ReadSystemRows; new ones go to the end.
  static const std::vector<SystemRelation> kRelations = {
      {"queries",
       {{"id", kText},
        {"principal", kText},
        {"door", kText},
        {"request_id", kText},
        {"text", kText},
        {"fingerprint", kText},
        {"kind", kText},
        {"state", kText},
        {"started_at", kInstant},
        {"ended_at", kInstant},
        {"tables", kText},
        {"rows_returned", kNumber},
        {"bytes_returned", kNumber},
        {"rows_scanned", kNumber},
        {"bytes_scanned", kNumber},
        {"rows_changed", kNumber},
        {"stages", kText},
        {"prediction", kText},
        {"error_code", kText},
        {"error_message", kText}}},
      {"schemas", {{"id", kText}, {"schema_name", kText}, {"comment", kText}, {"created_at", kInstant}}},
      {"tables",
       {{"id", kText},
        {"schema_name", kText},
        {"table_name", kText},
        {"managed", kBoolean},
        {"comment", kText},
        {"created_at", kInstant}}},
      {"views", {{"schema_name", kText}, {"view_name", kText}, {"sql", kText}, {"created_at", kInstant}}},
      {"running",
       {{"id", kText}, {"kind", kText}, {"state", kText}, {"progress", "DOUBLE"}, {"rows_returned", kNumber}}},
      {"external_locations", {{"name", kText}, {"path", kText}, {"may_register", kBoolean}, {"created_at", kInstant}}},
      {"tokens",
       {{"id", kText},
        {"name", kText},
        {"prefix", kText},
        {"principal", kText},
        {"role", kText},
        {"created_at", kInstant},
        {"expires_at", kInstant},
        {"revoked_at", kInstant}}},
  };
  return kRelations;
}

}  // namespace neurolake::engine::duckdb
