#include "storage/internal/azure_service.h"

#include <algorithm>
#include <map>

#include "common/text.h"
#include "storage/internal/http_answers.h"
#include "storage/internal/signature_v4.h"
#include "storage/internal/xml.h"

namespace neurolake::storage::internal {
namespace {

constexpr std::string_view kApiVersion = "2021-12-02";
constexpr std::string_view kWriterHeader = "x-ms-meta-nlwriter";
constexpr int64_t kListBodyBytes = 64 << 20;
constexpr int kListPage = 5'000;

std::string PercentDecode(std::string_view text) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
  };
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool coded = text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0;
    if (!coded) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
    i += 2;
  }
  return out;
}

std::string BlockId(const std::string& upload, int number) {
  // All ids of a blob must have one length; the upload's name keeps two uploads to one blob apart.
  return Base64(fmt::format("{}-{:06}", upload, number));
}

Attempt<BlobInfo> InfoOfListed(const pugi::xml_node& node) {
  const pugi::xml_node name = node.child("Name");
  const pugi::xml_node properties = node.child("Properties");
  const auto size = ParseSize(properties.child_value("Content-Length"));
  // VACUUM judges by the time: one that cannot be read must not make a file look old.
  const WallTime modified = ParseHttpDate(properties.child_value("Last-Modified"));
  if (!size || modified == WallTime{}) {
    return std::unexpected(
        Final(Error(ErrorCode::kIoError, "the object store's list has an entry without size or time")));
  }
  BlobInfo info{.key = name.text().get(), .size_bytes = *size, .modified = modified, .writer = {}};
  if (std::string_view(name.attribute("Encoded").value()) == "true") info.key = PercentDecode(info.key);
  return info;
}

}  // namespace

std::string AzureStringToSign(const std::string& account, const std::string& method, const std::string& path,
                              const std::vector<std::pair<std::string, std::string>>& query,
                              const std::vector<std::pair<std::string, std::string>>& headers, size_t body_bytes) {
  std::map<std::string, std::string> by_name;
  for (const auto& [name, value] : headers) by_name[LowerAscii(name)] = std::string(Trim(value));
  std::string text = method + "\n";
  for (const char* name : {"content-encoding", "content-language", "content-length", "content-md5", "content-type",
                           "date", "if-modified-since", "if-match", "if-none-match", "if-unmodified-since", "range"}) {
    const bool is_length = std::string_view(name) == "content-length";
    if (is_length && body_bytes > 0) text += std::to_string(body_bytes);
    if (!is_length && by_name.contains(name)) text += by_name[name];
    text += "\n";
  }
  for (const auto& [name, value] : by_name) {
    if (name.starts_with("x-ms-")) text += name + ":" + value + "\n";
  }
  text += "/" + account + path;
  std::map<std::string, std::string> sorted;
  for (const auto& [name, value] : query) sorted[LowerAscii(name)] = value;
  for (const auto& [name, value] : sorted) text += "\n" + name + ":" + value;
  return text;
}

AzureService::AzureService(AzureOptions options, std::string shared_key, std::shared_ptr<Transport> transport)
    : options_(std::move(options)), shared_key_(std::move(shared_key)), transport_(std::move(transport)) {
  std::string_view sas = options_.sas_token;
  if (sas.starts_with('?')) sas.remove_prefix(1);
  if (sas.empty()) return;
  for (const std::string& pair : Split(sas, '&')) {
    const size_t equals = std::min(pair.find('='), pair.size());
    sas_.emplace_back(PercentDecode(pair.substr(0, equals)),
                      PercentDecode(pair.substr(std::min(equals + 1, pair.size()))));
  }
}

void AzureService::RenewCredentials() {
  if (options_.credentials != nullptr) options_.credentials->Invalidate();
}

Result<net::Url> AzureService::ServerOf(const ObjectLocation& at) const {
  const std::string& account = options_.account.empty() ? at.account : options_.account;
  if (!at.account.empty() && at.account != account) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "the path is of another storage account than the credentials: {} instead of {}", at.account,
                     account);
  }
  if (!options_.endpoint.empty()) return net::ParseUrl(options_.endpoint);
  if (account.empty()) {
    return MakeError(ErrorCode::kInvalidArgument, "the storage account is not known for the path az://{}/…",
                     at.container);
  }
  // Part of a host name: letters, digits and hyphens alone.
  if (!IsRegionName(account)) {
    return MakeError(ErrorCode::kInvalidArgument, "the storage account is not a name of small letters and digits");
  }
  return net::ParseUrl(fmt::format("https://{}.blob.core.windows.net", account));
}

