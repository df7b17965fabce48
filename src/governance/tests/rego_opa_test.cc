// Our decisions are those of Open Policy Agent: the same documents and inputs are given to both.
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "governance/rego/bundle.h"
#include "governance/rego/decider.h"
#include "governance/rego/decision.h"
#include "governance/tests/bundle_files.h"

extern char** environ;  // NOLINT

namespace neurolake::governance {
namespace {

namespace beast = boost::beast;
namespace json = boost::json;
using LocalSocket = boost::asio::local::stream_protocol;

const std::string kExample = std::string(NL_SOURCE_DIR) + "/tests/rego/example";

/// `opa run --server` on a socket in a directory of its own.
class OpaServer {
 public:
  OpaServer() {
    char name[] = "/tmp/nl_opa_XXXXXX";
    directory_ = mkdtemp(name);
    const std::string program = std::string(NL_CACHE_DIR) + "/opa/opa";
    const std::string address = "unix://" + socket();
    std::vector<std::string> arguments = {program,       "run",   "--server", "--addr", address, "--skip-version-check",
                                          "--log-level", "error", "-b",       kExample};
    std::vector<char*> argv;
    for (auto& one : arguments) argv.push_back(one.data());
    argv.push_back(nullptr);
    if (posix_spawn(&pid_, program.c_str(), nullptr, nullptr, argv.data(), environ) != 0) pid_ = -1;
  }
  ~OpaServer() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    std::filesystem::remove_all(directory_);
  }
  OpaServer(const OpaServer&) = delete;
  OpaServer& operator=(const OpaServer&) = delete;

  bool Connect() {
    for (int i = 0; i < 1500 && pid_ > 0; ++i) {
      boost::system::error_code code;
      stream_.connect(LocalSocket::endpoint(socket()), code);
      if (!code) return true;
      stream_ = LocalSocket::socket(io_);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
  }

  /// Status and body.
  std::pair<int, std::string> Send(beast::http::verb method, const std::string& target, const std::string& body) {
    beast::http::request<beast::http::string_body> request{method, target, 11};
    request.set(beast::http::field::host, "localhost");
    request.body() = body;
    request.prepare_payload();
    beast::http::write(stream_, request);
    beast::http::response<beast::http::string_body> response;
    beast::http::read(stream_, buffer_, response);
    return {response.result_int(), response.body()};
  }

  /// The document as PolicyEvaluator gives it; an error is the text "error".
  std::string Ask(const std::string& path, const std::string& input) {
    const auto [status, body] =
        Send(beast::http::verb::post, "/v1/data/" + path + "?strict-builtin-errors=true", "{\"input\":" + input + "}");
    if (status != 200) return "error";
    const auto answer = json::parse(body);
    const auto* result = answer.as_object().if_contains("result");
    return result == nullptr ? "undefined" : json::serialize(*result);
  }

 private:
  std::string socket() const { return directory_ + "/s"; }
  std::string directory_;
  pid_t pid_ = -1;
  boost::asio::io_context io_;
  LocalSocket::socket stream_{io_};
  beast::flat_buffer buffer_;
};

std::string Ours(const RegoPolicy& policy, const std::string& path, const std::string& input) {
  const auto answer = policy.Evaluate(path, input, std::chrono::seconds(60));
  if (!answer) return "error";
  return *answer ? json::serialize(json::parse(**answer)) : "undefined";
}

/// Requests out of few values, so that every rule is met often.
class Requests {
 public:
  explicit Requests(uint32_t seed) : random_(seed) {}

  DecisionRequest Next() {
    DecisionRequest request{.principal_id = Pick({"p1", "p2"}),
                            .principal_name = Pick({"anna", "ben", "o'hara", "Zoë", ""}),
                            .role = Pick({"admin", "reader", "member"}),
                            .purpose = Pick({"", "billing", "support", "marketing"}),
                            .door = Pick({"http", "cli", "mcp"}),
                            .action = Pick({"select", "modify"}),
                            .object_kind = "table",
                            .object_id = "t1",
                            .schema = Pick({"shop", "hr"}),
                            .name = Pick({"customers", "orders"})};
    for (const char* group : {"eu_analysts", "us_analysts", "loaders", "nobody's"}) {
      if (Chance()) request.groups.emplace_back(group);
    }
    if (Chance()) request.attributes["clearance"] = Pick({"1", "2", "30", "x"});
    if (Chance()) request.tags.emplace_back("personal");
    for (const char* column : {"email", "birth", "country"}) {
      if (!Chance()) continue;
      std::vector<std::string> tags;
      if (Chance()) tags.push_back(Pick({"pii.email", "pii.birth", "other"}));
      request.columns.push_back({column, "VARCHAR", tags});
    }
    return request;
  }

 private:
  bool Chance() { return random_() % 2 == 0; }
  std::string Pick(std::vector<const char*> from) { return from[random_() % from.size()]; }
  std::mt19937 random_;
};

class RegoOpaTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(std::string(NL_CACHE_DIR) + "/opa/opa")) {
      GTEST_SKIP() << "Open Policy Agent is not there: scripts/bootstrap.sh --tests";
    }
    ASSERT_TRUE(opa_.Connect());
  }
  OpaServer opa_;
};

