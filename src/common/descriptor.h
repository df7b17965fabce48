#pragma once
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace neurolake {

/// Owns a file descriptor and closes it on every way out. What `close` says is lost, and `errno` stays as it was: who
/// has to know whether bytes arrived syncs before. Moves; a moved-from one is not valid.
class Descriptor {
 public:
  Descriptor() = default;
  /// Takes what `open` and the like returned, which may be their failure.
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    Descriptor old(std::exchange(fd_, std::exchange(other.fd_, -1)));
    return *this;
  }
  ~Descriptor() {
    if (fd_ < 0) return;
    const int kept = errno;
    ::close(fd_);
    errno = kept;
  }

  bool valid() const { return fd_ >= 0; }
  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

}  // namespace neurolake
