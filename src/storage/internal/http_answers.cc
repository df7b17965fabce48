#include "storage/internal/http_answers.h"

#include <openssl/evp.h>

#include <algorithm>
#include <charconv>

namespace neurolake::storage::internal {
namespace {

/// An object is read into memory: what is larger is read in ranges.
constexpr int64_t kWholeObjectBytes = int64_t{2} << 30;

}  // namespace

std::string RangeHeader(const ByteRange& range) {
  const int64_t end =
      range.length_bytes > INT64_MAX - range.offset_bytes ? INT64_MAX : range.offset_bytes + range.length_bytes;
  return fmt::format("bytes={}-{}", range.offset_bytes, end - 1);
}

Transport::ChooseLimit LimitFor(std::optional<ByteRange> range) {
  return [range](const net::HttpResponse& response) {
    if (!range) return BodyLimit{kWholeObjectBytes};
    if (response.status() == 206) return BodyLimit{range->length_bytes};
    return BodyLimit{.bytes = range->length_bytes, .skip_bytes = range->offset_bytes, .cut = true};
  };
}

Attempt<std::string> CheckedBody(Answer answer, std::optional<ByteRange> range) {
  if (range && answer.status() == 206) {
    // "bytes 0-9/443": other bytes than asked for would be read as if they were those.
    const std::string told = answer.header("Content-Range");
    const std::string expected = fmt::format("bytes {}-{}/", range->offset_bytes,
                                             range->offset_bytes + static_cast<int64_t>(answer.body.size()) - 1);
    if (!told.starts_with(expected)) {
      return std::unexpected(Final(Error(ErrorCode::kIoError, "the object store sent another range than asked for")));
    }
  }
  return std::move(answer.body);
}

std::optional<int64_t> ParseSize(std::string_view text) {
  int64_t size = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (problem != std::errc() || end != text.data() + text.size() || size < 0) return std::nullopt;
  return size;
}

Attempt<BlobInfo> InfoFromHeaders(const Answer& answer, const ObjectLocation& at, std::string_view writer_header) {
  const auto size = ParseSize(answer.header("Content-Length"));
  if (!size) return std::unexpected(Final(Error(ErrorCode::kIoError, "the object store gave no size of the object")));
  return BlobInfo{.key = at.key,
                  .size_bytes = *size,
                  .modified = ParseHttpDate(answer.header("Last-Modified")),
                  .writer = answer.header(writer_header)};
}

std::chrono::milliseconds RetryAfter(const Answer& answer) {
  const auto seconds = ParseSize(answer.header("Retry-After"));
  return std::chrono::seconds(std::min<int64_t>(seconds.value_or(0), 3600));
}

bool IsRegionName(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

Failure RefusalByStatus(int status, std::string_view code, const std::string& bucket, const std::string& key) {
  const std::string said =
      ShownCode(code).empty() ? fmt::format("HTTP {}", status) : fmt::format("HTTP {} {}", status, ShownCode(code));
  const std::string object = fmt::format("{}, key {}", bucket, key);
  switch (status) {
    case 401:
    case 403:
      return Final(
          Error(ErrorCode::kPermissionDenied, fmt::format("the object store denies access ({}): {}", said, bucket)));
    case 404: return Final(Error(ErrorCode::kNotFound, "the object does not exist: " + object));
    case 409:
    case 412: return Final(Error(ErrorCode::kAlreadyExists, "an object is there already: " + object));
    case 413:
      return Final(Error(ErrorCode::kPayloadTooLarge, "the object is too large for the object store: " + object));
    case 429:
      return {.error = Error(ErrorCode::kTooManyRequests,
                             fmt::format("the object store is throttling ({}): {}", said, bucket)),
              .retry = true};
    case 501:
      return Final(
          Error(ErrorCode::kNotSupported, fmt::format("the object store cannot do this ({}): {}", said, bucket)));
    case 507: return Final(Error(ErrorCode::kDiskFull, fmt::format("the object store is full ({}): {}", said, bucket)));
    default: break;
  }
  if (status >= 500) {
    return {.error = Error(ErrorCode::kUnavailable, fmt::format("the object store failed ({}): {}", said, bucket)),
            .retry = true,
            .may_have_happened = true};
  }
  return Final(Error(ErrorCode::kIoError, fmt::format("the object store refused the request ({}): {}", said, bucket)));
}

Attempt<void> WithoutValue(Attempt<Answer> answer) {
  if (!answer.has_value()) return std::unexpected(std::move(answer).error());
  return {};
}

std::string EscapeXml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&apos;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string Base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(size));
  return text;
}

Result<std::string> DecodeBase64(std::string_view text) {
  std::string bytes(text.size() / 4 * 3 + 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0 || text.empty() || text.size() % 4 != 0) {
    return MakeError(ErrorCode::kInvalidArgument, "not Base64");
  }
  const auto padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  bytes.resize(static_cast<size_t>(size - padding));
  return bytes;
}

}  // namespace neurolake::storage::internal
