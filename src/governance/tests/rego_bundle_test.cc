#include "governance/rego/bundle.h"

#include <gtest/gtest.h>

#include "governance/rego/decider.h"

namespace neurolake::governance {
namespace {

constexpr const char* kAllow =
    "package neurolake.authz\n\ndefault allow := false\n\nallow if input.principal.name == \"anna\"\n";

using Files = std::vector<BundleFile>;

Files With(Files more) {
  more.push_back({"authz.rego", kAllow});
  return more;
}

TEST(RegoBundleTest, LoadsPoliciesDataAndManifest) {
  const auto bundle = RegoBundle::Load(
      {{".manifest",
        R"({"revision": "r7", "roots": ["neurolake", "regions"], "rego_version": 1, "metadata": {"x": 1}})"},
       {"/regions/data.json", R"({"anna": "eu"})"},
       {"./authz/main.rego", R"(package neurolake.authz
allow if data.regions[input.principal.name]
row_filters contains f if { f := sprintf("region = '%s'", [data.regions[input.principal.name]]) })"},
       {"README.md", "ignored"}});
  ASSERT_TRUE(bundle) << bundle.error().message();
  EXPECT_EQ(bundle->revision(), "r7");
  EXPECT_EQ(bundle->digest().size(), 64);
  EXPECT_EQ(bundle->files().size(), 3);
  const auto answer =
      bundle->policy()->Evaluate(kDecisionDocument, R"({"principal": {"name": "anna"}})", std::chrono::seconds(10));
  ASSERT_TRUE(answer && *answer) << answer.error().message();
  EXPECT_EQ(**answer, R"({"allow":true,"row_filters":["region = 'eu'"]})");
}

TEST(RegoBundleTest, HasADigestOfItsContentAlone) {
  const auto one = RegoBundle::Load(With({{"data.json", R"({"a": 1})"}}));
  const auto same = RegoBundle::Load({{"authz.rego", kAllow}, {"data.json", R"({"a": 1})"}});
  const auto other = RegoBundle::Load(With({{"data.json", R"({"a": 2})"}}));
  EXPECT_EQ(one->digest(), same->digest());
  EXPECT_NE(one->digest(), other->digest());
}

TEST(RegoBundleTest, RefusesWhatCannotBeABundle) {
  const Files policy_files[] = {
      {},
      {{"a.rego", "package neurolake.authz\nallow if {"}},
      {{"a.rego", "package other\nallow := true"}},
      {{"a.rego", "package neurolake.authz\nallow contains \"x\""}},
      {{"a.rego", "package neurolake.authz\nallow := true\nrow_filters[\"a\"] := 1"}},
      With({{"b.rego", "package neurolake.authz\nrow_filter contains \"a = 1\""}}),
      With({{"b.rego", "package neurolake.authz\ntest_it if allow"}}),
      With({{"b.rego", "package neurolake.authz\nallow contains \"x\""}}),
      With({{"b.rego", "package x\ny := http.send({\"url\": \"http://localhost\"})"}}),
      With({{"b.rego", "package x\nf(y) := f(y)"}}),
      With({{"data.json", "[1]"}}),
      With({{"data.json", R"({"neurolake": {"authz": {"allow": true}}})"}}),
      With({{"data.json", R"({"a": {"b": 1}})"}, {"a/data.json", R"({"b": 2})"}}),
      With({{".manifest", "{"}}),
      With({{".manifest", R"({"rego_version": 0})"}}),
      With({{".manifest", R"({"roots": ["other"]})"}}),
      With({{".manifest", R"({"roots": ["neurolake"]})"}, {"data.json", R"({"a": 1})"}}),
      With({{".manifest", R"({"wasm": [{"entrypoint": "x"}]})"}}),
      With({{"../b.rego", "package x"}}),
      With({{"a//b.rego", "package x"}}),
      With({{"authz.rego", kAllow}}),
      With({{"b.rego", "package x\ny := 1"}, {"b.rego", "package x\ny := 1"}}),
      With({{".signatures.json", "{}"}}),
      With({{"data.yaml", "a: 1"}}),
      With({{std::string(101, 'a'), ""}}),
  };
  for (const Files& files : policy_files) {
    const auto bundle = RegoBundle::Load(files);
    ASSERT_FALSE(bundle) << (files.empty() ? "no files" : files[0].path + ": " + files[0].content);
    EXPECT_EQ(bundle.error().code(), ErrorCode::kInvalidArgument) << bundle.error().message();
  }
}

TEST(RegoBundleTest, RefusesWhatIsTooLarge) {
  const auto large = RegoBundle::Load(With({{"a.txt", std::string(RegoBundle::kBytesMax, ' ')}}));
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code(), ErrorCode::kPayloadTooLarge);
  const auto many = RegoBundle::Load(Files(RegoBundle::kFilesMax + 1));
  ASSERT_FALSE(many);
  EXPECT_EQ(many.error().code(), ErrorCode::kPayloadTooLarge);
}

TEST(RegoBundleTest, NamesFileAndLine) {
  const auto bundle = RegoBundle::Load(With({{"lib/b.rego", "package lib\n\nx := nosuch(1)\n"}}));
  ASSERT_FALSE(bundle);
  EXPECT_NE(bundle.error().message().find("lib/b.rego:3"), std::string::npos) << bundle.error().message();
}

TEST(RegoBundleTest, RunsItsTests) {
  const auto bundle = RegoBundle::Load(With({{"authz_test.rego", R"(package neurolake.authz_test
import data.neurolake.authz
test_anna if authz.allow with input as {"principal": {"name": "anna"}}
test_ben if authz.allow with input as {"principal": {"name": "ben"}}
test_error if 1 / 0 == 1
test_slow if { some i in numbers.range(1, 100000); some j in numbers.range(1, 100000); i * j == -1 }
todo_test_later if false
helper := 1
)"}}));
  ASSERT_TRUE(bundle) << bundle.error().message();
  using Outcome = BundleTest::Outcome;
  const auto tests = bundle->RunTests(std::chrono::milliseconds(300));
  ASSERT_EQ(tests.size(), 5);
  EXPECT_EQ(tests[0].name, "data.neurolake.authz_test.test_anna");
  EXPECT_EQ(tests[0].outcome, Outcome::kPassed);
  EXPECT_EQ(tests[1].outcome, Outcome::kFailed);
  EXPECT_EQ(tests[1].line, 4);
  EXPECT_EQ(tests[2].outcome, Outcome::kError);
  EXPECT_EQ(tests[3].outcome, Outcome::kError);
  EXPECT_EQ(tests[4].outcome, Outcome::kSkipped);
  // They are no part of what decides.
  for (const RegoRule& rule : bundle->policy()->rules()) EXPECT_NE(rule.file, "authz_test.rego");
}

TEST(RegoBundleTest, PacksAndUnpacks) {
  const Files files = {{"b.rego", "package b\n"}, {"a/data.json", std::string(100'000, '1')}};
  const auto archive = WriteBundleArchive(files);
  ASSERT_TRUE(archive) << archive.error().message();
  EXPECT_EQ(*archive, *WriteBundleArchive({files[1], files[0]}));
  const auto read = ReadBundleArchive(*archive);
  ASSERT_TRUE(read) << read.error().message();
  ASSERT_EQ(read->size(), 2);
  EXPECT_EQ((*read)[0].path, "a/data.json");
  EXPECT_EQ((*read)[0].content, files[1].content);
}

/// One entry of a tar archive, and the archive's end. `type` as POSIX has it: '0' a file, '1' a hard link, '2' a link.
/// With `content`, at most a block of it: a hard link may have some too.
std::string Tar(const std::string& path, char type, const std::string& link, const std::string& content = "") {
  std::string header(512, '\0');
  const auto put = [&](size_t at, std::string_view text) { header.replace(at, text.size(), text); };
  put(0, path);
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  put(124, fmt::format("{:011o}", content.size()));
  put(136, "00000000000");
  put(148, "        ");
  header[156] = type;
  put(157, link);
  put(257, "ustar");
  put(263, "00");
  int sum = 0;
  for (const char byte : header) sum += static_cast<unsigned char>(byte);
  put(148, fmt::format("{:06o}", sum));
  header[154] = '\0';
  std::string body = content;
  body.resize(content.empty() ? 0 : 512, '\0');
  return header + body + std::string(1024, '\0');
}

TEST(RegoBundleTest, UnpacksNoLinks) {
  const auto file = ReadBundleArchive(Tar("a.rego", '0', ""));
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ(file->size(), 1U);
  EXPECT_TRUE(ReadBundleArchive(Tar("a.rego", '0', "", kAllow)));
  EXPECT_FALSE(ReadBundleArchive(Tar("a.rego", '1', "/etc/passwd", kAllow)));
  for (const char type : {'1', '2', '3', '6'}) {
    const auto link = ReadBundleArchive(Tar("a.rego", type, "/etc/passwd"));
    ASSERT_FALSE(link) << type;
    EXPECT_EQ(link.error().code(), ErrorCode::kInvalidArgument);
  }
}

TEST(RegoBundleTest, UnpacksNoBombsAndNoRubbish) {
  const auto bomb = WriteBundleArchive({{"data.json", std::string(RegoBundle::kBytesMax + 1, '0')}});
  ASSERT_TRUE(bomb);
  EXPECT_LT(bomb->size(), 100'000);
  const auto unpacked = ReadBundleArchive(*bomb);
  ASSERT_FALSE(unpacked);
  EXPECT_EQ(unpacked.error().code(), ErrorCode::kPayloadTooLarge);
  const auto good = WriteBundleArchive({{"a.rego", std::string(10'000, 'x')}});
  for (size_t length = 0; length + 1 < good->size(); length += 7) {
    EXPECT_FALSE(ReadBundleArchive(std::string_view(*good).substr(0, length))) << length;
  }
  EXPECT_FALSE(ReadBundleArchive("PK\x03\x04 this is no tar"));
}

}  // namespace
}  // namespace neurolake::governance
