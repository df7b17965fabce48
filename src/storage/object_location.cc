#include <algorithm>
#include <array>

#include "common/text.h"
#include "storage/object_store_options.h"

namespace neurolake::storage {
namespace {

struct Scheme {
  std::string_view name;
  ObjectLocation::Kind kind;
};

constexpr std::array kSchemes = {
    Scheme{"s3", ObjectLocation::Kind::kS3},       Scheme{"s3a", ObjectLocation::Kind::kS3},
    Scheme{"s3n", ObjectLocation::Kind::kS3},      Scheme{"gs", ObjectLocation::Kind::kGcs},
    Scheme{"gcs", ObjectLocation::Kind::kGcs},     Scheme{"az", ObjectLocation::Kind::kAzure},
    Scheme{"azure", ObjectLocation::Kind::kAzure}, Scheme{"abfs", ObjectLocation::Kind::kAzure},
    Scheme{"abfss", ObjectLocation::Kind::kAzure}, Scheme{"wasbs", ObjectLocation::Kind::kAzure},
};

const Scheme* FindScheme(std::string_view path) {
  const size_t end = path.find("://");
  if (end == std::string_view::npos) return nullptr;
  const auto found = std::ranges::find(kSchemes, path.substr(0, end), &Scheme::name);
  return found == kSchemes.end() ? nullptr : &*found;
}

/// Names of buckets and containers become parts of URLs and host names: nothing else gets through.
bool IsContainerName(std::string_view name) {
  return !name.empty() && name.size() <= 255 && name.front() != '.' && name.front() != '-' &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
                  c == '_' || c == '$';
         });
}

bool HasControlCharacter(std::string_view text) {
  return std::ranges::any_of(text, [](unsigned char c) { return c < ' ' || c == 0x7f; });
}

Result<void> CheckSegments(std::string_view key) {
  for (const std::string& segment : Split(key, '/')) {
    if (segment == "." || segment == "..") {
      return MakeError(ErrorCode::kInvalidArgument, "a path of an object store must not have '.' or '..' as a segment");
    }
  }
  return {};
}

}  // namespace

bool IsObjectStorePath(std::string_view path) { return FindScheme(path) != nullptr; }

Result<ObjectLocation> ParseObjectLocation(std::string_view path) {
  if (HasControlCharacter(path)) {
    return MakeError(ErrorCode::kInvalidArgument, "a path must not have control characters");
  }
  ObjectLocation location;
  if (path.starts_with('/')) {
    location.key = path;
    return location;
  }
  const Scheme* scheme = FindScheme(path);
  if (scheme == nullptr) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "a path must be absolute or start with s3://, gs://, az:// or abfss://: {}", path);
  }
  location.kind = scheme->kind;
  location.scheme = scheme->name;
  std::string_view rest = path.substr(scheme->name.size() + 3);
  std::string_view authority = rest.substr(0, rest.find('/'));
  rest.remove_prefix(std::min(authority.size() + 1, rest.size()));
  const size_t at = authority.find('@');
  if (at != std::string_view::npos && location.kind == ObjectLocation::Kind::kAzure) {
    location.account = authority.substr(at + 1, authority.substr(at + 1).find('.'));
    authority = authority.substr(0, at);
    if (!IsContainerName(location.account)) {
      return MakeError(ErrorCode::kInvalidArgument, "the path's storage account is not a name: expected {}",
                       "abfss://container@account.dfs.core.windows.net/path");
    }
  }
  // What stands before an "@" may be a password: it is not repeated.
  if (!IsContainerName(authority)) {
    return MakeError(ErrorCode::kInvalidArgument, "the path has no valid bucket name after {}://", scheme->name);
  }
  location.container = authority;
  if (location.kind == ObjectLocation::Kind::kAzure) {
    // It has no others; hosts and keys that differ in their case alone would be two places to whoever compares.
    location.container = LowerAscii(location.container);
    location.account = LowerAscii(location.account);
  }
  location.key = rest;
  NL_RETURN_IF_ERROR(CheckSegments(location.key));
  return location;
}

}  // namespace neurolake::storage
