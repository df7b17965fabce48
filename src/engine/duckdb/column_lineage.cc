#include "engine/duckdb/internal/column_lineage.h"

#include <algorithm>

#include "common/text.h"
#include "duckdb/planner/operator/logical_merge_into.hpp"
#include "engine/duckdb/internal/lineage_walk.h"
#include "tables/delta/field_places.h"

namespace neurolake::engine::duckdb {
namespace {

using native::LogicalOperatorType;
using plan::DependenceKind;
using plan::LineageColumn;
using plan::LineageDigest;
using plan::LineageSource;

/// Collects what one statement does to its target, or gives as its result.
class Trace {
 public:
  explicit Trace(LineageDigest& digest) : digest_(digest), walk_(digest.relations) {}

  void Query(BoundPlan& plan) {
    rows_ = walk_.Rows(*plan.root);
    const auto columns = walk_.Columns(*plan.root);
    for (size_t i = 0; i < plan.names.size() && i < columns.size(); ++i) {
      AddColumn(plan.names[i], plan.types[i], columns[i]);
    }
  }

  void Insert(native::LogicalInsert& insert) {
    Target(insert.table, "INSERT");
    if (insert.children.empty()) return;
    rows_ = walk_.Rows(*insert.children[0]);
    const auto values = walk_.Columns(*insert.children[0]);
    Assign(insert.table, insert.column_index_map, values);
  }

  void Update(native::LogicalUpdate& update) {
    Target(update.table, "UPDATE");
    rows_ = walk_.Rows(*update.children[0]);
    Assign(update.table, update.columns, update.expressions);
  }

  void Delete(native::LogicalDelete& erase) {
    Target(erase.table, "DELETE");
    rows_ = walk_.Rows(*erase.children[0]);
  }

  void Merge(native::LogicalMergeInto& merge) {
    Target(merge.table, "MERGE");
    rows_ = walk_.Rows(*merge.children[0]);
    for (auto& [when, actions] : merge.actions) {
      for (auto& action : actions) {
        if (action->condition != nullptr) rows_.Add(walk_.Of(*action->condition).Deciding(DependenceKind::kFilter));
        if (action->action_type == native::MergeActionType::MERGE_UPDATE) {
          Assign(merge.table, action->columns, action->expressions);
        } else if (action->action_type == native::MergeActionType::MERGE_INSERT) {
          std::vector<Sources> values;
          for (const auto& expression : action->expressions) values.push_back(walk_.Of(*expression));
          Assign(merge.table, action->column_index_map, values);
        }
      }
    }
  }

  void CreateTable(native::LogicalCreateTable& create) {
    digest_.operation = "CREATE TABLE AS";
    digest_.target_kind = "table";
    digest_.target_schema = create.schema.name;
    digest_.target_name = create.info->Base().table;
    std::vector<Sources> values;
    if (!create.children.empty()) {
      rows_ = walk_.Rows(*create.children[0]);
      values = walk_.Columns(*create.children[0]);
    }
    values.resize(create.info->Base().columns.PhysicalColumnCount());
    size_t i = 0;
    for (const auto& column : create.info->Base().columns.Physical()) {
      AddColumn(column.Name(), column.Type(), values[i++]);
    }
  }

  void View(BoundPlan& query, const native::CreateViewInfo& view) {
    digest_.operation = "CREATE VIEW";
    digest_.target_kind = "view";
    digest_.target_schema = view.schema;
    digest_.target_name = view.view_name;
    Query(query);
    for (size_t i = 0; i < digest_.columns.size() && i < view.aliases.size(); ++i) {
      digest_.columns[i].name = view.aliases[i];
      digest_.target_fields[i].name = view.aliases[i];
    }
  }

  void Finish() {
    digest_.rows = rows_.entries();
    // Names are kept of columns that something depends on; where all are read there is nothing to leave out.
    for (LineageColumn& column : digest_.columns) {
      const auto found = std::ranges::find(sources_, column.name, &std::pair<std::string, Sources>::first);
      if (found != sources_.end()) Put(found->second, column);
    }
    if (!digest_.target_kind.empty()) return;
    // Tags go with what is written alone.
    for (plan::LineageRelation& relation : digest_.relations) relation.nested.clear();
    for (LineageColumn& column : digest_.columns) column.parts.clear();
  }

