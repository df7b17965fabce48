#include "engine/duckdb/lake_provider.h"

namespace neurolake::engine::duckdb {
namespace {

constexpr const char* kText = "VARCHAR";
constexpr const char* kNumber = "BIGINT";
constexpr const char* kInstant = "TIMESTAMP WITH TIME ZONE";
constexpr const char* kBoolean = "BOOLEAN";

/// What came from where. The columns of both that tell an edge are the same.
std::vector<SystemRelation> LineageRelations() {
  const std::vector<std::pair<std::string, std::string>> edge = {
      {"recorded_at", kInstant}, {"statement_id", kText}, {"principal", kText}, {"operation", kText},
      {"source_kind", kText},    {"source_id", kText},    {"source", kText},    {"source_version", kNumber},
      {"target_kind", kText},    {"target_id", kText},    {"target", kText},    {"target_version", kNumber}};
  SystemRelation tables{"lineage", edge}, columns{"column_lineage", edge};
  tables.columns.emplace_back("via", kText);
  for (const char* name : {"source_column", "target_column", "dependence", "subtype"}) {
    columns.columns.emplace_back(name, kText);
  }
  return {std::move(tables), std::move(columns)};
}

/// The audit log; docs/formats/audit.md says what its records hold.
SystemRelation AuditRelation() {
  SystemRelation audit{"audit", {{"record", kNumber}, {"recorded_at", kInstant}}};
  for (const char* name :
       {"type",        "principal", "principal_id", "role",     "on_behalf_of", "authentication", "credential",
        "door",        "address",   "request_id",   "purpose",  "statement_id", "kind",           "text",
        "fingerprint", "constants", "objects",      "policies", "decision",     "state"}) {
    audit.columns.emplace_back(name, kText);
  }
  for (const char* name : {"rows_returned", "bytes_returned", "rows_changed"})
    audit.columns.emplace_back(name, kNumber);
  for (const char* name : {"error", "action", "details"}) audit.columns.emplace_back(name, kText);
  return audit;
}

/// Whom tables tell of, and who was forgotten.
std::vector<SystemRelation> ErasureRelations() {
  return {
      {"data_subjects",
       {{"data_subject", kText},
        {"schema_name", kText},
        {"table_name", kText},
        {"column_name", kText},
        {"holds", kText},
        {"created_by", kText},
        {"created_at", kInstant}}},
      {"erasures",
       {{"id", kText},
        {"data_subject", kText},
        {"key_hash", kText},
        {"state", kText},
        {"principal", kText},
        {"statement_id", kText},
        {"started_at", kInstant},
        {"ended_at", kInstant},
        {"report", kText}}},
  };
}

/// Questions in plain language that were kept, and what was said of their answers.
std::vector<SystemRelation> QuestionRelations() {
  return {
      {"ask_questions",
       {{"id", kText},
        {"conversation_id", kText},
        {"asked_at", kInstant},
        {"question", kText},
        {"status", kText},
        {"model_name", kText},
        {"model_version", kText},
        {"is_follow_up", kBoolean},
        {"as_of", kText},
        {"intent", kText}}},
      {"ask_feedback",
       {{"id", kText},
        {"question_id", kText},
        {"model_name", kText},
        {"verdict", kText},
        {"state", kText},
        {"given_by", kText},
        {"given_at", kInstant},
        {"question", kText},
        {"as_of", kText},
        {"intent", kText},
        {"meant", kText},
        {"comment", kText},
        {"decided_by", kText},
        {"decided_at", kInstant}}},
  };
}

/// Semantic models of the catalogue.
std::vector<SystemRelation> SemanticModelRelations() {
  return {
      {"semantic_models",
       {{"model_name", kText},
        {"schema_name", kText},
        {"owner", kText},
        {"version", kNumber},
        {"state", kText},
        {"comment", kText},
        {"created_at", kInstant},
        {"updated_at", kInstant}}},
      {"semantic_model_versions",
       {{"model_name", kText},
        {"version", kNumber},
        {"is_current", kBoolean},
        {"restored_version", kNumber},
        {"digest", kText},
        {"created_by", kText},
        {"created_at", kInstant}}},
  };
}

/// What the statements that look after tables keep.
std::vector<SystemRelation> MaintenanceRelations() {
  return {
      {"dropped_tables",
       {{"id", kText}, {"schema_name", kText}, {"table_name", kText}, {"managed", kBoolean}, {"dropped_at", kInstant}}},
      {"table_statistics",
       {{"schema_name", kText},
        {"table_name", kText},
        {"version", kNumber},
        {"analyzed_at", kInstant},
        {"row_count", kNumber},
        {"size_bytes", kNumber},
        {"files", kNumber},
        {"small_files", kNumber},
        {"deleted_rows", kNumber},
        {"partitions", kNumber},
        {"average_file_bytes", kNumber},
        {"average_row_bytes", "DOUBLE"},
        {"clustering_columns", kText},
        {"clustering_depth", "DOUBLE"}}},
      {"column_statistics",
       {{"schema_name", kText},
        {"table_name", kText},
        {"version", kNumber},
        {"analyzed_at", kInstant},
        {"column_name", kText},
        {"data_type", kText},
        {"null_count", kNumber},
        {"null_rate", "DOUBLE"},
        {"min", kText},
        {"max", kText},
        {"distinct_count", kNumber},
        {"average_bytes", "DOUBLE"},
        {"clustering_depth", "DOUBLE"},
        {"histogram", kText}}},
      {"expectations",
       {{"schema_name", kText},
        {"table_name", kText},
        {"name", kText},
        {"kind", kText},
        {"definition", kText},
        {"action", kText},
        {"created_by", kText},
        {"created_at", kInstant}}},
      {"expectation_results",
       {{"checked_at", kInstant},
        {"schema_name", kText},
        {"table_name", kText},
        {"version", kNumber},
        {"expectation", kText},
        {"rows_checked", kNumber},
        {"violations", kNumber},
        {"action", kText},
        {"statement_id", kText},
        {"metric", "DOUBLE"}}},
      {"pii_findings",
       {{"schema_name", kText},
        {"table_name", kText},
        {"column_name", kText},
        {"entity", kText},
        {"tag", kText},
        {"confidence", "DOUBLE"},
        {"in_text", kBoolean},
        {"also", kText},
        {"evidence", kText},
        {"version", kNumber},
        {"rows_scanned", kNumber},
        {"found_at", kInstant},
        {"found_by", kText},
        {"state", kText},
        {"decided_by", kText}}},
  };
}

}  // namespace

Result<std::string> LakeProvider::Maintain(const std::string& action, const std::string&) {
  return MakeError(ErrorCode::kNotSupported, "there is no server that could do this: {}", action);
}

const std::vector<SystemRelation>& SystemRelations() {
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
        {"error_message", kText},
        {"purpose", kText},
        {"break_glass", kText},
        {"on_behalf_of", kText},
        {"authentication", kText}}},
      {"tags",
       {{"schema_name", kText},
        {"table_name", kText},
        {"column_name", kText},
        {"tag", kText},
        {"value", kText},
        {"set_by", kText},
        {"set_at", kInstant}}},
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
      {"external_locations",
       {{"name", kText}, {"path", kText}, {"may_register", kBoolean}, {"created_at", kInstant}, {"credential", kText}}},
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
  static const std::vector<SystemRelation> kAll = [] {
    std::vector<SystemRelation> all = kRelations;
    const auto more = MaintenanceRelations();
    all.insert(all.end(), more.begin(), more.end());
    const auto erasures = ErasureRelations();
    all.insert(all.end(), erasures.begin(), erasures.end());
    const auto models = SemanticModelRelations();
    all.insert(all.end(), models.begin(), models.end());
    const auto questions = QuestionRelations();
    all.insert(all.end(), questions.begin(), questions.end());
    const auto lineage = LineageRelations();
    all.insert(all.end(), lineage.begin(), lineage.end());
    all.push_back(AuditRelation());
    return all;
  }();
  return kAll;
}

}  // namespace neurolake::engine::duckdb
