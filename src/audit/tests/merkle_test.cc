#include "audit/merkle.h"

namespace neurolake::audit {
namespace {

std::string FromHex(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return bytes;
}

Hash HashOf(std::string_view hex) {
  Hash hash{};
  std::ranges::copy(FromHex(hex), reinterpret_cast<char*>(hash.data()));
  return hash;
}

// The reference tree of Certificate Transparency's implementations (google/certificate-transparency,
// transparency-dev/merkle testonly/constants.go): leaves, and the roots of the first 0 to 8 of them.
constexpr const char* kLeaves[] = {
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
constexpr const char* kRoots[] = {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                                  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

/// Over leaf hashes in memory.
SubtreeRoot Over(const std::vector<Hash>& leaves) {
  return [&leaves](uint64_t begin, uint64_t end) -> Result<Hash> {
    TreeEdge edge;
    for (uint64_t i = begin; i < end; ++i) edge.Append(leaves[i]);
    return edge.Root();
  };
}

std::vector<Hash> ReferenceLeaves() {
  std::vector<Hash> leaves;
  for (const char* leaf : kLeaves) leaves.push_back(LeafHash(FromHex(leaf)));
  return leaves;
}

std::vector<Hash> ManyLeaves(size_t count) {
  std::vector<Hash> leaves;
  for (size_t i = 0; i < count; ++i) leaves.push_back(LeafHash("record " + std::to_string(i)));
  return leaves;
}

TEST(MerkleTest, HasThePublishedRoots) {
  const auto leaves = ReferenceLeaves();
  TreeEdge edge;
  EXPECT_EQ(ToHex(edge.Root()), kRoots[0]);
  for (size_t i = 0; i < leaves.size(); ++i) {
    edge.Append(leaves[i]);
    EXPECT_EQ(ToHex(edge.Root()), kRoots[i + 1]);
    EXPECT_EQ(*RangeRoot(0, i + 1, Over(leaves)), edge.Root());
  }
}

TEST(MerkleTest, GivesThePublishedProofs) {
  const auto leaves = ReferenceLeaves();
  EXPECT_EQ(*InclusionProof(0, 8, Over(leaves)),
            (std::vector{HashOf("96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"),
                         HashOf("5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"),
                         HashOf("6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4")}));
  EXPECT_EQ(*InclusionProof(5, 8, Over(leaves)),
            (std::vector{HashOf("bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"),
                         HashOf("ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"),
                         HashOf("d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7")}));
  EXPECT_EQ(*ConsistencyProof(6, 8, Over(leaves)),
            (std::vector{HashOf("0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"),
                         HashOf("ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"),
                         HashOf("d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7")}));
  EXPECT_EQ(*ConsistencyProof(2, 5, Over(leaves)),
            (std::vector{HashOf("5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"),
                         HashOf("bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b")}));
}

TEST(MerkleTest, EveryRecordIsProvenInEveryTreeAndNoOther) {
  const auto leaves = ManyLeaves(33);
  for (uint64_t size = 1; size <= leaves.size(); ++size) {
    const Hash root = *RangeRoot(0, size, Over(leaves));
    for (uint64_t index = 0; index < size; ++index) {
      const auto proof = *InclusionProof(index, size, Over(leaves));
      EXPECT_TRUE(VerifyInclusion(index, size, leaves[index], proof, root));
      EXPECT_FALSE(VerifyInclusion(index, size, LeafHash("another"), proof, root));
      EXPECT_FALSE(VerifyInclusion(index ^ 1, size, leaves[index], proof, root));
      EXPECT_FALSE(VerifyInclusion(size, size, leaves[index], proof, root));
      auto longer = proof;
      longer.push_back(root);
      EXPECT_FALSE(VerifyInclusion(index, size, leaves[index], longer, root));
      for (size_t i = 0; i < proof.size(); ++i) {
        auto changed = proof;
        changed[i][31] ^= 1;
        EXPECT_FALSE(VerifyInclusion(index, size, leaves[index], changed, root));
        changed = proof;
        changed.erase(changed.begin() + static_cast<ptrdiff_t>(i));
        EXPECT_FALSE(VerifyInclusion(index, size, leaves[index], changed, root));
      }
    }
  }
}

TEST(MerkleTest, EveryTreeIsProvenToBeginEveryLargerOneAndNoFork) {
  const auto leaves = ManyLeaves(33);
  auto forked = leaves;
  forked[3] = LeafHash("forged");
  for (uint64_t to = 1; to <= leaves.size(); ++to) {
    const Hash to_root = *RangeRoot(0, to, Over(leaves));
    for (uint64_t from = 1; from <= to; ++from) {
      const Hash from_root = *RangeRoot(0, from, Over(leaves));
      const auto proof = *ConsistencyProof(from, to, Over(leaves));
      EXPECT_TRUE(VerifyConsistency(from, to, from_root, to_root, proof));
      if (from > 3) {
        EXPECT_FALSE(VerifyConsistency(from, to, *RangeRoot(0, from, Over(forked)), to_root, proof));
        EXPECT_FALSE(VerifyConsistency(from, to, from_root, *RangeRoot(0, to, Over(forked)), proof));
      }
      for (size_t i = 0; i < proof.size(); ++i) {
        auto changed = proof;
        changed[i][0] ^= 1;
        EXPECT_FALSE(VerifyConsistency(from, to, from_root, to_root, changed));
      }
      auto longer = proof;
      longer.push_back(to_root);
      EXPECT_FALSE(VerifyConsistency(from, to, from_root, to_root, longer));
    }
  }
}

TEST(MerkleTest, AsksForNoProofThatCannotBe) {
  const auto leaves = ManyLeaves(3);
  EXPECT_EQ(InclusionProof(3, 3, Over(leaves)).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(ConsistencyProof(0, 3, Over(leaves)).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(ConsistencyProof(4, 3, Over(leaves)).error().code(), ErrorCode::kInvalidArgument);
}

TEST(MerkleTest, SubtreesJoinAsLeavesDo) {
  const auto leaves = ManyLeaves(21);
  TreeEdge one_by_one, by_four;
  for (const Hash& leaf : leaves) one_by_one.Append(leaf);
  for (size_t i = 0; i < 20; i += 4) by_four.AppendSubtree(*RangeRoot(i, i + 4, Over(leaves)), 4);
  by_four.Append(leaves[20]);
  EXPECT_EQ(by_four.Root(), one_by_one.Root());
  EXPECT_EQ(by_four.size(), 21U);
}

TEST(Base64Test, ReadsWhatItWritesAndNothingElse) {
  // RFC 4648, section 10.
  for (const auto& [bytes, text] : std::vector<std::pair<std::string, std::string>>{
           {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"foobar", "Zm9vYmFy"}}) {
    EXPECT_EQ(ToBase64(bytes), text);
    EXPECT_EQ(*FromBase64(text), bytes);
  }
  for (const char* text : {"Zg", "Zg=", "Zh==", "Zg==\n", " Zg==", "Zm9v=", "Zm9-"})
    EXPECT_FALSE(FromBase64(text)) << text;
}

}  // namespace
}  // namespace neurolake::audit
