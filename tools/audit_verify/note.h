#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tree.h"

namespace audit_verify {

/// "<name>+<id>+<base64(0x01 || public key)>" of C2SP signed-note, for Ed25519.
struct PublicKey {
  std::string name;
  std::string id;
  std::string bytes;
};
bool ReadPublicKey(std::string_view text, PublicKey& key);

/// What a log signed: its first `count` records have the root `root`.
struct SignedTree {
  uint64_t count = 0;
  Digest root{};
  std::string where;  ///< Which file, which of its notes.
};

/// A checkpoint of C2SP tlog-checkpoint in a note that `key` signed. `why` says what is wrong if it is none.
bool ReadSignedTree(std::string_view note, const PublicKey& key, SignedTree& tree, std::string& why);

/// The notes of a file that holds them one behind the other, each followed by a blank line; a file with one alone too.
/// `rest` is what is behind the last whole one.
std::vector<std::string> SplitNotes(std::string_view text, std::string& rest);

/// A decimal number without leading zeros.
bool ReadNumber(std::string_view text, uint64_t& number);

}  // namespace audit_verify
