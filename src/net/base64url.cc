#include "net/base64url.h"

#include <array>

namespace neurolake::net {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr int8_t kNone = -1;

constexpr std::array<int8_t, 256> MakeValues() {
  std::array<int8_t, 256> values{};
  for (int8_t& value : values) value = kNone;
  for (size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<int8_t>(i);
  }
  return values;
}
constexpr std::array<int8_t, 256> kValues = MakeValues();

}  // namespace

std::string EncodeBase64Url(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() * 4 + 2) / 3);
  uint32_t bits = 0;
  int held = 0;
  for (const char byte : bytes) {
    bits = (bits << 8) | static_cast<unsigned char>(byte);
    held += 8;
    while (held >= 6) {
      held -= 6;
      text.push_back(kAlphabet[(bits >> held) & 0x3F]);
    }
  }
  if (held > 0) text.push_back(kAlphabet[(bits << (6 - held)) & 0x3F]);
  return text;
}

std::string EncodeBase64(std::string_view bytes) {
  std::string text = EncodeBase64Url(bytes);
  for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

Result<std::string> DecodeBase64Url(std::string_view text) {
  if (text.size() % 4 == 1) return MakeError(ErrorCode::kInvalidArgument, "base64url: impossible length");
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const int8_t value = kValues[static_cast<unsigned char>(c)];
    if (value == kNone) return MakeError(ErrorCode::kInvalidArgument, "base64url: a byte outside its alphabet");
    bits = (bits << 6) | static_cast<uint32_t>(value);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes.push_back(static_cast<char>((bits >> held) & 0xFF));
  }
  if ((bits & ((1U << held) - 1)) != 0) {
    return MakeError(ErrorCode::kInvalidArgument, "base64url: bits that belong to no byte are not zero");
  }
  return bytes;
}

}  // namespace neurolake::net
