#pragma once
#include <optional>
#include <string>

#include "audit/key_tree.h"
#include "common/result.h"

namespace neurolake::audit {

/// What the file of the constants' keys holds. Source: docs/formats/audit.md, "Constants".
struct ConstantKeys {
  std::string id;  ///< 16 hexadecimal digits, in what was sealed with them.
  KeyTree::Seed hash_key{};
  std::optional<KeyTree::Seed> old_key;  ///< Of a log that began when all constants had one.
  KeyTree tree{KeyTree::Branches{}};
};

/// The keys of the file at `path`, or new ones, in a file that is made. A file with one key is brought up to date.
/// Errors: those of ReadSecretFile and ReplaceFile; kInvalidArgument.
Result<ConstantKeys> ReadConstantKeys(const std::string& path);
/// In the place of what the file held, which is overwritten, as far as the file system does that in place. Errors:
/// those of ReplaceFile.
Result<void> ReplaceConstantKeys(const std::string& path, const ConstantKeys& keys);

}  // namespace neurolake::audit
