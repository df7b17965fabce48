#include "engine/duckdb/internal/merge_rows.h"

#include "duckdb/execution/expression_executor.hpp"
#include "engine/duckdb/internal/error_translation.h"

namespace neurolake::engine::duckdb {

using native::MergeActionCondition;
using native::MergeActionType;

namespace {

/// The rows of the input that one clause got.
struct ClauseRows {
  size_t clause = 0;
  native::SelectionVector rows;
  native::idx_t count = 0;
};

struct MergeState final : native::OperatorState {
  std::vector<native::unique_ptr<native::ExpressionExecutor>> conditions;  // By clause; null: none.
  std::vector<native::unique_ptr<native::ExpressionExecutor>> values;
  std::vector<native::unique_ptr<native::DataChunk>> results;
  native::DataChunk part;
  std::vector<ClauseRows> pending;  // Of the input under way, those that give rows.
  bool sorted_out = false;
  RowDeletions::Local deletions;
  MergeCounts counts;
};

std::string ClauseName(MergeActionCondition kind) {
  switch (kind) {
    case MergeActionCondition::WHEN_MATCHED: return "WHEN MATCHED";
    case MergeActionCondition::WHEN_NOT_MATCHED_BY_TARGET: return "WHEN NOT MATCHED";
    case MergeActionCondition::WHEN_NOT_MATCHED_BY_SOURCE: return "WHEN NOT MATCHED BY SOURCE";
  }
  NL_UNREACHABLE();
}

[[noreturn]] void ThrowClauseError(const MergeClause& clause) {
  std::string text = fmt::format("a row met a clause of the MERGE that says ERROR: {}", ClauseName(clause.kind));
  if (!clause.message.empty()) text += ": " + clause.message;
  ThrowLakeError(Error(ErrorCode::kInvalidArgument, std::move(text)));
}

/// Input rows by kind of match.
struct Matches {
  explicit Matches(native::idx_t size) : rows(size) {}
  native::SelectionVector rows;
  native::idx_t count = 0;
  void Add(native::idx_t row) { rows.set_index(count++, row); }
};

native::SelectionVector Compose(const native::SelectionVector& outer, const native::SelectionVector& inner,
                                native::idx_t count) {
  native::SelectionVector result(std::max<native::idx_t>(count, 1));
  for (native::idx_t i = 0; i < count; ++i) result.set_index(i, outer.get_index(inner.get_index(i)));
  return result;
}

}  // namespace

LakeMergeRows::LakeMergeRows(native::PhysicalPlan& plan, std::shared_ptr<WriteJob> job,
                             native::vector<native::LogicalType> types, std::vector<MergeClause> clauses,
                             MergeColumns columns, native::PhysicalOperator& child)
    : PhysicalOperator(plan, native::PhysicalOperatorType::EXTENSION, std::move(types), child.estimated_cardinality),
      job_(std::move(job)),
      clauses_(std::move(clauses)),
      columns_(columns) {
  children.push_back(child);
}

native::unique_ptr<native::OperatorState> LakeMergeRows::GetOperatorState(native::ExecutionContext& context) const {
  auto state = native::make_uniq<MergeState>();
  for (const MergeClause& clause : clauses_) {
    state->conditions.push_back(
        clause.condition ? native::make_uniq<native::ExpressionExecutor>(context.client, *clause.condition) : nullptr);
    if (clause.values.empty()) {
      state->values.push_back(nullptr);
      state->results.push_back(nullptr);
      continue;
    }
    state->values.push_back(native::make_uniq<native::ExpressionExecutor>(context.client, clause.values));
    native::vector<native::LogicalType> value_types;
    for (const auto& value : clause.values) value_types.push_back(value->return_type);
    state->results.push_back(native::make_uniq<native::DataChunk>());
    state->results.back()->Initialize(native::Allocator::Get(context.client), value_types);
  }
  state->part.InitializeEmpty(children[0].get().types);
  return state;
}

namespace {

/// Gives the rows of one kind of match to that kind's clauses, in the order in which they were written.
class Dispatch {
 public:
  Dispatch(const std::vector<MergeClause>& clauses, const MergeColumns& columns, native::DataChunk& input,
           MergeState& state)
      : clauses_(clauses), columns_(columns), input_(input), state_(state) {}

  void Run(MergeActionCondition kind, const Matches& matches) {
    native::SelectionVector remaining(matches.rows);
    native::idx_t count = matches.count;
    for (size_t i = 0; i < clauses_.size() && count > 0; ++i) {
      if (clauses_[i].kind != kind) continue;
      native::SelectionVector taken(remaining);
      native::idx_t taken_count = count;
      if (clauses_[i].condition) {
        state_.part.Slice(input_, remaining, count);
        native::SelectionVector yes(count), no(count);
        taken_count = state_.conditions[i]->SelectExpression(state_.part, yes, no, nullptr, count);
        taken = Compose(remaining, yes, taken_count);
        remaining = Compose(remaining, no, count - taken_count);
      }
      count -= taken_count;
      if (taken_count > 0) Take(i, std::move(taken), taken_count);
    }
  }

