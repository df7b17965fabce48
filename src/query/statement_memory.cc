// How much memory a statement gets, and what it keeps of it for logs.
#include <bit>

#include "common/text.h"
#include "query/statement.h"

namespace neurolake::query {

namespace {

/// Predictions are rough; what is granted beyond them keeps a slight miss from spilling.
constexpr double kGrantHeadroom = 1.5;

// Four steps from one power of two to the next: a change of the engine's limit costs time, so that statements of about
// the same size had better have the same.
int64_t RoundUpToStep(int64_t bytes) {
  const auto value = static_cast<uint64_t>(std::max<int64_t>(bytes, 4));
  const uint64_t step = std::bit_floor(value) / 4;
  return static_cast<int64_t>((value + step - 1) / step * step);
}

}  // namespace

Result<int64_t> Statement::GrantMemory(int64_t predicted_bytes) {
  const int64_t planning_bytes = std::min(lake_.planning_bytes, memory_bytes_max_);
  int64_t wanted = memory_bytes_max_;
  if (request_.memory_bytes == 0 && predicted_bytes >= 0) {
    const double with_headroom = static_cast<double>(predicted_bytes) * kGrantHeadroom;
    if (with_headroom < static_cast<double>(wanted)) {
      wanted = std::min(wanted, std::max(planning_bytes, RoundUpToStep(static_cast<int64_t>(with_headroom))));
    }
  }
  wanted = std::min(memory_bytes_max_, wanted + reserved_bytes_);
  if (grant_ == nullptr) {
    NL_ASSIGN_OR_RETURN(grant_, lake_.admission.Acquire(ctx_, wanted - planning_bytes));
  } else if (const int64_t more = wanted - planning_bytes - grant_->bytes(); more > 0) {
    // A later part of a composed statement does with less when there is no more; a plan that comes after a large log
    // has nothing yet.
    const bool has_nothing = grant_->bytes() <= reserved_bytes_;
    std::ignore = has_nothing ? grant_->TryGrowByRelease(more) : grant_->TryGrow(more);
  }
  return planning_bytes + grant_->bytes();
}

Result<int64_t> Statement::ReserveMemory(int64_t bytes) {
  const int64_t planning_bytes = std::min(lake_.planning_bytes, memory_bytes_max_);
  const int64_t beside = planning_bytes + reserved_bytes_;
  if (bytes < 0 || bytes > memory_bytes_max_ - beside) {
    return MakeError(ErrorCode::kOutOfMemory,
                     "the log of a table takes more memory to read than the statement may use: {} of {} beside {}; a "
                     "checkpoint, or OPTIMIZE, makes it smaller, and memory.per_statement gives statements more",
                     FormatBytes(bytes), FormatBytes(memory_bytes_max_), FormatBytes(beside));
  }
  const int64_t granted = grant_ == nullptr ? 0 : grant_->bytes();
  if (granted == 0) {
    // It holds nothing that others could wait for.
    NL_ASSIGN_OR_RETURN(grant_, lake_.admission.Acquire(ctx_, bytes));
  } else if (const int64_t more = std::min(bytes, memory_bytes_max_ - planning_bytes - granted);
             (more <= 0 || !grant_->TryGrowByRelease(more)) && bytes > granted - reserved_bytes_) {
    // Otherwise the engine gets along with less of what was granted.
    return MakeError(ErrorCode::kTooManyRequests, "no memory is free to read the log of another table, retry later: {}",
                     FormatBytes(bytes));
  }
  reserved_bytes_ += bytes;
  return planning_bytes + grant_->bytes();
}

}  // namespace neurolake::query
