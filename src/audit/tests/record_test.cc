#include "audit/record.h"

#include <boost/json/parse.hpp>

namespace neurolake::audit {
namespace {

constexpr WallTime kTime{std::chrono::microseconds{1'709'164'800'000'000}};  // 2024-02-29

TEST(RecordTest, HasItsMembersInTheDocumentedOrder) {
  const Record record{
      .type = RecordType::kPlan,
      .time = kTime,
      .principal = "anna",
      .principal_id = "p1",
      .role = "reader",
      .on_behalf_of = "bert",
      .authentication = "token",
      .credential = "t1",
      .door = "http",
      .address = "192.0.2.1",
      .request_id = "r1",
      .purpose = "billing",
      .statement = "s1",
      .kind = "select",
      .text = "SELECT ?",
      .fingerprint = "f",
      .constants = "k:x",
      .objects =
          {{.kind = "table", .name = "shop.t", .id = "t", .version = 3, .access = "read", .columns = {"a", "b"}}},
      .policies = {{.table_id = "t", .name = "mine", .kind = "permissive", .version = "v"}},
      .decision = "allowed",
      .state = "succeeded",
      .rows_returned = 0,
      .bytes_returned = 12,
      .rows_changed = 4,
      .error = "E",
      .action = "a",
      .details = {{"x", "1"}}};
  EXPECT_EQ(EncodeRecord(record),
            R"("time":"2024-02-29T00:00:00.000000Z","type":"plan","principal":"anna","principal_id":"p1",)"
            R"("role":"reader","on_behalf_of":"bert","authentication":"token","credential":"t1","door":"http",)"
            R"("address":"192.0.2.1","request_id":"r1","purpose":"billing","statement":"s1","kind":"select",)"
            R"("text":"SELECT ?","fingerprint":"f","constants":"k:x","objects":[{"kind":"table","name":"shop.t",)"
            R"("id":"t","version":3,"access":"read","columns":["a","b"]}],"policies":[{"table_id":"t","name":"mine",)"
            R"("kind":"permissive","version":"v"}],"decision":"allowed","state":"succeeded","rows_returned":0,)"
            R"("bytes_returned":12,"rows_changed":4,"error":"E","action":"a","details":{"x":"1"}})");
}

TEST(RecordTest, LeavesOutWhatIsEmpty) {
  EXPECT_EQ(EncodeRecord({.type = RecordType::kStarted, .time = kTime}),
            R"("time":"2024-02-29T00:00:00.000000Z","type":"started"})");
}

TEST(RecordTest, StaysOneLineOfValidJsonWhateverTheTextIs) {
  std::string every;
  for (int byte = 0; byte < 256; ++byte) every += static_cast<char>(byte);
  const std::string texts[] = {every,
                               "\"},\n{\"index\":7",
                               "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80",
                               "\xC0\xAF\xED\xA0\x80\xF4\x90\x80\x80\xE2\x82",
                               std::string("\0x\x7f", 3),
                               "\xC3"};
  for (const std::string& text : texts) {
    const std::string line =
        "{\"index\":1," + EncodeRecord({.time = kTime, .principal = text, .details = {{text, text}}});
    EXPECT_EQ(line.find('\n'), std::string::npos);
    boost::system::error_code problem;
    const auto value = boost::json::parse(line, problem);
    ASSERT_FALSE(problem) << line;
    EXPECT_EQ(value.at("details").as_object().size(), 1U);
  }
  const std::string kept = EncodeRecord({.time = kTime, .text = texts[2]});
  EXPECT_NE(kept.find(texts[2]), std::string::npos) << "what is UTF-8 stays as it is";
  EXPECT_NE(EncodeRecord({.time = kTime, .text = "\xC3"}).find("\xEF\xBF\xBD"), std::string::npos);
}

}  // namespace
}  // namespace neurolake::audit
