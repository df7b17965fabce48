// Expectations of keys that leave rows out: a row whose key is taken, or that has no partner, is known only when all
// rows of the statement are. They wait here, and those that may stay go on.
#include <boost/json.hpp>

#include "common/text.h"
#include "duckdb/common/types/column/column_data_collection.hpp"
#include "duckdb/execution/expression_executor.hpp"
#include "engine/duckdb/internal/error_translation.h"
#include "engine/duckdb/internal/expectations.h"
#include "engine/duckdb/internal/key_judge.h"
#include "engine/duckdb/internal/lake_catalog.h"
#include "engine/duckdb/internal/lake_transaction.h"
#include "engine/duckdb/internal/lake_write.h"

namespace neurolake::engine::duckdb {
namespace {

using Action = Expectation::Action;

struct KeyChecks {
  std::shared_ptr<const ExpectationSet> set;  ///< Owns what `expectations` points to.
  std::vector<const Expectation*> expectations;
  native::unique_ptr<native::Expression> as_json;  ///< Null unless rows may be set aside.
};

struct GatheredRows final : native::GlobalSinkState {
  std::mutex mutex;
  native::unique_ptr<native::ColumnDataCollection> rows;  ///< Null: none. Under `mutex` until all are there.
  LeftOutRows left_out;
};

struct GatherState final : native::LocalSinkState {
  GatherState(native::ClientContext& context, const native::vector<native::LogicalType>& types)
      : rows(native::make_uniq<native::ColumnDataCollection>(context, types)) {
    rows->InitializeAppend(append);
  }
  native::unique_ptr<native::ColumnDataCollection> rows;
  native::ColumnDataAppendState append;
};

struct KeptRowsState final : native::GlobalSourceState {
  native::ColumnDataParallelScanState scan;
  native::idx_t threads = 1;
  native::idx_t MaxThreads() override { return threads; }
};

struct KeptRowsLocal final : native::LocalSourceState {
  native::ColumnDataLocalScanState scan;
  native::DataChunk rows;
};

class LakeKeyExpectations final : public native::PhysicalOperator {
 public:
  LakeKeyExpectations(native::PhysicalPlan& plan, std::shared_ptr<WriteJob> job,
                      std::shared_ptr<const KeyChecks> checks, native::PhysicalOperator& child)
      : PhysicalOperator(plan, native::PhysicalOperatorType::EXTENSION, child.types, child.estimated_cardinality),
        job_(std::move(job)),
        checks_(std::move(checks)) {
    children.push_back(child);
  }
  native::string GetName() const override { return "LAKE_KEY_EXPECTATIONS"; }
  bool IsSink() const override { return true; }
  bool ParallelSink() const override { return true; }
  bool IsSource() const override { return true; }
  bool ParallelSource() const override { return true; }

  native::unique_ptr<native::GlobalSinkState> GetGlobalSinkState(native::ClientContext&) const override {
    return native::make_uniq<GatheredRows>();
  }
  native::unique_ptr<native::LocalSinkState> GetLocalSinkState(native::ExecutionContext& context) const override {
    return native::make_uniq<GatherState>(context.client, types);
  }

  native::SinkResultType Sink(native::ExecutionContext&, native::DataChunk& chunk,
                              native::OperatorSinkInput& input) const override {
    auto& state = input.local_state.Cast<GatherState>();
    state.rows->Append(state.append, chunk);
    return native::SinkResultType::NEED_MORE_INPUT;
  }

  native::SinkCombineResultType Combine(native::ExecutionContext&,
                                        native::OperatorSinkCombineInput& input) const override {
    auto& gathered = input.global_state.Cast<GatheredRows>();
    auto& state = input.local_state.Cast<GatherState>();
    state.append.current_chunk_state.handles.clear();
    std::lock_guard lock(gathered.mutex);
    if (gathered.rows == nullptr) {
      gathered.rows = std::move(state.rows);
    } else {
      gathered.rows->Combine(*state.rows);
    }
    return native::SinkCombineResultType::FINISHED;
  }