TEST_F(RegoOpaTest, TheExampleDecidesTheSame) {
  const auto bundle = RegoBundle::Load(FilesBelow(kExample));
  ASSERT_TRUE(bundle) << bundle.error().message();
  for (const BundleTest& test : bundle->RunTests(std::chrono::seconds(10))) {
    EXPECT_EQ(test.outcome, BundleTest::Outcome::kPassed) << test.name << " " << test.message;
  }
  Requests requests(20261121);
  int allowed = 0;
  int filtered = 0;
  int masked = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::string input = EncodeDecisionInput(requests.Next());
    const std::string ours = Ours(*bundle->policy(), kDecisionDocument, input);
    ASSERT_EQ(ours, opa_.Ask("neurolake/authz", input)) << input;
    const auto decision = ParseDecision(ours);
    ASSERT_TRUE(decision) << decision.error().message();
    allowed += decision->allow ? 1 : 0;
    filtered += decision->row_filters.empty() ? 0 : 1;
    masked += decision->masks.empty() ? 0 : 1;
  }
  // The requests are about something.
  EXPECT_GT(allowed, 100);
  EXPECT_LT(allowed, 900);
  EXPECT_GT(filtered, 100);
  EXPECT_GT(masked, 100);
}

/// Single rules over what the two interpreters might see differently.
constexpr const char* kRules[] = {
    "x := count(input.principal.groups)",
    "x := sort(input.principal.groups)",
    "x contains upper(g) if some g in input.principal.groups",
    "x[g] := i if some i, g in input.principal.groups",
    "x := sprintf(\"%v %d %s %q\", [input.object.tags, 7, input.principal.name, input.door])",
    "x := to_number(input.principal.attributes.clearance) * 1.5",
    "x := 1 / (count(input.principal.groups) - 1)",
    "x := 7 % count(input.principal.groups)",
    "x if input.principal.attributes.clearance > \"1\"",
    "x if regex.match(`^[a-z]+$`, input.principal.name)",
    "x := regex.split(\"a\", input.principal.name)",
    "x if glob.match(\"*.email\", [\".\"], input.object.columns[0].tags[0])",
    "x if not input.purpose",
    "x := 1 if input.action == \"select\"\nx := 2 if input.door == \"mcp\"",
    "x := 1 if input.action == \"select\"\nelse := 2 if input.door == \"mcp\"\nelse := 3",
    "default x := \"none\"\nx := input.purpose if input.purpose != null",
    "x := [c.name | some c in input.object.columns; \"pii.email\" in c.tags]",
    "x := {c.name: c.type | some c in input.object.columns}",
    "x := {t | some c in input.object.columns; some t in c.tags}",
    "x if every c in input.object.columns { count(c.tags) > 0 }",
    "x := object.get(input, [\"principal\", \"attributes\", \"clearance\"], \"none\")",
    "x := substring(input.principal.name, 1, 2)",
    "x := indexof(input.principal.name, \"ra\")",
    "x := trim(input.principal.name, \"a\")",
    "x := base64.encode(input.principal.name)",
    "x := json.marshal(input.object.tags)",
    "x := format_int(count(input.principal.groups) + 14, 16)",
    "x := {1, 1.0, 2} | {count(input.principal.groups)}",
    "x := {\"a\", \"b\"} & {g | some g in input.principal.groups}",
    "x := input.object.columns[_].name",
    "x := max([count(c.tags) | some c in input.object.columns])",
    "x := split(input.principal.name, \"n\")",
    "x := 12345678901234567890 + count(input.principal.groups)",
    "x := 0.25 + 0.5",
    "f(a) := a + 1 if a > 1\nf(a) := 0 if a <= 1\nx := f(count(input.principal.groups))",
    "x := y if { y := input.principal.groups[1] }",
    "x.a := 1 if input.door == \"cli\"\nx.b := 2",
    "x := object.union(input.principal.attributes, {\"z\": 1})",
    "x if net.cidr_contains(\"10.0.0.0/8\", \"10.1.2.3\")",
    "x := semver.compare(\"1.2.0\", \"1.10.0\")",
    "x := strings.reverse(input.principal.name)",
    "x := numbers.range(1, count(input.principal.groups))",
    "x := walk(input.principal.attributes)",
};

TEST_F(RegoOpaTest, SingleRulesDecideTheSame) {
  int number = 0;
  for (const char* rule : kRules) {
    const std::string name = fmt::format("single{}", number++);
    const std::string source = fmt::format("package {}\n\n{}\n", name, rule);
    const auto policy = RegoPolicy::Compile({{"a.rego", source}}, "{}");
    const auto put = opa_.Send(beast::http::verb::put, "/v1/policies/" + name, source);
    ASSERT_EQ(policy.has_value(), put.first == 200) << rule << "\n" << put.second;
    if (!policy) continue;
    Requests requests(7);
    for (int i = 0; i < 100; ++i) {
      const std::string input = EncodeDecisionInput(requests.Next());
      EXPECT_EQ(Ours(**policy, "data." + name, input), opa_.Ask(name, input)) << rule << "\n" << input;
      if (HasFailure()) break;
    }
  }
}

}  // namespace
}  // namespace neurolake::governance
