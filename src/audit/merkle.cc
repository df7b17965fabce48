#include "audit/merkle.h"

#include <openssl/sha.h>
#include <sodium.h>

#include <bit>

#include "common/check.h"

namespace neurolake::audit {
namespace {

std::string_view View(const Hash& hash) { return {reinterpret_cast<const char*>(hash.data()), hash.size()}; }

/// The largest power of two that is smaller than `count`, which is at least 2.
uint64_t SplitOf(uint64_t count) { return std::bit_floor(count - 1); }

bool IsCompleteSubtree(uint64_t begin, uint64_t end) {
  const uint64_t count = end - begin;
  return std::has_single_bit(count) && begin % count == 0;
}

}  // namespace

Hash LeafHash(std::string_view bytes) {
  std::string prefixed;
  prefixed.reserve(bytes.size() + 1);
  prefixed += '\0';
  prefixed += bytes;
  Hash hash;
  SHA256(reinterpret_cast<const uint8_t*>(prefixed.data()), prefixed.size(), hash.data());
  return hash;
}

Hash NodeHash(const Hash& left, const Hash& right) {
  std::array<uint8_t, 65> bytes;
  bytes[0] = 1;
  std::ranges::copy(left, bytes.begin() + 1);
  std::ranges::copy(right, bytes.begin() + 33);
  Hash hash;
  SHA256(bytes.data(), bytes.size(), hash.data());
  return hash;
}

void TreeEdge::AppendSubtree(Hash root, uint64_t leaves) {
  NL_CHECK(std::has_single_bit(leaves) && size_ % leaves == 0);
  // As an adding counter carries: equal subtrees become one of twice the size.
  for (uint64_t height = leaves; (size_ & height) != 0; height <<= 1) {
    root = NodeHash(roots_.back(), root);
    roots_.pop_back();
  }
  roots_.push_back(root);
  size_ += leaves;
}

Hash TreeEdge::Root() const {
  if (roots_.empty()) {
    Hash none;
    SHA256(nullptr, 0, none.data());
    return none;
  }
  Hash root = roots_.back();
  for (size_t i = roots_.size() - 1; i > 0; --i) root = NodeHash(roots_[i - 1], root);
  return root;
}

Result<Hash> RangeRoot(uint64_t begin, uint64_t end, const SubtreeRoot& subtree) {
  if (begin == end) return TreeEdge().Root();
  if (IsCompleteSubtree(begin, end)) return subtree(begin, end);
  const uint64_t split = SplitOf(end - begin);
  NL_ASSIGN_OR_RETURN(const Hash left, RangeRoot(begin, begin + split, subtree));
  NL_ASSIGN_OR_RETURN(const Hash right, RangeRoot(begin + split, end, subtree));
  return NodeHash(left, right);
}

Result<std::vector<Hash>> InclusionProof(uint64_t index, uint64_t size, const SubtreeRoot& subtree) {
  if (index >= size) return MakeError(ErrorCode::kInvalidArgument, "there is no such record in the tree: {}", index);
  std::vector<Hash> proof;
  for (uint64_t begin = 0, end = size; end - begin > 1;) {
    const uint64_t middle = begin + SplitOf(end - begin);
    const bool in_left = index < middle;
    NL_ASSIGN_OR_RETURN(const Hash sibling,
                        in_left ? RangeRoot(middle, end, subtree) : RangeRoot(begin, middle, subtree));
    proof.push_back(sibling);
    (in_left ? end : begin) = middle;
  }
  std::ranges::reverse(proof);
  return proof;
}

Result<std::vector<Hash>> ConsistencyProof(uint64_t from, uint64_t to, const SubtreeRoot& subtree) {
  if (from == 0 || from > to) {
    return MakeError(ErrorCode::kInvalidArgument, "no tree of this many records is part of the other: {} of {}", from,
                     to);
  }
  std::vector<Hash> proof;
  uint64_t begin = 0, end = to;
  // SUBPROOF(m, D[begin:end], complete) of the RFC, from the top; `from` is m moved by `begin`.
  while (from < end) {
    const uint64_t middle = begin + SplitOf(end - begin);
    const bool in_left = from <= middle;
    NL_ASSIGN_OR_RETURN(const Hash sibling,
                        in_left ? RangeRoot(middle, end, subtree) : RangeRoot(begin, middle, subtree));
    proof.push_back(sibling);
    (in_left ? end : begin) = middle;
  }
  if (begin > 0) {
    NL_ASSIGN_OR_RETURN(const Hash last, RangeRoot(begin, end, subtree));
    proof.push_back(last);
  }
  std::ranges::reverse(proof);
  return proof;
}

bool VerifyInclusion(uint64_t index, uint64_t size, const Hash& leaf, std::span<const Hash> proof, const Hash& root) {
  if (index >= size) return false;
  uint64_t node = index, last = size - 1;
  Hash hash = leaf;
  for (const Hash& sibling : proof) {
    if (last == 0) return false;
    if ((node & 1) != 0 || node == last) {
      hash = NodeHash(sibling, hash);
      while ((node & 1) == 0 && node != 0) node >>= 1, last >>= 1;
    } else {
      hash = NodeHash(hash, sibling);
    }
    node >>= 1, last >>= 1;
  }
  return last == 0 && hash == root;
}

bool VerifyConsistency(uint64_t from, uint64_t to, const Hash& from_root, const Hash& to_root,
                       std::span<const Hash> proof) {
  if (from == 0 || from > to) return false;
  if (from == to) return proof.empty() && from_root == to_root;
  std::vector<Hash> path(proof.begin(), proof.end());
  if (std::has_single_bit(from)) path.insert(path.begin(), from_root);
  if (path.empty()) return false;
  uint64_t node = from - 1, last = to - 1;
  while ((node & 1) != 0) node >>= 1, last >>= 1;
  Hash old_hash = path[0], new_hash = path[0];
  for (size_t i = 1; i < path.size(); ++i) {
    if (last == 0) return false;
    if ((node & 1) != 0 || node == last) {
      old_hash = NodeHash(path[i], old_hash);
      new_hash = NodeHash(path[i], new_hash);
      while ((node & 1) == 0 && node != 0) node >>= 1, last >>= 1;
    } else {
      new_hash = NodeHash(new_hash, path[i]);
    }
    node >>= 1, last >>= 1;
  }
  return last == 0 && old_hash == from_root && new_hash == to_root;
}

std::string ToBase64(std::string_view bytes) {
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  text.pop_back();  // The terminating NUL.
  return text;
}

std::string ToBase64(const Hash& hash) { return ToBase64(View(hash)); }

Result<std::string> FromBase64(std::string_view text) {
  std::string bytes(text.size() / 4 * 3 + 3, '\0');
  size_t size = 0;
  const char* end = nullptr;
  const bool read = sodium_base642bin(reinterpret_cast<uint8_t*>(bytes.data()), bytes.size(), text.data(), text.size(),
                                      nullptr, &size, &end, sodium_base64_VARIANT_ORIGINAL) == 0 &&
                    end == text.data() + text.size();
  bytes.resize(read ? size : 0);
  // One text for each value: bits behind the last byte have to be 0.
  if (!read || ToBase64(bytes) != text) return MakeError(ErrorCode::kInvalidArgument, "a text is not base64");
  return bytes;
}

std::string ToHex(const Hash& hash) {
  std::string text(2 * hash.size() + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), hash.data(), hash.size());
  text.pop_back();
  return text;
}

}  // namespace neurolake::audit