  native::SinkFinalizeType Finalize(native::Pipeline&, native::Event&, native::ClientContext& context,
                                    native::OperatorSinkFinalizeInput& input) const override {
    auto& gathered = input.global_state.Cast<GatheredRows>();
    if (gathered.rows == nullptr || gathered.rows->Count() == 0) return native::SinkFinalizeType::READY;
    gathered.left_out = JudgeKeys(context, *job_, checks_->expectations, *gathered.rows);
    ExpectationFindings findings;
    const auto checked = static_cast<int64_t>(gathered.rows->Count());
    for (const Expectation* one : checks_->expectations) findings.counts[one->id].rows_checked = checked;
    if (!gathered.left_out.empty()) NoteLeftOut(context, gathered, findings);
    std::lock_guard lock(job_->mutex);
    job_->findings.Merge(std::move(findings));
    return native::SinkFinalizeType::READY;
  }

  native::unique_ptr<native::GlobalSourceState> GetGlobalSourceState(native::ClientContext&) const override {
    auto state = native::make_uniq<KeptRowsState>();
    const auto& gathered = sink_state->Cast<GatheredRows>();
    if (gathered.rows == nullptr) return state;
    gathered.rows->InitializeScan(state->scan);
    state->threads = std::max<native::idx_t>(1, gathered.rows->ChunkCount());
    return state;
  }
  native::unique_ptr<native::LocalSourceState> GetLocalSourceState(native::ExecutionContext&,
                                                                   native::GlobalSourceState&) const override {
    auto state = native::make_uniq<KeptRowsLocal>();
    const auto& gathered = sink_state->Cast<GatheredRows>();
    if (gathered.rows != nullptr) gathered.rows->InitializeScanChunk(state->rows);
    return state;
  }

 protected:
  native::SourceResultType GetDataInternal(native::ExecutionContext&, native::DataChunk& chunk,
                                           native::OperatorSourceInput& input) const override {
    const auto& gathered = sink_state->Cast<GatheredRows>();
    if (gathered.rows == nullptr) return native::SourceResultType::FINISHED;
    auto& state = input.local_state.Cast<KeptRowsLocal>();
    while (gathered.rows->Scan(input.global_state.Cast<KeptRowsState>().scan, state.scan, state.rows)) {
      const native::idx_t rows = state.rows.size();
      const auto first = static_cast<int64_t>(state.scan.current_row_index);
      native::SelectionVector kept(rows);
      native::idx_t count = 0;
      for (native::idx_t row = 0; row < rows; ++row) {
        if (!gathered.left_out.At(first + static_cast<int64_t>(row))) kept.set_index(count++, row);
      }
      if (count == 0) continue;
      chunk.Slice(state.rows, kept, count);
      return native::SourceResultType::HAVE_MORE_OUTPUT;
    }
    return native::SourceResultType::FINISHED;
  }

 private:
  std::string NamesOf(size_t expectation) const {
    return boost::json::serialize(boost::json::array{checks_->expectations[expectation]->name});
  }

  /// Counts what is left out, and copies what is set aside.
  void NoteLeftOut(native::ClientContext& context, const GatheredRows& gathered, ExpectationFindings& findings) const {
    const size_t width = job_->target.layout.schema.fields.size();
    const bool may_update = types.size() > width;
    int64_t inserts = 0, updates = 0, position = 0;
    native::SelectionVector chosen(STANDARD_VECTOR_SIZE);
    std::vector<size_t> rows;
    for (auto& chunk : gathered.rows->Chunks()) {
      rows.clear();
      for (native::idx_t row = 0; row < chunk.size(); ++row) {
        const auto judge = gathered.left_out.At(position + static_cast<int64_t>(row));
        if (!judge) continue;
        const Expectation& expectation = *checks_->expectations[*judge];
        ++findings.counts[expectation.id].violations;
        ++(may_update && !chunk.GetValue(width, row).IsNull() ? updates : inserts);
        ++(expectation.action == Action::kQuarantine ? findings.quarantined : findings.dropped);
        if (expectation.action != Action::kQuarantine) continue;
        chosen.set_index(rows.size(), row);
        rows.push_back(*judge);
      }
      if (!rows.empty()) SetAside(context, chunk, chosen, rows, findings);
      position += static_cast<int64_t>(chunk.size());
    }
    std::lock_guard lock(job_->mutex);
    job_->rejected_inserts += inserts;
    job_->rejected_updates += updates;
  }

