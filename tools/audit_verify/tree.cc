#include "tree.h"

#include <openssl/evp.h>

#include <cstdlib>

namespace audit_verify {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The root that a path leads to, by the RFC's own recursion: the largest power of two below `count` goes left.
/// `used` counts the hashes taken from the end of the path, which is where the top of the tree is.
bool Climb(uint64_t index, uint64_t count, const Digest& record, const std::vector<Digest>& path, size_t& left,
           Digest& root) {
  if (count == 1) {
    root = record;
    return true;
  }
  if (left == 0) return false;
  const Digest sibling = path[--left];
  uint64_t split = 1;
  while (split * 2 < count) split *= 2;
  Digest below;
  if (index < split) {
    if (!Climb(index, split, record, path, left, below)) return false;
    root = HashPair(below, sibling);
  } else {
    if (!Climb(index - split, count - split, record, path, left, below)) return false;
    root = HashPair(sibling, below);
  }
  return true;
}

/// The roots of the old and the new tree out of SUBPROOF(m, D[n], whole). `whole`: the old tree is all of this part and
/// its root is known.
bool Continue(uint64_t old_count, uint64_t count, bool whole, const Digest& old_root, const std::vector<Digest>& path,
              size_t& left, Digest& old_found, Digest& new_found) {
  if (old_count == count) {
    if (whole) {
      old_found = new_found = old_root;
      return true;
    }
    if (left == 0) return false;
    old_found = new_found = path[--left];
    return true;
  }
  if (left == 0) return false;
  const Digest sibling = path[--left];
  uint64_t split = 1;
  while (split * 2 < count) split *= 2;
  Digest old_below, new_below;
  if (old_count <= split) {
    if (!Continue(old_count, split, whole, old_root, path, left, old_below, new_below)) return false;
    old_found = old_below;
    new_found = HashPair(new_below, sibling);
  } else {
    if (!Continue(old_count - split, count - split, false, old_root, path, left, old_below, new_below)) return false;
    old_found = HashPair(sibling, old_below);
    new_found = HashPair(sibling, new_below);
  }
  return true;
}

}  // namespace

Digest Sha256(std::string_view bytes) {
  Digest digest;
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) std::abort();
  return digest;
}

Digest HashRecord(std::string_view line) { return Sha256(std::string(1, '\x00') + std::string(line)); }

Digest HashPair(const Digest& left, const Digest& right) {
  std::string bytes(1, '\x01');
  bytes.append(left.begin(), left.end());
  bytes.append(right.begin(), right.end());
  return Sha256(bytes);
}

void RollingTree::Add(const Digest& record) {
  peaks_.push_back({record, 0});
  ++count_;
  while (peaks_.size() > 1 && peaks_.back().height == peaks_[peaks_.size() - 2].height) {
    const Peak right = peaks_.back();
    peaks_.pop_back();
    peaks_.back() = {HashPair(peaks_.back().digest, right.digest), right.height + 1};
  }
}

Digest RollingTree::Root() const {
  if (peaks_.empty()) return Sha256("");
  Digest root = peaks_.back().digest;
  for (auto peak = peaks_.rbegin() + 1; peak != peaks_.rend(); ++peak) root = HashPair(peak->digest, root);
  return root;
}

bool IsIncluded(uint64_t index, uint64_t count, const Digest& record, const std::vector<Digest>& path,
                const Digest& root) {
  size_t left = path.size();
  Digest found;
  return index < count && Climb(index, count, record, path, left, found) && left == 0 && found == root;
}

bool IsContinued(uint64_t old_count, uint64_t new_count, const Digest& old_root, const Digest& new_root,
                 const std::vector<Digest>& path) {
  if (old_count == 0 || old_count > new_count) return false;
  size_t left = path.size();
  Digest old_found, new_found;
  return Continue(old_count, new_count, true, old_root, path, left, old_found, new_found) && left == 0 &&
         old_found == old_root && new_found == new_root;
}

std::vector<Digest> PathTo(uint64_t index, const std::vector<Digest>& records) {
  std::vector<Digest> path;
  size_t begin = 0, end = records.size();
  while (end - begin > 1) {
    size_t split = 1;
    while (split * 2 < end - begin) split *= 2;
    const bool in_left = index < begin + split;
    RollingTree sibling;
    for (size_t i = in_left ? begin + split : begin; i < (in_left ? end : begin + split); ++i) sibling.Add(records[i]);
    path.insert(path.begin(), sibling.Root());
    (in_left ? end : begin) = begin + split;
  }
  return path;
}

std::string EncodeBase64(std::string_view bytes) {
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j) {
      group = group << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    }
    for (size_t j = 0; j < 4; ++j) {
      text += i + j > bytes.size() ? '=' : kAlphabet[group >> (18 - 6 * j) & 63];
    }
  }
  return text;
}

bool DecodeBase64(std::string_view text, std::string& bytes) {
  bytes.clear();
  if (text.size() % 4 != 0) return false;
  uint32_t group = 0;
  int bits = 0;
  for (const char c : text) {
    if (c == '=') break;
    const size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return false;
    group = group << 6 | static_cast<uint32_t>(value);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(group >> bits & 255);
  }
  return EncodeBase64(bytes) == text;  // One text for each value.
}

bool DecodeDigest(std::string_view text, Digest& digest) {
  std::string bytes;
  if (!DecodeBase64(text, bytes) || bytes.size() != digest.size()) return false;
  for (size_t i = 0; i < digest.size(); ++i) digest[i] = static_cast<unsigned char>(bytes[i]);
  return true;
}

}  // namespace audit_verify
