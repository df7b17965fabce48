#pragma once
#include <cstdint>
#include <string>

#include "common/result.h"

namespace neurolake::audit {

/// Where closed segments of a log go, so that its own disk does not fill: files that are written once and read. One
/// place for one log. Thread-safe.
class Archive {
 public:
  virtual ~Archive() = default;
  /// Whole and durable under its name when it returns. What is there already stays as it is: whoever calls reads it
  /// back. Errors: those of the place; kIoError for `path`, a local file.
  virtual Result<void> Store(const std::string& name, const std::string& path) = 0;
  /// Up to `bytes` from `begin` on, fewer at the end. Errors: kNotFound; those of the place.
  virtual Result<std::string> Read(const std::string& name, uint64_t begin, uint64_t bytes) const = 0;
  /// As the log says where a segment went. No secrets.
  virtual std::string place() const = 0;
};

/// Which segments are to go. The newest one never is, nor one that no checkpoint covers.
struct ArchiveRule {
  std::string before;       ///< Those whose last record is older, as records tell the time; empty: none by age.
  uint64_t bytes_most = 0;  ///< The oldest, until what is left takes no more than this; 0: no limit.
};

}  // namespace neurolake::audit
