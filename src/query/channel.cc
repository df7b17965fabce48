#include "query/channel.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace neurolake::query {

Result<void> Channel::Send(FrameKind kind, std::string_view payload) {
  if (payload.size() > frame_bytes_max_) {
    return MakeError(ErrorCode::kPayloadTooLarge,
                     "a statement is too large for one message between server and worker, bytes: {}, at most: {}",
                     payload.size(), frame_bytes_max_);
  }
  const auto length = static_cast<uint32_t>(payload.size());
  char header[5];
  std::memcpy(header, &length, sizeof(length));
  header[4] = static_cast<char>(kind);
  iovec parts[2] = {{header, sizeof(header)}, {const_cast<char*>(payload.data()), payload.size()}};
  std::lock_guard lock(send_mutex_);
  for (size_t part = 0; part < 2;) {
    msghdr message{};
    message.msg_iov = parts + part;
    message.msg_iovlen = 2 - part;
    ssize_t sent = ::sendmsg(descriptor_.get(), &message, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      return MakeError(ErrorCode::kWorkerLost, "the other process is gone");
    }
    while (part < 2 && static_cast<size_t>(sent) >= parts[part].iov_len)
      sent -= static_cast<ssize_t>(parts[part++].iov_len);
    if (part < 2) {
      parts[part].iov_base = static_cast<char*>(parts[part].iov_base) + sent;
      parts[part].iov_len -= static_cast<size_t>(sent);
    }
  }
  return {};
}

Result<bool> Channel::ReadExactly(char* target, size_t size) {
  while (size > 0) {
    const ssize_t got = ::recv(descriptor_.get(), target, size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return MakeError(ErrorCode::kWorkerLost, "the other process is gone");
    target += got;
    size -= static_cast<size_t>(got);
  }
  return true;
}

Result<std::optional<Frame>> Channel::Receive(std::chrono::milliseconds timeout) {
  pollfd waiting{descriptor_.get(), POLLIN, 0};
  int ready = 0;
  do {
    ready =
        ::poll(&waiting, 1, timeout.count() < 0 ? -1 : static_cast<int>(std::min<int64_t>(timeout.count(), 1 << 30)));
  } while (ready < 0 && errno == EINTR);
  if (ready == 0) return std::nullopt;
  char header[5];
  NL_RETURN_IF_ERROR(ReadExactly(header, sizeof(header)));
  uint32_t length = 0;
  std::memcpy(&length, header, sizeof(length));
  const auto kind = static_cast<uint8_t>(header[4]);
  if (length > frame_bytes_max_ || kind < 1 || kind > static_cast<uint8_t>(FrameKind::kLineage)) {
    return MakeError(ErrorCode::kCorruption, "malformed frame between server and worker");
  }
  Frame frame{static_cast<FrameKind>(kind), std::string(length, '\0')};
  NL_RETURN_IF_ERROR(ReadExactly(frame.payload.data(), length));
  return frame;
}

Result<ChannelPair> MakeChannelPair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return MakeError(ErrorCode::kUnavailable, "cannot make a socket pair: {}", std::strerror(errno));
  }
  return ChannelPair{Descriptor(ends[0]), Descriptor(ends[1])};
}

}  // namespace neurolake::query
