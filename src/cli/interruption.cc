#include "cli/interruption.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <mutex>
#include <thread>

#include "cli/error_report.h"

namespace neurolake::cli {
namespace {

// A signal handler may only touch lock-free atomics and write(2): it wakes a thread that does the rest.
std::atomic<int> g_wake_pipe{-1};
std::atomic<bool> g_interrupted{false};

void OnInterrupt(int) {
  const int saved = errno;
  g_interrupted.store(true);
  const int pipe = g_wake_pipe.load();
  if (pipe >= 0) {
    const char byte = 'i';
    [[maybe_unused]] const ssize_t written = write(pipe, &byte, 1);
  }
  errno = saved;
}

}  // namespace

struct Interruption::State {
  std::mutex mutex;
  std::stop_source source;
  bool armed = false;
  int pipe[2] = {-1, -1};
  struct sigaction previous {};
  std::thread thread;

  void Watch() {
    char byte = 0;
    while (true) {
      const ssize_t count = read(pipe[0], &byte, 1);
      if (count < 0 && errno == EINTR) continue;
      if (count != 1 || byte == 'q') return;
      std::lock_guard lock(mutex);
      if (!armed) continue;
      if (source.stop_requested()) _exit(kExitInterrupted);
      source.request_stop();
    }
  }
};

Interruption::Interruption() : state_(new State) {
  if (pipe2(state_->pipe, O_CLOEXEC) == 0) {
    g_wake_pipe = state_->pipe[1];
    state_->thread = std::thread([this] { state_->Watch(); });
  }
  struct sigaction action {};
  action.sa_handler = OnInterrupt;
  sigemptyset(&action.sa_mask);
  // No SA_RESTART: a shell that waits for a line must notice.
  sigaction(SIGINT, &action, &state_->previous);
}

Interruption::~Interruption() {
  sigaction(SIGINT, &state_->previous, nullptr);
  g_wake_pipe = -1;
  if (state_->thread.joinable()) {
    const char byte = 'q';
    [[maybe_unused]] const ssize_t written = write(state_->pipe[1], &byte, 1);
    state_->thread.join();
    close(state_->pipe[0]);
    close(state_->pipe[1]);
  }
  delete state_;
}

std::stop_token Interruption::Arm() {
  std::lock_guard lock(state_->mutex);
  state_->source = std::stop_source();
  state_->armed = true;
  g_interrupted = false;
  return state_->source.get_token();
}

void Interruption::Disarm() {
  std::lock_guard lock(state_->mutex);
  state_->armed = false;
}

bool Interruption::TakeInterrupted() { return g_interrupted.exchange(false); }

}  // namespace neurolake::cli
