#include "audit/key_tree.h"

#include <gmock/gmock.h>
#include <sodium.h>

#include <random>
#include <set>

namespace neurolake::audit {
namespace {

using Path = KeyTree::Path;

KeyTree Whole() {
  EXPECT_GE(sodium_init(), 0);
  KeyTree::Seed root{};
  root[0] = 7;
  return KeyTree::OfRoot(root);
}

Path At(uint32_t number) {
  Path path{};
  for (int i = 0; i < 4; ++i) path[static_cast<size_t>(i)] = static_cast<uint8_t>(number >> (24 - 8 * i));
  path[11] = static_cast<uint8_t>(number);
  return path;
}

TEST(KeyTreeTest, ALeafThatWasTakenHasNoKeyAndAllOthersKeepTheirs) {
  KeyTree tree = Whole();
  const KeyTree whole = tree;
  std::mt19937 random(1);
  std::set<uint32_t> taken;
  for (int i = 0; i < 200; ++i) taken.insert(static_cast<uint32_t>(random()));
  for (const uint32_t one : taken) {
    EXPECT_TRUE(tree.Remove(At(one)));
    EXPECT_FALSE(tree.Remove(At(one))) << "again";
  }
  for (const uint32_t one : taken) {
    EXPECT_EQ(tree.SeedOf(At(one)), std::nullopt);
    for (const uint32_t near : {one - 1, one + 1, one ^ 0x100}) {
      if (taken.contains(near)) continue;
      EXPECT_EQ(tree.SeedOf(At(near)), whole.SeedOf(At(near)));
    }
  }
  EXPECT_LE(tree.branches().size(), taken.size() * KeyTree::kDepth);
}

TEST(KeyTreeTest, NothingThatIsLeftLeadsToWhatWasTaken) {
  KeyTree tree = Whole();
  const Path gone = At(4711);
  tree.Remove(gone);
  for (const auto& [first, branch] : tree.branches()) {
    const auto inside = std::mismatch(first.begin(), first.end(), gone.begin());
    const auto same_bytes = static_cast<size_t>(inside.first - first.begin());
    ASSERT_LT(same_bytes, KeyTree::kPathBytes);
    EXPECT_LT(same_bytes * 8, branch.depth) << "a branch that has the leaf inside";
  }
}

TEST(KeyTreeTest, ABranchIsTakenWithWhatWasLeftOfIt) {
  KeyTree tree = Whole();
  tree.Remove(At(0x01020304));
  EXPECT_TRUE(tree.Remove(At(0x01020000), 16));
  EXPECT_EQ(tree.SeedOf(At(0x0102ffff)), std::nullopt);
  EXPECT_FALSE(tree.Remove(At(0x01020000), 16));
  EXPECT_NE(tree.SeedOf(At(0x01030000)), std::nullopt);
}

TEST(KeyTreeTest, WhatIsBeforeACutIsGoneAndWhatIsBehindItStays) {
  KeyTree tree = Whole();
  const KeyTree whole = tree;
  tree.Remove(At(500));
  EXPECT_TRUE(tree.RemoveBefore(At(1000), 32));
  EXPECT_FALSE(tree.RemoveBefore(At(1000), 32));
  for (const uint32_t one : {0U, 1U, 500U, 999U}) EXPECT_EQ(tree.SeedOf(At(one)), std::nullopt) << one;
  for (const uint32_t one : {1000U, 1001U, 0xFFFFFFFFU}) EXPECT_EQ(tree.SeedOf(At(one)), whole.SeedOf(At(one))) << one;
  EXPECT_TRUE(tree.RemoveBefore(At(2000), 32));
  EXPECT_EQ(tree.SeedOf(At(1999)), std::nullopt);
  EXPECT_EQ(tree.SeedOf(At(2000)), whole.SeedOf(At(2000)));
}

TEST(KeyTreeTest, LeavesHaveKeysOfTheirOwn) {
  const KeyTree tree = Whole();
  std::set<KeyTree::Seed> keys;
  for (uint32_t one = 0; one < 1000; ++one) keys.insert(*tree.SeedOf(At(one)));
  EXPECT_EQ(keys.size(), 1000U);
  const auto branch = *tree.SeedOf(At(77), 80);
  EXPECT_EQ(KeyTree::Descend(branch, At(77), 80, KeyTree::kDepth), *tree.SeedOf(At(77)));
}

}  // namespace
}  // namespace neurolake::audit
