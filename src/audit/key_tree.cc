#include "audit/key_tree.h"

#include <sodium.h>

#include "common/check.h"

namespace neurolake::audit {
namespace {

using Path = KeyTree::Path;
using Seed = KeyTree::Seed;

bool BitAt(const Path& path, size_t depth) { return ((path[depth / 8] >> (7 - depth % 8)) & 1U) != 0; }

/// The first leaf of a branch.
Path FirstLeaf(Path path, size_t depth) {
  for (size_t bit = depth; bit < KeyTree::kDepth; ++bit) {
    path[bit / 8] = static_cast<uint8_t>(path[bit / 8] & ~(1U << (7 - bit % 8)));
  }
  return path;
}

Path Flipped(Path path, size_t depth) {
  path[depth / 8] = static_cast<uint8_t>(path[depth / 8] ^ (1U << (7 - depth % 8)));
  return path;
}

Seed Child(const Seed& seed, bool bit) {
  const uint8_t side = bit ? 1 : 0;
  Seed child;
  NL_CHECK(crypto_generichash(child.data(), child.size(), &side, 1, seed.data(), seed.size()) == 0);
  return child;
}

}  // namespace

KeyTree::~KeyTree() {
  for (auto& [path, branch] : branches_) sodium_memzero(branch.seed.data(), branch.seed.size());
}

KeyTree::Branches::const_iterator KeyTree::Covering(const Path& path, size_t depth) const {
  auto found = branches_.upper_bound(FirstLeaf(path, depth));
  if (found == branches_.begin()) return branches_.end();
  --found;
  const bool covers = found->second.depth <= depth && FirstLeaf(path, found->second.depth) == found->first;
  return covers ? found : branches_.end();
}

Seed KeyTree::Descend(Seed seed, const Path& path, size_t from, size_t to) {
  for (size_t depth = from; depth < to; ++depth) seed = Child(seed, BitAt(path, depth));
  return seed;
}

std::optional<Seed> KeyTree::SeedOf(const Path& path, size_t depth) const {
  const auto found = Covering(path, depth);
  if (found == branches_.end()) return std::nullopt;
  return Descend(found->second.seed, path, found->second.depth, depth);
}

bool KeyTree::Remove(const Path& path, size_t depth) {
  const auto found = Covering(path, depth);
  if (found == branches_.end()) {
    // Of what is gone in part, the rest.
    bool any = false;
    for (auto it = branches_.lower_bound(FirstLeaf(path, depth));
         it != branches_.end() && FirstLeaf(it->first, depth) == FirstLeaf(path, depth);) {
      it = branches_.erase(it);
      any = true;
    }
    return any;
  }
  Branch branch = found->second;
  branches_.erase(found);
  for (; branch.depth < depth; ++branch.depth) {
    const bool bit = BitAt(path, branch.depth);
    const Path sibling = FirstLeaf(Flipped(path, branch.depth), branch.depth + 1);
    branches_[sibling] = {.depth = branch.depth + 1, .seed = Child(branch.seed, !bit)};
    branch.seed = Child(branch.seed, bit);
  }
  sodium_memzero(branch.seed.data(), branch.seed.size());
  return true;
}

bool KeyTree::RemoveBefore(const Path& path, size_t depth) {
  const Path first = FirstLeaf(path, depth);
  bool any = false;
  if (const auto found = Covering(path, depth); found != branches_.end() && found->first != first) {
    Branch branch = found->second;
    branches_.erase(found);
    any = true;
    for (; branch.depth < depth; ++branch.depth) {
      const bool bit = BitAt(path, branch.depth);
      if (!bit) {
        const Path later = FirstLeaf(Flipped(path, branch.depth), branch.depth + 1);
        branches_[later] = {.depth = branch.depth + 1, .seed = Child(branch.seed, true)};
      }
      branch.seed = Child(branch.seed, bit);
    }
    branches_[first] = branch;
  }
  // No branch reaches from before the cut to behind it now.
  for (auto it = branches_.begin(); it != branches_.end() && it->first < first;) {
    it = branches_.erase(it);
    any = true;
  }
  return any;
}

}  // namespace neurolake::audit
