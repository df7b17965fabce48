#include "query/lower_text.h"

#include <utf8proc.h>

#include "common/utf8.h"

namespace neurolake::query {

std::string LowerText(std::string_view text) {
  std::string low;
  low.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x80) {
      low += byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + ('a' - 'A')) : text[at];
      ++at;
      continue;
    }
    utf8proc_int32_t point = 0;
    const auto bytes = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at),
                                        static_cast<utf8proc_ssize_t>(text.size() - at), &point);
    if (bytes <= 0) {
      low += text[at++];
      continue;
    }
    AppendUtf8(low, static_cast<uint32_t>(utf8proc_tolower(point)));
    at += static_cast<size_t>(bytes);
  }
  return low;
}

}  // namespace neurolake::query
