#include "engine/duckdb/internal/clustered_files.h"

#include <atomic>
#include <bit>

#include "duckdb/execution/expression_executor.hpp"
#include "duckdb/execution/progress_data.hpp"
#include "duckdb/storage/buffer_manager.hpp"
#include "engine/duckdb/internal/row_predicate.h"
#include "engine/duckdb/internal/row_scatter.h"
#include "engine/duckdb/internal/statement_state.h"
#include "engine/duckdb/internal/stretch_files.h"
#include "tables/delta/curve.h"

namespace neurolake::engine::duckdb {
namespace {

using tables::delta::CutCurve;
using tables::delta::kCurvePartBits;
using tables::delta::kCurveParts;

constexpr int kPartShift = 64 - kCurvePartBits;
/// Rows are dealt out to no more targets than this at once, so that each gets a few of a chunk.
constexpr int64_t kTargetsMax = 64;
constexpr int64_t kStretchesMax = 256;
/// A row in memory takes about so much more than in a Parquet file.
constexpr int64_t kBytesInMemory = 3;
/// Rows of a row group take no more memory than this: encoding them takes as much again, which nobody counts.
constexpr int64_t kGroupBytesMax = int64_t{128} << 20;
/// Who has many files to make of rows at one place shares them among threads.
constexpr double kSharedFilesMin = 4;

/// Bytes of a value in a collection, without what it has elsewhere: texts, and more than one element of a list.
int64_t FixedBytes(const native::LogicalType& type) {
  switch (type.InternalType()) {
    case native::PhysicalType::STRUCT: {
      int64_t bytes = 1;
      for (const auto& child : native::StructType::GetChildTypes(type)) bytes += FixedBytes(child.second);
      return bytes;
    }
    case native::PhysicalType::LIST:
      return static_cast<int64_t>(sizeof(native::list_entry_t)) + 1 + FixedBytes(native::ListType::GetChildType(type));
    default: return static_cast<int64_t>(native::GetTypeIdSize(type.InternalType())) + 1;
  }
}

/// What a row takes in the table's files, by the statistics of some of them; 0: they do not say.
int64_t FileRowBytes(const tables::delta::Snapshot& snapshot) {
  constexpr size_t kFilesMax = 256;
  const size_t step = std::max<size_t>(1, snapshot.files().size() / kFilesMax);
  int64_t bytes = 0, rows = 0;
  for (size_t i = 0; i < snapshot.files().size(); i += step) {
    const auto count = snapshot.LiveRows(i);
    if (!count) continue;
    rows += *count;
    bytes += snapshot.files().size_bytes(i);
  }
  return bytes / std::max<int64_t>(1, rows);
}

/// What the threads of a statement may have at a time.
struct Resources {
  explicit Resources(native::ClientContext& context)
      : threads(native::TaskScheduler::GetScheduler(context).NumberOfThreads()),
        memory(static_cast<int64_t>(native::BufferManager::GetBufferManager(context).GetMaxMemory())),
        block_bytes(static_cast<int64_t>(native::BufferManager::GetBufferManager(context).GetBlockSize())) {}
  /// To how many targets each thread can deal out rows. A target keeps the blocks of its last chunk in memory.
  int64_t Targets(int64_t row_bytes) const {
    return memory / 4 / (threads * std::max(STANDARD_VECTOR_SIZE * row_bytes, block_bytes));
  }
  const int64_t threads, memory, block_bytes;
};

/// The rows of a stretch of the curve: those that each thread collected.
struct Stretch {
  uint64_t first_place = 0;
  uint64_t last_place = ~uint64_t{0};
  bool one_part = false;  ///< The sample's rows are all in one part of the curve.
  std::vector<RowCollection> rows;
  int64_t Count() const {
    int64_t count = 0;
    for (const auto& part : rows) count += part.Count();
    return count;
  }
};

struct GatheredRows final : native::GlobalSinkState {
  std::mutex mutex;
  std::vector<Stretch> stretches;
  std::vector<uint32_t> stretch_of_part;  ///< Of the curve's equal parts, as those of `CurveLayout::sample_rows`.
  int64_t row_count = 0;
  int64_t bytes = 0;  ///< In memory, or on disk.
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
  native::idx_t MaxThreads() override { return stretches.size(); }
  std::vector<Stretch> stretches;
  GroupLimits limits;
  size_t targets = 0;  ///< That a thread deals rows out to.
  std::atomic<size_t> next = 0;
  std::atomic<size_t> done = 0;
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
    file_types_ = types_;
    types_.push_back(native::LogicalType::UBIGINT);
    if (FlatFileWriter::Takes(job_->target, file_types_)) {
      keyed_layout_ = std::make_shared<const FlatLayout>(types_);
      file_layout_ = std::make_shared<const FlatLayout>(file_types_);
    }
    for (const auto& type : types_) fixed_bytes_ += FixedBytes(type);
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
      const double stretch_rows = static_cast<double>(sampled) / static_cast<double>(pieces);
      begins = CutCurve(layout_->sample_rows, 0, FileRowsMax(stretch_rows));
    }
    begins.push_back(layout_->sample_rows.size());
    for (size_t i = 0; i + 1 < begins.size(); ++i) {
      const uint64_t place = static_cast<uint64_t>(begins[i]) << kPartShift;
      if (!gathered->stretches.empty()) gathered->stretches.back().last_place = place - 1;
      size_t parts = 0;
      for (size_t part = begins[i]; part < begins[i + 1]; ++part) parts += layout_->sample_rows[part] > 0 ? 1 : 0;
      gathered->stretches.push_back({.first_place = place, .one_part = parts == 1});
    }
    gathered->stretch_of_part.resize(kCurveParts);
    for (size_t i = 0; i < gathered->stretches.size(); ++i) {
      const size_t first = gathered->stretches[i].first_place >> kPartShift;
      std::fill(gathered->stretch_of_part.begin() + static_cast<ptrdiff_t>(first), gathered->stretch_of_part.end(), i);
    }
    return gathered;
  }

