#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "note.h"

namespace audit_verify {

/// What the program returns. Documented in docs/audit.md; scripts rely on them.
enum ExitCode : int {
  kIntact = 0,
  kAltered = 1,        ///< A record is not what was signed: changed, added, repeated, moved or taken out.
  kTruncated = 2,      ///< Records that a checkpoint covers are missing at the end.
  kRolledBack = 3,     ///< Somebody remembers a later checkpoint than the log has.
  kForked = 4,         ///< The same key signed two logs that contradict each other.
  kBadCheckpoint = 5,  ///< A checkpoint is missing, damaged or not signed by the key.
  kMissingSegment = 6,
  kUsage = 64,
  kCannotRead = 66,
};

struct Finding {
  ExitCode code;
  std::string text;
};

struct Report {
  std::vector<Finding> findings;  ///< Most basic first: what follows may be its consequence.
  std::vector<std::string> notes;
  uint64_t records = 0;
  uint64_t signed_records = 0;
  uint64_t unread_records = 0;  ///< Of which only hashes were there, and these are signed.
  Digest root{};
  std::string last_checkpoint;  ///< The note of the file `checkpoint`, if it is right.
  uint64_t last_checkpoint_size = 0;
  std::vector<Digest> digests;  ///< Of the records, where they were asked for.
};

struct Request {
  std::string directory;
  PublicKey key;
  std::vector<std::string> remembered;  ///< Files of checkpoints that were kept elsewhere.
  std::string archive;                  ///< A directory of segments that went there; empty: none.
  bool without_archived = false;        ///< Hashes will do for archived segments that are nowhere.
  bool keep_records = false;            ///< Whether the report shall have a hash of each record.
};

/// Reads all segments once. False where a file cannot be read; `why` says which.
bool CheckLog(const Request& request, Report& report, std::string& why);

bool ReadWhole(const std::string& path, std::string& text);

}  // namespace audit_verify
