#include "server/http/internal/target.h"

namespace neurolake::server {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t length = lead < 0x80 ? 1 : (lead >> 5) == 6 ? 2 : (lead >> 4) == 14 ? 3 : (lead >> 3) == 30 ? 4 : 0;
    if (length == 0 || i + length > text.size()) return false;
    uint32_t point = length == 1 ? lead : lead & (0x7FU >> length);
    for (size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xC0) != 0x80) return false;
      point = point << 6 | (next & 0x3F);
    }
    static constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < kLeast[length] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return false;
    i += length;
  }
  return true;
}

Result<std::string> Decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? HexDigit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return MakeError(ErrorCode::kInvalidArgument, "the URL has a broken percent escape");
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (c == '\0') return MakeError(ErrorCode::kInvalidArgument, "the URL has a NUL character");
    out.push_back(c);
  }
  if (!IsUtf8(out)) return MakeError(ErrorCode::kInvalidArgument, "the URL is not valid UTF-8");
  return out;
}

}  // namespace

Result<Target> ParseTarget(std::string_view target) {
  // The absolute form, which a client uses towards a proxy and a server must take too.
  if (const size_t scheme = target.find("://"); scheme != std::string_view::npos && target[0] != '/') {
    const size_t path = target.find('/', scheme + 3);
    target = path == std::string_view::npos ? std::string_view("/") : target.substr(path);
  }
  if (target.empty() || target[0] != '/')
    return MakeError(ErrorCode::kInvalidArgument, "the URL's path must begin with /");
  target = target.substr(0, target.find('#'));
  const size_t question = target.find('?');
  std::string_view path = target.substr(1, question == std::string_view::npos ? question : question - 1);
  Target parsed;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    NL_ASSIGN_OR_RETURN(std::string segment, Decode(path.substr(0, slash), false));
    if (segment.empty() || segment == "." || segment == "..") {
      return MakeError(ErrorCode::kInvalidArgument, "the URL has an empty or relative path segment");
    }
    parsed.segments.push_back(std::move(segment));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  std::string_view query = question == std::string_view::npos ? "" : target.substr(question + 1);
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    NL_ASSIGN_OR_RETURN(std::string name, Decode(pair.substr(0, equals), true));
    NL_ASSIGN_OR_RETURN(std::string value,
                        Decode(equals == std::string_view::npos ? "" : pair.substr(equals + 1), true));
    if (!parsed.query.emplace(name, std::move(value)).second) {
      return MakeError(ErrorCode::kInvalidArgument, "the URL repeats the parameter \"{}\"", name);
    }
  }
  return parsed;
}

std::string PercentEncode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain) {
      out.push_back(c);
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace neurolake::server
