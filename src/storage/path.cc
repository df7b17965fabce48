#include "storage/path.h"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "common/text.h"

namespace neurolake::storage {
namespace {

constexpr std::string_view kSeparator = "://";

/// Length of "s3" in "s3://…"; 0 if there is none.
size_t SchemeLength(std::string_view path) {
  const size_t end = path.find(kSeparator);
  if (end == std::string_view::npos || end == 0 || !std::isalpha(static_cast<unsigned char>(path[0]))) return 0;
  for (const char c : path.substr(0, end)) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && !std::string_view("+-.").contains(c)) return 0;
  }
  return end;
}

std::string NormalScheme(std::string_view scheme) {
  std::string lower = LowerAscii(scheme);
  if (lower == "s3a" || lower == "s3n") return "s3";
  if (lower == "gcs") return "gs";
  if (lower == "azure" || lower == "abfs" || lower == "abfss" || lower == "wasbs") return "az";
  return lower;
}

/// Buckets, containers and "container@account.host"; no port and no user with a password.
bool IsAuthority(std::string_view text) {
  if (text.empty() || text == "." || text == "..") return false;
  if (std::ranges::count(text, '@') > 1 || text.front() == '@' || text.back() == '@') return false;
  return std::ranges::all_of(
      text, [](unsigned char c) { return std::isalnum(c) || std::string_view("-._@").contains(static_cast<char>(c)); });
}

/// "az://container" and "abfss://container@account.dfs.core.windows.net": Azure has names in small letters alone, and
/// one account has several hosts. Empty for a host of another cloud: what opens the URL looks at the account only.
std::string NormalAzurePlace(std::string_view authority) {
  const std::string place = LowerAscii(authority);
  const size_t at = place.find('@');
  if (at == std::string::npos) return "az://" + place;
  const size_t dot = std::min(place.find('.', at), place.size());
  const std::string host = place.substr(dot);
  if (!host.empty() && host != ".dfs.core.windows.net" && host != ".blob.core.windows.net") return {};
  return "abfss://" + place.substr(0, dot) + ".dfs.core.windows.net";
}

bool IsPart(std::string_view part) { return !part.empty() && part != "." && part != ".."; }

std::unexpected<Error> BadUrl(std::string_view why) {
  return MakeError(ErrorCode::kInvalidArgument, "not a URL of an object store such as s3://bucket/directory: {}", why);
}

}  // namespace

bool IsUrl(std::string_view path) {
  const size_t scheme = SchemeLength(path);
  return scheme > 0 && LowerAscii(path.substr(0, scheme)) != "file";
}

Result<std::string> NormalUrl(std::string_view url) {
  if (!IsUrl(url)) return BadUrl("it has no scheme");
  const size_t scheme = SchemeLength(url);
  std::string_view rest = url.substr(scheme + kSeparator.size());
  const auto control = [](unsigned char c) { return c < 0x20 || c == 0x7f || c == '\\'; };
  if (std::ranges::any_of(rest, control)) return BadUrl("it has a control character or a backslash");
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const size_t slash = rest.find('/');
  if (!IsAuthority(rest.substr(0, slash))) return BadUrl("its bucket is missing or malformed");
  for (size_t begin = slash; begin < rest.size();) {
    const size_t end = std::min(rest.find('/', begin + 1), rest.size());
    if (!IsPart(rest.substr(begin + 1, end - begin - 1))) return BadUrl("its path has an empty part, \".\" or \"..\"");
    begin = end;
  }
  const std::string known = NormalScheme(url.substr(0, scheme));
  if (known != "az") return known + std::string(kSeparator) + std::string(rest);
  const std::string place = NormalAzurePlace(rest.substr(0, slash));
  if (place.empty()) {
    return BadUrl(
        "its storage account's host is none of dfs.core.windows.net and blob.core.windows.net (another cloud's "
        "is told by the credential's endpoint)");
  }
  return place + std::string(slash == std::string_view::npos ? "" : rest.substr(slash));
}

std::string NormalPath(std::string_view path) {
  if (IsUrl(path)) return NormalUrl(path).value_or(std::string(path));
  return std::filesystem::path(path).lexically_normal().string();
}

bool IsBelow(std::string_view path, std::string_view root) {
  if (root.size() > 1 && root.ends_with('/')) root.remove_suffix(1);
  if (!path.starts_with(root)) return false;
  return path.size() == root.size() || root == "/" || path[root.size()] == '/';
}

std::string JoinPath(std::string_view directory, std::string_view name) {
  if (name.starts_with('/') || IsUrl(name)) return std::string(name);
  std::string joined(directory);
  if (!joined.ends_with('/')) joined += '/';
  return joined.append(name);
}

std::string ParentPath(std::string_view path) {
  const size_t root = IsUrl(path) ? path.find('/', SchemeLength(path) + kSeparator.size()) : 0;
  const size_t slash = path.rfind('/');
  if (root == std::string_view::npos || slash == std::string_view::npos) return std::string(path);
  if (slash == 0) return "/";
  return std::string(path.substr(0, slash));
}

}  // namespace neurolake::storage
