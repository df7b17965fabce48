#include "privacy/piece_cipher.h"

#include <gtest/gtest.h>

namespace neurolake::privacy {
namespace {

TEST(PieceCipherTest, GivesBackWhatItTook) {
  const PieceCipher cipher;
  uint64_t place = 0;
  for (const std::string& text : {std::string(), std::string("ann@example.org"), std::string(1'000'000, 'x')}) {
    std::string piece = text;
    cipher.Seal(++place, piece);
    EXPECT_EQ(piece.size(), text.size() + PieceCipher::kOverheadBytes);
    EXPECT_EQ(text.empty() ? std::string::npos : piece.find(text.substr(0, 15)), std::string::npos);
    EXPECT_TRUE(cipher.Open(place, piece).has_value());
    EXPECT_EQ(piece, text);
  }
}

TEST(PieceCipherTest, EqualPiecesDifferByPlaceAndByKey) {
  const PieceCipher cipher, other;
  std::string first = "ann", second = "ann", third = "ann";
  cipher.Seal(1, first);
  cipher.Seal(2, second);
  other.Seal(1, third);
  EXPECT_NE(first, second);
  EXPECT_NE(first, third);
}

TEST(PieceCipherTest, RefusesWhatIsNotTheirs) {
  const PieceCipher cipher, other;
  std::string sealed = "ann@example.org";
  cipher.Seal(7, sealed);
  const auto code_of = [](const PieceCipher& by, uint64_t place, std::string piece) {
    const auto opened = by.Open(place, piece);
    return opened.has_value() ? ErrorCode::kInternal : opened.error().code();
  };
  EXPECT_EQ(code_of(cipher, 8, sealed), ErrorCode::kCorruption);
  EXPECT_EQ(code_of(other, 7, sealed), ErrorCode::kCorruption);
  EXPECT_EQ(code_of(cipher, 7, sealed.substr(0, 15)), ErrorCode::kCorruption);
  EXPECT_EQ(code_of(cipher, 7, ""), ErrorCode::kCorruption);
  for (size_t at = 0; at < sealed.size(); ++at) {
    std::string changed = sealed;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_EQ(code_of(cipher, 7, changed), ErrorCode::kCorruption) << at;
  }
  EXPECT_TRUE(cipher.Open(7, sealed).has_value());
}

}  // namespace
}  // namespace neurolake::privacy
