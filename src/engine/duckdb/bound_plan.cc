#include "engine/duckdb/internal/bound_plan.h"

#include "engine/duckdb/internal/row_identity.h"

#include <numeric>
#include <set>

#include "common/text.h"
#include "duckdb/function/lambda_functions.hpp"
#include "duckdb/planner/operator/logical_merge_into.hpp"
#include "engine/duckdb/internal/expectations.h"
#include "engine/duckdb/internal/file_pruning.h"
#include "engine/duckdb/internal/system_table.h"

namespace neurolake::engine::duckdb {
namespace {

using native::ExpressionClass;
using native::LogicalOperatorType;

/// When the version was committed: as its commit says, or as its file is dated.
std::optional<WallTime> CommitTimeOf(const tables::delta::Snapshot& snapshot) {
  const auto& log = snapshot.log();
  if (log.in_commit_timestamp_ms.has_value()) return WallTime(std::chrono::milliseconds(*log.in_commit_timestamp_ms));
  if (log.newest_commit.size_bytes < 0) return std::nullopt;
  return log.newest_commit.modified;
}

// Collects what a plan reads, writes and calls.
class PlanWalk {
 public:
  PlanWalk(native::ClientContext& context, BoundPlan& plan) : context_(context), plan_(plan) {}

  void Visit(native::LogicalOperator& op, int parent = -1) {
    // The type's name: GetName() of a source is that of its function, which the allow-list of operators cannot know.
    const bool system_scan = op.type == LogicalOperatorType::LOGICAL_GET && IsSystemScan(op.Cast<native::LogicalGet>());
    plan_.digest_value.operators.push_back(system_scan ? "SYSTEM_SCAN" : native::LogicalOperatorToString(op.type));
    const int self = AddNode(op, parent);
    native::LogicalOperatorVisitor::EnumerateExpressions(
        op, [this](native::unique_ptr<native::Expression>* expression) { VisitExpression(**expression); });
    const size_t filters_before = filters_.size();
    switch (op.type) {
      case LogicalOperatorType::LOGICAL_GET: VisitGet(op.Cast<native::LogicalGet>(), self); break;
      case LogicalOperatorType::LOGICAL_FILTER:
        for (auto& expression : op.expressions) filters_.push_back(expression.get());
        break;
      case LogicalOperatorType::LOGICAL_INSERT: AddRows(op.Cast<native::LogicalInsert>().table, "INSERT", self); break;
      case LogicalOperatorType::LOGICAL_DELETE: AddWrite(op.Cast<native::LogicalDelete>().table, "DELETE"); break;
      case LogicalOperatorType::LOGICAL_UPDATE: AddRows(op.Cast<native::LogicalUpdate>().table, "UPDATE", self); break;
      case LogicalOperatorType::LOGICAL_MERGE_INTO:
        AddRows(op.Cast<native::LogicalMergeInto>().table, "MERGE", self);
        break;
      case LogicalOperatorType::LOGICAL_CREATE_TABLE: AddCreation(op.Cast<native::LogicalCreateTable>()); break;
      default: break;
    }
    for (auto& child : op.children) Visit(*child, self);
    filters_.resize(filters_before);
  }

 private:
  // The operator's name was added just before.
  int AddNode(native::LogicalOperator& op, int parent) {
    plan::OperatorDigest node;
    node.name = plan_.digest_value.operators.back();
    node.parent = parent;
    if (op.type == LogicalOperatorType::LOGICAL_AGGREGATE_AND_GROUP_BY) {
      node.keeps_rows = KeepsRows(op.Cast<native::LogicalAggregate>());
    }
    if (op.type == LogicalOperatorType::LOGICAL_EXPRESSION_GET) {
      const auto& values = op.Cast<native::LogicalExpressionGet>();
      node.rows = static_cast<int64_t>(values.expressions.size());
      node.row_bytes = RowBytes(values.expr_types);
      for (const auto& type : values.expr_types) node.vector_row_bytes += VectorBytes(type);
    }
    if (op.type == LogicalOperatorType::LOGICAL_PROJECTION) {
      for (const auto& expression : op.expressions) node.vector_row_bytes += VectorBytes(expression->return_type);
    }
    if (op.type == LogicalOperatorType::LOGICAL_GET) {
      const auto& get = op.Cast<native::LogicalGet>();
      for (const auto& id : get.GetColumnIds()) {
        if (id.IsVirtualColumn() || id.GetPrimaryIndex() >= get.returned_types.size()) continue;
        node.vector_row_bytes += VectorBytes(get.returned_types[id.GetPrimaryIndex()]);
      }
    }
    plan_.digest_value.tree.push_back(std::move(node));
    return static_cast<int>(plan_.digest_value.tree.size()) - 1;
  }

