#pragma once
#include <expected>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "common/request_context.h"
#include "net/http_client.h"
#include "storage/object_store_options.h"

namespace neurolake::storage::internal {

/// Why one attempt of a request failed, and what that means for the next.
struct Failure {
  Error error;
  bool retry = false;                          ///< Another attempt may succeed.
  bool may_have_happened = false;              ///< The request may have had its effect all the same.
  bool renew_credentials = false;              ///< The service calls the credentials expired.
  std::chrono::milliseconds wait_at_least{0};  ///< The service's own wish.
};

template <typename T>
using Attempt = std::expected<T, Failure>;

/// A failure that another attempt would meet again.
Failure Final(Error error);

/// An answer with its body read, or, where that was asked for, the part of it that fits.
struct Answer {
  std::unique_ptr<net::HttpResponse> response;
  std::string body;

  int status() const { return response->status(); }
  bool ok() const { return status() >= 200 && status() < 300; }
  std::string header(std::string_view name) const { return response->header(name); }
};

struct BodyLimit {
  int64_t bytes = 1 << 20;
  // For a service that sends all where a range was asked for:
  int64_t skip_bytes = 0;  ///< Read and dropped first.
  bool cut = false;        ///< What is beyond `bytes` is not read, instead of being an error.
};

/// Attempts of one call of a store: how many, how long between them, until when.
class Attempts {
 public:
  Attempts(const TransportOptions& options, const RequestContext& request);

  const RequestContext& ctx() const { return ctx_; }
  /// Waits and returns true if the call is worth another attempt.
  bool Again(const Failure& failure);
  /// What the caller is told after the last attempt.
  Error Told(const Failure& failure) const;

 private:
  const TransportOptions& options_;
  const RequestContext& request_;
  RequestContext ctx_;
  int made_ = 1;
  bool renewed_ = false;  ///< New credentials are tried once.
};

/// HTTP to the hosts of one service, with connections kept. Thread-safe.
class Transport {
 public:
  explicit Transport(TransportOptions options);

  const TransportOptions& options() const { return options_; }
  const Clock& clock() const { return *clock_; }

  /// One attempt. `choose_limit` is asked when the head is there: how much of the body is wanted. An error's body is
  /// read up to 64 KiB and otherwise dropped.
  using ChooseLimit = std::function<BodyLimit(const net::HttpResponse&)>;
  Attempt<Answer> Exchange(const RequestContext& ctx, const net::Url& server, net::HttpRequest request,
                           const ChooseLimit& choose_limit);

  /// Calls `attempt` until it succeeds or another attempt is of no use. `renew` forgets credentials called expired.
  template <typename T>
  Result<T> Retry(const RequestContext& request, const std::function<Attempt<T>(const RequestContext&)>& attempt,
                  const std::function<void()>& renew) {
    Attempts attempts(options_, request);
    while (true) {
      Attempt<T> result = attempt(attempts.ctx());
      if (result.has_value()) {
        if constexpr (std::is_void_v<T>) return {};
        else return std::move(*result);
      }
      if (result.error().renew_credentials) renew();
      if (!attempts.Again(result.error())) return std::unexpected(attempts.Told(result.error()));
    }
  }

 private:
  Result<net::HttpClient*> ClientFor(const net::Url& server);

  TransportOptions options_;
  const Clock* clock_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<net::HttpClient>> clients_;  ///< By origin and path; kept for good.
};

/// For waits that no request bounds.
RequestContext UnboundContext(const TransportOptions& options);
/// "Wed, 21 Oct 2015 07:28:00 GMT"; the epoch for anything else.
WallTime ParseHttpDate(std::string_view text);
std::string FormatHttpDate(WallTime at);
/// An error code of a service, for messages: letters and digits alone, cut short. Services put keys into their texts.
std::string ShownCode(std::string_view code);

}  // namespace neurolake::storage::internal
