#pragma once
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "tables/delta/actions.h"
#include "tables/delta/snapshot.h"

namespace neurolake::tables::delta {

/// Key of a logical file: the data file's decoded path and the unique id of its deletion vector. Decoded, because
/// writers differ in what they percent-encode.
std::string FileKey(std::string_view path, const std::optional<DeletionVectorDescriptor>& deletion_vector);

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
  /// The state before everything applied so far, as the last step of kNewestFirst. Copies the files that are left.
  void ApplyBase(const ReplayedLog& base);
  /// Consumes the reconciler. The order of files is not specified.
  ReplayedLog Finish() &&;

 private:
  void ApplyOlder(CommitActions actions);
  void ApplyNewer(CommitActions actions);

  Order order_;
  bool any_applied_ = false;
  ReplayedLog log_;
  std::unordered_set<std::string> seen_;            ///< kNewestFirst: keys decided already.
  std::unordered_map<std::string, size_t> active_;  ///< kOldestFirst: key to index in log_.files.
  std::vector<bool> retired_;                       ///< kOldestFirst: parallel to log_.files.
};

}  // namespace neurolake::tables::delta
