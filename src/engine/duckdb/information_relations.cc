// The relations of schema `information_schema`: names and columns of ISO/IEC 9075-11, as far as a lake has them.
#include "engine/duckdb/information_relations.h"

#include "common/text.h"

namespace neurolake::engine::duckdb {
namespace {

constexpr const char* kText = "VARCHAR";
constexpr const char* kNumber = "BIGINT";
constexpr const char* kInstant = "TIMESTAMP WITH TIME ZONE";

SystemRelation Relation(std::string name, std::initializer_list<const char*> texts) {
  SystemRelation relation{std::move(name), {}};
  for (const char* column : texts) relation.columns.emplace_back(column, kText);
  return relation;
}

SystemRelation Columns() {
  SystemRelation columns = Relation("columns", {"table_catalog", "table_schema", "table_name", "column_name"});
  columns.columns.emplace_back("ordinal_position", kNumber);
  for (const char* text : {"column_default", "is_nullable", "data_type"}) columns.columns.emplace_back(text, kText);
  for (const char* number : {"character_maximum_length", "numeric_precision", "numeric_precision_radix",
                             "numeric_scale", "datetime_precision"}) {
    columns.columns.emplace_back(number, kNumber);
  }
  for (const char* text :
       {"is_identity", "identity_start", "identity_increment", "is_generated", "generation_expression", "comment"}) {
    columns.columns.emplace_back(text, kText);
  }
  return columns;
}

SystemRelation WithTimes(SystemRelation relation) {
  relation.columns.emplace_back("created", kInstant);
  return relation;
}

SystemRelation Keys() {
  SystemRelation keys = Relation("key_column_usage", {"constraint_catalog", "constraint_schema", "constraint_name",
                                                      "table_catalog", "table_schema", "table_name", "column_name"});
  keys.columns.emplace_back("ordinal_position", kNumber);
  return keys;
}

}  // namespace

bool IsOwnSchema(std::string_view schema) {
  return EqualsIgnoringCase(schema, "system") || EqualsIgnoringCase(schema, "information_schema");
}

const std::vector<SystemRelation>& InformationRelations() {
  static const std::vector<SystemRelation> kRelations = {
      WithTimes(Relation("schemata", {"catalog_name", "schema_name", "schema_owner", "comment"})),
      WithTimes(Relation(
          "tables", {"table_catalog", "table_schema", "table_name", "table_type", "is_insertable_into", "is_typed"})),
      Relation("views", {"table_catalog", "table_schema", "table_name", "view_definition", "check_option",
                         "is_updatable", "is_insertable_into"}),
      Columns(),
      Relation("table_privileges",
               {"grantor", "grantee", "table_catalog", "table_schema", "table_name", "privilege_type", "is_grantable"}),
      Relation("column_privileges", {"grantor", "grantee", "table_catalog", "table_schema", "table_name", "column_name",
                                     "privilege_type", "is_grantable"}),
      Relation("role_table_grants", {"grantor", "grantee", "table_catalog", "table_schema", "table_name",
                                     "privilege_type", "is_grantable", "inherited_from"}),
      Relation("table_constraints",
               {"constraint_catalog", "constraint_schema", "constraint_name", "table_catalog", "table_schema",
                "table_name", "constraint_type", "is_deferrable", "initially_deferred", "enforced"}),
      Relation("check_constraints", {"constraint_catalog", "constraint_schema", "constraint_name", "check_clause"}),
      Keys(),
      Relation("information_schema_catalog_name", {"catalog_name"}),
  };
  return kRelations;
}

}  // namespace neurolake::engine::duckdb