 private:
  void Take(size_t clause, native::SelectionVector rows, native::idx_t count) {
    const bool by_source = clauses_[clause].kind == MergeActionCondition::WHEN_NOT_MATCHED_BY_SOURCE;
    const auto added = static_cast<int64_t>(count);
    switch (clauses_[clause].action) {
      case MergeActionType::MERGE_DO_NOTHING: return;
      case MergeActionType::MERGE_ERROR: ThrowClauseError(clauses_[clause]);
      case MergeActionType::MERGE_DELETE:
        (by_source ? state_.counts.deleted_by_source : state_.counts.deleted_matched) += added;
        state_.part.Slice(input_, rows, count);
        RowDeletions::Add(state_.deletions, state_.part.data[columns_.row_id_start],
                          state_.part.data[columns_.row_id_start + 1], count);
        return;
      case MergeActionType::MERGE_UPDATE:
        (by_source ? state_.counts.updated_by_source : state_.counts.updated_matched) += added;
        break;
      case MergeActionType::MERGE_INSERT: state_.counts.inserted += added; break;
    }
    state_.pending.push_back({clause, std::move(rows), count});
  }

  const std::vector<MergeClause>& clauses_;
  const MergeColumns& columns_;
  native::DataChunk& input_;
  MergeState& state_;
};

void SortOut(const std::vector<MergeClause>& clauses, const MergeColumns& columns, native::DataChunk& input,
             MergeState& state) {
  native::UnifiedVectorFormat row_ids, markers;
  input.data[columns.row_id_start].ToUnifiedFormat(input.size(), row_ids);
  if (columns.source_marker.IsValid()) {
    input.data[columns.source_marker.GetIndex()].ToUnifiedFormat(input.size(), markers);
  }
  Matches matched(input.size()), not_matched(input.size()), by_source(input.size());
  for (native::idx_t row = 0; row < input.size(); ++row) {
    if (columns.source_marker.IsValid() && !markers.validity.RowIsValid(markers.sel->get_index(row))) {
      by_source.Add(row);
    } else if (row_ids.validity.RowIsValid(row_ids.sel->get_index(row))) {
      matched.Add(row);
    } else {
      not_matched.Add(row);
    }
  }
  Dispatch dispatch(clauses, columns, input, state);
  dispatch.Run(MergeActionCondition::WHEN_MATCHED, matched);
  dispatch.Run(MergeActionCondition::WHEN_NOT_MATCHED_BY_TARGET, not_matched);
  dispatch.Run(MergeActionCondition::WHEN_NOT_MATCHED_BY_SOURCE, by_source);
}

}  // namespace

native::OperatorResultType LakeMergeRows::Execute(native::ExecutionContext&, native::DataChunk& input,
                                                  native::DataChunk& chunk, native::GlobalOperatorState&,
                                                  native::OperatorState& operator_state) const {
  auto& state = operator_state.Cast<MergeState>();
  if (!state.sorted_out) {
    SortOut(clauses_, columns_, input, state);
    state.sorted_out = true;
  }
  if (!state.pending.empty()) {
    const ClauseRows work = std::move(state.pending.back());
    state.pending.pop_back();
    state.part.Slice(input, work.rows, work.count);
    native::DataChunk& values = *state.results[work.clause];
    values.Reset();
    state.values[work.clause]->Execute(state.part, values);
    const native::idx_t width = values.ColumnCount();
    for (native::idx_t i = 0; i < width; ++i) chunk.data[i].Reference(values.data[i]);
    const bool updates = clauses_[work.clause].action == MergeActionType::MERGE_UPDATE;
    for (native::idx_t i = 0; i < columns_.row_id_count; ++i) {
      if (updates) {
        chunk.data[width + i].Reference(state.part.data[columns_.row_id_start + i]);
      } else {
        chunk.data[width + i].Reference(native::Value(chunk.data[width + i].GetType()));
      }
    }
    chunk.SetCardinality(work.count);
  }
  if (!state.pending.empty()) return native::OperatorResultType::HAVE_MORE_OUTPUT;
  state.sorted_out = false;
  return native::OperatorResultType::NEED_MORE_INPUT;
}

native::OperatorFinalizeResultType LakeMergeRows::FinalExecute(native::ExecutionContext&, native::DataChunk&,
                                                               native::GlobalOperatorState&,
                                                               native::OperatorState& operator_state) const {
  auto& state = operator_state.Cast<MergeState>();
  if (job_->changes) job_->changes->deleted.Merge(RowDeletions::Local(state.deletions));
  job_->deletions.Merge(std::move(state.deletions));
  std::lock_guard lock(job_->mutex);
  job_->merge += state.counts;
  state.counts = {};
  return native::OperatorFinalizeResultType::FINISHED;
}

}  // namespace neurolake::engine::duckdb
