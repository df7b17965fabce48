#include "engine/duckdb/internal/lineage_walk.h"

#include <algorithm>

#include "duckdb/common/multi_file/multi_file_states.hpp"
#include "duckdb/planner/operator/logical_positional_join.hpp"
#include "engine/duckdb/internal/lake_scan.h"
#include "engine/duckdb/internal/system_table.h"
#include "tables/delta/field_places.h"

namespace neurolake::engine::duckdb {

using native::JoinType;
using native::LogicalOperatorType;
using plan::DependenceKind;

const Sources& LineageWalk::Column(const native::ColumnBinding& binding) const {
  static const Sources none;
  const auto found = columns_.find(binding.table_index);
  if (found == columns_.end() || binding.column_index >= found->second.size()) return none;
  return found->second[binding.column_index];
}

std::vector<Sources> LineageWalk::Columns(native::LogicalOperator& op) const {
  std::vector<Sources> columns;
  for (const auto& binding : op.GetColumnBindings()) columns.push_back(Column(binding));
  return columns;
}

void LineageWalk::Compute(native::idx_t table_index,
                          const native::vector<native::unique_ptr<native::Expression>>& expressions) {
  std::vector<Sources> columns;
  columns.reserve(expressions.size());
  for (const auto& expression : expressions) columns.push_back(Of(*expression));
  columns_[table_index] = std::move(columns);
}

void LineageWalk::AddToColumns(native::LogicalOperator& op, const Sources& more) {
  if (more.empty()) return;
  for (const auto& binding : op.GetColumnBindings()) {
    const auto found = columns_.find(binding.table_index);
    if (found != columns_.end() && binding.column_index < found->second.size()) {
      found->second[binding.column_index].Add(more);
    }
  }
}

Sources LineageWalk::RowsOfChildren(native::LogicalOperator& op) {
  Sources rows;
  for (auto& child : op.children) rows.Add(Rows(*child));
  return rows;
}

Sources LineageWalk::Deciding(native::LogicalOperator& op, DependenceKind kind) {
  Sources deciding;
  native::LogicalOperatorVisitor::EnumerateExpressions(
      op, [&](native::unique_ptr<native::Expression>* expression) { deciding.Add(Of(**expression).Deciding(kind)); });
  return deciding;
}

Sources LineageWalk::Rows(native::LogicalOperator& op) {
  switch (op.type) {
    case LogicalOperatorType::LOGICAL_GET: return RowsOfGet(op.Cast<native::LogicalGet>());
    case LogicalOperatorType::LOGICAL_PROJECTION: {
      Sources rows = RowsOfChildren(op);
      Compute(op.Cast<native::LogicalProjection>().table_index, op.expressions);
      return rows;
    }
    case LogicalOperatorType::LOGICAL_WINDOW: {
      Sources rows = RowsOfChildren(op);
      Compute(op.Cast<native::LogicalWindow>().window_index, op.expressions);
      return rows;
    }
    case LogicalOperatorType::LOGICAL_UNNEST: {
      Sources rows = RowsOfChildren(op);
      Compute(op.Cast<native::LogicalUnnest>().unnest_index, op.expressions);
      return rows;
    }
    case LogicalOperatorType::LOGICAL_EXPRESSION_GET: return RowsOfValues(op.Cast<native::LogicalExpressionGet>());
    case LogicalOperatorType::LOGICAL_FILTER:
    case LogicalOperatorType::LOGICAL_LIMIT: {
      Sources rows = RowsOfChildren(op);
      rows.Add(Deciding(op, DependenceKind::kFilter));
      return rows;
    }
    case LogicalOperatorType::LOGICAL_ORDER_BY:
    case LogicalOperatorType::LOGICAL_TOP_N: {
      Sources rows = RowsOfChildren(op);
      rows.Add(Deciding(op, DependenceKind::kSort));
      return rows;
    }
    case LogicalOperatorType::LOGICAL_SAMPLE:
    case LogicalOperatorType::LOGICAL_DUMMY_SCAN:
    case LogicalOperatorType::LOGICAL_EMPTY_RESULT:
    case LogicalOperatorType::LOGICAL_CHUNK_GET: return RowsOfChildren(op);
    case LogicalOperatorType::LOGICAL_AGGREGATE_AND_GROUP_BY:
      return RowsOfAggregate(op.Cast<native::LogicalAggregate>());
    case LogicalOperatorType::LOGICAL_DISTINCT: return RowsOfDistinct(op.Cast<native::LogicalDistinct>());
    case LogicalOperatorType::LOGICAL_PIVOT: return RowsOfPivot(op.Cast<native::LogicalPivot>());
    case LogicalOperatorType::LOGICAL_COMPARISON_JOIN:
    case LogicalOperatorType::LOGICAL_DELIM_JOIN:
    case LogicalOperatorType::LOGICAL_ASOF_JOIN:
    case LogicalOperatorType::LOGICAL_ANY_JOIN:
    case LogicalOperatorType::LOGICAL_DEPENDENT_JOIN: return RowsOfJoin(op);
    case LogicalOperatorType::LOGICAL_CROSS_PRODUCT:
    case LogicalOperatorType::LOGICAL_POSITIONAL_JOIN: return RowsOfChildren(op);
    case LogicalOperatorType::LOGICAL_UNION:
    case LogicalOperatorType::LOGICAL_EXCEPT:
    case LogicalOperatorType::LOGICAL_INTERSECT: return RowsOfSetOperation(op);
    case LogicalOperatorType::LOGICAL_MATERIALIZED_CTE:
    case LogicalOperatorType::LOGICAL_RECURSIVE_CTE: return RowsOfCte(op);
    case LogicalOperatorType::LOGICAL_CTE_REF: {
      auto& reference = op.Cast<native::LogicalCTERef>();
      auto columns = columns_[reference.cte_index];
      columns.resize(reference.chunk_types.size());
      columns_[reference.table_index] = std::move(columns);
      return cte_rows_[reference.cte_index];
    }
    case LogicalOperatorType::LOGICAL_DELIM_GET: {
      auto& get = op.Cast<native::LogicalDelimGet>();
      auto columns = delim_columns_.empty() ? std::vector<Sources>() : delim_columns_.back();
      columns.resize(get.chunk_types.size());
      columns_[get.table_index] = std::move(columns);
      return {};
    }
    default: return RowsOfUnknown(op);
  }
}

Sources LineageWalk::RowsOfValues(native::LogicalExpressionGet& values) {
  Sources rows = RowsOfChildren(values);
  std::vector<Sources> columns(values.expr_types.size());
  for (const auto& row : values.expressions) {
    for (size_t i = 0; i < row.size() && i < columns.size(); ++i) columns[i].Add(Of(*row[i]));
  }
  columns_[values.table_index] = std::move(columns);
  return rows;
}

// One row whatever was filtered: that shows in its values.
Sources LineageWalk::RowsOfAggregate(native::LogicalAggregate& aggregate) {
  Sources rows = RowsOfChildren(aggregate);
  Compute(aggregate.group_index, aggregate.groups);
  Compute(aggregate.aggregate_index, aggregate.expressions);
  Sources groups;
  for (const auto& group : aggregate.groups) groups.Add(Of(*group).Deciding(DependenceKind::kGroupBy));
  if (!aggregate.grouping_functions.empty()) {
    columns_[aggregate.groupings_index] = std::vector<Sources>(aggregate.grouping_functions.size(), groups);
  }
  if (aggregate.groups.empty()) {
    for (Sources& column : columns_[aggregate.aggregate_index]) column.Add(rows);
    return {};
  }
  rows.Add(groups);
  return rows;
}

Sources LineageWalk::RowsOfDistinct(native::LogicalDistinct& distinct) {
  Sources rows = RowsOfChildren(distinct);
  for (const auto& target : distinct.distinct_targets) rows.Add(Of(*target).Deciding(DependenceKind::kGroupBy));
  if (distinct.order_by != nullptr) {
    for (const auto& order : distinct.order_by->orders) {
      rows.Add(Of(*order.expression).Deciding(DependenceKind::kSort));
    }
  }
  return rows;
}

// Its input is grouped already: the groups, then lists of names and of values, out of which each column is picked.
Sources LineageWalk::RowsOfPivot(native::LogicalPivot& pivot) {
  Sources rows = RowsOfChildren(pivot);
  auto columns = Columns(*pivot.children[0]);
  Sources picked;
  for (size_t i = pivot.bound_pivot.group_count; i < columns.size(); ++i) picked.Add(columns[i]);
  columns.resize(pivot.bound_pivot.group_count);
  columns.resize(pivot.bound_pivot.types.size(), picked.Computed(DependenceKind::kTransformation));
  columns_[pivot.pivot_index] = std::move(columns);
  return rows;
}

Sources LineageWalk::JoinConditions(native::LogicalOperator& op) {
  Sources deciding;
  if (op.type == LogicalOperatorType::LOGICAL_ANY_JOIN) {
    deciding.Add(Of(*op.Cast<native::LogicalAnyJoin>().condition).Deciding(DependenceKind::kJoin));
    return deciding;
  }
  auto& join = op.Cast<native::LogicalComparisonJoin>();
  for (const auto& condition : join.conditions) {
    deciding.Add(Of(*condition.left).Deciding(DependenceKind::kJoin));
    deciding.Add(Of(*condition.right).Deciding(DependenceKind::kJoin));
  }
  if (join.predicate != nullptr) deciding.Add(Of(*join.predicate).Deciding(DependenceKind::kJoin));
  return deciding;
}

Sources LineageWalk::RowsOfJoin(native::LogicalOperator& op) {
  auto& join = op.Cast<native::LogicalJoin>();
  const bool delim = op.type == LogicalOperatorType::LOGICAL_DELIM_JOIN;
  const size_t outer = delim && op.Cast<native::LogicalComparisonJoin>().delim_flipped ? 1 : 0;
  Sources of_child[2];
  of_child[outer] = Rows(*op.children[outer]);
  if (delim) {
    // The inner side sees the outer one's columns by way of LogicalDelimGet.
    std::vector<Sources> columns;
    for (const auto& column : op.Cast<native::LogicalComparisonJoin>().duplicate_eliminated_columns) {
      columns.push_back(Of(*column));
    }
    delim_columns_.push_back(std::move(columns));
  }
  of_child[1 - outer] = Rows(*op.children[1 - outer]);
  if (delim) delim_columns_.pop_back();

  const Sources conditions = op.type == LogicalOperatorType::LOGICAL_DEPENDENT_JOIN ? Sources() : JoinConditions(op);
  Sources rows = of_child[0];
  Sources inner = of_child[1];
  inner.Add(conditions);
  if (join.join_type == JoinType::MARK) {
    // Neither adds nor takes rows: its mark says whether there is a match.
    Sources mark = conditions.Computed(DependenceKind::kTransformation);
    mark.Add(of_child[1]);
    columns_[join.mark_index] = {std::move(mark)};
    return rows;
  }
  if (join.join_type == JoinType::SINGLE) {
    // A scalar sub-query: one row for each of the left, and NULL where there is no match.
    AddToColumns(*op.children[1], inner);
    return rows;
  }
  rows.Add(inner);
  return rows;
}

Sources LineageWalk::RowsOfSetOperation(native::LogicalOperator& op) {
  auto& set = op.Cast<native::LogicalSetOperation>();
  Sources rows;
  std::vector<Sources> columns(set.column_count);
  for (size_t child = 0; child < op.children.size(); ++child) {
    rows.Add(Rows(*op.children[child]));
    const auto of_child = Columns(*op.children[child]);
    // EXCEPT and INTERSECT only compare with what is on the right.
    const bool compares = child > 0 && op.type != LogicalOperatorType::LOGICAL_UNION;
    for (size_t i = 0; i < columns.size() && i < of_child.size(); ++i) {
      if (compares) rows.Add(of_child[i].Deciding(DependenceKind::kFilter));
      else columns[i].Add(of_child[i]);
    }
  }
  if (op.type != LogicalOperatorType::LOGICAL_UNION) {
    for (const Sources& column : columns) rows.Add(column.Deciding(DependenceKind::kFilter));
  } else if (!set.setop_all) {
    for (const Sources& column : columns) rows.Add(column.Deciding(DependenceKind::kGroupBy));
  }
  columns_[set.table_index] = std::move(columns);
  return rows;
}

Sources LineageWalk::RowsOfCte(native::LogicalOperator& op) {
  auto& cte = op.Cast<native::LogicalCTE>();
  cte_rows_[cte.table_index] = Rows(*op.children[0]);
  columns_[cte.table_index] = Columns(*op.children[0]);
  if (op.type == LogicalOperatorType::LOGICAL_MATERIALIZED_CTE) return Rows(*op.children[1]);
  const auto& recursive = op.Cast<native::LogicalRecursiveCTE>();
  // Until nothing is new. It ends, as dependences are only added and there are finitely many.
  for (bool changed = true; changed;) {
    const Sources step = Rows(*op.children[1]);
    changed = cte_rows_[cte.table_index].Add(step);
    const auto columns = Columns(*op.children[1]);
    auto& known = columns_[cte.table_index];
    for (size_t i = 0; i < known.size() && i < columns.size(); ++i) changed = known[i].Add(columns[i]) || changed;
  }
  Sources rows = cte_rows_[cte.table_index];
  if (!recursive.union_all) {
    for (const Sources& column : columns_[cte.table_index]) rows.Add(column.Deciding(DependenceKind::kGroupBy));
  }
  return rows;
}

Sources LineageWalk::RowsOfUnknown(native::LogicalOperator& op) {
  Sources rows = RowsOfChildren(op);
  Sources everything;
  for (auto& child : op.children) {
    for (const Sources& column : Columns(*child)) everything.Add(column);
  }
  native::LogicalOperatorVisitor::EnumerateExpressions(
      op, [&](native::unique_ptr<native::Expression>* expression) { everything.Add(Of(**expression)); });
  everything = everything.Computed(DependenceKind::kTransformation);
  for (const auto& binding : op.GetColumnBindings()) {
    auto& columns = columns_[binding.table_index];
    // What passes through is known from below.
    if (binding.column_index < columns.size()) continue;
    columns.resize(binding.column_index + 1, everything);
  }
  return rows;
}

uint32_t LineageWalk::Relation(const native::LogicalGet& get) {
  const auto known = scans_.find(get.table_index);
  if (known != scans_.end()) return known->second;
  plan::LineageRelation relation;
  if (const auto scan = FindLakeScan(get); scan != nullptr) {
    relation.kind = "table";
    relation.id = scan->table->entry().id;
    relation.schema_name = scan->table->entry().schema_name;
    relation.name = scan->table->entry().table_name;
    relation.version = scan->snapshot->version();
    relation.via = scan->via;
    for (const auto& field : scan->snapshot->schema().fields) relation.physical_fields.push_back(field.physical_name());
    for (const auto& place : tables::delta::NestedPlaces(scan->snapshot->schema())) {
      relation.nested.push_back({place.names, place.physical});
    }
  } else if (IsSystemScan(get) || get.bind_data == nullptr) {
    relation.kind = "other";
  } else if (const auto* files = dynamic_cast<const native::MultiFileBindData*>(get.bind_data.get())) {
    relation.kind = "files";
    for (const auto& file : files->file_list->GetAllFiles()) relation.files.push_back(file.path);
  } else {
    relation.kind = "other";
  }
  for (const auto& name : get.names) relation.fields.push_back(name);
  uint32_t index = 0;
  for (; index < relations_.size(); ++index) {
    const plan::LineageRelation& other = relations_[index];
    // One table at one version is one source, however often it is read.
    if (relation.kind == "table" && other.id == relation.id && other.version == relation.version &&
        other.via == relation.via && other.fields == relation.fields) {
      break;
    }
  }
  if (index == relations_.size()) relations_.push_back(std::move(relation));
  scans_[get.table_index] = index;
  return index;
}

Sources LineageWalk::RowsOfGet(native::LogicalGet& get) {
  Sources rows = RowsOfChildren(get);
  const uint32_t relation = Relation(get);
  // A function's columns come from whatever it is given.
  Sources given;
  for (auto& child : get.children) {
    for (const Sources& column : Columns(*child)) given.Add(column.Computed(DependenceKind::kTransformation));
  }
  std::vector<Sources> columns;
  for (const auto& column : get.GetColumnIds()) {
    Sources sources = given;
    const bool named = !column.IsVirtualColumn() && column.GetPrimaryIndex() < relations_[relation].fields.size();
    if (named && relations_[relation].kind != "other") {
      sources.Add(Sources::Of(relation, static_cast<uint32_t>(column.GetPrimaryIndex())));
    }
    columns.push_back(std::move(sources));
  }
  columns_[get.table_index] = std::move(columns);
  return rows;
}

}  // namespace neurolake::engine::duckdb