 private:
  void Target(const native::TableCatalogEntry& table, const char* operation) {
    digest_.operation = operation;
    digest_.target_kind = "table";
    digest_.target_schema = table.ParentSchema().name;
    digest_.target_name = table.name;
    for (const auto& column : table.GetColumns().Physical()) {
      digest_.target_fields.push_back({column.Name(), column.Type().ToString()});
    }
    const auto* lake = dynamic_cast<const LakeTableEntry*>(&table);
    if (lake == nullptr) return;
    digest_.target = lake->entry().id;
    for (const auto& place : tables::delta::NestedPlaces(lake->snapshot()->schema())) {
      digest_.target_nested.push_back({place.names, place.physical});
    }
    for (plan::LineageField& field : digest_.target_fields) {
      const auto& fields = lake->snapshot()->schema().fields;
      const auto found = std::ranges::find(fields, field.name, &tables::delta::StructField::name);
      if (found != fields.end()) field.physical = found->physical_name();
    }
  }

  void AddColumn(const std::string& name, const native::LogicalType& type, const Sources& sources) {
    if (!digest_.target_kind.empty()) digest_.target_fields.push_back({name, type.ToString()});
    Put(sources, digest_.columns.emplace_back(LineageColumn{.name = name, .sources = {}}));
  }

  void Put(const Sources& sources, LineageColumn& column) const {
    column.sources = sources.entries();
    const auto& parts = sources.parts();
    const auto narrow = [](const plan::LineagePart& part) { return !part.from.empty() || !part.to.empty(); };
    if (std::ranges::none_of(parts, narrow)) return;
    for (const plan::LineagePart& part : parts) {
      if (digest_.relations[part.source.relation].kind == "table") column.parts.push_back(part);
    }
  }

  /// A column that several clauses assign to depends on what each of them gives it.
  void AddToColumn(const native::ColumnDefinition& column, const Sources& sources) {
    auto found = std::ranges::find(sources_, column.Name(), &std::pair<std::string, Sources>::first);
    if (found == sources_.end()) {
      sources_.emplace_back(column.Name(), sources);
      digest_.columns.push_back({.name = column.Name(), .sources = {}});
      return;
    }
    found->second.Add(sources);
  }

  void Assign(const native::TableCatalogEntry& table, const native::physical_index_vector_t<native::idx_t>& places,
              const std::vector<Sources>& values) {
    for (const auto& column : table.GetColumns().Physical()) {
      const native::idx_t place = places.empty() ? column.Physical().index : places[column.Physical()];
      if (place < values.size()) AddToColumn(column, values[place]);
    }
  }

  void Assign(const native::TableCatalogEntry& table, const native::vector<native::PhysicalIndex>& columns,
              const native::vector<native::unique_ptr<native::Expression>>& values) {
    for (size_t i = 0; i < columns.size() && i < values.size(); ++i) {
      const auto& column = table.GetColumns().GetColumn(columns[i]);
      const Sources sources = walk_.Of(*values[i]);
      // The engine writes whole rows: a column that nobody assigned to is assigned itself.
      if (!IsItself(sources, column.Name())) AddToColumn(column, sources);
    }
  }

  bool IsItself(const Sources& sources, const std::string& column) const {
    const auto entries = sources.entries();
    if (entries.size() != 1) return false;
    const LineageSource& source = entries.front();
    const plan::LineageRelation& relation = digest_.relations[source.relation];
    return source.kinds == 1U << static_cast<int>(DependenceKind::kIdentity) && relation.kind == "table" &&
           relation.id == digest_.target && relation.fields[source.field] == column;
  }

  LineageDigest& digest_;
  LineageWalk walk_;
  Sources rows_;
  std::vector<std::pair<std::string, Sources>> sources_;  // Of the columns that Assign found.
};

}  // namespace

plan::LineageDigest TraceLineage(BoundPlan& plan) {
  LineageDigest digest;
  if (plan.root == nullptr) return digest;
  Trace trace(digest);
  switch (plan.root->type) {
    case LogicalOperatorType::LOGICAL_INSERT: trace.Insert(plan.root->Cast<native::LogicalInsert>()); break;
    case LogicalOperatorType::LOGICAL_UPDATE: trace.Update(plan.root->Cast<native::LogicalUpdate>()); break;
    case LogicalOperatorType::LOGICAL_DELETE: trace.Delete(plan.root->Cast<native::LogicalDelete>()); break;
    case LogicalOperatorType::LOGICAL_MERGE_INTO: trace.Merge(plan.root->Cast<native::LogicalMergeInto>()); break;
    case LogicalOperatorType::LOGICAL_CREATE_TABLE:
      trace.CreateTable(plan.root->Cast<native::LogicalCreateTable>());
      break;
    default:
      if (!plan.returns_rows) return digest;
      trace.Query(plan);
  }
  trace.Finish();
  return digest;
}

plan::LineageDigest TraceViewLineage(BoundPlan& query, const native::CreateViewInfo& view) {
  LineageDigest digest;
  Trace trace(digest);
  trace.View(query, view);
  trace.Finish();
  return digest;
}

}  // namespace neurolake::engine::duckdb
