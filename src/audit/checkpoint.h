#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "audit/merkle.h"
#include "audit/signed_note.h"
#include "common/result.h"

namespace neurolake::audit {

/// What a log commits to: its first `size` records have the Merkle root `root`.
struct Checkpoint {
  std::string origin;
  uint64_t size = 0;
  Hash root{};
  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

/// "<origin>\n<size>\n<base64 of root>\n". Source: C2SP tlog-checkpoint.
std::string FormatCheckpoint(const Checkpoint& checkpoint);
/// Lines behind the third are extensions, which are left aside. Errors: kCorruption.
Result<Checkpoint> ParseCheckpoint(std::string_view text);
/// A signed note whose text is a checkpoint of the log that `key` signs for. Errors: kCorruption.
Result<Checkpoint> OpenCheckpoint(std::string_view note, const VerifierKey& key);

/// One note behind the other, each followed by a blank line: how `checkpoints` and witness files keep them. The last
/// one that is whole; what a crash left behind it is no error. `notes` may begin in the middle of one. `valid_bytes` is
/// where the last one ends, 0 if there is none.
struct LastNote {
  std::string note;
  uint64_t valid_bytes = 0;
};
LastNote FindLastNote(std::string_view notes);

}  // namespace neurolake::audit
