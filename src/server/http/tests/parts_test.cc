#include <gtest/gtest.h>

#include "server/http/internal/json.h"
#include "server/http/internal/problem.h"
#include "server/http/internal/result_writer.h"
#include "server/http/internal/target.h"

namespace neurolake::server {
namespace {

TEST(TargetTest, DecodesPathAndQuery) {
  const auto target = ParseTarget("/v1/tables/a%20b+c?limit=3&name=x+y%26&flag#part").value();
  EXPECT_EQ(target.segments, (std::vector<std::string>{"v1", "tables", "a b+c"}));
  EXPECT_EQ(target.query.at("limit"), "3");
  EXPECT_EQ(target.query.at("name"), "x y&");
  EXPECT_EQ(target.query.at("flag"), "");
  EXPECT_EQ(ParseTarget("http://host:1/health?x=1").value().segments, (std::vector<std::string>{"health"}));
  EXPECT_TRUE(ParseTarget("/").value().segments.empty());
  EXPECT_EQ(ParseTarget("/a/").value().segments.size(), 1U);
  for (const char* wrong :
       {"", "*", "x", "/a//b", "/./a", "/%2e%2e/a", "/%", "/%4", "/%C0%AF", "/%ED%A0%80", "/?a=%00"}) {
    EXPECT_FALSE(ParseTarget(wrong).has_value()) << wrong;
  }
  EXPECT_EQ(PercentEncode("a b/ü"), "a%20b%2F%C3%BC");
}

TEST(AcceptTest, PicksByQualityAndSpecificity) {
  EXPECT_EQ(ChooseFormat(""), ResultFormat::kJson);
  EXPECT_EQ(ChooseFormat("*/*"), ResultFormat::kJson);
  EXPECT_EQ(ChooseFormat("TEXT/CSV"), ResultFormat::kCsv);
  EXPECT_EQ(ChooseFormat("text/csv;q=0.2, application/*;q=0.9"), ResultFormat::kJson);
  EXPECT_EQ(ChooseFormat("application/json;q=0.1, application/x-ndjson ;q=0.2"), ResultFormat::kNdjson);
  EXPECT_EQ(ChooseFormat("*/*;q=0.1, application/json;q=0"), ResultFormat::kNdjson);
  EXPECT_EQ(ChooseFormat("application/vnd.apache.arrow.stream"), ResultFormat::kArrow);
  EXPECT_EQ(ChooseFormat("image/*"), std::nullopt);
  EXPECT_EQ(ChooseFormat("text/csv;q=abc"), std::nullopt);
}

TEST(JsonTest, TextsAreKeptAsSent) {
  const auto object = ParseJsonObject(R"( { "a" : 1.50 , "b\"" : [ 1 , "}" ] , "c" : { "d" : "\\" } } )").value();
  EXPECT_EQ(object.texts.at("a"), "1.50");
  EXPECT_EQ(object.texts.at("b\""), R"([ 1 , "}" ])");
  EXPECT_EQ(MemberTexts(object.texts.at("c"))[0].second, R"("\\")");
  EXPECT_EQ(ElementTexts(R"([ ])").size(), 0U);
  EXPECT_EQ(ElementTexts(R"(["a,b",{"x":[1,2]},-3e5])"),
            (std::vector<std::string>{R"("a,b")", R"({"x":[1,2]})", "-3e5"}));
  EXPECT_TRUE(ParseJsonObject("{}").value().texts.empty());
}

TEST(ProblemTest, CarriesWhatProgramsNeed) {
  const Problem problem =
      Problem::FromError(Error(ErrorCode::kConflict, "another writer won").With("table", "a.b").With("status", "200"));
  const auto body = problem.Body("r1");
  EXPECT_EQ(body, R"({"type":"/docs/errors#Conflict","title":"Conflict","status":409,"detail":"another writer won",)"
                  R"("code":"Conflict","sqlstate":"40001","retry":"yes","request_id":"r1","table":"a.b"})");
}

}  // namespace
}  // namespace neurolake::server
