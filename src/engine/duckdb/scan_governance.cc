#include "engine/duckdb/internal/scan_governance.h"

#include "duckdb/optimizer/cte_inlining.hpp"
#include "duckdb/optimizer/optimizer.hpp"
#include "engine/duckdb/internal/column_cells.h"
#include "engine/duckdb/internal/field_masks.h"
#include "engine/duckdb/internal/minimum_groups.h"
#include "engine/duckdb/internal/policy_barrier.h"
#include "engine/duckdb/internal/policy_expressions.h"
#include "plan/field_path.h"

namespace neurolake::engine::duckdb {
namespace {

using OperatorPointer = native::unique_ptr<native::LogicalOperator>;
using ExpressionPointer = native::unique_ptr<native::Expression>;

/// Puts mask(filter(scan)) in the place of one scan. What stands above goes on meaning the same columns, which are the
/// projection's now.
class ScanRewrite {
 public:
  ScanRewrite(native::ClientContext& context, native::Binder& binder, native::LogicalGet& get, const LakeScan& scan,
              const plan::TablePolicy& policy)
      : context_(context),
        get_(get),
        scan_(scan),
        schema_(ReadableSchemaOf(scan.snapshot->schema())),
        policy_(policy),
        seen_index_(get.table_index) {
    // Nothing was pushed into the scan yet, and nothing left out of what it reads.
    if (!get.projection_ids.empty() || !get.table_filters.filters.empty()) {
      ThrowLakeError(Error(ErrorCode::kInternal, "a policy comes too late for its scan"));
    }
    if (get.GetColumnIds().empty()) get.AddColumnId(get.GetAnyColumn());
    seen_count_ = get.GetColumnIds().size();
    get.table_index = binder.GenerateTableIndex();
    // The optimiser would scan the table again beside what is put above this one, for columns that it fetches late.
    get.function.late_materialization = false;
  }

  /// Returns whether there is a row filter. `needed`: places in the scan that filter and masks refer to.
  bool Apply(OperatorPointer& op, std::set<native::idx_t>& needed) {
    CheckMasksFit();
    ExpressionPointer filter;
    if (policy_.filters_rows) {
      filter = BindPolicyCondition(context_, policy_.context, policy_.permissive, policy_.restrictive, policy_.any_of,
                                   schema());
      ReferToScan(filter);
    }
    native::vector<ExpressionPointer> columns;
    for (native::idx_t i = 0; i < seen_count_; ++i) columns.push_back(Seen(i));
    for (const auto& column : columns) FindNeeded(*column, needed);
    if (filter != nullptr) FindNeeded(*filter, needed);
    if (filter != nullptr) {
      auto visible = native::make_uniq<native::LogicalFilter>(std::move(filter));
      visible->children.push_back(std::move(op));
      op = native::make_uniq<PolicyBarrier>(std::move(visible));
    }
    auto masked = native::make_uniq<native::LogicalProjection>(seen_index_, std::move(columns));
    masked->children.push_back(std::move(op));
    op = std::move(masked);
    return policy_.filters_rows;
  }

 private:
  const tables::delta::DataType& schema() const { return schema_; }

  /// A mask that was made elsewhere may name a column that was renamed since: then it would hide nothing.
  void CheckMasksFit() const {
    for (const plan::ColumnMask& mask : policy_.masks) {
      if (!mask.value.by_name || FindPolicyColumn(schema(), mask.column)) continue;
      if (FindDottedField(schema(), mask.column.name)) continue;
      ThrowLakeError(Error(ErrorCode::kPermissionDenied,
                           fmt::format("a policy masks a column that the table does not have, so nothing of it can be "
                                       "read: {}",
                                       mask.value.policy)));
    }
  }

  /// The column as it may be seen: itself, or its mask.
  ExpressionPointer Seen(native::idx_t position) {
    const native::ColumnIndex id = get_.GetColumnIds()[position];
    const native::LogicalType type = get_.GetColumnType(id);
    if (!id.IsVirtualColumn()) {
      auto value = Masked(id.GetPrimaryIndex(), type);
      if (value != nullptr) {
        ReferToScan(value);
        return value;
      }
    }
    return native::make_uniq<native::BoundColumnRefExpression>(type, native::ColumnBinding(get_.table_index, position));
  }

