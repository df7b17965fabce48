#pragma once
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "common/clock.h"
#include "common/result.h"

namespace neurolake::server {

/// The space that uploads take: a limit for each principal's folder, and an age at which files go. Thread-safe.
class UploadStore {
 public:
  struct Options {
    std::string directory;  ///< The lake's staging folder, with a folder for each principal; empty: nothing to sweep.
    std::chrono::milliseconds keep{0};
    int64_t bytes_max = 0;  ///< Of one principal.
  };
  UploadStore(const Clock& clock, Options options);

  /// Bytes that an upload in progress has claimed; given back when it ends, however it ends.
  class Claim {
   public:
    Claim(UploadStore& store, std::string folder, std::string replaces)
        : store_(store), folder_(std::move(folder)), replaces_(std::move(replaces)) {}
    ~Claim();
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;

   private:
    friend class UploadStore;
    UploadStore& store_;
    const std::string folder_;
    const std::string replaces_;  ///< Name of the file whose space the upload takes over.
    int64_t bytes_ = 0;
    int64_t stored_ = -1;  ///< Bytes of complete files when they were last counted.
    int64_t counted_at_ = 0;
  };

  /// Claims `bytes` more. Errors: kPayloadTooLarge, naming the setting, when the principal's uploads would pass the
  /// limit.
  Result<void> Grow(Claim& claim, int64_t bytes);

  /// Removes what is older than the age, of every principal. Called once a minute by a thread of the store's own.
  void Sweep();
  /// The same for one principal's folder.
  void SweepFolder(const std::string& folder);

 private:
  const Clock& clock_;
  const Options options_;
  std::mutex mutex_;
  std::map<std::string, int64_t> claimed_;  ///< By folder.
  std::jthread sweeper_;
};

}  // namespace neurolake::server