  static bool KeepsRows(const native::LogicalAggregate& aggregate) {
    if (!aggregate.groups.empty()) return true;
    return std::ranges::any_of(aggregate.expressions, [](const auto& expression) {
      if (expression->GetExpressionClass() != ExpressionClass::BOUND_AGGREGATE) return false;
      const auto& call = expression->template Cast<native::BoundAggregateExpression>();
      return call.IsDistinct() || call.order_bys != nullptr;
    });
  }

  // What a row takes in memory; values of no fixed size are taken for short ones.
  static int64_t RowBytes(const native::vector<native::LogicalType>& types) {
    constexpr int64_t kVariableBytes = 32;
    int64_t bytes = 0;
    for (const auto& type : types) {
      const auto physical = type.InternalType();
      bytes +=
          native::TypeIsConstantSize(physical) ? static_cast<int64_t>(native::GetTypeIdSize(physical)) : kVariableBytes;
    }
    return bytes;
  }

  // A value's place in a vector; what a text or a list has beside that comes with its rows.
  static int64_t VectorBytes(const native::LogicalType& type) {
    if (type.id() != native::LogicalTypeId::STRUCT) {
      const auto physical = type.InternalType();
      const bool has_size = native::TypeIsConstantSize(physical) || physical == native::PhysicalType::VARCHAR ||
                            physical == native::PhysicalType::LIST;
      return has_size ? static_cast<int64_t>(native::GetTypeIdSize(physical)) : 0;
    }
    int64_t bytes = 0;
    for (const auto& [name, child] : native::StructType::GetChildTypes(type)) bytes += VectorBytes(child);
    return bytes;
  }

  void Use(const std::string& name, const char* kind) {
    if (seen_.emplace(name, kind).second) plan_.digest_value.functions.push_back({name, kind});
  }

  void VisitExpression(const native::Expression& expression) {
    switch (expression.GetExpressionClass()) {
      case ExpressionClass::BOUND_FUNCTION: {
        const auto& call = expression.Cast<native::BoundFunctionExpression>();
        Use(LowerAscii(call.function.name), "scalar");
        // The body of a lambda is not among the children.
        if (auto* lambda = dynamic_cast<const native::ListLambdaBindData*>(call.bind_info.get());
            lambda != nullptr && lambda->lambda_expr != nullptr) {
          VisitExpression(*lambda->lambda_expr);
        }
        break;
      }
      case ExpressionClass::BOUND_AGGREGATE:
        Use(LowerAscii(expression.Cast<native::BoundAggregateExpression>().function.name), "aggregate");
        break;
      case ExpressionClass::BOUND_WINDOW: {
        const auto& window = expression.Cast<native::BoundWindowExpression>();
        if (window.aggregate != nullptr) {
          Use(LowerAscii(window.aggregate->name), "aggregate");
        } else {
          std::string name = LowerAscii(native::ExpressionTypeToString(window.GetExpressionType()));
          Use(name.starts_with("window_") ? name.substr(7) : name, "window");
        }
        break;
      }
      case ExpressionClass::BOUND_UNNEST: Use("unnest", "scalar"); break;
      case ExpressionClass::BOUND_SUBQUERY: {
        const auto& subquery = expression.Cast<native::BoundSubqueryExpression>();
        if (subquery.subquery.plan != nullptr) Visit(*subquery.subquery.plan);
        break;
      }
      default: break;
    }
    native::ExpressionIterator::EnumerateChildren(expression,
                                                  [this](const native::Expression& child) { VisitExpression(child); });
  }

