#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/result.h"

namespace neurolake::audit {

/// What a statement's text was parted from.
struct Constants {
  std::vector<std::string> literals;    ///< As they were written, in order.
  std::vector<std::string> parameters;  ///< One text for each.
  bool empty() const { return literals.empty() && parameters.empty(); }
};

/// The same, as far as their keys are there.
struct OpenedConstants {
  std::vector<std::optional<std::string>> literals;
  std::vector<std::optional<std::string>> parameters;
};

/// One constant of what Seal made, counted over literals and then parameters.
struct SealedConstant {
  std::string sealed;
  size_t index = 0;
};

/// Encrypts the constants of statements, which may be somebody's data: the log is never rewritten, so their keys are
/// destroyed where they must not be read any more. Each constant has a key of its own, of a tree of keys in which
/// single ones and all before a time can be taken away (key_tree.h): whose a constant is need not be known when it is
/// written. Thread-safe. Source: docs/formats/audit.md, "Constants"; docs/adr/0027-erasure.md.
class ConstantSealer {
 public:
  virtual ~ConstantSealer() = default;
  /// What a record keeps. `statement` is not in it but has to be the same to open it; `at` says which keys.
  /// Errors: kInvalidArgument for more than kConstantsMax; kNotFound where EraseBefore took the time's keys away.
  static constexpr size_t kConstantsMax = 1 << 16;
  virtual Result<std::string> Seal(const Constants& constants, std::string_view statement, WallTime at) const = 0;
  /// A constant whose key is gone is nullopt. Errors: kNotFound for keys of another file; kCorruption for what was not
  /// sealed for `statement`.
  virtual Result<OpenedConstants> Open(std::string_view sealed, std::string_view statement) const = 0;
  /// Destroys keys: nobody opens these any more, whatever else he has. Durable when it returns; again is no error.
  /// Returns how many there were. Constants of a log that began before each had a key share one, which goes then with
  /// all of them. Errors: those of the file; nothing was destroyed then.
  virtual Result<int64_t> Erase(const std::vector<SealedConstant>& constants) = 0;
  /// The same of all that was sealed for an earlier time; false if there was nothing left of them.
  virtual Result<bool> EraseBefore(WallTime time) = 0;
  /// Hexadecimal HMAC-SHA-512/256 under a key of the lake's: tells equal texts, and nothing of them without the key.
  virtual std::string HashOf(std::string_view text) const = 0;
};

/// Keys in the file at `path` (0600), which is made if it is missing. XChaCha20-Poly1305 and BLAKE2b (libsodium).
/// Borrows nothing. Errors: those of the file; kInvalidArgument for a file that holds no keys.
Result<std::unique_ptr<ConstantSealer>> OpenConstantSealer(const std::string& path);

}  // namespace neurolake::audit
