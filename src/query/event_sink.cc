#include "query/event_sink.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "common/descriptor.h"
#include "common/request_context.h"
#include "net/http_client.h"

namespace neurolake::query {
namespace {

constexpr std::chrono::seconds kAnswerWithin{10};

class HttpSink final : public EventSink {
 public:
  HttpSink(std::unique_ptr<net::HttpClient> client, std::string api_key, const Clock& clock)
      : client_(std::move(client)), api_key_(std::move(api_key)), clock_(clock) {}

  Result<Outcome> Send(const std::string& body, std::stop_token stop) override {
    const RequestContext ctx(Principal{}, {}, "openlineage", clock_, clock_.SteadyNow() + kAnswerWithin,
                             std::move(stop));
    net::HttpRequest request;
    request.method = "POST";
    if (client_->url().path.empty()) request.target = "/";
    request.headers = {{"Content-Type", "application/json"}};
    request.body = body;
    if (!api_key_.empty()) request.headers.emplace_back("Authorization", "Bearer " + api_key_);
    NL_ASSIGN_OR_RETURN(const auto response, client_->Send(ctx, std::move(request)));
    const int status = response->status();
    if (status >= 200 && status < 300) return Outcome::kTaken;
    // Wrong credentials, a wrong address, too many requests: somebody will put that right. The rest of 4xx is about
    // the event itself.
    const bool about_event = status >= 400 && status < 500 && status != 401 && status != 403 && status != 404 &&
                             status != 408 && status != 429;
    if (about_event) return Outcome::kRefused;
    return MakeError(ErrorCode::kUnavailable, "the endpoint answered with status {}", status);
  }

 private:
  const std::unique_ptr<net::HttpClient> client_;
  const std::string api_key_;
  const Clock& clock_;
};

class FileSink final : public EventSink {
 public:
  explicit FileSink(std::string path) : path_(std::move(path)) {}

  Result<Outcome> Send(const std::string& body, std::stop_token) override {
    const Descriptor file(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
    if (!file.valid()) return Failed();
    // One write, so that a line is whole whoever else appends.
    const std::string line = body + "\n";
    const ssize_t written = ::write(file.get(), line.data(), line.size());
    const bool whole = written == static_cast<ssize_t>(line.size()) && ::fdatasync(file.get()) == 0;
    if (whole) return Outcome::kTaken;
    return Failed();
  }

 private:
  static std::unexpected<Error> Failed() {
    return MakeError(ErrorCode::kIoError, "the file of events cannot be written, errno: {}", errno);
  }
  const std::string path_;
};

}  // namespace

Result<std::unique_ptr<EventSink>> MakeEventSink(const std::string& url, const std::string& api_key,
                                                 const Clock& clock) {
  constexpr std::string_view kFile = "file://";
  if (url.starts_with(kFile)) {
    std::string path = url.substr(kFile.size());
    if (!path.starts_with('/')) {
      return MakeError(ErrorCode::kInvalidArgument, "openlineage.url must have an absolute path: file:///path");
    }
    return std::make_unique<FileSink>(std::move(path));
  }
  if (!url.starts_with("http://") && !url.starts_with("https://")) {
    return MakeError(ErrorCode::kInvalidArgument, "openlineage.url must begin with http://, https:// or file://");
  }
  NL_ASSIGN_OR_RETURN(auto parsed, net::ParseUrl(url));
  NL_ASSIGN_OR_RETURN(auto client, net::HttpClient::Make(std::move(parsed), {.connect_timeout = kAnswerWithin,
                                                                             .idle_timeout = kAnswerWithin,
                                                                             .certificate_authority_file = {}}));
  return std::make_unique<HttpSink>(std::move(client), api_key, clock);
}

}  // namespace neurolake::query
