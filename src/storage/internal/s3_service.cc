#include "storage/internal/s3_service.h"

#include <openssl/evp.h>

#include <charconv>
#include <optional>

#include "common/text.h"
#include "storage/internal/http_answers.h"
#include "storage/internal/signature_v4.h"
#include "storage/internal/xml.h"

namespace neurolake::storage::internal {
namespace {

constexpr std::string_view kWriterHeader = "x-amz-meta-nl-writer";
/// 1,000 keys of 1,024 bytes, each escaped to six.
constexpr int64_t kListBodyBytes = 16 << 20;
constexpr int kListPage = 1'000;

/// nullopt where the machine's rules for cryptography have no MD5.
std::optional<std::string> ContentMd5(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_md5(), nullptr) != 1) return std::nullopt;
  return Base64(std::string_view(reinterpret_cast<const char*>(digest), size));
}

}  // namespace

S3Service::S3Service(S3Options options, net::Url endpoint, bool path_style, std::shared_ptr<Transport> transport)
    : options_(std::move(options)),
      endpoint_(std::move(endpoint)),
      path_style_(path_style),
      transport_(std::move(transport)) {}

net::Url S3Service::ServerOf(const ObjectLocation& at) const {
  net::Url server = endpoint_;
  // A certificate for *.host does not cover a bucket with dots.
  if (!path_style_ && !(server.tls && at.container.contains('.'))) server.host = at.container + "." + server.host;
  return server;
}

std::string S3Service::PathOf(const ObjectLocation& at) const {
  const bool in_path = path_style_ || (endpoint_.tls && at.container.contains('.'));
  return (in_path ? "/" + net::PercentEncode(at.container) : "") + "/" + EncodeKey(at.key);
}

Attempt<Answer> S3Service::Exchange(const RequestContext& ctx, const ObjectLocation& at, Call call,
                                    const Transport::ChooseLimit& choose_limit) {
  const net::Url server = ServerOf(at);
  const std::string path = PathOf(at);
  if (options_.credentials != nullptr) {
    const auto credentials = options_.credentials->Get(ctx);
    if (!credentials.has_value()) return std::unexpected(Final(credentials.error()));
    const WallTime now = transport_->clock().Now();
    const std::string hash = Sha256Hex(call.body);
    call.headers.emplace_back("x-amz-date", AmzDate(now));
    call.headers.emplace_back("x-amz-content-sha256", hash);
    if (!credentials->session_token.empty()) {
      call.headers.emplace_back("x-amz-security-token", credentials->session_token);
    }
    SignedRequest to_sign{.method = call.method,
                          .path = server.path + path,
                          .query = call.query,
                          .headers = call.headers,
                          .payload_sha256 = hash};
    to_sign.headers.emplace_back("host", server.Authority());
    call.headers.emplace_back("Authorization", SignV4(*credentials, {.at = now, .region = options_.region}, to_sign));
  }
  net::HttpRequest request{.method = std::move(call.method),
                           .target = call.query.empty() ? path : path + "?" + EncodeQuery(call.query),
                           .headers = std::move(call.headers),
                           .body = std::move(call.body)};
  return transport_->Exchange(ctx, server, std::move(request), choose_limit);
}

Attempt<Answer> S3Service::Ask(const RequestContext& ctx, const ObjectLocation& at, Call call,
                               const Transport::ChooseLimit& choose_limit) {
  auto answer = Exchange(ctx, at, std::move(call), choose_limit);
  if (answer.has_value() && !answer->ok()) return std::unexpected(Refusal(*answer, at));
  return answer;
}

Attempt<Answer> S3Service::Ask(const RequestContext& ctx, const ObjectLocation& at, Call call) {
  return Ask(ctx, at, std::move(call), [](const net::HttpResponse&) { return BodyLimit{}; });
}

Failure S3Service::Refusal(const Answer& answer, const ObjectLocation& at) const {
  std::string code;
  std::string region = ShownCode(answer.header("x-amz-bucket-region"));
  if (const auto xml = ParseXml(answer.body, "Error"); xml.has_value()) {
    code = (*xml)->document_element().child_value("Code");
  }
  const int status = answer.status();
  if ((status >= 300 && status < 400) || code == "AuthorizationHeaderMalformed" || code == "PermanentRedirect") {
    // The region keeps its hyphens: "eu-central-1".
    region = answer.header("x-amz-bucket-region");
    if (!IsRegionName(region)) region = "not told";
    return Final(Error(ErrorCode::kInvalidArgument,
                       fmt::format("the bucket is served by another endpoint or region ({}), not by {} as {}: {}",
                                   region, endpoint_.Origin(), options_.region, at.container)));
  }
  Failure failure = RefusalOf(status, code, at);
  failure.wait_at_least = RetryAfter(answer);
  return failure;
}

