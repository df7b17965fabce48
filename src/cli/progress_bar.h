#pragma once
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>

namespace neurolake::cli {

/// Shows on a terminal, after a second, how far a long statement is; takes its line away when it is destroyed or
/// paused. `progress` gives 0…1 or less than 0 when unknown, and is called from another thread.
class ProgressBar {
 public:
  ProgressBar(std::ostream& err, std::function<double()> progress);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// Takes the line away for good: rows are about to be printed.
  void Stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// "  42% ▕████▏  12 s", or a turning mark when `progress` is below 0.
std::string ProgressLine(double progress, double seconds, int turn);

}  // namespace neurolake::cli
