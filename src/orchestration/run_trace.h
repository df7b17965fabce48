#pragma once
#include <boost/json/array.hpp>
#include <chrono>
#include <string>
#include <vector>

namespace neurolake::orchestration {

/// One step of a run: where its time went.
struct StepTrace {
  std::string node;
  std::chrono::microseconds began{0};  ///< After the run was begun, or gone on with.
  std::chrono::microseconds took{0};
  bool kept = false;                                  ///< A checkpoint was written after it.
  std::vector<std::vector<StepTrace>> branches = {};  ///< Of a fork: the steps of each.
};

/// `[{"node":"run","began_us":120,"took_us":5400,"kept":true,"branches":[[…]]}]`; `kept` and `branches` where they say
/// something.
boost::json::array ToJson(const std::vector<StepTrace>& steps);

}  // namespace neurolake::orchestration
