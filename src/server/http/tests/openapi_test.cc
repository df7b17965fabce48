#include "server/http/internal/openapi.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <set>

#include "common/text.h"
#include "server/http/internal/routes.h"

namespace neurolake::server {
namespace {

const boost::json::object& Document() {
  static const boost::json::value document = boost::json::parse(OpenApiDocument());
  return document.as_object();
}

TEST(OpenApiTest, DescribesExactlyTheRoutesOfTheRouter) {
  std::set<std::string> routed;
  for (const Route& route : Routes()) routed.insert(fmt::format("{} {}", route.method, route.path));
  std::set<std::string> described;
  for (const auto& [path, item] : Document().at("paths").as_object()) {
    for (const auto& [method, operation] : item.as_object()) {
      if (method == "parameters") continue;
      std::string upper(method);
      std::transform(upper.begin(), upper.end(), upper.begin(),
                     [](char c) { return static_cast<char>(c - 'a' + 'A'); });
      described.insert(upper + " " + std::string(path));
    }
  }
  EXPECT_EQ(routed, described);
}

TEST(OpenApiTest, ParametersSecurityAndBodiesAgreeWithTheRouter) {
  for (const Route& route : Routes()) {
    const auto& item = Document().at("paths").as_object().at(boost::json::string_view(route.path)).as_object();
    const auto& operation = item.at(LowerAscii(route.method)).as_object();
    std::set<std::string> query;
    std::set<std::string> path;
    for (const auto* owner : {&item, &operation}) {
      const auto* parameters = owner->if_contains("parameters");
      if (parameters == nullptr) continue;
      for (const auto& parameter : parameters->as_array()) {
        auto& names = parameter.at("in") == "query" ? query : path;
        names.insert(std::string(parameter.at("name").as_string()));
      }
    }
    std::set<std::string> expected_query;
    for (const std::string& name : Split(route.query, ' ')) {
      if (!name.empty()) expected_query.insert(name);
    }
    EXPECT_EQ(query, expected_query) << route.path;
    for (const std::string& name : path) EXPECT_NE(route.path.find("{" + name + "}"), std::string_view::npos);
    EXPECT_EQ(static_cast<size_t>(std::count(route.path.begin(), route.path.end(), '{')), path.size()) << route.path;
    EXPECT_EQ(route.access != Access::kOpen, operation.if_contains("security") == nullptr) << route.path;
    EXPECT_EQ(route.body != BodyKind::kNone, operation.if_contains("requestBody") != nullptr) << route.path;
  }
}

TEST(OpenApiTest, NeedsNoParentForPathArguments) {
  EXPECT_EQ(FindRoute("GET", {"v1", "statements", "x", "result"}).arguments, (std::vector<std::string>{"x"}));
  EXPECT_EQ(FindRoute("HEAD", {"health"}).route, FindRoute("GET", {"health"}).route);
  EXPECT_TRUE(FindRoute("GET", {}).allow.empty());
}

}  // namespace
}  // namespace neurolake::server
