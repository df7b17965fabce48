#pragma once
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "common/descriptor.h"
#include "common/result.h"

namespace neurolake::query {

/// What a frame between server and worker carries. Source: docs/formats/worker-protocol.md.
enum class FrameKind : uint8_t {
  kStart = 1,     ///< To the worker: run this statement (JSON).
  kCall = 2,      ///< To the server: a LakeProvider call (JSON).
  kReply = 3,     ///< To the worker: its answer (JSON).
  kPlanned = 4,   ///< To the server: bound, governed and predicted; asks for the grant (JSON).
  kGrant = 5,     ///< To the worker: memory it may use; execute (JSON).
  kSchema = 6,    ///< To the server: Arrow IPC schema message.
  kBatch = 7,     ///< To the server: Arrow IPC record batch message.
  kProgress = 8,  ///< To the server: fraction done, as text.
  kDone = 9,      ///< To the server: ended well (JSON).
  kFailed = 10,   ///< To the server: ended with an error (JSON).
  kCancel = 11,   ///< To the worker: stop the running statement.
  kReady = 12,    ///< To the server: the worker's engine is open and idle.
  kLineage = 13,  ///< To the server: where what a plan writes comes from (JSON); no answer.
};

struct Frame {
  FrameKind kind = FrameKind::kReady;
  std::string payload;
};

/// One end of the Unix socket between server and worker: length (4 bytes, little endian), kind (1 byte), payload.
/// Sending is thread-safe; receiving is for one thread.
class Channel {
 public:
  static constexpr size_t kFrameBytesMax = 512U << 20;

  explicit Channel(Descriptor descriptor, size_t frame_bytes_max = kFrameBytesMax)
      : descriptor_(std::move(descriptor)), frame_bytes_max_(frame_bytes_max) {}
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  /// Blocks while the peer does not read. Errors: kPayloadTooLarge; kWorkerLost when the peer is gone. The peer has no
  /// whole frame then, and does nothing for it.
  Result<void> Send(FrameKind kind, std::string_view payload);
  /// The next frame; nullopt when `timeout` passes first (negative: none). Errors: kWorkerLost at the end of the
  /// stream; kCorruption for a frame that is too large or of an unknown kind.
  Result<std::optional<Frame>> Receive(std::chrono::milliseconds timeout);
  int descriptor() const { return descriptor_.get(); }

 private:
  Result<bool> ReadExactly(char* target, size_t size);

  const Descriptor descriptor_;
  const size_t frame_bytes_max_;
  std::mutex send_mutex_;
};

/// Both ends of a new socket pair, close-on-exec.
struct ChannelPair {
  Descriptor server;
  Descriptor worker;
};
Result<ChannelPair> MakeChannelPair();

}  // namespace neurolake::query
