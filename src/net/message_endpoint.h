#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/request_context.h"
#include "common/result.h"

namespace neurolake::net {

/// Where messages go that come before an answer. Not thread-safe.
class EventSink {
 public:
  virtual ~EventSink() = default;
  /// `json`: one message, without line breaks. Errors: kCancelled when nobody listens any more; kDeadlineExceeded when
  /// nobody reads.
  virtual Result<void> Send(std::string_view json) = 0;
};

/// One message from somebody who proved who they are. Everything is borrowed for the call.
struct PostedMessage {
  const RequestContext& ctx;  ///< Its stop token stops when the sender hangs up.
  std::string_view body;
  /// Value of a header by its name in lower case; empty when there is none.
  std::function<std::string_view(std::string_view)> header;
  bool takes_events = false;  ///< The sender reads a stream of events.
};

struct MessageReply {
  int status = 200;
  std::string json;  ///< Empty: there is no body.
  std::vector<std::pair<std::string, std::string>> headers = {};
};

/// A protocol of JSON messages at one path of the HTTP door, which knows who sends and leaves the rest to it.
/// Thread-safe.
class MessageEndpoint {
 public:
  virtual ~MessageEndpoint() = default;
  /// Blocks until the message is worked off. Once anything went to `events`, the reply is the last of them, and its
  /// status and headers are nothing.
  virtual MessageReply Post(const PostedMessage& message, EventSink& events) = 0;
  /// Ends what `header` names, a session for one.
  virtual MessageReply Delete(const PostedMessage& message) = 0;
};

}  // namespace neurolake::net