Attempt<Answer> AzureService::Exchange(const RequestContext& ctx, const ObjectLocation& at, Call call,
                                       const Transport::ChooseLimit& choose_limit) {
  const auto server = ServerOf(at);
  if (!server.has_value()) return std::unexpected(Final(server.error()));
  std::string path = "/" + net::PercentEncode(at.container);
  if (!at.key.empty()) path += "/" + EncodeKey(at.key);
  call.headers.emplace_back("x-ms-version", kApiVersion);
  call.headers.emplace_back("x-ms-date", FormatHttpDate(transport_->clock().Now()));
  if (options_.credentials != nullptr) {
    const auto token = options_.credentials->Get(ctx);
    if (!token.has_value()) return std::unexpected(Final(token.error()));
    call.headers.emplace_back("Authorization", "Bearer " + token->token);
  } else if (!shared_key_.empty()) {
    const std::string& account = options_.account.empty() ? at.account : options_.account;
    const std::string to_sign =
        AzureStringToSign(account, call.method, server->path + path, call.query, call.headers, call.body.size());
    call.headers.emplace_back("Authorization",
                              fmt::format("SharedKey {}:{}", account, Base64(HmacSha256(shared_key_, to_sign))));
  } else {
    call.query.insert(call.query.end(), sas_.begin(), sas_.end());
  }
  net::HttpRequest request{.method = std::move(call.method),
                           .target = call.query.empty() ? path : path + "?" + EncodeQuery(call.query),
                           .headers = std::move(call.headers),
                           .body = std::move(call.body)};
  return transport_->Exchange(ctx, *server, std::move(request), choose_limit);
}

Attempt<Answer> AzureService::Ask(const RequestContext& ctx, const ObjectLocation& at, Call call) {
  auto answer = Exchange(ctx, at, std::move(call), [](const net::HttpResponse&) { return BodyLimit{kListBodyBytes}; });
  if (answer.has_value() && !answer->ok()) return std::unexpected(Refusal(*answer, at));
  return answer;
}

Failure AzureService::Refusal(const Answer& answer, const ObjectLocation& at) const {
  const auto server = ServerOf(at);
  const std::string bucket = fmt::format("az://{} at {}", at.container, server.has_value() ? server->Origin() : "");
  const std::string code = ShownCode(answer.header("x-ms-error-code"));
  int status = answer.status();
  if (status >= 300 && status < 400) {
    return Final(Error(ErrorCode::kInvalidArgument, "the object store redirects, which is not followed: " + bucket));
  }
  if (code == "ContainerNotFound" || code == "ContainerBeingDeleted" || (status == 404 && at.key.empty())) {
    return Final(Error(ErrorCode::kNotFound, "the container does not exist: " + bucket));
  }
  if (status == 401 && options_.credentials != nullptr) {
    return {.error = Error(ErrorCode::kPermissionDenied, "the object store refuses the token (HTTP 401): " + bucket),
            .retry = true,
            .renew_credentials = true};
  }
  if (code == "AuthenticationFailed" || code == "InvalidAuthenticationInfo") status = 403;
  if (code == "ServerBusy") status = 429;
  if (code == "LeaseIdMissing") status = 403;
  Failure failure = RefusalByStatus(status, code, bucket, at.key);
  failure.wait_at_least = RetryAfter(answer);
  return failure;
}

Attempt<std::string> AzureService::Get(const RequestContext& ctx, const ObjectLocation& at,
                                       std::optional<ByteRange> range) {
  Call call;
  if (range) call.headers.emplace_back("x-ms-range", RangeHeader(*range));
  auto answer = Exchange(ctx, at, std::move(call), LimitFor(range));
  if (!answer.has_value()) return std::unexpected(std::move(answer).error());
  if (answer->status() == 416) return std::string();
  if (!answer->ok()) return std::unexpected(Refusal(*answer, at));
  return CheckedBody(std::move(*answer), range);
}

Attempt<BlobInfo> AzureService::Head(const RequestContext& ctx, const ObjectLocation& at) {
  auto answer = Ask(ctx, at, {.method = "HEAD"});
  if (!answer.has_value()) return std::unexpected(std::move(answer).error());
  if (answer->header("x-ms-meta-hdi_isfolder") == "true") {
    return std::unexpected(Final(Error(ErrorCode::kNotFound, "a directory, not an object: " + at.key)));
  }
  return InfoFromHeaders(*answer, at, kWriterHeader);
}

