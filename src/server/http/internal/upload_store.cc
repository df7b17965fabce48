#include "server/http/internal/upload_store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>

#include "common/log.h"

namespace neurolake::server {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::minutes kSweepPeriod{1};
// Complete files are counted again after so many bytes, as other uploads may have ended meanwhile.
constexpr int64_t kRecountBytes = 16 << 20;

// Complete files only: those in progress are claims.
int64_t StoredBytes(const std::string& folder, const std::string& without) {
  int64_t bytes = 0;
  std::error_code code;
  for (fs::directory_iterator it(folder, code), end; !code && it != end; it.increment(code)) {
    const std::string name = it->path().filename().string();
    std::error_code ignored;
    if (name.starts_with('.') || name == without || !it->is_regular_file(ignored)) continue;
    const auto size = it->file_size(ignored);
    if (!ignored) bytes += static_cast<int64_t>(size);
  }
  return bytes;
}

}  // namespace

UploadStore::UploadStore(const Clock& clock, Options options) : clock_(clock), options_(std::move(options)) {
  if (options_.directory.empty()) return;
  sweeper_ = std::jthread([this](std::stop_token stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    do {
      Sweep();
    } while (!never.wait_for(lock, stop, kSweepPeriod, [] { return false; }) && !stop.stop_requested());
  });
}

UploadStore::Claim::~Claim() {
  std::lock_guard lock(store_.mutex_);
  const auto found = store_.claimed_.find(folder_);
  if (found != store_.claimed_.end() && (found->second -= bytes_) <= 0) store_.claimed_.erase(found);
}

Result<void> UploadStore::Grow(Claim& claim, int64_t bytes) {
  if (claim.stored_ < 0 || claim.bytes_ + bytes - claim.counted_at_ > kRecountBytes) {
    claim.stored_ = StoredBytes(claim.folder_, claim.replaces_);
    claim.counted_at_ = claim.bytes_;
  }
  std::lock_guard lock(mutex_);
  int64_t& claimed = claimed_[claim.folder_];
  if (claim.stored_ + claimed + bytes > options_.bytes_max) {
    return MakeError(ErrorCode::kPayloadTooLarge,
                     "your uploads would take more than uploads.bytes_max together; remove some first: {} bytes",
                     options_.bytes_max);
  }
  claimed += bytes;
  claim.bytes_ += bytes;
  return {};
}

void UploadStore::Sweep() {
  std::error_code code;
  for (fs::directory_iterator it(options_.directory, code), end; !code && it != end; it.increment(code)) {
    std::error_code ignored;
    if (it->is_directory(ignored) && !it->is_symlink(ignored)) SweepFolder(it->path().string());
  }
}

void UploadStore::SweepFolder(const std::string& folder) {
  const auto oldest =
      std::chrono::duration_cast<std::chrono::seconds>((clock_.Now() - options_.keep).time_since_epoch()).count();
  std::error_code code;
  for (fs::directory_iterator it(folder, code), end; !code && it != end; it.increment(code)) {
    struct stat state {};
    // The time of the last byte, so that an upload in progress is never taken for an old one.
    if (lstat(it->path().c_str(), &state) != 0 || !S_ISREG(state.st_mode) || state.st_mtim.tv_sec > oldest) continue;
    if (unlink(it->path().c_str()) != 0) continue;
    Log(LogLevel::kInfo, "removed an upload that was older than uploads.keep", {},
        {{"bytes", static_cast<int64_t>(state.st_size)}});
  }
}

}  // namespace neurolake::server
