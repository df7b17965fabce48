#include "common/ids.h"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <array>
#include <chrono>

#include "common/check.h"

namespace neurolake {

std::string NewUuid() {
  std::array<uint8_t, 16> bytes{};
  NL_CHECK(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
  const auto now =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
  for (int i = 0; i < 6; ++i) bytes[i] = static_cast<uint8_t>(now >> (8 * (5 - i)));
  bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0f) | 0x70);
  bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3f) | 0x80);
  std::string text;
  text.reserve(36);
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    fmt::format_to(std::back_inserter(text), "{:02x}", bytes[i]);
  }
  return text;
}

}  // namespace neurolake
