#pragma once
#include <functional>
#include <memory>
#include <string>

#include "audit/archive.h"
#include "common/clock.h"
#include "common/settings.h"
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

/// What the setting audit.archive names, in its one spelling: without a slash at its end. Empty: nothing.
/// Errors: kInvalidArgument for a URL of no kind of store.
Result<std::string> ArchivePlace(const Settings& settings);

/// Copies the segments of the lake's audit log that are in an archive alone into `folder`, and returns how many those
/// are. For who works on the lake's directory; a server may run. What is in the archive is not looked at: verify it.
/// Errors: kNotFound without audit.archive or its credential, and for a segment that is not there; those of the store.
Result<int64_t> FetchArchivedSegments(const Settings& settings, const Clock& clock, const std::string& folder);

}  // namespace neurolake::query
