#pragma once
// RFC 6962's Merkle tree. Written anew for this program: what it finds must not hang on the log's own code.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace audit_verify {

using Digest = std::array<unsigned char, 32>;

Digest Sha256(std::string_view bytes);
Digest HashRecord(std::string_view line);
Digest HashPair(const Digest& left, const Digest& right);

/// Grows by one record at a time and knows the root of what it has seen.
class RollingTree {
 public:
  void Add(const Digest& record);
  Digest Root() const;
  uint64_t count() const { return count_; }

 private:
  struct Peak {
    Digest digest;
    int height;
  };
  std::vector<Peak> peaks_;
  uint64_t count_ = 0;
};

/// Section 2.1.1: whether `path` leads from record `index` to `root`, the root of `count` records.
bool IsIncluded(uint64_t index, uint64_t count, const Digest& record, const std::vector<Digest>& path,
                const Digest& root);
/// Section 2.1.2: whether the first `old_count` of `new_count` records have the root `old_root`.
bool IsContinued(uint64_t old_count, uint64_t new_count, const Digest& old_root, const Digest& new_root,
                 const std::vector<Digest>& path);

/// The path of section 2.1.1 for one of these records.
std::vector<Digest> PathTo(uint64_t index, const std::vector<Digest>& records);

/// Base64 with padding; false for anything else.
bool DecodeBase64(std::string_view text, std::string& bytes);
bool DecodeDigest(std::string_view text, Digest& digest);
std::string EncodeBase64(std::string_view bytes);

}  // namespace audit_verify
