#pragma once
#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "common/result.h"

namespace neurolake::audit {

/// Encrypts the constants of a statement's text, which may be somebody's data: the log is never rewritten, so a key has
/// to be destroyed where they must not be read any more. Thread-safe.
class ConstantSealer {
 public:
  virtual ~ConstantSealer() = default;
  /// What a record keeps: "<key id>:<base64>". `statement` is not in it but has to be the same to open it.
  virtual Result<std::string> Seal(std::string_view constants, std::string_view statement) const = 0;
  /// Errors: kNotFound for a key that is not there any more; kCorruption for what was not sealed for `statement`.
  virtual Result<std::string> Open(std::string_view sealed, std::string_view statement) const = 0;
};

/// One key for all, 32 random bytes as hexadecimal digits in the file at `path` (0600), which is made if it is missing.
/// XChaCha20-Poly1305 (libsodium). Errors: those of the file; kInvalidArgument for a file that holds no key.
Result<std::unique_ptr<ConstantSealer>> OpenConstantSealer(const std::string& path);

}  // namespace neurolake::audit
