#pragma once
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "governance/rego/rego_policy.h"

namespace neurolake::governance {

/// A file of a bundle, by its path in it.
struct BundleFile {
  std::string path;
  std::string content;
};

/// The files of a tar archive, gzip'ed or not, as Open Policy Agent writes them. Errors: kInvalidArgument for anything
/// else than files and directories, and for what is larger than a bundle may be, without unpacking it.
Result<std::vector<BundleFile>> ReadBundleArchive(std::string_view archive);
/// The same bytes for the same files: sorted by path, without owners and times.
Result<std::string> WriteBundleArchive(std::vector<BundleFile> files);

/// How one rule of a bundle that begins with test_ went.
struct BundleTest {
  enum class Outcome : uint8_t { kPassed, kFailed, kError, kSkipped };
  std::string name;  ///< "data.neurolake.authz_test.test_owner_reads"
  std::string file;
  int64_t line = 0;
  Outcome outcome = Outcome::kFailed;
  std::string message;  ///< Of an error.
  std::chrono::microseconds duration{0};
};

/// Policies and their data, as Open Policy Agent's bundles hold them: *.rego, data.json, .manifest. Files *_test.rego
/// are for tests alone. Immutable. Source: docs/policies-rego.md, "Bundles".
class RegoBundle {
 public:
  static constexpr size_t kBytesMax = size_t{8} << 20;
  static constexpr size_t kFilesMax = 1000;

  /// Checks all that can be known before the first question: paths, sizes, the manifest and its roots, syntax, calls,
  /// recursion, and that package neurolake.authz has the documents of a decision and no others. Runs no tests.
  /// Errors: kInvalidArgument with file and line; kPayloadTooLarge.
  static Result<RegoBundle> Load(std::vector<BundleFile> files);

  /// The manifest's; else empty.
  const std::string& revision() const { return revision_; }
  /// SHA-256 over paths and contents, lower-case hexadecimal.
  const std::string& digest() const { return digest_; }
  const std::vector<BundleFile>& files() const { return files_; }
  /// Without tests.
  const std::shared_ptr<const RegoPolicy>& policy() const { return policy_; }

  /// Runs every rule test_…; todo_test_… are skipped. `time_limit` is for each.
  std::vector<BundleTest> RunTests(std::chrono::microseconds time_limit) const;

 private:
  RegoBundle() = default;
  std::string revision_;
  std::string digest_;
  std::vector<BundleFile> files_;
  std::shared_ptr<const RegoPolicy> policy_;
  std::shared_ptr<const RegoPolicy> with_tests_;
};

}  // namespace neurolake::governance
