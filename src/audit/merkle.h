#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace neurolake::audit {

/// SHA-256.
using Hash = std::array<uint8_t, 32>;

/// Of a leaf: SHA-256(0x00 || bytes). Of an inner node: SHA-256(0x01 || left || right). The first byte keeps a node
/// from passing for a leaf. Source: RFC 6962, section 2.1.
Hash LeafHash(std::string_view bytes);
Hash NodeHash(const Hash& left, const Hash& right);

/// The right edge of a Merkle tree that grows: the roots of its complete subtrees, largest first. Holds at most 64
/// hashes; appending is O(1) amortised, the root O(log n).
class TreeEdge {
 public:
  uint64_t size() const { return size_; }
  void Append(const Hash& leaf) { AppendSubtree(leaf, 1); }
  /// A complete subtree of `leaves` leaves, a power of two that divides size().
  void AppendSubtree(Hash root, uint64_t leaves);
  /// Of no leaves: SHA-256 of nothing.
  Hash Root() const;

 private:
  uint64_t size_ = 0;
  std::vector<Hash> roots_;
};

/// The root of the subtree over leaves [begin, end), as RFC 6962's MTH(D[begin:end]). Asked only where `end - begin` is
/// a power of two that divides `begin`.
using SubtreeRoot = std::function<Result<Hash>(uint64_t begin, uint64_t end)>;

/// MTH(D[begin:end]), put together from complete subtrees.
Result<Hash> RangeRoot(uint64_t begin, uint64_t end, const SubtreeRoot& subtree);

/// The way from leaf `index` to the root of the first `size` leaves: RFC 6962, section 2.1.1.
/// Errors: kInvalidArgument unless index < size; those of `subtree`.
Result<std::vector<Hash>> InclusionProof(uint64_t index, uint64_t size, const SubtreeRoot& subtree);
/// That the tree of `to` leaves begins with the one of `from`: RFC 6962, section 2.1.2. Empty for equal sizes.
/// Errors: kInvalidArgument unless 0 < from <= to; those of `subtree`.
Result<std::vector<Hash>> ConsistencyProof(uint64_t from, uint64_t to, const SubtreeRoot& subtree);

/// Pure. Source: RFC 9162, sections 2.1.3.2 and 2.1.4.2, whose trees are those of RFC 6962.
bool VerifyInclusion(uint64_t index, uint64_t size, const Hash& leaf, std::span<const Hash> proof, const Hash& root);
bool VerifyConsistency(uint64_t from, uint64_t to, const Hash& from_root, const Hash& to_root,
                       std::span<const Hash> proof);

/// Standard base64 (RFC 4648, section 4), with padding.
std::string ToBase64(std::string_view bytes);
std::string ToBase64(const Hash& hash);
/// Errors: kInvalidArgument for what is not what ToBase64 gives.
Result<std::string> FromBase64(std::string_view text);
std::string ToHex(const Hash& hash);

}  // namespace neurolake::audit