  native::unique_ptr<native::LocalSinkState> GetLocalSinkState(native::ExecutionContext& context) const override {
    const auto& gathered = sink_state->Cast<GatheredRows>();
    return native::make_uniq<GatherState>(
        context.client, *place_,
        RowScatter::Options{
            .types = types_, .layout = keyed_layout_, .targets = gathered.stretches.size(), .used_soon = false});
  }

  native::SinkResultType Sink(native::ExecutionContext&, native::DataChunk& chunk,
                              native::OperatorSinkInput& input) const override {
    const auto& stretch_of_part = input.global_state.Cast<GatheredRows>().stretch_of_part;
    auto& state = input.local_state.Cast<GatherState>();
    state.places.Reset();
    state.executor.Execute(chunk, state.places);
    state.places.Flatten();
    for (native::idx_t i = 0; i < columns_.size(); ++i) state.keyed.data[i].Reference(chunk.data[columns_[i]]);
    state.keyed.data[columns_.size()].Reference(state.places.data[0]);
    state.keyed.SetCardinality(chunk.size());
    const auto* places = native::FlatVector::GetData<uint64_t>(state.places.data[0]);
    for (native::idx_t i = 0; i < chunk.size(); ++i) state.targets[i] = stretch_of_part[places[i] >> kPartShift];
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
      RowCollection rows = state.scatter.Take(i);
      if (rows.Count() == 0) continue;
      gathered.bytes += rows.SizeInBytes();
      gathered.stretches[i].rows.push_back(std::move(rows));
    }
    gathered.row_count += state.row_count;
    return native::SinkCombineResultType::FINISHED;
  }

  native::unique_ptr<native::GlobalSourceState> GetGlobalSourceState(native::ClientContext& context) const override {
    auto& gathered = sink_state->Cast<GatheredRows>();
    const Resources resources(context);
    const int64_t row_bytes = std::max(fixed_bytes_, gathered.bytes / std::max<int64_t>(1, gathered.row_count));
    // A group of flat rows stays in memory as a whole while it is encoded, and may have twice the rows.
    const int64_t share = keyed_layout_ != nullptr ? 4 : 2;
    const int64_t group_bytes = std::min(kGroupBytesMax, resources.memory / (share * resources.threads));
    auto state = native::make_uniq<WriteFilesState>();
    state->targets = static_cast<size_t>(std::clamp<int64_t>(resources.Targets(row_bytes), 2, kTargetsMax));
    state->limits = {
        .file_rows = static_cast<double>(gathered.row_count) / static_cast<double>(layout_->files),
        .group_rows = std::clamp<int64_t>(group_bytes / row_bytes, STANDARD_VECTOR_SIZE, RowGroupRows(job_->target)),
        .file_groups = state->targets};
    for (Stretch& stretch : gathered.stretches) {
      const auto share = static_cast<double>(stretch.Count()) / static_cast<double>(resources.threads);
      if (!stretch.one_part || share < kSharedFilesMin * state->limits.file_rows) {
        state->stretches.push_back(std::move(stretch));
        continue;
      }
      // One thread would write these while the others wait. No order among them is lost that would spare a file.
      for (RowCollection& part : stretch.rows) {
        Stretch& own = state->stretches.emplace_back(
            Stretch{.first_place = stretch.first_place, .last_place = stretch.last_place});
        own.rows.push_back(std::move(part));
      }
    }
    gathered.stretches.clear();
    return state;
  }

  native::ProgressData GetProgress(native::ClientContext&, native::GlobalSourceState& source) const override {
    const auto& state = source.Cast<WriteFilesState>();
    return {.done = static_cast<double>(state.done), .total = static_cast<double>(state.stretches.size())};
  }

 protected:
  native::SourceResultType GetDataInternal(native::ExecutionContext& context, native::DataChunk&,
                                           native::OperatorSourceInput& input) const override {
    auto& state = input.global_state.Cast<WriteFilesState>();
    for (size_t i = state.next++; i < state.stretches.size(); i = state.next++) {
      try {
        WriteStretch(context.client, std::move(state.stretches[i]), state);
      } catch (...) {
        state.next = state.stretches.size();  // Else the other threads write what nobody will read.
        throw;
      }
      ++state.done;
    }
    return native::SourceResultType::FINISHED;
  }

 private:
  /// How many stretches rows are dealt out to at first: so many that those which all threads write at a time fit into
  /// memory, so few that the blocks being filled do.
  int64_t Stretches(native::ClientContext& context) const {
    const Resources resources(context);
    // What texts and lists take is known from the files alone, before a row has been read.
    const int64_t row_bytes = std::max(fixed_bytes_, kBytesInMemory * FileRowBytes(*job_->target.base));
    const int64_t for_memory =
        layout_->source_bytes * kBytesInMemory / std::max<int64_t>(1, resources.memory / (8 * resources.threads)) + 1;
    const int64_t wanted = std::max(for_memory, 4 * resources.threads);
    // A stretch is at least a file.
    return std::max<int64_t>(1, std::min({wanted, resources.Targets(row_bytes), layout_->files, kStretchesMax}));
  }

  void WriteStretch(native::ClientContext& context, Stretch stretch, const WriteFilesState& state) const {
    if (stretch.Count() == 0) return;
    const GroupPlan plan = Plan(context, stretch, state.limits);
    if (plan.groups() > state.targets && plan.files.size() > 1) {
      WriteParts(context, std::move(stretch), plan, state);
      return;
    }
    StretchFiles files(
        context, *job_,
        {.directory = directory_, .types = file_types_, .limits = state.limits, .flat = file_layout_ != nullptr});
    if (plan.groups() == 1) {
      files.Begin(plan.files[0].rows);
      files.Append(std::move(stretch.rows));
    } else {
      RowScatter scatter(context,
                         {.types = file_types_, .layout = file_layout_, .targets = plan.groups(), .used_soon = true});
      Deal(context, std::move(stretch), plan, plan.group_of_cell, scatter);
      for (size_t group = 0; group < plan.groups(); ++group) {
        const uint32_t file = plan.file_of_group[group];
        if (group == 0 || file != plan.file_of_group[group - 1]) files.Begin(plan.files[file].rows);
        std::vector<RowCollection> rows;
        rows.push_back(scatter.Take(group));
        files.Append(std::move(rows));
      }
    }
    files.Finish();
  }

  /// The way of a stretch of many small files: they are dealt out to stretches of some of them first.
  void WriteParts(native::ClientContext& context, Stretch stretch, const GroupPlan& plan,
                  const WriteFilesState& state) const {
    const size_t files = plan.files.size();
    const size_t parts = std::min(state.targets, files);
    const auto part_of_file = [&](size_t file) { return file * parts / files; };
    std::vector<Stretch> inner(parts);
    for (size_t file = files; file-- > 0;) inner[part_of_file(file)].first_place = plan.files[file].first_place;
    for (size_t i = 0; i + 1 < parts; ++i) inner[i].last_place = inner[i + 1].first_place - 1;
    inner.back().last_place = stretch.last_place;
    std::vector<uint32_t> part_of_cell(plan.group_of_cell.size());
    for (size_t cell = 0; cell < part_of_cell.size(); ++cell) {
      part_of_cell[cell] = static_cast<uint32_t>(part_of_file(plan.file_of_group[plan.group_of_cell[cell]]));
    }
    RowScatter scatter(context, {.types = types_, .layout = keyed_layout_, .targets = parts, .used_soon = true});
    Deal(context, std::move(stretch), plan, part_of_cell, scatter);
    for (size_t i = 0; i < parts; ++i) {
      inner[i].rows.push_back(scatter.Take(i));
      WriteStretch(context, std::move(inner[i]), state);
    }
  }

  /// Deals rows out, with their places if `scatter` takes these.
  static void Deal(native::ClientContext& context, Stretch stretch, const GroupPlan& plan,
                   const std::vector<uint32_t>& target_of_cell, RowScatter& scatter) {
    std::vector<uint32_t> targets(STANDARD_VECTOR_SIZE);
    native::DataChunk chunk;
    chunk.InitializeEmpty(scatter.types());
    for (RowCollection& part : stretch.rows) {
      Consume(std::move(part), [&](native::DataChunk& rows) {
        ThrowIfInterrupted(context);
        const auto* places = native::FlatVector::GetData<uint64_t>(rows.data.back());
        for (native::idx_t i = 0; i < rows.size(); ++i) targets[i] = target_of_cell[plan.Cell(places[i])];
        for (native::idx_t i = 0; i < chunk.ColumnCount(); ++i) chunk.data[i].Reference(rows.data[i]);
        chunk.SetCardinality(rows.size());
        scatter.Add(chunk, targets);
      });
    }
    scatter.Close();
  }

  static GroupPlan Plan(native::ClientContext& context, Stretch& stretch, const GroupLimits& limits) {
    const uint64_t width = stretch.last_place - stretch.first_place;
    // Never cells so small that counting them up to this stretch overflows.
    const int shift = std::max(kCurvePartBits, static_cast<int>(std::bit_width(width)) - kCurvePartBits);
    const uint64_t first_cell = stretch.first_place >> shift;
    std::vector<int64_t> counts((stretch.last_place >> shift) - first_cell + 1);
    for (RowCollection& part : stretch.rows) {
      part.VisitPlaces([&](const uint64_t* places, size_t count) {
        ThrowIfInterrupted(context);
        for (size_t i = 0; i < count; ++i) ++counts[(places[i] >> shift) - first_cell];
      });
    }
    return PlanGroups(counts, shift, stretch.first_place, limits);
  }

  const std::shared_ptr<WriteJob> job_;
  const std::shared_ptr<const CurveLayout> layout_;
  const native::unique_ptr<native::Expression> place_;
  const std::string directory_;
  std::vector<native::idx_t> columns_;              ///< Of the child, those that are in files.
  native::vector<native::LogicalType> file_types_;  ///< Theirs.
  native::vector<native::LogicalType> types_;       ///< Theirs, and the place's.
  /// Of `types_` and `file_types_`, if FlatFileWriter takes them; else null.
  std::shared_ptr<const FlatLayout> keyed_layout_, file_layout_;
  int64_t fixed_bytes_ = 0;  ///< Of a row of `types_`, at least.
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
