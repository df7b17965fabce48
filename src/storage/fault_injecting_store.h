#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/object_store.h"

namespace neurolake::storage {

enum class StoreOperation : uint8_t {
  kAny,
  kRead,
  kReadRange,
  kHead,
  kPutIfAbsent,
  kPut,
  kList,
  kDelete,
  kMakeDirectory,
};

/// One thing that goes wrong. It counts the calls that match `operation` and `path_contains` from the moment it is
/// injected, and strikes at the `nth` (1 is the next) and the `times - 1` after it.
struct Fault {
  enum class Kind : uint8_t {
    kFail,         ///< No effect; the call returns `code`.
    kLoseAnswer,   ///< The effect happens; the call returns `code`.
    kShortWrite,   ///< The first half of the bytes lands under the final name; the call returns `code`.
    kShortRead,    ///< The first half of the bytes is returned, as if that were all.
    kDelay,        ///< The call waits `delay` first, then is carried out.
    kDelayEffect,  ///< The call returns `code` now; its effect happens at ReleaseDelayed().
  };
  Kind kind = Kind::kFail;
  StoreOperation operation = StoreOperation::kAny;
  std::string path_contains;
  int64_t nth = 1;
  int64_t times = 1;
  ErrorCode code = ErrorCode::kIoError;
  std::chrono::milliseconds delay{0};
};

/// For tests: passes everything on to `inner` (borrowed, must outlive this) except what was injected. Thread-safe.
class FaultInjectingStore final : public ObjectStore {
 public:
  explicit FaultInjectingStore(ObjectStore& inner) : inner_(inner) {}

  void Inject(Fault fault);
  void ClearFaults();
  /// From now on `bytes` more can be written; a write that does not fit has no effect and is kDiskFull.
  void LimitCapacity(int64_t bytes);
  void RemoveCapacityLimit();
  /// Carries out the effects that kDelayEffect held back, in order; returns their results.
  std::vector<Result<void>> ReleaseDelayed();
  /// Calls so far, of any kind.
  int64_t operations() const;

  Result<std::string> Read(const std::string& path) override;
  Result<std::string> ReadRange(const std::string& path, int64_t offset_bytes, int64_t length_bytes) override;
  Result<ObjectInfo> Head(const std::string& path) override;
  Result<void> PutIfAbsent(const std::string& path, std::string_view bytes) override;
  Result<void> Put(const std::string& path, std::string_view bytes) override;
  Result<std::vector<ObjectInfo>> List(const std::string& directory, const std::string& start_after) override;
  Result<void> Walk(const std::string& directory, const std::function<bool(const std::string&)>& enter,
                    const std::function<Result<void>(const ObjectInfo&)>& visit) override;
  Result<void> Delete(const std::string& path) override;
  Result<void> MakeDirectory(const std::string& path) override;
  Result<std::unique_ptr<ObjectReader>> OpenBelow(const std::string& directory, const std::string& path) override;
  Result<void> DeleteBelow(const std::string& directory, const std::string& path) override;
  Result<bool> LeadsThroughLink(const std::string& directory, const std::string& path) override;

 private:
  struct Armed {
    Fault fault;
    int64_t matched = 0;
  };

  /// The fault that strikes this call, if any. Waits for kDelay itself.
  std::optional<Fault> Strike(StoreOperation operation, const std::string& path);
  Result<void> Write(StoreOperation operation, const std::string& path, std::string_view bytes);
  Result<void> WriteInner(StoreOperation operation, const std::string& path, std::string_view bytes);
  bool TakeCapacity(int64_t bytes);

  ObjectStore& inner_;
  mutable std::mutex mutex_;
  std::vector<Armed> armed_;
  std::vector<std::function<Result<void>()>> delayed_;
  std::optional<int64_t> capacity_bytes_;
  int64_t operations_ = 0;
};

}  // namespace neurolake::storage