  /// What is seen in the place of `column`; null: itself.
  ExpressionPointer Masked(native::idx_t column, const native::LogicalType& type) {
    const plan::ColumnMask* found = nullptr;
    std::vector<FieldMask> fields;
    for (const plan::ColumnMask& mask : policy_.masks) {
      auto path = PathWithin(mask, column);
      if (!path) continue;
      if (!path->empty()) {
        fields.push_back({.path = *std::move(path), .mask = &mask});
        continue;
      }
      // By what files call it and by its name: which of the two is meant nobody knows.
      if (found != nullptr) return native::make_uniq<native::BoundConstantExpression>(native::Value(type));
      found = &mask;
    }
    if (found == nullptr && fields.empty()) return nullptr;
    if (found == nullptr) return BindFieldMasks(context_, policy_.context, fields, schema(), column);
    // The mask of the whole is made of what the other hides.
    if (!fields.empty()) return native::make_uniq<native::BoundConstantExpression>(native::Value(type));
    return BindMask(context_, policy_.context, MaskOf(*found, column), schema(), type);
  }

  /// The way to what the mask hides within `column`; empty: all of it; nullopt: nothing of it.
  std::optional<std::vector<FieldStep>> PathWithin(const plan::ColumnMask& mask, native::idx_t column) const {
    const auto names = plan::FieldPath(mask.column.name);
    const auto physical = plan::FieldPath(mask.column.physical);
    if (names.size() > 1 && names.size() == physical.size()) {
      if (!IsMasked({.name = names[0], .physical = physical[0]}, column)) return std::nullopt;
      std::vector<FieldStep> path;
      for (size_t i = 1; i < names.size(); ++i) path.push_back({.name = names[i], .physical = physical[i]});
      return path;
    }
    if (IsMasked(mask.column, column)) return std::vector<FieldStep>();
    if (!mask.value.by_name) return std::nullopt;
    auto dotted = FindDottedField(schema(), mask.column.name);
    if (!dotted || dotted->first != column) return std::nullopt;
    return std::move(dotted->second);
  }

  /// By what files call the column, and by its name too: one that takes the name of a masked column is masked.
  bool IsMasked(const plan::PolicyColumn& masked, native::idx_t column) const {
    if (column >= schema().fields.size()) return false;
    const auto& field = schema().fields[column];
    return field.physical_name() == masked.physical || native::StringUtil::CIEquals(field.name, masked.table_name());
  }

  /// The mask as it is of `column`: where that took the name of another, it is made of its own values.
  plan::ColumnMask MaskOf(plan::ColumnMask mask, native::idx_t column) const {
    const std::string was = std::exchange(mask.column.physical, schema().fields[column].physical_name());
    for (plan::PolicyColumn& used : mask.value.columns) {
      if (used.physical == was) used.physical = mask.column.physical;
    }
    return mask;
  }

  /// From columns of the table to columns that the scan reads, asking for those that it does not yet.
  void ReferToScan(ExpressionPointer& expression) {
    if (expression->GetExpressionClass() == native::ExpressionClass::BOUND_REF) {
      const auto& reference = expression->Cast<native::BoundReferenceExpression>();
      expression = native::make_uniq<native::BoundColumnRefExpression>(
          reference.return_type, native::ColumnBinding(get_.table_index, PositionOf(reference.index)));
      return;
    }
    native::ExpressionIterator::EnumerateChildren(*expression, [&](ExpressionPointer& child) { ReferToScan(child); });
  }

  void FindNeeded(const native::Expression& expression, std::set<native::idx_t>& needed) const {
    if (expression.GetExpressionClass() == native::ExpressionClass::BOUND_COLUMN_REF) {
      needed.insert(expression.Cast<native::BoundColumnRefExpression>().binding.column_index);
    }
    native::ExpressionIterator::EnumerateChildren(expression,
                                                  [&](const native::Expression& child) { FindNeeded(child, needed); });
  }

