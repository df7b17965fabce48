#include "query/admission.h"

#include "common/text.h"

namespace neurolake::query {

Result<std::unique_ptr<Admission::Grant>> Admission::Acquire(const RequestContext& ctx, int64_t bytes) {
  if (bytes > limits_.memory_bytes) {
    return MakeError(ErrorCode::kOutOfMemory, "the statement asks for more memory than all statements share: {} of {}",
                     FormatBytes(bytes), FormatBytes(limits_.memory_bytes));
  }
  // What its worker holds anyway is enough for it; it must not wait behind those that want more.
  if (bytes <= 0) return std::make_unique<Grant>(*this, 0);
  if (auto grant = TryAcquire(bytes)) return grant;
  if (release_) release_();
  std::unique_lock lock(mutex_);
  if (queue_.empty() && free_bytes_ >= bytes) {
    free_bytes_ -= bytes;
    return std::make_unique<Grant>(*this, bytes);
  }
  if (static_cast<int64_t>(queue_.size()) >= limits_.queue_max) {
    return MakeError(ErrorCode::kTooManyRequests, "too many statements are waiting, retry later: {}", queue_.size());
  }
  const uint64_t ticket = next_ticket_++;
  queue_.push_back(ticket);
  const auto until = std::min(ctx.deadline(), ctx.clock().SteadyNow() + limits_.wait_max);
  const bool admitted = changed_.wait_for(lock, ctx.stop_token(), until - ctx.clock().SteadyNow(),
                                          [&] { return queue_.front() == ticket && free_bytes_ >= bytes; });
  std::erase(queue_, ticket);
  if (admitted) free_bytes_ -= bytes;
  // The next in line may fit now, whichever way this one left the queue.
  changed_.notify_all();
  if (admitted) return std::make_unique<Grant>(*this, bytes);
  NL_RETURN_IF_ERROR(ctx.CheckAlive());
  return MakeError(ErrorCode::kTooManyRequests, "no memory became free in time, retry later");
}

std::unique_ptr<Admission::Grant> Admission::TryAcquire(int64_t bytes) {
  if (!TryTake(bytes)) return nullptr;
  return std::make_unique<Grant>(*this, bytes);
}

int64_t Admission::waiting() const {
  std::lock_guard lock(mutex_);
  return static_cast<int64_t>(queue_.size());
}

bool Admission::TryTake(int64_t bytes) {
  std::lock_guard lock(mutex_);
  if (!queue_.empty() || free_bytes_ < bytes) return false;
  free_bytes_ -= bytes;
  return true;
}

bool Admission::Grant::TryGrow(int64_t bytes) {
  if (!admission_->TryTake(bytes)) return false;
  bytes_ += bytes;
  return true;
}

bool Admission::Grant::TryGrowByRelease(int64_t bytes) {
  if (TryGrow(bytes)) return true;
  // Who waits comes first, whatever is given back.
  if (!admission_->release_ || admission_->waiting() > 0) return false;
  admission_->release_();
  return TryGrow(bytes);
}

bool Admission::Grant::TryResize(int64_t bytes) {
  if (bytes > bytes_ && !admission_->TryTake(bytes - bytes_)) return false;
  if (bytes < bytes_) admission_->Release(bytes_ - bytes);
  bytes_ = bytes;
  return true;
}

void Admission::Release(int64_t bytes) {
  std::lock_guard lock(mutex_);
  free_bytes_ += bytes;
  changed_.notify_all();
}

}  // namespace neurolake::query
