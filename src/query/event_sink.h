#pragma once
#include <memory>
#include <stop_token>
#include <string>

#include "common/clock.h"
#include "common/result.h"

namespace neurolake::query {

/// Where events go. For one thread.
class EventSink {
 public:
  enum class Outcome : uint8_t {
    kTaken,
    kRefused,  ///< And will be again: there is no sense in another try.
  };
  virtual ~EventSink() = default;
  /// Errors: it was not taken and may be later.
  virtual Result<Outcome> Send(const std::string& body, std::stop_token stop) = 0;
};

/// `url` is http(s)://host/path, which events are posted to one by one as JSON, or file:///path, one event per line,
/// appended and synced. `api_key`, if any, is sent as a bearer token. Errors: kInvalidArgument. Borrows `clock`.
Result<std::unique_ptr<EventSink>> MakeEventSink(const std::string& url, const std::string& api_key,
                                                 const Clock& clock);

}  // namespace neurolake::query
