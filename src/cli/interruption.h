#pragma once
#include <stop_token>

namespace neurolake::cli {

/// Ctrl-C (SIGINT) for as long as the object lives: the first one stops what runs, a second one within the same
/// statement ends the process with 130. One at a time per process.
class Interruption {
 public:
  Interruption();
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  /// A fresh token for the next statement; Ctrl-C stops it.
  std::stop_token Arm();
  /// Nothing runs: Ctrl-C is only remembered.
  void Disarm();
  /// True once after a Ctrl-C came.
  bool TakeInterrupted();

 private:
  struct State;
  State* state_;
};

}  // namespace neurolake::cli