Failure S3Service::RefusalOf(int status, const std::string& code, const ObjectLocation& at) const {
  const std::string bucket = fmt::format("s3://{} at {}", at.container, endpoint_.Origin());
  if (code == "NoSuchBucket") return Final(Error(ErrorCode::kNotFound, "the bucket does not exist: " + bucket));
  if (code == "ExpiredToken" || code == "TokenRefreshRequired" || code == "RequestExpired") {
    return {.error = Error(ErrorCode::kPermissionDenied, "the credentials have expired, for " + bucket),
            .retry = true,
            .renew_credentials = true};
  }
  if (code == "RequestTimeTooSkewed") {
    return Final(
        Error(ErrorCode::kPermissionDenied, "the clocks of this machine and the object store differ: " + bucket));
  }
  if (code == "InvalidAccessKeyId" || code == "SignatureDoesNotMatch") {
    return Final(
        Error(ErrorCode::kPermissionDenied, fmt::format("wrong access key or secret key ({}), for {}", code, bucket)));
  }
  if (code == "SlowDown" || code == "TooManyRequests" || code == "RequestLimitExceeded") status = 429;
  if (code == "RequestTimeout") status = 503;  // With status 400: the body came too slowly.
  // Another conditional write is under way; which one wins is decided by the next attempt.
  if (code == "ConditionalRequestConflict" || code == "OperationAborted") {
    return {.error = Error(ErrorCode::kConflict, "another write of the object is under way: " + at.key), .retry = true};
  }
  return RefusalByStatus(status, code, bucket, at.key);
}

void S3Service::RenewCredentials() {
  if (options_.credentials != nullptr) options_.credentials->Invalidate();
}

Attempt<std::string> S3Service::Get(const RequestContext& ctx, const ObjectLocation& at,
                                    std::optional<ByteRange> range) {
  Call call;
  if (range) call.headers.emplace_back("Range", RangeHeader(*range));
  auto answer = Exchange(ctx, at, std::move(call), LimitFor(range));
  if (!answer.has_value()) return std::unexpected(std::move(answer).error());
  if (answer->status() == 416) return std::string();  // The object ends before.
  if (!answer->ok()) return std::unexpected(Refusal(*answer, at));
  return CheckedBody(std::move(*answer), range);
}

Attempt<BlobInfo> S3Service::Head(const RequestContext& ctx, const ObjectLocation& at) {
  auto answer = Ask(ctx, at, {.method = "HEAD"});
  if (!answer.has_value()) return std::unexpected(std::move(answer).error());
  return InfoFromHeaders(*answer, at, kWriterHeader);
}

Attempt<void> S3Service::Put(const RequestContext& ctx, const ObjectLocation& at, std::string_view bytes,
                             const WriteMark& mark) {
  Call call{.method = "PUT", .body = std::string(bytes)};
  if (mark.if_absent) call.headers.emplace_back("If-None-Match", "*");
  if (!mark.writer.empty()) call.headers.emplace_back(kWriterHeader, mark.writer);
  return WithoutValue(Ask(ctx, at, std::move(call)));
}

Attempt<BlobPage> S3Service::List(const RequestContext& ctx, const ListRequest& request) {
  const ObjectLocation at{.kind = ObjectLocation::Kind::kS3, .container = request.container};
  Call call{.query = {{"list-type", "2"}, {"max-keys", std::to_string(kListPage)}, {"prefix", request.prefix}}};
  if (request.one_level) call.query.emplace_back("delimiter", "/");
  if (!request.next.empty()) {
    call.query.emplace_back("continuation-token", request.next);
  } else if (!request.start_after.empty()) {
    call.query.emplace_back("start-after", request.start_after);
  }
  auto answer = Ask(ctx, at, std::move(call), [](const net::HttpResponse&) { return BodyLimit{kListBodyBytes}; });
  if (!answer.has_value()) return std::unexpected(std::move(answer).error());
  const auto xml = ParseXml(answer->body, "ListBucketResult");
  if (!xml.has_value()) return std::unexpected(Final(xml.error()));
  const pugi::xml_node root = (*xml)->document_element();
  BlobPage page;
  for (const pugi::xml_node node : root.children("Contents")) {
    const auto size = ParseSize(node.child_value("Size"));
    const auto modified = ParseTimestamp(node.child_value("LastModified"));
    if (!size || !modified) {
      return std::unexpected(
          Final(Error(ErrorCode::kIoError, "the object store's list has an entry without size or time")));
    }
    page.blobs.push_back({.key = node.child_value("Key"), .size_bytes = *size, .modified = *modified, .writer = {}});
  }
  if (std::string_view(root.child_value("IsTruncated")) == "true") {
    page.next = root.child_value("NextContinuationToken");
    if (page.next.empty()) {
      return std::unexpected(
          Final(Error(ErrorCode::kIoError, "the object store's list breaks off without a continuation")));
    }
  }
  return page;
}

Attempt<void> S3Service::Delete(const RequestContext& ctx, const ObjectLocation& at) {
  auto answer = Exchange(ctx, at, {.method = "DELETE"}, [](const net::HttpResponse&) { return BodyLimit{}; });
  if (!answer.has_value()) return std::unexpected(std::move(answer).error());
  if (answer->ok()) return {};
  Failure failure = Refusal(*answer, at);
  // Amazon says 204 for what is not there; others say 404. A missing bucket is still an error.
  const bool gone = answer->status() == 404 && !failure.error.message().starts_with("the bucket");
  if (gone) return {};
  return std::unexpected(std::move(failure));
}

