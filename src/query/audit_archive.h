#pragma once
#include <functional>
#include <memory>
#include <string>

#include "audit/archive.h"
#include "storage/object_store.h"

namespace neurolake::query {

/// The audit log's archive in a folder or an object store. Thread-safe.
class StoreArchive final : public audit::Archive {
 public:
  /// A client of the store, asked for at each use: credentials may be replaced while the server runs.
  using Open = std::function<Result<std::shared_ptr<storage::ObjectStore>>()>;

  /// `place`: an absolute path or a URL, without a slash at its end.
  StoreArchive(std::string place, Open open) : place_(std::move(place)), open_(std::move(open)) {}

  Result<void> Store(const std::string& name, const std::string& path) override;
  Result<std::string> Read(const std::string& name, uint64_t begin, uint64_t bytes) const override;
  std::string place() const override { return place_; }

 private:
  const std::string place_;
  const Open open_;
};

}  // namespace neurolake::query
