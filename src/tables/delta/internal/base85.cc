#include "tables/delta/internal/base85.h"

#include <array>
#include <limits>

namespace neurolake::tables::delta::internal {
namespace {

constexpr std::string_view kAlphabet =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
static_assert(kAlphabet.size() == 85);

constexpr std::array<int8_t, 256> MakeDigits() {
  std::array<int8_t, 256> digits{};
  digits.fill(-1);
  for (size_t i = 0; i < kAlphabet.size(); ++i) digits[static_cast<uint8_t>(kAlphabet[i])] = static_cast<int8_t>(i);
  return digits;
}
constexpr std::array<int8_t, 256> kDigits = MakeDigits();

}  // namespace

std::string EncodeBase85(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 3) / 4 * 5);
  for (size_t i = 0; i < bytes.size(); i += 4) {
    uint32_t block = 0;
    for (size_t j = i; j < i + 4; ++j) block = block << 8 | (j < bytes.size() ? static_cast<uint8_t>(bytes[j]) : 0);
    std::array<char, 5> digits{};
    for (size_t j = 5; j-- > 0; block /= 85) digits[j] = kAlphabet[block % 85];
    out.append(digits.data(), digits.size());
  }
  return out;
}

Result<std::string> DecodeBase85(std::string_view text) {
  if (text.size() % 5 != 0) return MakeError(ErrorCode::kCorruption, "base85 text has a wrong length");
  std::string out;
  out.reserve(text.size() / 5 * 4);
  for (size_t i = 0; i < text.size(); i += 5) {
    uint64_t block = 0;
    for (size_t j = i; j < i + 5; ++j) {
      const int digit = kDigits[static_cast<uint8_t>(text[j])];
      if (digit < 0) return MakeError(ErrorCode::kCorruption, "base85 text has a character that is not of it");
      block = block * 85 + static_cast<uint64_t>(digit);
    }
    if (block > std::numeric_limits<uint32_t>::max()) {
      return MakeError(ErrorCode::kCorruption, "base85 text has a block that is too large");
    }
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(block >> shift & 0xff);
  }
  return out;
}

}  // namespace neurolake::tables::delta::internal
