#include "query/bundle_actions.h"

#include <sodium.h>

#include <algorithm>
#include <boost/json/array.hpp>

#include "common/text.h"
#include "governance/rego/bundle.h"
#include "query/messages.h"
#include "query/policy_engine.h"
#include "query/policy_lint.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using governance::BundleTest;
using governance::RegoBundle;

constexpr std::chrono::seconds kTestTime{5};

Result<std::string> DecodeBase64(std::string_view text) {
  std::string bytes(text.size(), '\0');
  size_t size = 0;
  const int decoded = ::sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(),
                                          text.size(), " \n", &size, nullptr, sodium_base64_VARIANT_ORIGINAL);
  if (decoded != 0) {
    return MakeError(ErrorCode::kInvalidArgument, "a policy bundle is the base64 of a tar archive, gzip'ed or not");
  }
  bytes.resize(size);
  return bytes;
}

/// What does not pass its own tests decides nothing.
Result<int64_t> CheckTests(const RegoBundle& bundle) {
  const auto tests = bundle.RunTests(kTestTime);
  for (const BundleTest& test : tests) {
    if (test.outcome == BundleTest::Outcome::kPassed || test.outcome == BundleTest::Outcome::kSkipped) continue;
    return MakeError(ErrorCode::kInvalidArgument, "a test of the policy bundle does not pass: {} at {}:{} {}",
                     test.name, test.file, test.line, test.message);
  }
  return static_cast<int64_t>(tests.size());
}

Result<json::value> CreateBundle(const RequestContext& ctx, catalog::Catalog& catalog, const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const std::string archive, StringMember(arguments, "archive"));
  NL_ASSIGN_OR_RETURN(const std::string bytes, DecodeBase64(archive));
  NL_ASSIGN_OR_RETURN(auto files, governance::ReadBundleArchive(bytes));
  NL_ASSIGN_OR_RETURN(const auto bundle, RegoBundle::Load(std::move(files)));
  NL_ASSIGN_OR_RETURN(const int64_t tests, CheckTests(bundle));
  NL_ASSIGN_OR_RETURN(const int64_t version, catalog.AddPolicyBundle({.revision = bundle.revision(),
                                                                      .digest = bundle.digest(),
                                                                      .files = EncodeBundleFiles(bundle.files()),
                                                                      .created_by = ctx.principal().name,
                                                                      .created = ctx.clock().Now()}));
  return json::value{
      {"version", version}, {"revision", bundle.revision()}, {"digest", bundle.digest()}, {"tests", tests}};
}

Result<json::value> ActivateBundle(const RequestContext& ctx, catalog::Catalog& catalog,
                                   const json::object& arguments) {
  const auto* version = arguments.if_contains("version");
  if (version == nullptr || (!version->is_null() && !version->is_int64())) return BadMember("version");
  catalog::PolicyActivation activation{.activated_by = ctx.principal().name, .activated = ctx.clock().Now()};
  if (version->is_int64()) activation.version = version->get_int64();
  NL_ASSIGN_OR_RETURN(const int64_t epoch, catalog.ActivatePolicyBundle(activation));
  if (catalog.judge() != nullptr) NL_RETURN_IF_ERROR(catalog.judge()->Refresh());
  return json::value{{"epoch", epoch}};
}

Result<json::value> ListBundles(catalog::Catalog& catalog) {
  NL_ASSIGN_OR_RETURN(const auto bundles, catalog.ListPolicyBundles());
  NL_ASSIGN_OR_RETURN(const auto activations, catalog.ListPolicyActivations(1));
  json::array rows;
  for (const auto& bundle : bundles) {
    const bool active = !activations.empty() && activations[0].version == bundle.version;
    rows.push_back(json::array{std::to_string(bundle.version), bundle.revision, bundle.digest, bundle.created_by,
                               FormatTimestamp(bundle.created), active ? "active" : "loaded"});
  }
  return json::value{{"rows", std::move(rows)}};
}

Result<json::value> Lint(catalog::Catalog& catalog) {
  NL_ASSIGN_OR_RETURN(const auto findings, LintPolicies(catalog));
  json::array rows;
  for (const PolicyFinding& one : findings) {
    rows.push_back(json::array{one.severity, one.finding, one.object, one.policy, one.explanation});
  }
  return json::value{{"rows", std::move(rows)}};
}

}  // namespace

bool IsBundleAction(std::string_view action) {
  constexpr std::string_view kActions[] = {"create_bundle", "activate_bundle", "bundles", "lint_policies"};
  return std::ranges::find(kActions, action) != std::end(kActions);
}

Result<json::value> RunBundleAction(const RequestContext& ctx, catalog::Catalog& catalog, const std::string& action,
                                    const json::object& arguments) {
  if (!ctx.principal().Has(Right::kManage)) {
    return MakeError(ErrorCode::kPermissionDenied, "policy bundles need the right to manage the lake");
  }
  if (action == "create_bundle") return CreateBundle(ctx, catalog, arguments);
  if (action == "activate_bundle") return ActivateBundle(ctx, catalog, arguments);
  if (action == "bundles") return ListBundles(catalog);
  return Lint(catalog);
}

}  // namespace neurolake::query
