#pragma once
#include <cstdint>

#include "plan/plan_digest.h"

namespace neurolake::optimizer {

/// Every statement needs at least this: an engine with nothing to read still needs its buffers.
inline constexpr int64_t kMemoryFloorBytes = int64_t{64} << 20;
/// Parquet unpacks to about three times its size.
inline constexpr double kUnpackedPerFileByte = 3;
/// A scan holds a few row groups, not its files.
inline constexpr int64_t kScanBufferBytesMax = int64_t{128} << 20;
/// A writer holds a row group of each thread and open file.
inline constexpr int64_t kWriteBufferBytesMax = int64_t{512} << 20;
/// Rows that wait until all of a write's keys are known; again those that have the same key; what compares them.
inline constexpr double kCopiesOfWaitingRows = 3;
/// What a row has beside its vectors, where nothing says how long its texts are.
inline constexpr double kTextBytes = 32;
/// Rows that a vector of the engine has room for, and how many sets of them a plan's widest rows pass through (readers,
/// operators, the result or the writer), as far as it was seen. What few columns take is part of the floor.
inline constexpr int64_t kVectorRows = 2048;
inline constexpr int64_t kVectorsHeld = 4;
inline constexpr int64_t kVectorBytesFree = int64_t{16} << 20;
/// Rows that one row unnests to, when nothing says how many.
inline constexpr double kUnnestedRows = 4;
/// No rule bounds what the plan holds (recursion; a function's rows that are then sorted, grouped or joined).
inline constexpr int64_t kMemoryUnknown = -1;

/// Memory that running the plan without spilling takes, from above rather than from below:
/// - a scan: its buffers;
/// - a join: all sides but the largest, since the optimiser builds on the smaller ones;
/// - sort, window, DISTINCT, set operations, aggregates with groups or that collect values: their whole input;
/// - a CTE: its rows; a write: the writer's buffers, and its rows where they wait on their keys;
/// - beside all these, vectors for the widest rows, where there are thousands of columns.
/// A source brings its files' bytes, unpacked; an operator passes on what it got, an aggregate half of it. A join is
/// taken to give no more rows than its largest side, as joins along keys do.
int64_t EstimateMemory(const plan::PlanDigest& digest);

}  // namespace neurolake::optimizer
