#include "tables/delta/file_path.h"

#include <algorithm>
#include <cctype>

#include "common/text.h"
#include "storage/path.h"

namespace neurolake::tables::delta {
namespace {

bool KeptAsIs(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~/=").contains(c);
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Length of "scheme" in "scheme:rest" (RFC 3986), 0 if there is none.
size_t SchemeLength(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) return 0;
  if (!std::isalpha(static_cast<unsigned char>(text[0]))) return 0;
  for (char c : text.substr(0, colon)) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && !std::string_view("+-.").contains(c)) return 0;
  }
  return colon;
}

bool HasParentSegment(std::string_view path) {
  size_t begin = 0;
  while (begin <= path.size()) {
    const size_t end = std::min(path.find('/', begin), path.size());
    if (path.substr(begin, end - begin) == "..") return true;
    begin = end + 1;
  }
  return false;
}

/// A table in an object store: files are named relative to it, or by a URL of their own.
Result<std::string> ResolveUrl(const std::string& table_path, std::string_view encoded) {
  NL_ASSIGN_OR_RETURN(const std::string path, DecodePath(encoded));
  if (path.empty()) return MakeError(ErrorCode::kCorruption, "a file's path in the log is empty");
  NL_ASSIGN_OR_RETURN(const std::string root, storage::NormalUrl(table_path));
  const bool has_scheme = SchemeLength(encoded) > 0 && storage::IsUrl(path);
  // What a file system would resolve is a different key in a store, and another reader's way out of the table.
  const auto resolved = storage::NormalUrl(has_scheme ? path : root + "/" + path);
  if (!resolved || resolved->size() <= root.size() || !storage::IsBelow(*resolved, root) || path.ends_with('/')) {
    return MakeError(ErrorCode::kPermissionDenied, "the log names a file outside the table's directory");
  }
  return *resolved;
}

/// What "file:" stands in front of, without it; the same text where nothing does. Empty for another host's.
std::string_view WithoutFileScheme(std::string_view encoded) {
  if (!encoded.starts_with("file:")) return encoded;
  encoded.remove_prefix(5);
  if (!encoded.starts_with("//")) return encoded;
  encoded.remove_prefix(2);
  return encoded.starts_with('/') ? encoded : std::string_view();
}

/// The place of an absolute path below one of `foreign`; empty if it is below none.
Result<std::string> ResolveForeign(std::string_view encoded, const std::vector<ForeignRoot>& foreign) {
  std::string path;
  const bool local = SchemeLength(encoded) == 0 || encoded.starts_with("file:");
  if (local) {
    NL_ASSIGN_OR_RETURN(path, DecodePath(WithoutFileScheme(encoded)));
    if (!path.starts_with('/') || HasParentSegment(path)) return std::string();
  } else {
    NL_ASSIGN_OR_RETURN(path, DecodePath(encoded));
    const auto normal = storage::IsUrl(path) ? storage::NormalUrl(path) : std::string();
    if (!normal.has_value() || normal->empty() || path.ends_with('/')) return std::string();
    path = *normal;
  }
  for (const ForeignRoot& root : foreign) {
    if (!path.starts_with(root.named + "/") || path.size() == root.named.size() + 1) continue;
    return root.location + path.substr(root.named.size());
  }
  return std::string();
}

}  // namespace

std::string EncodeAbsolutePath(std::string_view path) {
  const size_t scheme = storage::IsUrl(path) ? path.find("://") : std::string_view::npos;
  if (scheme == std::string_view::npos) return "file://" + EncodePath(path);
  return std::string(path.substr(0, scheme + 3)) + EncodePath(path.substr(scheme + 3));
}

bool IsAbsolutePath(std::string_view encoded) { return encoded.starts_with('/') || SchemeLength(encoded) > 0; }

std::string EncodePath(std::string_view path) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(path.size());
  for (char c : path) {
    if (KeptAsIs(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

std::string WithShortNames(std::string_view path) {
  constexpr size_t kNameBytesMax = 255;
  std::string out;
  for (size_t begin = 0;;) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view name = path.substr(begin, end - begin);
    const size_t equals = name.find('=');
    if (name.size() <= kNameBytesMax || equals == std::string_view::npos) {
      out += name;
    } else {
      const std::string hash = Sha256Hex(name);
      // It may be the column's name that is long.
      if (equals + 1 + hash.size() <= kNameBytesMax) out += name.substr(0, equals + 1);
      out += hash;
    }
    if (end == path.size()) return out;
    out += '/';
    begin = end + 1;
  }
}

Result<std::string> DecodePath(std::string_view encoded) {
  std::string out;
  out.reserve(encoded.size());
  for (size_t i = 0; i < encoded.size(); ++i) {
    char c = encoded[i];
    if (c == '%') {
      const int high = i + 2 < encoded.size() ? HexDigit(encoded[i + 1]) : -1;
      const int low = high >= 0 ? HexDigit(encoded[i + 2]) : -1;
      if (low < 0) return MakeError(ErrorCode::kCorruption, "a file's path in the log has a broken escape");
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '\0') return MakeError(ErrorCode::kCorruption, "a file's path in the log has a NUL byte");
    out += c;
  }
  return out;
}

Result<std::string> ResolvePath(const std::string& table_path, std::string_view encoded,
                                const std::vector<ForeignRoot>& foreign) {
  if (!foreign.empty()) {
    NL_ASSIGN_OR_RETURN(std::string path, ResolveForeign(encoded, foreign));
    if (!path.empty()) return path;
  }
  if (storage::IsUrl(table_path)) return ResolveUrl(table_path, encoded);
  std::string_view rest = encoded;
  if (const size_t scheme = SchemeLength(encoded); scheme > 0) {
    if (encoded.substr(0, scheme) != "file") {
      return MakeError(ErrorCode::kNotSupported, "a file of the table is in a store that is not supported: {}",
                       encoded.substr(0, scheme));
    }
    rest.remove_prefix(scheme + 1);
    if (rest.starts_with("//")) {  // file://host/path; only the empty host is here.
      rest.remove_prefix(2);
      if (!rest.starts_with('/')) {
        return MakeError(ErrorCode::kNotSupported, "a file of the table is on another host");
      }
    }
  }
  NL_ASSIGN_OR_RETURN(auto path, DecodePath(rest));
  if (path.empty()) return MakeError(ErrorCode::kCorruption, "a file's path in the log is empty");
  std::string root = table_path;
  while (root.size() > 1 && root.ends_with('/')) root.pop_back();
  if (!root.ends_with('/')) root += '/';
  const bool absolute = path.starts_with('/');
  if (HasParentSegment(path) || (absolute && !path.starts_with(root))) {
    return MakeError(ErrorCode::kPermissionDenied, "the log names a file outside the table's directory");
  }
  return absolute ? path : root + path;
}

}  // namespace neurolake::tables::delta
