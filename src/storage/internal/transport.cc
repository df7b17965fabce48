#include "storage/internal/transport.h"

#include <charconv>
#include <ctime>
#include <random>

#include "common/text.h"

namespace neurolake::storage::internal {
namespace {

constexpr int64_t kErrorBodyBytes = 64 << 10;
constexpr int64_t kReserveMax = 64 << 20;
const SystemClock kSystemClock;

const Clock& ClockOf(const TransportOptions& options) {
  return options.clock == nullptr ? kSystemClock : *options.clock;
}

/// The time of the call: its own limit, and the request's, which may run on another clock.
RequestContext Bounded(const TransportOptions& options, const RequestContext& request) {
  const Clock& clock = ClockOf(options);
  SteadyTime until = clock.SteadyNow() + options.operation_timeout;
  if (request.deadline() != SteadyTime::max()) {
    until = std::min(until, clock.SteadyNow() + (request.deadline() - request.clock().SteadyNow()));
  }
  return RequestContext(request.principal(), request.request_id(), request.door(), clock, until, request.stop_token());
}

/// Full jitter: many that failed together do not come back together.
std::chrono::milliseconds Backoff(const TransportOptions& options, int failures) {
  thread_local std::mt19937_64 random{std::random_device{}()};
  const int doublings = std::min(failures - 1, 30);
  const int64_t ceiling = std::min(options.backoff_max.count(), options.backoff_base.count() << doublings);
  return std::chrono::milliseconds(std::uniform_int_distribution<int64_t>(0, std::max<int64_t>(ceiling, 0))(random));
}

}  // namespace

RequestContext UnboundContext(const TransportOptions& options) {
  return RequestContext({}, "", "", ClockOf(options), SteadyTime::max());
}

Failure Final(Error error) { return Failure{.error = std::move(error)}; }

Attempts::Attempts(const TransportOptions& options, const RequestContext& request)
    : options_(options), request_(request), ctx_(Bounded(options, request)) {}

bool Attempts::Again(const Failure& failure) {
  if (!failure.retry || made_ >= options_.attempts_max || !ctx_.CheckAlive().has_value()) return false;
  if (failure.renew_credentials && std::exchange(renewed_, true)) return false;
  const auto wait = std::max(Backoff(options_, made_), std::min(failure.wait_at_least, options_.backoff_max));
  // A wait that the call does not outlive would only delay the answer.
  if (wait >= ctx_.Remaining()) return false;
  ++made_;
  const auto slept = options_.sleep ? options_.sleep(ctx_, wait) : ctx_.SleepFor(wait);
  return slept.has_value();
}

Error Attempts::Told(const Failure& failure) const {
  // Cancelled, or the statement's time is over: that is what its user is told.
  if (auto alive = request_.CheckAlive(); !alive.has_value()) return std::move(alive).error();
  if (failure.error.code() == ErrorCode::kDeadlineExceeded) {
    return Error(ErrorCode::kIoError,
                 fmt::format("the object store did not answer within {} s",
                             std::chrono::duration_cast<std::chrono::seconds>(options_.operation_timeout).count()));
  }
  if (made_ == 1) return failure.error;
  return Error(failure.error.code(), fmt::format("{} (attempts: {})", failure.error.message(), made_));
}

Transport::Transport(TransportOptions options) : options_(std::move(options)), clock_(&ClockOf(options_)) {}

Result<net::HttpClient*> Transport::ClientFor(const net::Url& server) {
  std::lock_guard lock(mutex_);
  auto& client = clients_[server.Origin() + server.path];
  if (client == nullptr) {
    NL_ASSIGN_OR_RETURN(
        client, net::HttpClient::Make(server, {.connect_timeout = options_.connect_timeout,
                                               .idle_timeout = options_.read_timeout,
                                               .certificate_authority_file = options_.certificate_authority_file,
                                               .idle_connections_max = options_.idle_connections_max,
                                               .idle_connection_age = options_.idle_connection_age}));
  }
  return client.get();
}

namespace {

bool IsOfRequest(ErrorCode code) { return code == ErrorCode::kCancelled || code == ErrorCode::kDeadlineExceeded; }

/// `error` of the client: connection or request.
Failure NetworkFailure(Error error, bool sent) {
  if (IsOfRequest(error.code()) || error.code() == ErrorCode::kInvalidArgument) {
    return Failure{.error = std::move(error), .may_have_happened = sent};
  }
  return Failure{.error = Error(ErrorCode::kIoError, "object store: " + error.message()),
                 .retry = true,
                 .may_have_happened = sent};
}

int64_t AnnouncedBytes(const net::HttpResponse& response) {
  const std::string text = response.header("Content-Length");
  int64_t bytes = 0;
  std::from_chars(text.data(), text.data() + text.size(), bytes);
  return bytes;
}

Result<std::string> ReadBody(net::HttpResponse& response, BodyLimit limit) {
  std::string body;
  while (true) {
    NL_ASSIGN_OR_RETURN(const auto piece, response.Read());
    if (!piece.has_value()) return body;
    if (body.empty()) {
      // What is announced is room to make, but nothing to believe.
      const auto room = std::min({AnnouncedBytes(response), limit.bytes, kReserveMax});
      body.reserve(static_cast<size_t>(std::max<int64_t>(room, 0)));
    }
    std::string_view bytes = *piece;
    const auto skipped = std::min<int64_t>(limit.skip_bytes, static_cast<int64_t>(bytes.size()));
    bytes.remove_prefix(static_cast<size_t>(skipped));
    limit.skip_bytes -= skipped;
    const bool beyond = static_cast<int64_t>(body.size() + bytes.size()) > limit.bytes;
    if (beyond && limit.cut) {
      body += bytes.substr(0, static_cast<size_t>(limit.bytes) - body.size());
      return body;
    }
    if (beyond) {
      return MakeError(ErrorCode::kPayloadTooLarge, "the object store's answer is larger than {} bytes", limit.bytes);
    }
    body += bytes;
  }
}

}  // namespace

Attempt<Answer> Transport::Exchange(const RequestContext& ctx, const net::Url& server, net::HttpRequest request,
                                    const ChooseLimit& choose_limit) {
  const auto client = ClientFor(server);
  if (!client.has_value()) return std::unexpected(Final(client.error()));
  bool sent = false;
  request.sent = &sent;
  auto response = (*client)->Send(ctx, std::move(request));
  if (!response.has_value()) return std::unexpected(NetworkFailure(std::move(response).error(), sent));
  Answer answer{.response = std::move(*response), .body = {}};
  auto body = ReadBody(*answer.response, answer.ok() ? choose_limit(*answer.response) : BodyLimit{kErrorBodyBytes});
  if (body.has_value()) {
    answer.body = std::move(*body);
  } else if (answer.ok() && body.error().code() == ErrorCode::kPayloadTooLarge) {
    return std::unexpected(Failure{.error = std::move(body).error(), .may_have_happened = true});
  } else if (answer.ok()) {
    return std::unexpected(NetworkFailure(std::move(body).error(), true));
  }
  return answer;
}

WallTime ParseHttpDate(std::string_view text) {
  std::tm parts{};
  const std::string copy(text);
  const char* end = ::strptime(copy.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr) return WallTime{};
  return WallTime(std::chrono::seconds(::timegm(&parts)));
}

std::string FormatHttpDate(WallTime at) {
  const std::time_t seconds = std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count();
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[parts.tm_wday], parts.tm_mday,
                     kMonths[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string ShownCode(std::string_view code) {
  std::string shown;
  for (const char c : code.substr(0, 64)) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) shown += c;
  }
  return shown;
}

}  // namespace neurolake::storage::internal
