#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/object_store.h"

namespace neurolake::query {

/// The local store, counting what is read of it.
class CountingStore final : public storage::ObjectStore {
 public:
  Result<std::string> Read(const std::string& path) override {
    reads.push_back(path.substr(path.rfind('/') + 1));
    return inner_->Read(path);
  }
  Result<std::string> ReadRange(const std::string& path, int64_t offset, int64_t length) override {
    return inner_->ReadRange(path, offset, length);
  }
  Result<storage::ObjectInfo> Head(const std::string& path) override { return inner_->Head(path); }
  Result<void> PutIfAbsent(const std::string& path, std::string_view bytes) override {
    if (put_error) return MakeError(*put_error, "the store does not take it");
    auto put = inner_->PutIfAbsent(path, bytes);
    // Taken first: it may change what comes next.
    if (const auto after = after_put) after();
    return put;
  }
  Result<void> Put(const std::string& path, std::string_view bytes) override { return inner_->Put(path, bytes); }
  Result<std::vector<storage::ObjectInfo>> List(const std::string& directory, const std::string& after) override {
    return inner_->List(directory, after);
  }
  Result<void> Walk(const std::string& directory, const std::function<bool(const std::string&)>& enter,
                    const std::function<Result<void>(const storage::ObjectInfo&)>& visit) override {
    return inner_->Walk(directory, enter, visit);
  }
  Result<void> Delete(const std::string& path) override { return inner_->Delete(path); }
  Result<void> MakeDirectory(const std::string& path) override { return inner_->MakeDirectory(path); }

  std::vector<std::string> reads;
  std::optional<ErrorCode> put_error;  ///< Instead of what is put.
  std::function<void()> after_put;     ///< What happens when it is there, before anybody is told.

 private:
  std::unique_ptr<storage::ObjectStore> inner_ = storage::NewLocalStore();
};

}  // namespace neurolake::query
