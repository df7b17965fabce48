#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/descriptor.h"
#include "retrieval/embedder.h"
#include "retrieval/passage.h"

namespace neurolake::retrieval {

/// One change: a passage with its vector under a new key, or the removal of a key.
struct PassageChange {
  uint64_t key = 0;
  bool removed = false;
  Passage passage = {};            ///< Unless removed.
  std::vector<float> vector = {};  ///< Unless removed.
};

/// The truth about what a corpus holds: a file to which groups of changes are added, each whole or not at all. A group
/// that `Append` acknowledged is on the disk; one that a crash cut off is taken away by the next `Open`; damage to
/// anything before it is kCorruption, never a silent loss. Model and dimension stand in the file. One process at a time
/// (flock), one thread. Source: docs/formats/passages.md.
class PassageLog {
 public:
  using Visitor = std::function<Result<void>(uint64_t sequence, std::vector<PassageChange> changes)>;

  /// Opens or makes the file and gives every group to `visit`, in order.
  /// Errors: kInvalidArgument when the file was made with another model or dimension, saying which; kConflict when
  /// another process has it; kCorruption; kNotSupported for a newer version; kIoError, kDiskFull.
  static Result<std::unique_ptr<PassageLog>> Open(const std::string& path, const EmbeddingModel& model,
                                                  const Visitor& visit);

  /// Durable when it returns. After a failure nothing of it stays, and the log takes no more until it is opened again.
  Result<void> Append(const std::vector<PassageChange>& changes);
  /// Writes the file anew with `changes` as all there is. The file is replaced in one step.
  Result<void> Compact(const std::vector<PassageChange>& changes);

  /// Says which state of which log: "ID:SEQUENCE".
  std::string Mark() const;
  /// The sequence in `mark` if it is one of this log from which the groups after it lead to now; nullopt otherwise.
  std::optional<uint64_t> SequenceOf(const std::string& mark) const;
  uint64_t sequence() const { return sequence_; }
  uint64_t size_bytes() const { return size_; }

 private:
  PassageLog(std::string path, EmbeddingModel model) : path_(std::move(path)), model_(std::move(model)) {}
  Result<void> OpenFile();
  Result<void> Start(std::string_view more_frames);
  Result<void> ReadAll(std::string_view bytes, const Visitor& visit);
  Result<void> ReadHead(std::string_view payload, uint64_t sequence);
  std::string Head(uint64_t sequence) const;

  const std::string path_;
  const EmbeddingModel model_;
  Descriptor file_;
  Descriptor lock_;
  std::string id_;
  uint64_t base_sequence_ = 0;  ///< Of the first frame: what was before is not in the file.
  uint64_t sequence_ = 0;       ///< Of the last frame.
  uint64_t size_ = 0;
  bool broken_ = false;
};

}  // namespace neurolake::retrieval
