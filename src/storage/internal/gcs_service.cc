#include "storage/internal/gcs_service.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "common/ids.h"
#include "common/text.h"
#include "storage/internal/credential_request.h"
#include "storage/internal/http_answers.h"
#include "storage/internal/signature_v4.h"

namespace neurolake::storage::internal {
namespace {

namespace json = boost::json;

constexpr std::string_view kWriterKey = "nl-writer";
constexpr int64_t kListBodyBytes = 16 << 20;
constexpr int kListPage = 1'000;
constexpr int kResumeIncomplete = 308;
/// Parts that the service takes only a piece of are sent on from there, so often.
constexpr int kPiecesMax = 64;

Attempt<json::object> ParseAnswer(const Answer& answer) {
  auto object = ParseCredentials(answer.body, "");
  if (object.has_value()) return std::move(*object);
  return std::unexpected(Final(Error(ErrorCode::kIoError, "the object store's answer is not a JSON object")));
}

Attempt<BlobInfo> InfoOf(const json::object& item) {
  const auto size = ParseSize(TextOf(item, "size"));
  const auto modified = ParseTimestamp(TextOf(item, "updated"));
  if (!size || !modified.has_value()) {
    return std::unexpected(Final(Error(ErrorCode::kIoError, "the object store's answer has no size or time")));
  }
  BlobInfo info{.key = TextOf(item, "name"), .size_bytes = *size, .modified = *modified, .writer = {}};
  if (const auto* metadata = item.if_contains("metadata"); metadata != nullptr && metadata->is_object()) {
    info.writer = TextOf(metadata->get_object(), kWriterKey);
  }
  return info;
}

std::string MetadataText(const ObjectLocation& at, const WriteMark& mark) {
  json::object metadata{{"name", at.key}};
  if (!mark.writer.empty()) metadata["metadata"] = json::object{{kWriterKey, mark.writer}};
  return json::serialize(metadata);
}

/// The upload's id out of the address that the service gave: the address itself is not followed.
std::string UploadId(const std::string& location) {
  constexpr std::string_view kName = "upload_id=";
  const size_t start = location.find(kName);
  if (start == std::string::npos) return "";
  const size_t begin = start + kName.size();
  std::string id = location.substr(begin, std::min(location.find('&', begin), location.size()) - begin);
  const bool plain =
      id.size() <= 2048 && std::ranges::all_of(id, [](char c) { return c > ' ' && c < 0x7f && c != '#'; });
  return plain ? id : "";
}

}  // namespace

GcsService::GcsService(GcsOptions options, net::Url endpoint, std::shared_ptr<Transport> transport)
    : options_(std::move(options)), endpoint_(std::move(endpoint)), transport_(std::move(transport)) {}

std::string GcsService::ObjectPath(const ObjectLocation& at) const {
  return "/storage/v1/b/" + net::PercentEncode(at.container) + "/o/" + net::PercentEncode(at.key);
}

void GcsService::RenewCredentials() {
  if (options_.credentials != nullptr) options_.credentials->Invalidate();
}

Attempt<Answer> GcsService::Exchange(const RequestContext& ctx, Call call, const Transport::ChooseLimit& choose_limit) {
  if (options_.credentials != nullptr) {
    const auto token = options_.credentials->Get(ctx);
    if (!token.has_value()) return std::unexpected(Final(token.error()));
    call.headers.emplace_back("Authorization", "Bearer " + token->token);
  }
  net::HttpRequest request{.method = std::move(call.method),
                           .target = call.query.empty() ? call.path : call.path + "?" + EncodeQuery(call.query),
                           .headers = std::move(call.headers),
                           .body = std::move(call.body)};
  return transport_->Exchange(ctx, endpoint_, std::move(request), choose_limit);
}

Attempt<Answer> GcsService::Ask(const RequestContext& ctx, const ObjectLocation& at, Call call) {
  auto answer = Exchange(ctx, std::move(call), [](const net::HttpResponse&) { return BodyLimit{kListBodyBytes}; });
  if (answer.has_value() && !answer->ok()) return std::unexpected(Refusal(*answer, at));
  return answer;
}

Attempt<Answer> GcsService::AskToWrite(const RequestContext& ctx, const ObjectLocation& at, Call call) {
  auto answer = Exchange(ctx, std::move(call), [](const net::HttpResponse&) { return BodyLimit{}; });
  if (!answer.has_value() || answer->ok()) return answer;
  // Only the bucket can be missing where an object is made.
  ObjectLocation missing = at;
  if (answer->status() == 404) missing.key.clear();
  return std::unexpected(Refusal(*answer, missing));
}

Failure GcsService::Refusal(const Answer& answer, const ObjectLocation& at) const {
  const std::string bucket = fmt::format("gs://{} at {}", at.container, endpoint_.Origin());
  const int status = answer.status();
  if (status >= 300 && status < 400) {
    return Final(Error(ErrorCode::kInvalidArgument, "the object store redirects, which is not followed: " + bucket));
  }
  // The reason is "notFound" for both; the text alone tells which. It is looked at, never shown.
  if (status == 404 && (answer.body.contains("bucket does not exist") || at.key.empty())) {
    return Final(Error(ErrorCode::kNotFound, "the bucket does not exist: " + bucket));
  }
  if (status == 401 && options_.credentials != nullptr) {
    return {.error = Error(ErrorCode::kPermissionDenied, "the object store refuses the token (HTTP 401): " + bucket),
            .retry = true,
            .renew_credentials = true};
  }
  Failure failure = RefusalByStatus(status == 408 ? 503 : status, "", bucket, at.key);
  failure.wait_at_least = RetryAfter(answer);
  return failure;
}

Attempt<std::string> GcsService::Get(const RequestContext& ctx, const ObjectLocation& at,
                                     std::optional<ByteRange> range) {
  Call call{.path = ObjectPath(at), .query = {{"alt", "media"}}};
  if (range) call.headers.emplace_back("Range", RangeHeader(*range));
  auto answer = Exchange(ctx, std::move(call), LimitFor(range));
  if (!answer.has_value()) return std::unexpected(std::move(answer).error());
  if (answer->status() == 416) return std::string();
  if (!answer->ok()) return std::unexpected(Refusal(*answer, at));
  return CheckedBody(std::move(*answer), range);
}

Attempt<BlobInfo> GcsService::Head(const RequestContext& ctx, const ObjectLocation& at) {
  auto answer = Ask(ctx, at, {.path = ObjectPath(at), .query = {{"fields", "name,size,updated,metadata"}}});
  if (!answer.has_value()) return std::unexpected(std::move(answer).error());
  auto object = ParseAnswer(*answer);
  if (!object.has_value()) return std::unexpected(std::move(object).error());
  return InfoOf(*object);
}

GcsService::Call GcsService::UploadCall(const ObjectLocation& at, std::string_view kind, const WriteMark& mark) const {
  Call call{.method = "POST",
            .path = "/upload/storage/v1/b/" + net::PercentEncode(at.container) + "/o",
            .query = {{"uploadType", std::string(kind)}, {"name", at.key}}};
  if (mark.if_absent) call.query.emplace_back("ifGenerationMatch", "0");
  return call;
}

Attempt<void> GcsService::Put(const RequestContext& ctx, const ObjectLocation& at, std::string_view bytes,
                              const WriteMark& mark) {
  Call call = UploadCall(at, "multipart", mark);
  // New for each request, so that no object can hold it.
  const std::string boundary = "nl-" + NewUuid();
  call.headers.emplace_back("Content-Type", "multipart/related; boundary=" + boundary);
  call.body = "--" + boundary + "\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n" + MetadataText(at, mark) +
              "\r\n--" + boundary + "\r\nContent-Type: application/octet-stream\r\n\r\n";
  call.body += bytes;
  call.body += "\r\n--" + boundary + "--\r\n";
  return WithoutValue(AskToWrite(ctx, at, std::move(call)));
}

Attempt<BlobPage> GcsService::List(const RequestContext& ctx, const ListRequest& request) {
  const ObjectLocation at{.kind = ObjectLocation::Kind::kGcs, .container = request.container};
  Call call{.path = "/storage/v1/b/" + net::PercentEncode(request.container) + "/o",
            .query = {{"prefix", request.prefix},
                      {"maxResults", std::to_string(kListPage)},
                      {"fields", "items(name,size,updated),nextPageToken"}}};
  if (request.one_level) call.query.emplace_back("delimiter", "/");
  if (!request.start_after.empty()) call.query.emplace_back("startOffset", request.start_after);  // Inclusive.
  if (!request.next.empty()) call.query.emplace_back("pageToken", request.next);
  auto answer = Ask(ctx, at, std::move(call));
  if (!answer.has_value()) return std::unexpected(std::move(answer).error());
  auto object = ParseAnswer(*answer);
  if (!object.has_value()) return std::unexpected(std::move(object).error());
  BlobPage page{.blobs = {}, .next = TextOf(*object, "nextPageToken")};
  const auto* items = object->if_contains("items");
  if (items == nullptr || !items->is_array()) return page;
  for (const json::value& item : items->get_array()) {
    auto info = item.is_object() ? InfoOf(item.get_object()) : InfoOf({});
    if (!info.has_value()) return std::unexpected(std::move(info).error());
    page.blobs.push_back(std::move(*info));
  }
  return page;
}

Attempt<void> GcsService::Delete(const RequestContext& ctx, const ObjectLocation& at) {
  auto deleted = WithoutValue(Ask(ctx, at, {.method = "DELETE", .path = ObjectPath(at)}));
  if (deleted.has_value() || deleted.error().error.code() != ErrorCode::kNotFound) return deleted;
  const bool no_bucket = deleted.error().error.message().starts_with("the bucket");
  return no_bucket ? deleted : Attempt<void>();
}

Attempt<std::string> GcsService::StartUpload(const RequestContext& ctx, const ObjectLocation& at,
                                             const WriteMark& mark) {
  Call call = UploadCall(at, "resumable", mark);
  call.headers.emplace_back("Content-Type", "application/json; charset=UTF-8");
  call.headers.emplace_back("X-Upload-Content-Type", "application/octet-stream");
  call.body = MetadataText(at, mark);
  auto answer = AskToWrite(ctx, at, std::move(call));
  if (!answer.has_value()) return std::unexpected(std::move(answer).error());
  std::string id = UploadId(answer->header("Location"));
  if (id.empty()) return std::unexpected(Final(Error(ErrorCode::kIoError, "the object store named no upload")));
  return id;
}

GcsService::Call GcsService::SessionCall(const ObjectLocation& at, std::string method,
                                         const std::string& upload) const {
  // The id goes back as it came: it is encoded already.
  return {.method = std::move(method),
          .path = "/upload/storage/v1/b/" + net::PercentEncode(at.container) +
                  "/o?uploadType=resumable&name=" + net::PercentEncode(at.key) + "&upload_id=" + upload,
          .query = {},
          .headers = {},
          .body = {}};
}

Attempt<std::string> GcsService::SendPart(const RequestContext& ctx, const ObjectLocation& at,
                                          const std::string& upload, const UploadPart& part) {
  const auto part_bytes = static_cast<int64_t>(part.bytes.size());
  const int64_t end = part.offset_bytes + part_bytes;
  int64_t from = part.offset_bytes;
  for (int piece = 0; piece < kPiecesMax; ++piece) {
    Call call = SessionCall(at, "PUT", upload);
    call.body = part.bytes.substr(static_cast<size_t>(from - part.offset_bytes));
    const std::string total = part.last ? std::to_string(end) : "*";
    call.headers.emplace_back("Content-Range", end == from ? fmt::format("bytes */{}", total)
                                                           : fmt::format("bytes {}-{}/{}", from, end - 1, total));
    auto answer = Exchange(ctx, std::move(call), [](const net::HttpResponse&) { return BodyLimit{}; });
    if (!answer.has_value()) return std::unexpected(std::move(answer).error());
    if (answer->ok() && part.last) return std::string("complete");
    if (answer->status() != kResumeIncomplete) return std::unexpected(Refusal(*answer, at));
    // "bytes=0-8388607": what the service has; nothing at all without it.
    const std::string has = answer->header("Range");
    const auto last = ParseSize(has.substr(std::min(has.find('-') + 1, has.size())));
    const int64_t next = last ? *last + 1 : 0;
    if (next == end && !part.last) return std::string("sent");
    if (next < part.offset_bytes || next > end) break;
    from = next;
  }
  return std::unexpected(Final(Error(ErrorCode::kIoError, "the object store did not take all bytes of a part")));
}

Attempt<void> GcsService::CompleteUpload(const RequestContext&, const ObjectLocation&, const std::string&,
                                         const std::vector<std::string>&, const WriteMark&) {
  return {};  // The last part did.
}

Attempt<void> GcsService::AbortUpload(const RequestContext& ctx, const ObjectLocation& at, const std::string& upload) {
  // 499 is the service's word for an upload given up.
  auto answer = Exchange(ctx, SessionCall(at, "DELETE", upload), [](const net::HttpResponse&) { return BodyLimit{}; });
  if (!answer.has_value()) return std::unexpected(std::move(answer).error());
  if (answer->ok() || answer->status() == 499 || answer->status() == 404) return {};
  return std::unexpected(Refusal(*answer, at));
}

}  // namespace neurolake::storage::internal
