#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

namespace neurolake::audit {

/// A key for each leaf of a binary tree, made from one seed, of which leaves and whole branches can be taken away for
/// good: what is left tells nothing of them. What is taken costs 32 bytes for each step of the way to it, less where
/// ways are shared. Leaves are in order, so that all before one are one cut.
/// Source: Goldreich, Goldwasser, Micali, "How to construct random functions", 1986; Green and Miers, "Forward secure
/// asynchronous messaging from puncturable encryption", 2015. Steps are BLAKE2b-256 keyed with the seed. Not
/// thread-safe.
class KeyTree {
 public:
  static constexpr size_t kPathBytes = 12;
  static constexpr size_t kDepth = kPathBytes * 8;
  using Path =
      std::array<uint8_t, kPathBytes>;  ///< Bits from the root on, the first one the highest of the first byte.
  using Seed = std::array<uint8_t, 32>;
  struct Branch {
    size_t depth = 0;
    Seed seed{};
  };
  using Branches = std::map<Path, Branch>;  ///< By the first leaf; none is inside another.

  explicit KeyTree(Branches branches) : branches_(std::move(branches)) {}
  static KeyTree OfRoot(const Seed& seed) { return KeyTree(Branches{{Path{}, {.depth = 0, .seed = seed}}}); }
  KeyTree(const KeyTree&) = default;
  KeyTree& operator=(const KeyTree&) = default;
  ~KeyTree();

  /// The seed of the branch of the leaves that share the first `depth` bits of `path`; nullopt where any of them was
  /// taken away. With kDepth: a leaf's key.
  std::optional<Seed> SeedOf(const Path& path, size_t depth = kDepth) const;
  /// From a branch's seed to that of one inside of it.
  static Seed Descend(Seed seed, const Path& path, size_t from, size_t to);

  /// Takes the branch away; false if nothing of it was left.
  bool Remove(const Path& path, size_t depth = kDepth);
  /// Takes away all leaves before the first of the branch; false if there were none.
  bool RemoveBefore(const Path& path, size_t depth);

  const Branches& branches() const { return branches_; }

 private:
  Branches::const_iterator Covering(const Path& path, size_t depth) const;
  Branches branches_;
};

}  // namespace neurolake::audit
