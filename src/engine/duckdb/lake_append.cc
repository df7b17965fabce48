#include "engine/duckdb/internal/lake_append.h"

#include "arrow/ipc.h"
#include "common/text.h"
#include "duckdb/common/arrow/arrow_appender.hpp"
#include "duckdb/common/arrow/arrow_converter.hpp"
#include "engine/duckdb/internal/error_translation.h"
#include "engine/duckdb/internal/expectations.h"
#include "engine/duckdb/internal/lake_catalog.h"
#include "engine/duckdb/internal/vector_bytes.h"
#include "storage/path.h"
#include "tables/delta/table_rules.h"

namespace neurolake::engine::duckdb {
namespace {

static_assert(kAppendBatchRows == STANDARD_VECTOR_SIZE);

constexpr const char* kProperty = "neurolake.group_commit";

struct AppendState final : native::OperatorState {
  explicit AppendState(native::ClientContext& client, const native::vector<native::LogicalType>& types)
      : rows(client, types) {}
  native::ColumnDataCollection rows;
  native::ColumnDataScanState scan;
  bool flushing = false;
  bool flushed = false;
};

/// Holds rows back while they are few. At the end it asks the server whether it takes them; if not, or once they are
/// many, they go on to the files.
class LakeAppendRows final : public native::PhysicalOperator {
 public:
  LakeAppendRows(native::PhysicalPlan& plan, std::shared_ptr<WriteJob> job, native::PhysicalOperator& child)
      : PhysicalOperator(plan, native::PhysicalOperatorType::EXTENSION, child.types, child.estimated_cardinality),
        job_(std::move(job)) {
    children.push_back(child);
  }
  native::string GetName() const override { return "LAKE_APPEND"; }
  bool ParallelOperator() const override { return true; }
  bool RequiresFinalExecute() const override { return true; }

  native::unique_ptr<native::OperatorState> GetOperatorState(native::ExecutionContext& context) const override {
    return native::make_uniq<AppendState>(context.client, types);
  }

  native::OperatorResultType Execute(native::ExecutionContext& context, native::DataChunk& input,
                                     native::DataChunk& chunk, native::GlobalOperatorState&,
                                     native::OperatorState& state) const override {
    auto& local = state.Cast<AppendState>();
    AppendBuffer& buffer = *job_->append;
    if (!local.flushing && !buffer.own_files && !Fits(StatementState::Get(context.client), input)) {
      std::lock_guard lock(buffer.mutex);
      TakeParked(local);
    }
    if (!buffer.own_files) {
      local.rows.Append(input);
      chunk.SetCardinality(0);
      return native::OperatorResultType::NEED_MORE_INPUT;
    }
    if (Flush(local, chunk)) return native::OperatorResultType::HAVE_MORE_OUTPUT;
    chunk.Reference(input);
    return native::OperatorResultType::NEED_MORE_INPUT;
  }

  native::OperatorFinalizeResultType FinalExecute(native::ExecutionContext& context, native::DataChunk& chunk,
                                                  native::GlobalOperatorState&,
                                                  native::OperatorState& state) const override {
    auto& local = state.Cast<AppendState>();
    if (!local.flushing && local.rows.Count() > 0) Decide(StatementState::Get(context.client), local);
    if (job_->append->own_files && Flush(local, chunk)) return native::OperatorFinalizeResultType::HAVE_MORE_OUTPUT;
    return native::OperatorFinalizeResultType::FINISHED;
  }

 private:
  bool Fits(const StatementState& statement, native::DataChunk& input) const {
    AppendBuffer& buffer = *job_->append;
    const int64_t bytes = BytesOf(input);
    const auto rows = static_cast<int64_t>(input.size());
    return (buffer.rows += rows) <= statement.grants.append_rows_max &&
           (buffer.bytes += bytes) <= statement.grants.append_bytes_max;
  }

  /// Under the mutex: from now on all rows go to files, those of threads that have finished by way of this one.
  void TakeParked(AppendState& local) const {
    AppendBuffer& buffer = *job_->append;
    buffer.own_files = true;
    if (buffer.parked == nullptr) return;
    local.rows.Combine(*buffer.parked);
    buffer.parked.reset();
  }

  void Decide(StatementState& statement, AppendState& local) const {
    AppendBuffer& buffer = *job_->append;
    std::lock_guard lock(buffer.mutex);
    if (buffer.own_files) return;
    if (!buffer.may_append) buffer.may_append = ValueOrThrow(statement.provider->MayAppend(job_->target.table.id));
    if (!*buffer.may_append) {
      TakeParked(local);
      return;
    }
    if (buffer.parked == nullptr) {
      buffer.parked = native::make_uniq<native::ColumnDataCollection>(native::Allocator::DefaultAllocator(), types);
    }
    for (auto& rows : local.rows.Chunks()) buffer.parked->Append(rows);
    local.rows.Reset();
  }