Attempt<void> S3Service::DeleteBatch(const RequestContext& ctx, const ObjectLocation& container,
                                     std::span<const std::string> keys) {
  std::string body = "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>";
  for (const std::string& key : keys) body += "<Object><Key>" + EscapeXml(key) + "</Key></Object>";
  body += "</Delete>";
  const auto md5 = ContentMd5(body);
  if (!md5) {
    return std::unexpected(Final(Error(ErrorCode::kNotSupported,
                                       "S3 wants deletions of many objects with their MD5, which this machine's "
                                       "cryptography does not allow")));
  }
  const ObjectLocation at{.kind = ObjectLocation::Kind::kS3, .container = container.container};
  Call call{.method = "POST",
            .query = {{"delete", ""}},
            .headers = {{"Content-MD5", *md5}, {"Content-Type", "application/xml"}},
            .body = body};
  auto answer = Ask(ctx, at, std::move(call), [](const net::HttpResponse&) { return BodyLimit{kListBodyBytes}; });
  if (!answer.has_value()) return std::unexpected(std::move(answer).error());
  const auto xml = ParseXml(answer->body, "DeleteResult");
  if (!xml.has_value()) return std::unexpected(Final(xml.error()));
  for (const pugi::xml_node node : (*xml)->document_element().children("Error")) {
    const std::string code = node.child_value("Code");
    if (code == "NoSuchKey") continue;
    const bool throttled = code == "SlowDown" || code == "InternalError" || code == "ServiceUnavailable";
    Failure failure = RefusalOf(throttled                ? 503
                                : code == "AccessDenied" ? 403
                                                         : 400,
                                code, {.container = container.container, .key = node.child_value("Key")});
    return std::unexpected(std::move(failure));
  }
  return {};
}

Attempt<std::string> S3Service::StartUpload(const RequestContext& ctx, const ObjectLocation& at,
                                            const WriteMark& mark) {
  Call call{.method = "POST", .query = {{"uploads", ""}}};
  if (!mark.writer.empty()) call.headers.emplace_back(kWriterHeader, mark.writer);
  auto answer = Ask(ctx, at, std::move(call));
  if (!answer.has_value()) return std::unexpected(std::move(answer).error());
  const auto xml = ParseXml(answer->body, "InitiateMultipartUploadResult");
  if (!xml.has_value()) return std::unexpected(Final(xml.error()));
  std::string upload = (*xml)->document_element().child_value("UploadId");
  if (upload.empty()) return std::unexpected(Final(Error(ErrorCode::kIoError, "the object store named no upload")));
  return upload;
}

Attempt<std::string> S3Service::SendPart(const RequestContext& ctx, const ObjectLocation& at, const std::string& upload,
                                         const UploadPart& part) {
  auto answer = Ask(ctx, at,
                    {.method = "PUT",
                     .query = {{"partNumber", std::to_string(part.number)}, {"uploadId", upload}},
                     .body = std::string(part.bytes)});
  if (!answer.has_value()) return std::unexpected(std::move(answer).error());
  std::string tag = answer->header("ETag");
  if (tag.empty()) return std::unexpected(Final(Error(ErrorCode::kIoError, "the object store gave a part no ETag")));
  return tag;
}

Attempt<void> S3Service::CompleteUpload(const RequestContext& ctx, const ObjectLocation& at, const std::string& upload,
                                        const std::vector<std::string>& parts, const WriteMark& mark) {
  std::string body = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  for (size_t i = 0; i < parts.size(); ++i) {
    body += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", i + 1, EscapeXml(parts[i]));
  }
  body += "</CompleteMultipartUpload>";
  Call call{.method = "POST",
            .query = {{"uploadId", upload}},
            .headers = {{"Content-Type", "application/xml"}},
            .body = std::move(body)};
  if (mark.if_absent) call.headers.emplace_back("If-None-Match", "*");
  auto answer = Ask(ctx, at, std::move(call));
  if (!answer.has_value()) return std::unexpected(std::move(answer).error());
  // The head is sent before the parts are joined: an error can follow a 200.
  const auto failed = ParseXml(answer->body, "Error");
  if (failed.has_value()) {
    const std::string code = (*failed)->document_element().child_value("Code");
    return std::unexpected(RefusalOf(code == "PreconditionFailed" ? 412 : 500, code, at));
  }
  if (ParseXml(answer->body, "CompleteMultipartUploadResult").has_value()) return {};
  return std::unexpected(
      Failure{.error = Error(ErrorCode::kIoError, "the object store did not say that the upload is complete"),
              .retry = true,
              .may_have_happened = true});
}

Attempt<void> S3Service::AbortUpload(const RequestContext& ctx, const ObjectLocation& at, const std::string& upload) {
  return WithoutValue(Ask(ctx, at, {.method = "DELETE", .query = {{"uploadId", upload}}}));
}

}  // namespace neurolake::storage::internal
