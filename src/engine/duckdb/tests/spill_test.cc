#include <algorithm>

#include "engine/duckdb/internal/spill_encryption.h"
#include "engine/duckdb/tests/engine_fixture.h"

namespace neurolake::engine::duckdb {
namespace {

using native::EncryptionNonce;
using native::EncryptionTypes;

constexpr std::string_view kCanary = "canary-spill-7c1f9e2ab4d0";

/// What lies in a directory: files by extension that have the canary, and bytes in all.
struct Found {
  std::set<std::string> extensions;  ///< Of files that are not empty.
  std::set<std::string> with_canary;
  uint64_t bytes = 0;
};

Found LookInto(const std::string& directory) {
  Found found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    // Files go away as soon as the engine has read them back.
    std::error_code gone;
    if (const auto bytes = entry.file_size(gone); gone || bytes == 0) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    found.bytes += text.size();
    found.extensions.insert(entry.path().extension());
    if (text.find(kCanary) != std::string::npos) found.with_canary.insert(entry.path().extension());
  }
  return found;
}

class SpillTest : public EngineTest {
 protected:
  void Open(bool encrypt) {
    engine_.reset();
    auto engine = OpenEngine({.memory_limit_bytes = 1'000'000'000,
                              .threads = 2,
                              .spill_directory = root_ + "/spill",
                              .encrypt_spill = encrypt},
                             *store_);
    ASSERT_TRUE(engine.has_value()) << engine.error().message();
    engine_ = *std::move(engine);
  }

  /// Runs what takes more than memory, looks at what lies in the spill directory while the result is read, and checks
  /// that all of its rows say that what was spilled came back as it was.
  Found Spill(const std::string& sql, int64_t rows) {
    constexpr int64_t kMemoryBytes = 150'000'000;
    Found found;
    EXPECT_TRUE(engine_->BeginStatement(*context_, *provider_, gate_, kMemoryBytes, {}).has_value());
    auto bound = Bind(sql);
    if (!bound.has_value()) {
      ADD_FAILURE() << bound.error().message();
    } else {
      found = Read(*std::move(bound), rows);
    }
    engine_->EndStatement();
    return found;
  }

  /// Blocks of one size in a few files, which DuckDB compresses where that pays: so there is something beside the
  /// canary that does not compress.
  Found SpillBlocks() {
    constexpr int64_t kRows = 1'700'000;
    const std::string value =
        fmt::format("'{}'::BLOB || encode('' || i) || unhex(md5('a' || i) || md5('b' || i) || md5('c' || i))", kCanary);
    return Spill(
        fmt::format("SELECT v = ({0}) FROM (SELECT i, {0} AS v FROM range({1}) r(i)) ORDER BY v", value, kRows), kRows);
  }

