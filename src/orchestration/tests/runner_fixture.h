#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "metastore/tests/store_fixture.h"
#include "orchestration/agent.h"
#include "orchestration/state_graph.h"

namespace neurolake::orchestration {

/// Numbers that nodes add to.
struct Numbers {
  std::vector<int64_t> values;

  std::string ToJson() const { return fmt::format("[{}]", fmt::join(values, ",")); }
  static Result<Numbers> FromJson(const std::string& json) {
    Numbers numbers;
    const boost::json::value parsed = boost::json::parse(json);
    for (const auto& value : parsed.as_array()) numbers.values.push_back(value.as_int64());
    return numbers;
  }
  Numbers With(int64_t value) const {
    Numbers more = *this;
    more.values.push_back(value);
    return more;
  }
};

using Outcome = StateGraph<Numbers>::Outcome;
using Values = std::vector<int64_t>;

/// A node that adds `value` and goes on to `next`.
inline StateGraph<Numbers>::TypedNode Adds(int64_t value, std::string next) {
  return [=](const RequestContext&, const std::string&, const Numbers& state) -> Result<Outcome> {
    return Outcome{state.With(value), next};
  };
}

class RunnerTest : public metastore::StoreTest {
 protected:
  RequestContext Context(const std::string& who = "anna", std::stop_token stop = {}) {
    return {Principal{PrincipalId(who), who, "reader", {Right::kRead}},
            "request-7",
            "test",
            clock_,
            clock_.SteadyNow() + std::chrono::hours(1000),
            std::move(stop)};
  }
  RunState StateOf(const std::string& id) { return RunStore(*store_).Find(id, "anna")->state; }

  FakeClock clock_;
  RunnerOptions options_{.hold = std::chrono::minutes(15)};
};

}  // namespace neurolake::orchestration
