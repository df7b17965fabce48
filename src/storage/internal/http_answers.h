#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "storage/internal/blob_service.h"

namespace neurolake::storage::internal {

/// What the services have in common in how they speak HTTP.

std::string RangeHeader(const ByteRange& range);
/// The body limit of a GET: the range, also where the service sends the whole object in spite of one.
Transport::ChooseLimit LimitFor(std::optional<ByteRange> range);
/// The body, if it has as many bytes as the head announced.
Attempt<std::string> CheckedBody(Answer answer, std::optional<ByteRange> range);
Attempt<BlobInfo> InfoFromHeaders(const Answer& answer, const ObjectLocation& at, std::string_view writer_header);
/// Not negative; nullopt for anything else.
std::optional<int64_t> ParseSize(std::string_view text);
/// "3": seconds; zero for anything else.
std::chrono::milliseconds RetryAfter(const Answer& answer);
/// "eu-central-1": fit to be shown.
bool IsRegionName(std::string_view text);

/// By the status alone. `bucket`: how messages name the bucket and its endpoint. A 5xx may have had its effect.
Failure RefusalByStatus(int status, std::string_view code, const std::string& bucket, const std::string& key);

Attempt<void> WithoutValue(Attempt<Answer> answer);
std::string EscapeXml(std::string_view text);
std::string Base64(std::string_view bytes);
/// Errors: kInvalidArgument; nothing of the text is repeated.
Result<std::string> DecodeBase64(std::string_view text);

}  // namespace neurolake::storage::internal