  void SetAside(native::ClientContext& context, native::DataChunk& chunk, const native::SelectionVector& chosen,
                const std::vector<size_t>& rows, ExpectationFindings& findings) const {
    const size_t width = job_->target.layout.schema.fields.size();
    native::DataChunk part;
    part.InitializeEmpty(chunk.GetTypes());
    part.Slice(chunk, chosen, rows.size());
    native::DataChunk aside;
    aside.Initialize(native::Allocator::Get(context), QuarantineTypes());
    for (size_t i = 0; i < rows.size(); ++i) {
      const bool update = types.size() > width && !part.GetValue(width, i).IsNull();
      aside.SetValue(0, i, native::Value(NamesOf(rows[i])));
      aside.SetValue(1, i, native::Value(update ? "UPDATE" : "INSERT"));
    }
    native::ExpressionExecutor as_json(context, *checks_->as_json);
    as_json.SetChunk(&part);
    as_json.ExecuteExpression(aside.data[2]);
    aside.SetCardinality(rows.size());
    auto& rejected = findings.rejected;
    if (rejected == nullptr) rejected = native::make_uniq<RejectedRows>(context, QuarantineTypes());
    rejected->Append(aside);
  }

  std::shared_ptr<WriteJob> job_;
  std::shared_ptr<const KeyChecks> checks_;
};

bool JudgesKeys(const StatementGrants& grants) {
  return !grants.grouped && (!grants.write || grants.write->data_change);
}

}  // namespace

bool RowsWaitOnKeys(native::ClientContext& context, const TableId& table) {
  if (!JudgesKeys(StatementState::Get(context).grants)) return false;
  auto& catalog = native::Catalog::GetCatalog(context, LakeCatalog::kName);
  return std::ranges::any_of(LakeTransaction::Get(context, catalog).Expectations(table)->all, &Expectation::of_keys);
}

native::PhysicalOperator& PlanKeyExpectations(native::ClientContext& context, native::PhysicalPlanGenerator& planner,
                                              const std::shared_ptr<WriteJob>& job, native::PhysicalOperator& child) {
  if (job->target.base == nullptr || !JudgesKeys(StatementState::Get(context).grants)) return child;
  auto& catalog = native::Catalog::GetCatalog(context, LakeCatalog::kName);
  auto checks = std::make_shared<KeyChecks>();
  checks->set = LakeTransaction::Get(context, catalog).Expectations(job->target.table.id);
  bool sets_aside = false;
  // A row may be without a partner because its partner has no place; so those without one go first.
  for (const auto kind : {Expectation::Kind::kForeignKey, Expectation::Kind::kUnique}) {
    for (const Expectation& expectation : checks->set->all) {
      if (!expectation.of_keys() || expectation.kind != kind) continue;
      checks->expectations.push_back(&expectation);
      sets_aside = sets_aside || expectation.action == Action::kQuarantine;
    }
  }
  if (checks->expectations.empty()) return child;
  if (sets_aside) checks->as_json = BindRowAsJson(context, job->target.layout.schema);
  return planner.Make<LakeKeyExpectations>(job, std::move(checks), child);
}

}  // namespace neurolake::engine::duckdb