Attempt<void> AzureService::Put(const RequestContext& ctx, const ObjectLocation& at, std::string_view bytes,
                                const WriteMark& mark) {
  Call call{.method = "PUT",
            .headers = {{"x-ms-blob-type", "BlockBlob"}, {"Content-Type", "application/octet-stream"}},
            .body = std::string(bytes)};
  if (mark.if_absent) call.headers.emplace_back("If-None-Match", "*");
  if (!mark.writer.empty()) call.headers.emplace_back(kWriterHeader, mark.writer);
  return WithoutValue(Ask(ctx, at, std::move(call)));
}

Attempt<BlobPage> AzureService::List(const RequestContext& ctx, const ListRequest& request) {
  const ObjectLocation at{
      .kind = ObjectLocation::Kind::kAzure, .container = request.container, .account = request.account};
  Call call{.query = {{"restype", "container"},
                      {"comp", "list"},
                      {"maxresults", std::to_string(kListPage)},
                      {"prefix", request.prefix}}};
  if (request.one_level) call.query.emplace_back("delimiter", "/");
  if (!request.next.empty()) call.query.emplace_back("marker", request.next);
  auto answer = Ask(ctx, at, std::move(call));
  if (!answer.has_value()) return std::unexpected(std::move(answer).error());
  std::string_view body = answer->body;
  if (body.starts_with("\xEF\xBB\xBF")) body.remove_prefix(3);
  const auto xml = ParseXml(body, "EnumerationResults");
  if (!xml.has_value()) return std::unexpected(Final(xml.error()));
  const pugi::xml_node root = (*xml)->document_element();
  BlobPage page{.blobs = {}, .next = root.child_value("NextMarker")};
  for (const pugi::xml_node node : root.child("Blobs").children("Blob")) {
    if (std::string_view(node.child("Properties").child_value("ResourceType")) == "directory") continue;
    auto info = InfoOfListed(node);
    if (!info.has_value()) return std::unexpected(std::move(info).error());
    page.blobs.push_back(std::move(*info));
  }
  return page;
}

Attempt<void> AzureService::Delete(const RequestContext& ctx, const ObjectLocation& at) {
  auto deleted = WithoutValue(Ask(ctx, at, {.method = "DELETE"}));
  if (deleted.has_value() || deleted.error().error.code() != ErrorCode::kNotFound) return deleted;
  const bool no_container = deleted.error().error.message().starts_with("the container");
  return no_container ? deleted : Attempt<void>();
}

Attempt<std::string> AzureService::StartUpload(const RequestContext&, const ObjectLocation&, const WriteMark& mark) {
  return mark.writer;  // Blocks need no beginning; they are told apart by our name for the upload.
}

Attempt<std::string> AzureService::SendPart(const RequestContext& ctx, const ObjectLocation& at,
                                            const std::string& upload, const UploadPart& part) {
  std::string id = BlockId(upload, part.number);
  auto sent =
      Ask(ctx, at, {.method = "PUT", .query = {{"comp", "block"}, {"blockid", id}}, .body = std::string(part.bytes)});
  if (!sent.has_value()) return std::unexpected(std::move(sent).error());
  return id;
}

Attempt<void> AzureService::CompleteUpload(const RequestContext& ctx, const ObjectLocation& at, const std::string&,
                                           const std::vector<std::string>& parts, const WriteMark& mark) {
  std::string body = "<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>";
  for (const std::string& id : parts) body += "<Uncommitted>" + id + "</Uncommitted>";
  body += "</BlockList>";
  Call call{.method = "PUT",
            .query = {{"comp", "blocklist"}},
            .headers = {{"Content-Type", "application/xml"}, {"x-ms-blob-content-type", "application/octet-stream"}},
            .body = std::move(body)};
  if (mark.if_absent) call.headers.emplace_back("If-None-Match", "*");
  if (!mark.writer.empty()) call.headers.emplace_back(kWriterHeader, mark.writer);
  return WithoutValue(Ask(ctx, at, std::move(call)));
}

Attempt<void> AzureService::AbortUpload(const RequestContext&, const ObjectLocation&, const std::string&) {
  return {};  // The service drops blocks that no list names after a week; there is no request for it.
}

}  // namespace neurolake::storage::internal