  native::idx_t PositionOf(native::idx_t column) {
    const auto& ids = get_.GetColumnIds();
    for (native::idx_t i = 0; i < ids.size(); ++i) {
      if (ids[i].GetPrimaryIndex() == column && !ids[i].HasChildren()) return i;
    }
    get_.AddColumnId(column);
    return get_.GetColumnIds().size() - 1;
  }

  native::ClientContext& context_;
  native::LogicalGet& get_;
  const LakeScan& scan_;
  const tables::delta::DataType schema_;  // As it is read.
  const plan::TablePolicy& policy_;
  const native::idx_t seen_index_;
  native::idx_t seen_count_ = 0;
};

/// Whether any scan has a row filter now.
bool Apply(native::ClientContext& context, native::Binder& binder, OperatorPointer& op,
           const std::map<uint64_t, plan::ScanDecision>& decisions) {
  bool filters = false;
  for (auto& child : op->children) filters |= Apply(context, binder, child, decisions);
  if (op->type != native::LogicalOperatorType::LOGICAL_GET) return filters;
  auto& get = op->Cast<native::LogicalGet>();
  const auto scan = FindLakeScan(get);
  if (scan == nullptr) return filters;
  const auto decision = decisions.find(scan->scan_id);
  if (decision == decisions.end()) ThrowLakeError(Error(ErrorCode::kInternal, "ungoverned scan"));
  std::set<native::idx_t> needed;
  const bool rewritten = decision->second.policy != nullptr;
  if (rewritten) filters |= ScanRewrite(context, binder, get, *scan, *decision->second.policy).Apply(op, needed);
  OperatorPointer* place = &op;
  while (place->get() != &get) place = &(*place)->children[0];
  OpenCells(context, binder, *place, scan, rewritten ? &needed : nullptr);
  scan->governed = true;
  return filters;
}

/// What the decision for a scan says of groups.
std::vector<GroupFloor> FloorsOf(native::ClientContext& context, const native::LogicalGet& get,
                                 const std::map<uint64_t, plan::ScanDecision>& decisions) {
  std::vector<GroupFloor> floors;
  const auto scan = FindLakeScan(get);
  if (scan == nullptr) return floors;
  const auto decision = decisions.find(scan->scan_id);
  if (decision == decisions.end()) ThrowLakeError(Error(ErrorCode::kInternal, "ungoverned scan"));
  const auto& policy = decision->second.policy;
  if (policy == nullptr) return floors;
  for (const plan::GroupMinimum& minimum : policy->group_minimums) {
    GroupFloor& floor = floors.emplace_back(GroupFloor{.size = minimum.size, .entity = nullptr});
    if (!minimum.entity) continue;
    const auto schema = ReadableSchemaOf(scan->snapshot->schema());
    if (const auto column = FindPolicyColumn(schema, *minimum.entity)) {
      floor.entity = native::make_uniq<native::BoundReferenceExpression>(get.returned_types[*column], *column);
    } else if (auto field = FindFieldValue(context, schema, *minimum.entity)) {
      floor.entity = std::move(field->value);
    } else {
      ThrowLakeError(Error(ErrorCode::kPermissionDenied,
                           "the column that groups are counted by is not there, or in a list, so nothing of the table "
                           "can be read"));
    }
  }
  return floors;
}

}  // namespace

void ApplyDecisions(native::ClientContext& context, BoundPlan& plan,
                    const std::map<uint64_t, plan::ScanDecision>& decisions) {
  if (plan.root == nullptr) return;
  RequireGroups(context, plan.root, [&](const auto& get) { return FloorsOf(context, get, decisions); });
  const bool filters = std::ranges::any_of(
      decisions, [](const auto& one) { return one.second.policy != nullptr && one.second.policy->filters_rows; });
  if (filters) {
    // While plans can still be copied, so that conditions on a CTE come to its scans.
    native::Optimizer optimizer(*plan.binder, context);
    plan.root = native::CTEInlining(optimizer).Optimize(std::move(plan.root));
  }
  const bool filtered = Apply(context, *plan.binder, plan.root, decisions);
  const bool compares = OpensDeterministicCells(*plan.root);
  if (filtered || compares) plan.root = PushLeakProof(context, *plan.binder, std::move(plan.root));
  if (compares) CompareCells(context, *plan.root);
}

}  // namespace neurolake::engine::duckdb
