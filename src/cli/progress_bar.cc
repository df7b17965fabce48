#include "cli/progress_bar.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <ostream>
#include <string_view>
#include <thread>

namespace neurolake::cli {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kQuiet{1000};
constexpr milliseconds kBetween{200};
constexpr int kBarCells = 24;

}  // namespace

std::string ProgressLine(double progress, double seconds, int turn) {
  static constexpr std::array<std::string_view, 4> kTurns = {"◐", "◓", "◑", "◒"};
  if (!(progress >= 0)) {
    return fmt::format("  {} running  {:.0f} s  (Ctrl-C cancels)", kTurns[static_cast<size_t>(turn) % kTurns.size()],
                       seconds);
  }
  progress = std::min(progress, 1.0);
  const int full = static_cast<int>(progress * kBarCells);
  std::string bar;
  for (int i = 0; i < kBarCells; ++i) bar += i < full ? "█" : "░";
  return fmt::format("  {:3.0f}% ▕{}▏ {:.0f} s  (Ctrl-C cancels)", progress * 100, bar, seconds);
}

struct ProgressBar::State {
  State(std::ostream& stream, std::function<double()> source) : err(stream), progress(std::move(source)) {}

  void Run() {
    const auto started = std::chrono::steady_clock::now();
    std::unique_lock lock(mutex);
    if (wake.wait_for(lock, kQuiet, [this] { return stopped; })) return;
    for (int turn = 0; !stopped; ++turn) {
      lock.unlock();
      const double value = progress();
      const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started;
      lock.lock();
      if (stopped) break;
      err << "\r\x1b[K" << ProgressLine(value, elapsed.count(), turn) << std::flush;
      shown = true;
      wake.wait_for(lock, kBetween, [this] { return stopped; });
    }
    if (shown) err << "\r\x1b[K" << std::flush;
  }

  std::ostream& err;
  std::function<double()> progress;
  std::mutex mutex;
  std::condition_variable wake;
  bool stopped = false;
  bool shown = false;
  std::thread thread;
};

ProgressBar::ProgressBar(std::ostream& err, std::function<double()> progress)
    : state_(std::make_unique<State>(err, std::move(progress))) {
  state_->thread = std::thread([state = state_.get()] { state->Run(); });
}

ProgressBar::~ProgressBar() { Stop(); }

void ProgressBar::Stop() {
  {
    std::lock_guard lock(state_->mutex);
    state_->stopped = true;
  }
  state_->wake.notify_all();
  if (state_->thread.joinable()) state_->thread.join();
}

}  // namespace neurolake::cli
