#include "privacy/detector/internal/keccak.h"

#include <bit>
#include <cstring>

namespace neurolake::privacy {
namespace {

/// Keccak-f[1600]; constants are those of the Keccak reference, version 3.0, section 1.2.
void Permute(std::array<uint64_t, 25>& a) {
  uint8_t lfsr = 1;
  for (int round = 0; round < 24; ++round) {
    std::array<uint64_t, 5> parity{};
    for (size_t x = 0; x < 5; ++x) parity[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
    for (size_t x = 0; x < 5; ++x) {
      const uint64_t mix = parity[(x + 4) % 5] ^ std::rotl(parity[(x + 1) % 5], 1);
      for (size_t y = 0; y < 25; y += 5) a[x + y] ^= mix;
    }
    size_t x = 1, y = 0;
    uint64_t current = a[1];
    for (int t = 0; t < 24; ++t) {
      const size_t next = (2 * x + 3 * y) % 5;
      x = y, y = next;
      const uint64_t moved = a[x + 5 * y];
      a[x + 5 * y] = std::rotl(current, (t + 1) * (t + 2) / 2 % 64);
      current = moved;
    }
    for (size_t row = 0; row < 25; row += 5) {
      const std::array<uint64_t, 5> old = {a[row], a[row + 1], a[row + 2], a[row + 3], a[row + 4]};
      for (size_t i = 0; i < 5; ++i) a[row + i] = old[i] ^ (~old[(i + 1) % 5] & old[(i + 2) % 5]);
    }
    for (int j = 0; j < 7; ++j) {
      if ((lfsr & 1) != 0) a[0] ^= 1ULL << ((1 << j) - 1);
      lfsr = static_cast<uint8_t>(lfsr << 1 ^ ((lfsr >> 7) * 0x71));
    }
  }
}

}  // namespace

std::array<uint8_t, 32> Keccak256(std::string_view text) {
  constexpr size_t kRate = 136;
  std::array<uint64_t, 25> state{};
  std::array<uint8_t, kRate> block{};
  for (size_t from = 0; from <= text.size(); from += kRate) {
    block.fill(0);
    const size_t taken = std::min(kRate, text.size() - from);
    std::memcpy(block.data(), text.data() + from, taken);
    if (taken < kRate) {
      block[taken] ^= 0x01;
      block[kRate - 1] ^= 0x80;
    }
    for (size_t i = 0; i < kRate / 8; ++i) {
      uint64_t lane = 0;
      std::memcpy(&lane, block.data() + 8 * i, 8);
      state[i] ^= lane;
    }
    Permute(state);
  }
  std::array<uint8_t, 32> hash{};
  std::memcpy(hash.data(), state.data(), hash.size());
  return hash;
}

}  // namespace neurolake::privacy
