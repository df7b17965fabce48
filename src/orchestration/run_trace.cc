#include "orchestration/run_trace.h"

#include <boost/json/object.hpp>

namespace neurolake::orchestration {

namespace json = boost::json;

json::array ToJson(const std::vector<StepTrace>& steps) {
  json::array array;
  for (const StepTrace& step : steps) {
    json::object object{{"node", step.node}, {"began_us", step.began.count()}, {"took_us", step.took.count()}};
    if (step.kept) object["kept"] = true;
    json::array branches;
    for (const auto& branch : step.branches) branches.push_back(ToJson(branch));
    if (!branches.empty()) object["branches"] = std::move(branches);
    array.push_back(std::move(object));
  }
  return array;
}

}  // namespace neurolake::orchestration