  void VisitGet(native::LogicalGet& get, int self) {
    auto scan = FindLakeScan(get);
    if (scan == nullptr) {
      plan::OperatorDigest& node = plan_.digest_value.tree[static_cast<size_t>(self)];
      node.rows = -1;
      node.row_bytes = RowBytes(get.returned_types);
      if (IsSystemScan(get)) {
        node.rows = 0;  // Read by pages and small.
      } else if (get.function.cardinality != nullptr) {
        const auto estimate = get.function.cardinality(context_, get.bind_data.get());
        if (estimate != nullptr && estimate->has_estimated_cardinality) {
          node.rows = static_cast<int64_t>(
              std::min<native::idx_t>(estimate->estimated_cardinality, std::numeric_limits<int64_t>::max()));
        }
      }
      // Whatever else stands for a table is a function, also when no call was written.
      if (!IsSystemScan(get)) Use(LowerAscii(get.function.name), "table");
      return;
    }
    plan::ScanDigest digest;
    digest.scan_id = scan->scan_id;
    digest.table = scan->table->entry().id;
    digest.schema_name = scan->table->entry().schema_name;
    digest.table_name = scan->table->entry().table_name;
    digest.version = scan->snapshot->version();
    digest.policy = scan->table->entry().policy;
    // It may be that of rows that are hidden.
    if (digest.policy == nullptr) digest.committed = CommitTimeOf(*scan->snapshot);
    native::vector<native::column_t> ids;
    for (const auto& id : get.GetColumnIds()) {
      ids.push_back(id.GetPrimaryIndex());
      if (id.GetPrimaryIndex() == native::MultiFileReader::COLUMN_IDENTIFIER_FILE_INDEX)
        digest.for_write = !written_.empty();
      const bool given =
          RowIdentity::Has(id.GetPrimaryIndex()) && scan->table->row_ids() == LakeTableEntry::RowIds::kGiven;
      if (given) digest.reads_tracking = true;
      if (id.IsVirtualColumn() && id.GetPrimaryIndex() != native::COLUMN_IDENTIFIER_EMPTY && !given) {
        digest.reads_row_ids = true;
      }
      if (id.IsVirtualColumn()) continue;
      const std::string& name = get.names[id.GetPrimaryIndex()];
      const auto& fields = scan->snapshot->schema().fields;
      const bool stored = id.GetPrimaryIndex() < fields.size() && fields[id.GetPrimaryIndex()].name == name;
      digest.columns.push_back(name);
      digest.physical_columns.push_back(stored ? fields[id.GetPrimaryIndex()].physical_name() : name);
    }
    Estimate(*scan, get.table_index, ids, digest);
    plan_.digest_value.tree[static_cast<size_t>(self)].scan = static_cast<int>(plan_.digest_value.scans.size());
    plan_.digest_value.scans.push_back(std::move(digest));
    plan_.scans.push_back(std::move(scan));
  }

  // What the optimiser will very likely leave of the files. Filters above an outer join may say too much: an estimate.
  void Estimate(const LakeScan& scan, native::idx_t table_index, const native::vector<native::column_t>& ids,
                plan::ScanDigest& digest) {
    std::vector<uint32_t> all(scan.snapshot->files().size());
    std::iota(all.begin(), all.end(), 0U);
    native::vector<native::unique_ptr<native::Expression>> filters;
    for (const native::Expression* filter : filters_) filters.push_back(filter->Copy());
    const auto kept = filters.empty() ? all : scan.pruner->Prune(all, filters, table_index, ids);
    digest.files_total = static_cast<int64_t>(scan.snapshot->files().size());
    digest.files_kept = static_cast<int64_t>(kept.size());
    digest.bytes_kept = 0;
    digest.rows_kept = 0;
    for (uint32_t index : kept) {
      digest.bytes_kept += scan.snapshot->files().size_bytes(index);
      digest.rows_kept += scan.snapshot->LiveRows(index).value_or(0);
    }
  }

  void AddWrite(const native::TableCatalogEntry& table, const char* operation) {
    const auto* lake = dynamic_cast<const LakeTableEntry*>(&table);
    plan::WriteDigest write;
    write.operation = operation;
    write.schema_name = table.ParentSchema().name;
    write.table_name = table.name;
    if (lake != nullptr) write.table = lake->entry().id;
    written_.insert(write.table);
    plan_.digest_value.writes.push_back(std::move(write));
  }

  /// A write of rows, of operator `self`.
  void AddRows(const native::TableCatalogEntry& table, const char* operation, int self) {
    AddWrite(table, operation);
    const auto* lake = dynamic_cast<const LakeTableEntry*>(&table);
    plan_.digest_value.tree[static_cast<size_t>(self)].keeps_rows =
        lake != nullptr && RowsWaitOnKeys(context_, lake->entry().id);
  }

  void AddCreation(const native::LogicalCreateTable& create) {
    plan::WriteDigest write;
    write.operation = create.children.empty() ? "CREATE TABLE" : "CREATE TABLE AS";
    write.schema_name = create.schema.name;
    write.table_name = create.info->Base().table;
    plan_.digest_value.writes.push_back(std::move(write));
  }

  native::ClientContext& context_;
  BoundPlan& plan_;
  std::set<std::pair<std::string, std::string>> seen_;
  std::set<TableId> written_;
  std::vector<const native::Expression*> filters_;  // Of the operators above, innermost last.
};

}  // namespace

void DigestPlan(native::ClientContext& context, const std::string& statement_kind, BoundPlan& plan) {
  plan.digest_value.statement_kind = statement_kind;
  for (const auto& [catalog, change] : plan.properties.modified_databases) {
    plan.digest_value.changed_catalogs.push_back(catalog);
  }
  if (plan.root == nullptr) return;
  PlanWalk(context, plan).Visit(*plan.root);
  plan.digest_value.rows_estimated = static_cast<double>(plan.root->EstimateCardinality(context));
}

}  // namespace neurolake::engine::duckdb
