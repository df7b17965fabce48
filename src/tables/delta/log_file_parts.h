#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "common/result.h"
#include "storage/object_store.h"

namespace neurolake::tables::delta {

/// A log file in parts of whole lines, so that what is held of it stays bounded however large it is. Borrows the store.
/// One thread.
class LogFileParts {
 public:
  static constexpr int64_t kPartBytes = 4LL << 20;

  struct Part {
    std::string lines;         ///< About kPartBytes; more where a line is longer.
    int64_t lines_before = 0;  ///< In the file.
  };

  LogFileParts(storage::ObjectStore& store, std::string path, int64_t size_bytes)
      : store_(store), path_(std::move(path)), left_bytes_(size_bytes) {}

  /// nullopt at the end. Errors: the store's, kCorruption for a file that ends before its size.
  Result<std::optional<Part>> Next();

 private:
  storage::ObjectStore& store_;
  const std::string path_;
  int64_t left_bytes_;
  int64_t offset_ = 0;
  int64_t lines_ = 0;
  std::string rest_;
};

}  // namespace neurolake::tables::delta