 private:
  Found Read(plan::BoundQuery bound, int64_t rows) {
    Found found;
    auto running = engine_->Execute(Cost(std::move(bound)));
    if (!running.has_value()) {
      ADD_FAILURE() << running.error().message();
      return found;
    }
    int64_t count = 0;
    auto formatter = arrow::RowFormatter::Make((*running)->schema());
    while (true) {
      auto batch = (*running)->Next();
      if (!batch.has_value()) {
        ADD_FAILURE() << batch.error().message();
        return found;
      }
      if (!batch->has_value()) break;
      if (count == 0) found = LookInto(root_ + "/spill");
      EXPECT_TRUE(formatter->SetBatch(**batch).has_value());
      for (int64_t row = 0; row < (*batch)->row_count(); ++row, ++count) {
        std::string text;
        formatter->AppendJsonArray(row, text);
        EXPECT_EQ(text, "[true]");
      }
    }
    EXPECT_EQ(count, rows);
    return found;
  }
};

TEST_F(SpillTest, WhatIsSpilledIsInTheClearWithoutEncryption) {
  Open(false);
  const Found blocks = SpillBlocks();
  EXPECT_EQ(blocks.with_canary, std::set<std::string>{".tmp"}) << blocks.bytes;
}

TEST_F(SpillTest, WhatIsSpilledIsNotInTheClear) {
  Open(true);
  const Found blocks = SpillBlocks();
  EXPECT_EQ(blocks.extensions, std::set<std::string>{".tmp"});
  EXPECT_GT(blocks.bytes, 10'000'000U);
  EXPECT_EQ(blocks.with_canary, std::set<std::string>{});
}

TEST_F(SpillTest, NoStatementSwitchesItOff) {
  for (const char* statement : {"SET temp_file_encryption = false", "SET GLOBAL temp_file_encryption = false",
                                "RESET temp_file_encryption", "PRAGMA temp_file_encryption = false"}) {
    EXPECT_FALSE(Run(statement).has_value()) << statement;
  }
  EXPECT_TRUE(LookInto(root_ + "/spill").extensions.empty());
  const Found blocks = SpillBlocks();
  EXPECT_GT(blocks.bytes, 10'000'000U);
  EXPECT_EQ(blocks.with_canary, std::set<std::string>{});
}

std::string Unhex(std::string_view digits) {
  std::string bytes;
  for (size_t at = 0; at + 1 < digits.size(); at += 2) {
    bytes += static_cast<char>(std::stoi(std::string(digits.substr(at, 2)), nullptr, 16));
  }
  return bytes;
}

native::shared_ptr<native::EncryptionState> NewState(EncryptionTypes::CipherType cipher, size_t key_bytes) {
  return NewEncryptionUtil()->CreateEncryptionState(
      native::make_uniq<native::EncryptionStateMetadata>(cipher, key_bytes, EncryptionTypes::V0_1));
}

native::data_ptr_t At(std::string& text) { return reinterpret_cast<native::data_ptr_t>(text.data()); }

TEST(SpillCipherTest, GivesTheResultsOfTheSpecification) {
  // Source: McGrew and Viega, "The Galois/Counter Mode of Operation", test case 16.
  std::string key = Unhex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
  std::string iv = Unhex("cafebabefacedbaddecaf888");
  std::string about = Unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  std::string text = Unhex(
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657"
      "ba637b39");
  const std::string clear = text;
  std::string tag(16, '\0');
  EncryptionNonce nonce(EncryptionTypes::GCM, EncryptionTypes::V0_1);
  std::ranges::copy(iv, reinterpret_cast<char*>(nonce.data()));

  auto state = NewState(EncryptionTypes::GCM, key.size());
  state->InitializeEncryption(nonce, At(key), At(about), about.size());
  // In two pieces and in place, as the engine may.
  EXPECT_EQ(state->Process(At(text), 7, At(text), 7), 7U);
  EXPECT_EQ(state->Process(At(text) + 7, text.size() - 7, At(text) + 7, text.size() - 7), text.size() - 7);
  state->Finalize(At(text), 0, At(tag), tag.size());
  EXPECT_EQ(
      text,
      Unhex("522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e"
            "6393ba7a0abcc9f662"));
  EXPECT_EQ(tag, Unhex("76fc6ece0f4e1768cddf8853bb2d551b"));

  state = NewState(EncryptionTypes::GCM, key.size());
  state->InitializeDecryption(nonce, At(key), At(about), about.size());
  state->Process(At(text), text.size(), At(text), text.size());
  EXPECT_EQ(text, clear);
  EXPECT_NO_THROW(state->Finalize(At(text), 0, At(tag), tag.size()));
}

TEST(SpillCipherTest, RefusesWhatWasChanged) {
  std::string key(32, 'k'), text = "some rows that were spilled", tag(16, '\0');
  EncryptionNonce nonce(EncryptionTypes::GCM, EncryptionTypes::V0_1);
  auto state = NewState(EncryptionTypes::GCM, key.size());
  state->GenerateRandomData(nonce.data(), nonce.size());
  state->InitializeEncryption(nonce, At(key));
  state->Process(At(text), text.size(), At(text), text.size());
  state->Finalize(At(text), 0, At(tag), tag.size());
  EXPECT_EQ(text.find("rows"), std::string::npos);

  text[3] ^= 1;
  state = NewState(EncryptionTypes::GCM, key.size());
  state->InitializeDecryption(nonce, At(key));
  state->Process(At(text), text.size(), At(text), text.size());
  EXPECT_THROW(state->Finalize(At(text), 0, At(tag), tag.size()), native::IOException);
}

TEST(SpillCipherTest, CounterModeGivesBackWhatItTook) {
  std::string key(32, 'k'), text(100'003, 'x'), tag;
  EncryptionNonce nonce(EncryptionTypes::CTR, EncryptionTypes::V0_1);
  auto state = NewState(EncryptionTypes::CTR, key.size());
  state->GenerateRandomData(nonce.data(), nonce.size());
  state->InitializeEncryption(nonce, At(key));
  state->Process(At(text), text.size(), At(text), text.size());
  state->Finalize(At(text), 0, At(tag), 0);
  EXPECT_NE(text, std::string(100'003, 'x'));
  state = NewState(EncryptionTypes::CTR, key.size());
  state->InitializeDecryption(nonce, At(key));
  state->Process(At(text), text.size(), At(text), text.size());
  EXPECT_EQ(text, std::string(100'003, 'x'));
}

TEST(SpillCipherTest, KnowsNoOtherCiphersAndKeyLengths) {
  std::string key(32, 'k');
  EncryptionNonce nonce(EncryptionTypes::GCM, EncryptionTypes::V0_1);
  EXPECT_THROW(NewState(EncryptionTypes::CBC, 32)->InitializeEncryption(nonce, At(key)), native::InvalidInputException);
  EXPECT_THROW(NewState(EncryptionTypes::GCM, 31)->InitializeEncryption(nonce, At(key)), native::InvalidInputException);
}

}  // namespace
}  // namespace neurolake::engine::duckdb
