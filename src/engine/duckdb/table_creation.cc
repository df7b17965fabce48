#include "engine/duckdb/internal/table_creation.h"

#include <boost/json.hpp>

#include "common/text.h"
#include "duckdb/parser/constraints/list.hpp"
#include "duckdb/parser/expression/columnref_expression.hpp"
#include "duckdb/parser/expression/constant_expression.hpp"
#include "engine/duckdb/information_relations.h"
#include "engine/duckdb/internal/dml_target.h"
#include "engine/duckdb/internal/lake_catalog.h"
#include "engine/duckdb/internal/path_grants.h"
#include "engine/duckdb/internal/snapshot_cache.h"
#include "engine/duckdb/internal/table_clauses.h"
#include "engine/duckdb/internal/type_mapping.h"
#include "tables/delta/alter.h"

namespace neurolake::engine::duckdb {

using tables::delta::DataType;
using tables::delta::StructField;

namespace {

std::string JsonText(const std::string& text) { return boost::json::serialize(boost::json::string(text)); }

std::string ConstraintName(const native::Constraint& constraint) {
  switch (constraint.type) {
    case native::ConstraintType::CHECK: return "CHECK constraints";
    case native::ConstraintType::UNIQUE:
      return constraint.Cast<native::UniqueConstraint>().IsPrimaryKey() ? "PRIMARY KEY" : "UNIQUE constraints";
    case native::ConstraintType::FOREIGN_KEY: return "FOREIGN KEY";
    default: return "such constraints";
  }
}

Result<DataType> SchemaOf(native::CreateTableInfo& info) {
  DataType schema;
  schema.kind = DataType::Kind::kStruct;
  for (const auto& column : info.columns.Logical()) {
    StructField field;
    field.name = column.Name();
    NL_ASSIGN_OR_RETURN(field.type, ToDeltaType(column.Type(), field.name));
    if (!column.Comment().IsNull()) field.metadata["comment"] = JsonText(column.Comment().ToString());
    schema.fields.push_back(std::move(field));
  }
  for (const auto& constraint : info.constraints) {
    if (constraint->type != native::ConstraintType::NOT_NULL) continue;
    schema.fields[constraint->Cast<native::NotNullConstraint>().index.index].nullable = false;
  }
  return schema;
}

Result<std::vector<std::string>> PartitionColumns(native::CreateTableInfo& info) {
  std::vector<std::string> names;
  for (const auto& key : info.partition_keys) {
    if (key->GetExpressionClass() != native::ExpressionClass::COLUMN_REF ||
        key->Cast<native::ColumnRefExpression>().IsQualified()) {
      return MakeError(ErrorCode::kNotSupported, "PARTITIONED BY takes names of columns only");
    }
    names.push_back(key->Cast<native::ColumnRefExpression>().GetColumnName());
  }
  return names;
}

/// What stands in WITH (…): `location` and `comment` apart, the rest properties.
struct Options {
  std::string location;
  std::string comment;
  std::string clauses;  ///< kClausesOption.
  std::map<std::string, std::string> properties;
};

Result<Options> ReadOptions(native::CreateTableInfo& info) {
  Options options;
  for (const auto& [name, expression] : info.options) {
    // WITH (name = word) arrives as a column's name.
    std::string value;
    if (expression->GetExpressionClass() == native::ExpressionClass::CONSTANT) {
      value = expression->Cast<native::ConstantExpression>().value.ToString();
    } else if (expression->GetExpressionClass() == native::ExpressionClass::COLUMN_REF) {
      value = expression->Cast<native::ColumnRefExpression>().GetColumnName();
    } else {
      return MakeError(ErrorCode::kInvalidArgument, "a table property must be a constant: {}", name);
    }
    const std::string lower = LowerAscii(name);
    if (lower == "location") {
      options.location = std::move(value);
    } else if (lower == "comment") {
      options.comment = std::move(value);
    } else if (lower == kClausesOption) {
      options.clauses = std::move(value);
    } else {
      options.properties[name] = std::move(value);
    }
  }
  return options;
}

bool HasNoColumns(const DataType& schema) { return schema.fields.size() == 1 && schema.fields[0].name == kNoColumns; }

bool SameColumns(const DataType& a, const DataType& b) {
  if (a.fields.size() != b.fields.size()) return false;
  for (size_t i = 0; i < a.fields.size(); ++i) {
    if (!EqualsIgnoringCase(a.fields[i].name, b.fields[i].name)) return false;
    if (tables::delta::TypeName(a.fields[i].type) != tables::delta::TypeName(b.fields[i].type)) return false;
  }
  return true;
}

/// A replacement keeps the table's id and never takes a feature away: older versions still need it.
void KeepIdentity(const tables::delta::Snapshot& base, TableMaking& making) {
  auto& protocol = making.protocol;
  const auto& old = base.protocol();
  protocol.min_reader_version = std::max(protocol.min_reader_version, old.min_reader_version);
  protocol.min_writer_version = std::max(protocol.min_writer_version, old.min_writer_version);
  const auto merge = [](std::vector<std::string>& features, const std::vector<std::string>& more) {
    for (const std::string& feature : more) {
      if (std::ranges::find(features, feature) == features.end()) features.push_back(feature);
    }
  };
  merge(protocol.reader_features, old.reader_features);
  merge(protocol.writer_features, old.writer_features);
  auto& configuration = making.metadata.configuration;
  making.metadata.id = base.metadata().id;
  // Switching in-commit timestamps on later needs the version and time of it; a replacement leaves them as they are.
  for (const char* key : {"delta.enableInCommitTimestamps", "delta.inCommitTimestampEnablementVersion",
                          "delta.inCommitTimestampEnablementTimestamp"}) {
    configuration.erase(key);
    if (const auto found = base.metadata().configuration.find(key); found != base.metadata().configuration.end()) {
      configuration[key] = found->second;
    }
  }
}

/// Clustering is not part of the metadata that a replacement brings.
void DropOldClustering(const tables::delta::Snapshot& base, TableMaking& making) {
  using tables::delta::kClusteringDomain;
  const bool brings =
      std::ranges::any_of(making.domains, [](const auto& domain) { return domain.domain == kClusteringDomain; });
  const auto old = base.log().domains.find(kClusteringDomain);
  if (brings || old == base.log().domains.end() || old->second.removed) return;
  tables::delta::DomainMetadata gone = old->second;
  gone.removed = true;
  making.domains.push_back(std::move(gone));
}

std::map<std::string, std::string> Parameters(const CreatedTable& created) {
  boost::json::object properties;
  for (const auto& [name, value] : created.making.metadata.configuration) properties[name] = value;
  return {{"isManaged", created.table.managed ? "\"true\"" : "\"false\""},
          {"description", JsonText(created.making.metadata.description)},
          {"partitionBy", JsonTextOfList(created.making.metadata.partition_columns)},
          {"properties", JsonText(boost::json::serialize(properties))}};
}

/// WITH (location = …) where a Delta table lies already: it gets a name, and nothing is written to it.
void TakeExisting(StatementState& state, const DataType& wanted, CreatedTable& created, bool with_rows) {
  const auto log = tables::delta::ListLog(*state.store, created.table.location, std::nullopt);
  if (!log.has_value()) {
    if (log.error().code() != ErrorCode::kNotFound) ThrowLakeError(log.error());
    if (HasNoColumns(wanted)) {
      ThrowLakeError(Error(ErrorCode::kNotFound,
                           fmt::format("there is no Delta table at this location, and no columns are given to create "
                                       "one: {}",
                                       created.table.location)));
    }
    return;
  }
  if (with_rows) {
    ThrowLakeError(Error(ErrorCode::kAlreadyExists,
                         fmt::format("there is a Delta table at this location already: {}", created.table.location)));
  }
  created.base = ValueOrThrow(state.snapshots->Load(*state.context, created.table, std::nullopt));
  if (!HasNoColumns(wanted) && !SameColumns(wanted, created.base->schema())) {
    ThrowLakeError(Error(ErrorCode::kInvalidArgument,
                         fmt::format("the table at this location has other columns; leave the columns out: {}",
                                     created.table.location)));
  }
  created.register_only = true;
}

}  // namespace

Result<void> CheckCreation(native::CreateTableInfo& info) {
  if (info.temporary) return MakeError(ErrorCode::kNotSupported, "a lake has no temporary tables: {}", info.table);
  if (!info.sort_keys.empty()) return MakeError(ErrorCode::kNotSupported, "SORTED BY is not supported");
  for (const auto& column : info.columns.Logical()) {
    if (column.Generated()) {
      return MakeError(ErrorCode::kNotSupported, "generated columns are not supported: {}", column.Name());
    }
    if (column.HasDefaultValue()) {
      return MakeError(ErrorCode::kNotSupported, "DEFAULT is not supported: column {}", column.Name());
    }
  }
  for (const auto& constraint : info.constraints) {
    if (constraint->type == native::ConstraintType::NOT_NULL) continue;
    return MakeError(ErrorCode::kNotSupported, "a lake table cannot have {}: {}", ConstraintName(*constraint),
                     info.table);
  }
  NL_RETURN_IF_ERROR(SchemaOf(info));
  NL_RETURN_IF_ERROR(PartitionColumns(info));
  NL_RETURN_IF_ERROR(ReadOptions(info));
  return {};
}

CreatedTable PrepareCreation(native::ClientContext& context, native::SchemaCatalogEntry& schema,
                             native::CreateTableInfo& info, bool with_rows) {
  StatementState& state = StatementState::Get(context);
  if (IsOwnSchema(schema.name)) {
    ThrowLakeError(Error(ErrorCode::kReadOnly, "nothing can be created in schema " + LowerAscii(schema.name)));
  }
  ValueOrThrow(CheckCreation(info));
  const DataType wanted = ValueOrThrow(SchemaOf(info));
  const Options options = ValueOrThrow(ReadOptions(info));
  auto made = ValueOrThrow(tables::delta::MakeNewTable(wanted, ValueOrThrow(PartitionColumns(info)), options.properties,
                                                       options.comment, NowMilliseconds(state)));
  const bool replace = info.on_conflict == native::OnCreateConflict::REPLACE_ON_CONFLICT;
  TableCreation creation{.schema_name = LowerAscii(schema.name),
                         .table_name = LowerAscii(info.table),
                         .or_replace = replace,
                         .if_not_exists = info.on_conflict == native::OnCreateConflict::IGNORE_ON_CONFLICT,
                         .location = options.location};
  CreatedTable created;
  const PreparedTable prepared = ValueOrThrow(state.provider->PrepareTable(creation));
  created.table = prepared.table;
  created.skip = prepared.exists && !replace;
  if (created.skip) return created;
  state.paths->Allow(created.table.location, PathGrants::Access::kReadWrite);
  for (const auto& root : created.table.foreign_roots) state.paths->Allow(root.location, PathGrants::Access::kRead);
  created.making = {
      .protocol = std::move(made.protocol), .metadata = std::move(made.metadata), .domains = {}, .register_as = {}};
  if (!options.clauses.empty()) ApplyClauses(context, options.clauses, created.table, created.making);
  if (prepared.exists) {
    LakeTransaction& open = LakeTransaction::Get(context, schema.ParentCatalog());
    created.base = open.Pinned(created.table.id);
    if (created.base == nullptr) {
      created.base = ValueOrThrow(state.snapshots->Load(*state.context, created.table, std::nullopt));
    }
    open.CheckMayWrite(created.table, created.base);
    KeepIdentity(*created.base, created.making);
    DropOldClustering(*created.base, created.making);
  } else {
    created.making.register_as = RelationName{creation.schema_name, creation.table_name};
    if (!options.location.empty()) TakeExisting(state, wanted, created, with_rows);
    if (!created.register_only) ValueOrThrow(state.store->MakeDirectory(created.table.location));
  }
  created.schema = ValueOrThrow(tables::delta::ParseSchema(created.making.metadata.schema_string));
  created.operation =
      std::string(replace ? "CREATE OR REPLACE TABLE" : "CREATE TABLE") + (with_rows ? " AS SELECT" : "");
  created.parameters = Parameters(created);
  return created;
}

}  // namespace neurolake::engine::duckdb
