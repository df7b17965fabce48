#pragma once
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tables/delta/actions.h"
#include "tables/delta/snapshot.h"

namespace neurolake::tables::delta {

/// Key of a logical file: the data file's decoded path and the unique id of its deletion vector. Decoded, because
/// writers differ in what they percent-encode.
std::string FileKey(std::string_view path, const std::optional<DeletionVectorDescriptor>& deletion_vector);

/// Keys of logical files, each as 128 bits that no two share but by a chance of one in 10^26.
class FileKeySet {
 public:
  bool empty() const { return count_ == 0; }
  void Reserve(size_t count);
  /// False if it was there.
  bool Insert(std::string_view key);
  bool Contains(std::string_view key) const;

 private:
  struct Hash {
    uint64_t high = 0, low = 0;  // Both 0: a free place.
    bool operator==(const Hash& other) const = default;
  };
  static Hash HashOf(std::string_view key);
  /// Where it is, or the free place where it belongs.
  size_t Find(const Hash& hash) const;
  void Grow(size_t places);

  std::vector<Hash> places_;  // A power of two of them, never more than two thirds taken.
  size_t count_ = 0;
};

/// Turns the actions of a log into the state they describe: for each key the newest action wins.
/// Feed it the log files in one direction, each as one `CommitActions` (a checkpoint, or a part of one, is one too);
/// then take the result. O(actions) time, one hash entry per file seen. Not thread-safe.
/// Source: PROTOCOL.md, "Action Reconciliation".
class Reconciler {
 public:
  enum class Order : uint8_t { kNewestFirst, kOldestFirst };

  explicit Reconciler(Order order) : order_(order) {}
  /// Room for so many files; saves rehashing.
  void Reserve(size_t file_count);
  void Apply(CommitActions actions);
  /// A large file in parts, of kNewestFirst: all of them, in the file's order, then EndParts.
  void ApplyPart(CommitActions part);
  void EndParts();
  /// The state before everything applied so far, as the last step of kNewestFirst. Its files that are left come after
  /// all others, in their order; returns their positions in it.
  std::vector<uint32_t> ApplyBase(const ReplayedLog& base);
  /// Consumes the reconciler. The order of files is not specified.
  ReplayedLog Finish() &&;

 private:
  void ApplyNewer(CommitActions actions);

  Order order_;
  bool any_applied_ = false;
  ReplayedLog log_;
  FileKeySet seen_;                                 ///< kNewestFirst: keys decided already.
  std::vector<std::string> removed_;                ///< kNewestFirst: keys that the parts so far remove.
  std::unordered_map<std::string, size_t> active_;  ///< kOldestFirst: key to index in files_.
  std::vector<AddFile> files_;                      ///< kOldestFirst.
  std::vector<bool> retired_;                       ///< kOldestFirst: parallel to files_.
};

}  // namespace neurolake::tables::delta
