#include "engine/duckdb/internal/clustered_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <bit>

#include "common/descriptor.h"
#include "common/ids.h"
#include "duckdb/execution/expression_executor.hpp"
#include "duckdb/execution/progress_data.hpp"
#include "duckdb/storage/buffer_manager.hpp"
#include "engine/duckdb/internal/row_predicate.h"
#include "engine/duckdb/internal/row_scatter.h"
#include "engine/duckdb/internal/statement_state.h"
#include "storage/path.h"
#include "tables/delta/curve.h"

namespace neurolake::engine::duckdb {
namespace {

using tables::delta::CutCurve;
using tables::delta::kCurvePartBits;

constexpr int kPartShift = 64 - kCurvePartBits;
/// A file may be so much larger than asked for, if it can then be a whole box.
constexpr double kFileRowsSlack = 1.3;
/// What a stretch is left alone for rather than cut in two.
constexpr double kOneFileSlack = 1.6;
/// Rows are dealt out to no more targets than this at once, so that each gets a few of a chunk.
constexpr size_t kTargetsMax = 64;
constexpr size_t kStretchesMax = 256;
/// A row in memory takes about so much more than in a Parquet file.
constexpr int64_t kBytesInMemory = 3;

/// Lets the disk begin with a finished file while others are made: the commit waits for all of them to be durable.
void BeginWriteback(const std::string& path) {
  if (storage::IsUrl(path)) return;
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return;  // Whatever is wrong, the commit finds it.
  (void)::sync_file_range(file.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
}

/// The rows of a stretch of the curve: those that each thread collected.
struct Stretch {
  uint64_t first_place = 0;
  uint64_t last_place = ~uint64_t{0};
  std::vector<RowCollection> rows;
};

struct GatheredRows final : native::GlobalSinkState {
  std::mutex mutex;
  std::vector<Stretch> stretches;
  int64_t row_count = 0;
};

struct GatherState final : native::LocalSinkState {
  GatherState(native::ClientContext& context, const native::Expression& place, RowScatter::Options options)
      : executor(context, place), scatter(context, options), targets(STANDARD_VECTOR_SIZE) {
    places.Initialize(native::Allocator::Get(context), {native::LogicalType::UBIGINT});
    keyed.InitializeEmpty(options.types);
  }
  native::ExpressionExecutor executor;
  RowScatter scatter;
  native::DataChunk places, keyed;
  std::vector<uint32_t> targets;
  int64_t row_count = 0;
};

struct WriteFilesState final : native::GlobalSourceState {
  explicit WriteFilesState(native::idx_t stretches) : stretch_count(stretches) {}
  native::idx_t MaxThreads() override { return stretch_count; }
  const native::idx_t stretch_count;
  std::atomic<native::idx_t> next = 0;
  std::atomic<native::idx_t> done = 0;
};

/// Row groups of a stretch: which cell's rows go where.
struct GroupPlan {
  int shift = 0;
  uint64_t first_cell = 0;
  std::vector<uint32_t> group_of_cell;
  std::vector<uint32_t> file_of_group;
  std::vector<uint64_t> first_place_of_file;
  size_t groups() const { return file_of_group.size(); }
};

class ClusteredFiles final : public native::PhysicalOperator {
 public:
  ClusteredFiles(native::PhysicalPlan& plan, std::shared_ptr<WriteJob> job, std::shared_ptr<const CurveLayout> layout,
                 native::unique_ptr<native::Expression> place, std::string directory, native::PhysicalOperator& child)
      : PhysicalOperator(plan, native::PhysicalOperatorType::EXTENSION, {native::LogicalType::BIGINT}, 1),
        job_(std::move(job)),
        layout_(std::move(layout)),
        place_(std::move(place)),
        directory_(std::move(directory)) {
    const auto& fields = job_->target.layout.schema.fields;
    for (native::idx_t i = 0; i < child.types.size(); ++i) {
      // In their files, columns are what their partition does not say; ids that rows keep come after the fields.
      if (i < fields.size() && job_->target.layout.IsPartition(fields[i].name)) continue;
      columns_.push_back(i);
      types_.push_back(child.types[i]);
    }
    types_.push_back(native::LogicalType::UBIGINT);
    children.push_back(child);
  }

  native::string GetName() const override { return "LAKE_CLUSTERED_FILES"; }
  bool IsSink() const override { return true; }
  bool ParallelSink() const override { return true; }
  bool IsSource() const override { return true; }
  bool ParallelSource() const override { return true; }

  native::unique_ptr<native::GlobalSinkState> GetGlobalSinkState(native::ClientContext& context) const override {
    auto gathered = native::make_uniq<GatheredRows>();
    int64_t sampled = 0;
    for (const int64_t rows : layout_->sample_rows) sampled += rows;
    const int64_t pieces = Stretches(context);
    std::vector<size_t> begins = {0};
    if (pieces > 1 && sampled > 0) {
      const auto rows_max =
          static_cast<int64_t>(kFileRowsSlack * static_cast<double>(sampled) / static_cast<double>(pieces));
      begins = CutCurve(layout_->sample_rows, 0, std::max<int64_t>(1, rows_max));
    }
    for (const size_t begin : begins) {
      const uint64_t place = static_cast<uint64_t>(begin) << kPartShift;
      if (!gathered->stretches.empty()) gathered->stretches.back().last_place = place - 1;
      gathered->stretches.push_back({.first_place = place});
    }
    return gathered;
  }

  native::unique_ptr<native::LocalSinkState> GetLocalSinkState(native::ExecutionContext& context) const override {
    const auto& gathered = sink_state->Cast<GatheredRows>();
    return native::make_uniq<GatherState>(
        context.client, *place_,
        RowScatter::Options{.types = types_, .targets = gathered.stretches.size(), .used_soon = false});
  }

  native::SinkResultType Sink(native::ExecutionContext&, native::DataChunk& chunk,
                              native::OperatorSinkInput& input) const override {
    const auto& stretches = input.global_state.Cast<GatheredRows>().stretches;
    auto& state = input.local_state.Cast<GatherState>();
    state.places.Reset();
    state.executor.Execute(chunk, state.places);
    state.places.Flatten();
    for (native::idx_t i = 0; i < columns_.size(); ++i) state.keyed.data[i].Reference(chunk.data[columns_[i]]);
    state.keyed.data[columns_.size()].Reference(state.places.data[0]);
    state.keyed.SetCardinality(chunk.size());
    const auto* places = native::FlatVector::GetData<uint64_t>(state.places.data[0]);
    for (native::idx_t i = 0; i < chunk.size(); ++i) {
      const auto after = std::ranges::upper_bound(stretches, places[i], {}, &Stretch::first_place);
      state.targets[i] = static_cast<uint32_t>(after - stretches.begin() - 1);
    }
    state.scatter.Add(state.keyed, state.targets);
    state.row_count += static_cast<int64_t>(chunk.size());
    return native::SinkResultType::NEED_MORE_INPUT;
  }

  native::SinkCombineResultType Combine(native::ExecutionContext&,
                                        native::OperatorSinkCombineInput& input) const override {
    auto& gathered = input.global_state.Cast<GatheredRows>();
    auto& state = input.local_state.Cast<GatherState>();
    std::lock_guard lock(gathered.mutex);
    for (size_t i = 0; i < gathered.stretches.size(); ++i) {
      if (auto rows = state.scatter.Take(i)) gathered.stretches[i].rows.push_back(std::move(rows));
    }
    gathered.row_count += state.row_count;
    return native::SinkCombineResultType::FINISHED;
  }

  native::unique_ptr<native::GlobalSourceState> GetGlobalSourceState(native::ClientContext&) const override {
    return native::make_uniq<WriteFilesState>(sink_state->Cast<GatheredRows>().stretches.size());
  }

  native::ProgressData GetProgress(native::ClientContext&, native::GlobalSourceState& source) const override {
    const auto& state = source.Cast<WriteFilesState>();
    return {.done = static_cast<double>(state.done), .total = static_cast<double>(state.stretch_count)};
  }

 protected:
  native::SourceResultType GetDataInternal(native::ExecutionContext& context, native::DataChunk&,
                                           native::OperatorSourceInput& input) const override {
    auto& gathered = sink_state->Cast<GatheredRows>();
    auto& state = input.global_state.Cast<WriteFilesState>();
    for (native::idx_t i = state.next++; i < state.stretch_count; i = state.next++) {
      WriteStretch(context.client, std::move(gathered.stretches[i]), gathered.row_count);
      ++state.done;
    }
    return native::SourceResultType::FINISHED;
  }

 private:
  /// How many stretches rows are dealt out to at first: so many that those which all threads write at a time fit into
  /// memory, so few that the blocks being filled do.
  int64_t Stretches(native::ClientContext& context) const {
    const auto threads = static_cast<int64_t>(native::TaskScheduler::GetScheduler(context).NumberOfThreads());
    const auto memory = static_cast<int64_t>(native::BufferManager::GetBufferManager(context).GetMaxMemory());
    int64_t row_bytes = 0;
    for (const auto& type : types_) row_bytes += static_cast<int64_t>(native::GetTypeIdSize(type.InternalType())) + 8;
    const int64_t for_memory =
        layout_->source_bytes * kBytesInMemory / std::max<int64_t>(1, memory / (8 * threads)) + 1;
    const int64_t for_blocks = memory / 4 / (threads * STANDARD_VECTOR_SIZE * row_bytes);
    const int64_t wanted = std::max(for_memory, 4 * threads);
    // A stretch is at least a file.
    return std::max<int64_t>(1, std::min({wanted, for_blocks, layout_->files, static_cast<int64_t>(kStretchesMax)}));
  }

  void WriteStretch(native::ClientContext& context, Stretch stretch, int64_t total_rows) const {
    int64_t rows = 0;
    for (const auto& part : stretch.rows) rows += static_cast<int64_t>(part->Count());
    if (rows == 0) return;
    const GroupPlan plan =
        PlanGroups(stretch, rows, static_cast<double>(total_rows) / static_cast<double>(layout_->files));
    if (plan.groups() > kTargetsMax && plan.first_place_of_file.size() > 1) {
      WriteParts(context, std::move(stretch), plan, total_rows);
      return;
    }
    auto file_types = types_;
    file_types.pop_back();
    RowScatter scatter(context, {.types = std::move(file_types), .targets = plan.groups(), .used_soon = true});
    Deal(context, std::move(stretch), plan, plan.group_of_cell, /*keep_places=*/false, scatter);
    WriteGroups(context, plan, scatter);
  }

  /// The way of a stretch of many small files: they are dealt out to stretches of some of them first.
  void WriteParts(native::ClientContext& context, Stretch stretch, const GroupPlan& plan, int64_t total_rows) const {
    const size_t files = plan.first_place_of_file.size();
    const size_t parts = std::min(kTargetsMax, files);
    const auto part_of_file = [&](size_t file) { return file * parts / files; };
    std::vector<Stretch> inner(parts);
    for (size_t file = files; file-- > 0;) inner[part_of_file(file)].first_place = plan.first_place_of_file[file];
    for (size_t i = 0; i + 1 < parts; ++i) inner[i].last_place = inner[i + 1].first_place - 1;
    inner.back().last_place = stretch.last_place;
    std::vector<uint32_t> part_of_cell(plan.group_of_cell.size());
    for (size_t cell = 0; cell < part_of_cell.size(); ++cell) {
      part_of_cell[cell] = static_cast<uint32_t>(part_of_file(plan.file_of_group[plan.group_of_cell[cell]]));
    }
    RowScatter scatter(context, {.types = types_, .targets = parts, .used_soon = true});
    Deal(context, std::move(stretch), plan, part_of_cell, /*keep_places=*/true, scatter);
    for (size_t i = 0; i < parts; ++i) {
      if (auto rows = scatter.Take(i)) inner[i].rows.push_back(std::move(rows));
      WriteStretch(context, std::move(inner[i]), total_rows);
    }
  }

  static void Deal(native::ClientContext& context, Stretch stretch, const GroupPlan& plan,
                   const std::vector<uint32_t>& target_of_cell, bool keep_places, RowScatter& scatter) {
    std::vector<uint32_t> targets(STANDARD_VECTOR_SIZE);
    for (RowCollection& part : stretch.rows) {
      auto types = part->Types();
      if (!keep_places) types.pop_back();
      native::DataChunk chunk;
      chunk.InitializeEmpty(types);
      Consume(std::move(part), [&](native::DataChunk& rows) {
        if (context.IsInterrupted()) throw native::InterruptException();
        const auto* places = native::FlatVector::GetData<uint64_t>(rows.data.back());
        for (native::idx_t i = 0; i < rows.size(); ++i) {
          targets[i] = target_of_cell[(places[i] >> plan.shift) - plan.first_cell];
        }
        for (native::idx_t i = 0; i < chunk.ColumnCount(); ++i) chunk.data[i].Reference(rows.data[i]);
        chunk.SetCardinality(rows.size());
        scatter.Add(chunk, targets);
      });
    }
  }

  GroupPlan PlanGroups(const Stretch& stretch, int64_t rows, double rows_per_file) const {
    GroupPlan plan;
    const uint64_t width = stretch.last_place - stretch.first_place;
    // Never cells so small that counting them up to this stretch overflows.
    plan.shift = std::max(kCurvePartBits, static_cast<int>(std::bit_width(width)) - kCurvePartBits);
    plan.first_cell = stretch.first_place >> plan.shift;
    std::vector<int64_t> counts((stretch.last_place >> plan.shift) - plan.first_cell + 1);
    for (const auto& part : stretch.rows) {
      for (auto& chunk : part->Chunks({part->ColumnCount() - 1})) {
        const auto* places = native::FlatVector::GetData<uint64_t>(chunk.data[0]);
        for (native::idx_t i = 0; i < chunk.size(); ++i) ++counts[(places[i] >> plan.shift) - plan.first_cell];
      }
    }
    std::vector<size_t> begins = {0};
    if (static_cast<double>(rows) > kOneFileSlack * rows_per_file) {
      begins =
          CutCurve(counts, plan.first_cell, std::max<int64_t>(1, static_cast<int64_t>(kFileRowsSlack * rows_per_file)));
    }
    begins.push_back(counts.size());
    plan.group_of_cell.resize(counts.size());
    for (size_t file = 0; file + 1 < begins.size(); ++file) {
      plan.first_place_of_file.push_back(file == 0 ? stretch.first_place
                                                   : (plan.first_cell + begins[file]) << plan.shift);
      PlanFile(counts, begins[file], begins[file + 1], plan);
    }
    return plan;
  }

  /// Cuts a file into row groups of about equally many rows.
  void PlanFile(const std::vector<int64_t>& counts, size_t begin, size_t end, GroupPlan& plan) const {
    int64_t rows = 0;
    for (size_t cell = begin; cell < end; ++cell) rows += counts[cell];
    const int64_t rows_max = RowGroupRows(job_->target);
    const int64_t groups = std::max<int64_t>(1, (rows + rows_max - 1) / rows_max);
    const auto file = static_cast<uint32_t>(plan.first_place_of_file.size() - 1);
    plan.file_of_group.push_back(file);
    int64_t seen = 0, cut = 1;
    for (size_t cell = begin; cell < end; ++cell) {
      if (cut < groups && seen * groups >= cut * rows) {
        plan.file_of_group.push_back(file);
        cut = seen * groups / rows + 1;
      }
      plan.group_of_cell[cell] = static_cast<uint32_t>(plan.groups() - 1);
      seen += counts[cell];
    }
  }

  void WriteGroups(native::ClientContext& context, const GroupPlan& plan, RowScatter& scatter) const {
    std::optional<DataFileWriter> writer;
    const auto finish = [&] {
      if (!writer) return;
      WrittenFile file = writer->Finish();
      writer.reset();
      BeginWriteback(file.path);
      std::lock_guard lock(job_->mutex);
      job_->written.push_back(std::move(file));
    };
    for (size_t group = 0; group < plan.groups(); ++group) {
      if (context.IsInterrupted()) throw native::InterruptException();
      if (group > 0 && plan.file_of_group[group] != plan.file_of_group[group - 1]) finish();
      auto rows = scatter.Take(group);
      if (rows == nullptr) continue;
      if (!writer) {
        // Opening asks the catalogue, which is the statement's and not the thread's.
        std::lock_guard lock(job_->mutex);
        writer.emplace(context, job_->target, fmt::format("{}/part-{}.parquet", directory_, NewUuid()));
      }
      AppendRows(context, std::move(rows), *writer);
    }
    finish();
  }

  /// One row group, or several where too many rows have the same place.
  void AppendRows(native::ClientContext& context, RowCollection rows, DataFileWriter& writer) const {
    const auto rows_max = static_cast<native::idx_t>(RowGroupRows(job_->target));
    if (rows->Count() <= 2 * rows_max) {
      writer.AppendRowGroup(std::move(rows));
      return;
    }
    const auto types = rows->Types();
    RowCollection group;
    Consume(std::move(rows), [&](native::DataChunk& chunk) {
      if (context.IsInterrupted()) throw native::InterruptException();
      if (group == nullptr) group = native::make_uniq<native::ColumnDataCollection>(context, types);
      group->Append(chunk);
      if (group->Count() >= rows_max) writer.AppendRowGroup(std::move(group));
    });
    if (group != nullptr) writer.AppendRowGroup(std::move(group));
  }

  const std::shared_ptr<WriteJob> job_;
  const std::shared_ptr<const CurveLayout> layout_;
  const native::unique_ptr<native::Expression> place_;
  const std::string directory_;
  std::vector<native::idx_t> columns_;         ///< Of the child, those that are in files.
  native::vector<native::LogicalType> types_;  ///< Theirs, and the place's.
};

}  // namespace

native::PhysicalOperator& PlanClusteredFiles(native::ClientContext& context, native::PhysicalPlanGenerator& planner,
                                             std::shared_ptr<WriteJob> job, native::PhysicalOperator& rows) {
  const auto& layout = StatementState::Get(context).grants.write->curve;
  auto place = BindRowExpression(context, job->target, layout->place, native::LogicalType::UBIGINT);
  std::string directory = DataDirectory(context, job->target);
  return planner.Make<ClusteredFiles>(std::move(job), layout, std::move(place), std::move(directory), rows);
}

}  // namespace neurolake::engine::duckdb
