#include "storage/fault_injecting_store.h"

#include <thread>

namespace neurolake::storage {
namespace {

std::unexpected<Error> Injected(const Fault& fault, const std::string& path) {
  return MakeError(fault.code, "injected fault: {}", path);
}

/// Whether the call itself is carried out before the fault's answer is given.
bool HasEffect(const Fault& fault) { return fault.kind == Fault::Kind::kLoseAnswer; }

}  // namespace

void FaultInjectingStore::Inject(Fault fault) {
  std::lock_guard lock(mutex_);
  armed_.push_back({.fault = std::move(fault)});
}

void FaultInjectingStore::ClearFaults() {
  std::lock_guard lock(mutex_);
  armed_.clear();
}

void FaultInjectingStore::LimitCapacity(int64_t bytes) {
  std::lock_guard lock(mutex_);
  capacity_bytes_ = bytes;
}

void FaultInjectingStore::RemoveCapacityLimit() {
  std::lock_guard lock(mutex_);
  capacity_bytes_.reset();
}

std::vector<Result<void>> FaultInjectingStore::ReleaseDelayed() {
  std::vector<std::function<Result<void>()>> effects;
  {
    std::lock_guard lock(mutex_);
    effects.swap(delayed_);
  }
  std::vector<Result<void>> results;
  for (const auto& effect : effects) results.push_back(effect());
  return results;
}

int64_t FaultInjectingStore::operations() const {
  std::lock_guard lock(mutex_);
  return operations_;
}

std::optional<Fault> FaultInjectingStore::Strike(StoreOperation operation, const std::string& path) {
  std::optional<Fault> struck;
  {
    std::lock_guard lock(mutex_);
    ++operations_;
    for (Armed& armed : armed_) {
      const Fault& fault = armed.fault;
      if (fault.operation != StoreOperation::kAny && fault.operation != operation) continue;
      if (!path.contains(fault.path_contains)) continue;
      ++armed.matched;
      const bool strikes = armed.matched >= fault.nth && armed.matched < fault.nth + fault.times;
      if (strikes && !struck.has_value()) struck = fault;
    }
  }
  if (struck.has_value() && struck->kind == Fault::Kind::kDelay) {
    std::this_thread::sleep_for(struck->delay);
    return std::nullopt;
  }
  return struck;
}

bool FaultInjectingStore::TakeCapacity(int64_t bytes) {
  std::lock_guard lock(mutex_);
  if (!capacity_bytes_.has_value()) return true;
  if (bytes > *capacity_bytes_) return false;
  *capacity_bytes_ -= bytes;
  return true;
}

Result<std::string> FaultInjectingStore::Read(const std::string& path) {
  auto fault = Strike(StoreOperation::kRead, path);
  if (!fault.has_value()) return inner_.Read(path);
  if (fault->kind != Fault::Kind::kShortRead) return Injected(*fault, path);
  NL_ASSIGN_OR_RETURN(auto bytes, inner_.Read(path));
  bytes.resize(bytes.size() / 2);
  return bytes;
}

Result<std::string> FaultInjectingStore::ReadRange(const std::string& path, int64_t offset_bytes,
                                                   int64_t length_bytes) {
  auto fault = Strike(StoreOperation::kReadRange, path);
  if (!fault.has_value()) return inner_.ReadRange(path, offset_bytes, length_bytes);
  if (fault->kind != Fault::Kind::kShortRead) return Injected(*fault, path);
  return inner_.ReadRange(path, offset_bytes, length_bytes / 2);
}

Result<ObjectInfo> FaultInjectingStore::Head(const std::string& path) {
  auto fault = Strike(StoreOperation::kHead, path);
  if (fault.has_value()) return Injected(*fault, path);
  return inner_.Head(path);
}

Result<void> FaultInjectingStore::WriteInner(StoreOperation operation, const std::string& path,
                                             std::string_view bytes) {
  if (!TakeCapacity(static_cast<int64_t>(bytes.size()))) {
    return MakeError(ErrorCode::kDiskFull, "injected full disk: {}", path);
  }
  return operation == StoreOperation::kPut ? inner_.Put(path, bytes) : inner_.PutIfAbsent(path, bytes);
}

Result<void> FaultInjectingStore::Write(StoreOperation operation, const std::string& path, std::string_view bytes) {
  auto fault = Strike(operation, path);
  if (!fault.has_value()) return WriteInner(operation, path, bytes);
  switch (fault->kind) {
    case Fault::Kind::kFail:
    case Fault::Kind::kShortRead:
    case Fault::Kind::kDelay: break;
    case Fault::Kind::kLoseAnswer: NL_RETURN_IF_ERROR(WriteInner(operation, path, bytes)); break;
    case Fault::Kind::kShortWrite:
      NL_RETURN_IF_ERROR(WriteInner(operation, path, bytes.substr(0, bytes.size() / 2)));
      break;
    case Fault::Kind::kDelayEffect: {
      std::lock_guard lock(mutex_);
      delayed_.push_back([this, operation, path, held = std::string(bytes)] {
        return operation == StoreOperation::kPut ? inner_.Put(path, held) : inner_.PutIfAbsent(path, held);
      });
      break;
    }
  }
  return Injected(*fault, path);
}

Result<void> FaultInjectingStore::PutIfAbsent(const std::string& path, std::string_view bytes) {
  return Write(StoreOperation::kPutIfAbsent, path, bytes);
}

Result<void> FaultInjectingStore::Put(const std::string& path, std::string_view bytes) {
  return Write(StoreOperation::kPut, path, bytes);
}

Result<std::vector<ObjectInfo>> FaultInjectingStore::List(const std::string& directory,
                                                          const std::string& start_after) {
  auto fault = Strike(StoreOperation::kList, directory);
  if (fault.has_value()) return Injected(*fault, directory);
  return inner_.List(directory, start_after);
}

Result<void> FaultInjectingStore::Walk(const std::string& directory,
                                       const std::function<bool(const std::string&)>& enter,
                                       const std::function<Result<void>(const ObjectInfo&)>& visit) {
  auto fault = Strike(StoreOperation::kList, directory);
  if (fault.has_value()) return Injected(*fault, directory);
  return inner_.Walk(directory, enter, visit);
}

Result<void> FaultInjectingStore::Delete(const std::string& path) {
  auto fault = Strike(StoreOperation::kDelete, path);
  if (!fault.has_value()) return inner_.Delete(path);
  if (HasEffect(*fault)) NL_RETURN_IF_ERROR(inner_.Delete(path));
  return Injected(*fault, path);
}

Result<std::unique_ptr<ObjectReader>> FaultInjectingStore::OpenBelow(const std::string& directory,
                                                                     const std::string& path) {
  auto fault = Strike(StoreOperation::kRead, path);
  if (fault.has_value()) return Injected(*fault, path);
  return inner_.OpenBelow(directory, path);
}

Result<void> FaultInjectingStore::DeleteBelow(const std::string& directory, const std::string& path) {
  auto fault = Strike(StoreOperation::kDelete, path);
  if (!fault.has_value()) return inner_.DeleteBelow(directory, path);
  if (HasEffect(*fault)) NL_RETURN_IF_ERROR(inner_.DeleteBelow(directory, path));
  return Injected(*fault, path);
}

Result<bool> FaultInjectingStore::LeadsThroughLink(const std::string& directory, const std::string& path) {
  return inner_.LeadsThroughLink(directory, path);
}

Result<void> FaultInjectingStore::MakeDirectory(const std::string& path) {
  auto fault = Strike(StoreOperation::kMakeDirectory, path);
  if (!fault.has_value()) return inner_.MakeDirectory(path);
  if (HasEffect(*fault)) NL_RETURN_IF_ERROR(inner_.MakeDirectory(path));
  return Injected(*fault, path);
}

}  // namespace neurolake::storage
