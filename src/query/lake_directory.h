#pragma once
#include <memory>
#include <string>

#include "common/descriptor.h"
#include "common/result.h"

namespace neurolake::query {

/// A lake on disk: `neurolake.toml`, `metastore.db`, `tables/<id>/`, `audit/`, `spill/`, `staging/`, `lock`.
/// Holding one is holding the lake's lock; the operating system releases it when the process ends, however it ends.
class LakeDirectory {
 public:
  /// Makes what is missing, takes the lock, and empties `spill/` of what a crash left.
  /// Errors: kUnavailable naming the process that holds the lake; kReadOnly, kIoError.
  static Result<std::unique_ptr<LakeDirectory>> Open(const std::string& path);
  LakeDirectory(const LakeDirectory&) = delete;
  LakeDirectory& operator=(const LakeDirectory&) = delete;

  const std::string& root() const { return root_; }  ///< Absolute, canonical, without a trailing slash.
  std::string metastore_path() const { return root_ + "/metastore.db"; }
  std::string tables_path() const { return root_ + "/tables"; }
  std::string spill_path() const { return root_ + "/spill"; }
  std::string staging_path() const { return root_ + "/staging"; }

 private:
  LakeDirectory(std::string root, Descriptor lock) : root_(std::move(root)), lock_(std::move(lock)) {}
  std::string root_;
  const Descriptor lock_;
};

}  // namespace neurolake::query
