#pragma once
#include <memory>
#include <string>
#include <string_view>

namespace neurolake {

/// The process's counters, gauges and histograms, in Prometheus' text format. Made by main() and passed on.
/// Thread-safe. Label values must come from small fixed sets (door, statement kind, error code), never from user text.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void Count(std::string_view name, std::string_view help, std::string_view label, std::string_view value,
             double by = 1);
  void Set(std::string_view name, std::string_view help, double value);
  /// Buckets from 0.5 ms to 10 min.
  void ObserveSeconds(std::string_view name, std::string_view help, std::string_view label, std::string_view value,
                      double seconds);
  /// Exposition format 0.0.4.
  std::string Serialize() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace neurolake