  /// Gives the next of the rows held back; false if there are none left.
  static bool Flush(AppendState& local, native::DataChunk& chunk) {
    if (local.flushed) return false;
    if (!local.flushing) {
      local.rows.InitializeScan(local.scan);
      local.flushing = true;
    }
    if (local.rows.Scan(local.scan, chunk) && chunk.size() > 0) return true;
    local.flushed = true;
    chunk.Reset();
    return false;
  }

  std::shared_ptr<WriteJob> job_;
};

/// Encodes rows as Arrow IPC, at most kAppendBatchRows in a batch.
class RowEncoder {
 public:
  RowEncoder(native::ClientContext& context, const native::vector<native::LogicalType>& types,
             const native::vector<native::string>& names)
      : types_(types), properties_(context.GetClientProperties()) {
    native::ArrowConverter::ToArrowSchema(schema_.get(), types, names, properties_);
  }
  std::string Schema() const { return ValueOrThrow(arrow::EncodeSchema(schema_)); }
  std::string Batch(native::DataChunk& rows) const {
    native::ArrowAppender appender(
        types_, rows.size(), properties_,
        native::unordered_map<native::idx_t, const native::shared_ptr<native::ArrowTypeExtensionData>>());
    appender.Append(rows, 0, rows.size(), rows.size());
    arrow::Batch batch;
    *batch.get() = appender.Finalize();
    return ValueOrThrow(arrow::EncodeBatch(schema_, batch));
  }

 private:
  native::vector<native::LogicalType> types_;
  native::ClientProperties properties_;
  arrow::Schema schema_;
};

}  // namespace

Result<bool> LakeProvider::MayAppend(const TableId&) { return false; }

Result<void> LakeProvider::Append(const LakeAppend&) {
  return MakeError(ErrorCode::kNotSupported, "there is no server that could take rows");
}

std::string DefinitionMark(const tables::delta::Snapshot& snapshot) {
  return Sha256Hex(ToJsonLine(snapshot.protocol()) + ToJsonLine(snapshot.metadata()));
}

native::PhysicalOperator& PlanAppend(native::ClientContext& context, native::PhysicalPlanGenerator& planner,
                                     const std::shared_ptr<WriteJob>& job, native::PhysicalOperator& rows) {
  const StatementState& statement = StatementState::Get(context);
  const StatementGrants& grants = statement.grants;
  if (grants.append_rows_max <= 0 || statement.explicit_transaction || grants.write || !grants.transactions.empty() ||
      grants.grouped) {
    return rows;
  }
  if (job->operation != "WRITE" || job->making || job->target.base == nullptr || job->changes) return rows;
  const tables::delta::Snapshot& base = *job->target.base;
  if (EqualsIgnoringCase(base.Property(kProperty), "false")) return rows;
  // Identity values move a mark in the table's metadata with each statement.
  const auto rules = ValueOrThrow(tables::delta::ReadTableRules(base.metadata(), base.schema()));
  if (!rules.identities.empty()) return rows;
  auto& catalog = native::Catalog::GetCatalog(context, LakeCatalog::kName);
  auto& transaction = LakeTransaction::Get(context, catalog);
  if (!transaction.HasReadNothing(job->target.table.id)) return rows;
  // Each statement's rows are judged by themselves. What hangs on the table, or on a quarantine that must come first,
  // is the business of a statement with a commit of its own.
  const auto expectations = transaction.Expectations(job->target.table.id);
  const auto by_row = [](const Expectation& one) {
    return one.of_rows() && one.action != Expectation::Action::kQuarantine;
  };
  if (!std::ranges::all_of(expectations->all, by_row)) return rows;
  job->append = std::make_shared<AppendBuffer>();
  return planner.Make<LakeAppendRows>(job, rows);
}

std::optional<LakeAppend> TakeAppend(native::ClientContext& context, WriteJob& job, int64_t& row_count) {
  if (job.append == nullptr || job.append->parked == nullptr) return std::nullopt;
  native::ColumnDataCollection& rows = *job.append->parked;
  row_count = static_cast<int64_t>(rows.Count());
  native::vector<native::string> names;
  for (const auto& field : job.target.layout.schema.fields) names.push_back(field.name);
  const RowEncoder encoder(context, rows.Types(), names);
  LakeAppend append{.table = job.target.table.id,
                    .definition = DefinitionMark(*job.target.base),
                    .schema = encoder.Schema(),
                    .batches = {},
                    .expectations = {}};
  for (auto& chunk : rows.Chunks()) append.batches.push_back(encoder.Batch(chunk));
  job.append->parked.reset();
  return append;
}

}  // namespace neurolake::engine::duckdb
