#include "common/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace neurolake {

struct Metrics::State {
  prometheus::Registry registry;
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

void Metrics::Count(std::string_view name, std::string_view help, std::string_view label, std::string_view value,
                    double by) {
  auto& family = prometheus::BuildCounter().Name(std::string(name)).Help(std::string(help)).Register(state_->registry);
  family.Add(label.empty() ? prometheus::Labels{} : prometheus::Labels{{std::string(label), std::string(value)}})
      .Increment(by);
}

void Metrics::Set(std::string_view name, std::string_view help, double value) {
  prometheus::BuildGauge()
      .Name(std::string(name))
      .Help(std::string(help))
      .Register(state_->registry)
      .Add({})
      .Set(value);
}

void Metrics::ObserveSeconds(std::string_view name, std::string_view help, std::string_view label,
                             std::string_view value, double seconds) {
  static const prometheus::Histogram::BucketBoundaries kBuckets = {
      0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600};
  auto& family =
      prometheus::BuildHistogram().Name(std::string(name)).Help(std::string(help)).Register(state_->registry);
  family
      .Add(label.empty() ? prometheus::Labels{} : prometheus::Labels{{std::string(label), std::string(value)}},
           kBuckets)
      .Observe(seconds);
}

std::string Metrics::Serialize() const { return prometheus::TextSerializer().Serialize(state_->registry.Collect()); }

}  // namespace neurolake
