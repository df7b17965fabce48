#include "query/policy_engine.h"

#include <algorithm>
#include <boost/json.hpp>

#include "common/field_path.h"
#include "common/log.h"
#include "net/opa_client.h"
#include "query/messages.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using governance::BundleFile;
using governance::RegoBundle;

constexpr const char* kOpaDocument = "neurolake/authz";

class OpaEvaluator final : public governance::PolicyEvaluator {
 public:
  explicit OpaEvaluator(std::unique_ptr<net::OpaClient> client) : client_(std::move(client)) {}
  /// Its policies change without anybody telling us.
  std::string Epoch() const override { return ""; }
  Result<std::optional<std::string>> Evaluate(const RequestContext& ctx, const std::string& input_json) override {
    return client_->Query(ctx, kOpaDocument, input_json);
  }

 private:
  const std::unique_ptr<net::OpaClient> client_;
};

Result<std::shared_ptr<const governance::RegoPolicy>> LoadBundle(catalog::Catalog& catalog, int64_t version) {
  NL_ASSIGN_OR_RETURN(const auto record, catalog.FindPolicyBundle(version));
  if (!record) return MakeError(ErrorCode::kCorruption, "the active policy bundle is not there: version {}", version);
  NL_ASSIGN_OR_RETURN(auto files, DecodeBundleFiles(record->files));
  NL_ASSIGN_OR_RETURN(const auto bundle, RegoBundle::Load(std::move(files)));
  if (bundle.digest() != record->digest) {
    return MakeError(ErrorCode::kCorruption, "the active policy bundle is not what was loaded: version {}", version);
  }
  return bundle.policy();
}

/// As "pii" or "pii=email"; of columns by the names that they had when they were tagged.
void AddTags(const std::vector<catalog::TagRecord>& tags, governance::DecisionRequest& request) {
  for (const catalog::TagRecord& tag : tags) {
    const std::string text = tag.value.empty() ? tag.tag : tag.tag + "=" + tag.value;
    if (tag.column.empty()) {
      request.tags.push_back(text);
      continue;
    }
    const std::string name = ShownPath(tag.label);
    auto column = std::ranges::find(request.columns, name, &governance::DecisionColumn::name);
    if (column == request.columns.end()) {
      column = request.columns.insert(column, {.name = name, .type = "", .tags = {}});
    }
    column->tags.push_back(text);
  }
}

}  // namespace

std::string EncodeBundleFiles(const std::vector<BundleFile>& files) {
  json::array list;
  for (const BundleFile& file : files) list.push_back(json::array{file.path, file.content});
  return json::serialize(list);
}

Result<std::vector<BundleFile>> DecodeBundleFiles(const std::string& text) {
  boost::system::error_code code;
  const json::value value = json::parse(text, code);
  const auto bad = [] { return MakeError(ErrorCode::kCorruption, "a stored policy bundle cannot be read"); };
  if (code || !value.is_array()) return bad();
  std::vector<BundleFile> files;
  for (const auto& one : value.get_array()) {
    if (!one.is_array() || one.get_array().size() != 2) return bad();
    const auto& pair = one.get_array();
    if (!pair[0].is_string() || !pair[1].is_string()) return bad();
    files.push_back({std::string(pair[0].get_string()), std::string(pair[1].get_string())});
  }
  return files;
}

Result<std::unique_ptr<PolicyEngine>> PolicyEngine::Start(const Settings& settings, catalog::Catalog& catalog) {
  std::unique_ptr<PolicyEngine> engine(new PolicyEngine(catalog));
  const auto decisions_max = static_cast<size_t>(settings.policy_decisions_max);
  if (settings.policy_engine == "opa") {
    if (settings.policy_opa_url.empty()) {
      return MakeError(ErrorCode::kInvalidArgument, "policy.engine is opa, so policy.opa.url must say where it is");
    }
    NL_ASSIGN_OR_RETURN(auto client,
                        net::OpaClient::Make({.url = settings.policy_opa_url,
                                              .token = settings.policy_opa_token,
                                              .certificate_authority_file = settings.policy_opa_certificate_authority,
                                              .timeout = settings.policy_timeout}));
    engine->decider_ =
        std::make_unique<governance::PolicyDecider>(std::make_shared<OpaEvaluator>(std::move(client)), decisions_max);
    engine->in_force_ = true;
    return engine;
  }
  engine->bundles_ = std::make_shared<governance::BundleEvaluator>(settings.policy_timeout);
  engine->decider_ = std::make_unique<governance::PolicyDecider>(engine->bundles_, decisions_max);
  NL_RETURN_IF_ERROR(engine->Refresh());
  return engine;
}

Result<void> PolicyEngine::Refresh() {
  if (bundles_ == nullptr) return {};
  // One after the other, so that the newest is what stays.
  std::lock_guard lock(refresh_);
  NL_ASSIGN_OR_RETURN(const auto activations, catalog_.ListPolicyActivations(1));
  if (activations.empty() || !activations[0].version) {
    in_force_ = false;
    return {};
  }
  auto policy = LoadBundle(catalog_, *activations[0].version);
  if (!policy) {
    Log(LogLevel::kError, "the active policy bundle cannot be loaded, all access is denied", {},
        {{"version", *activations[0].version}, {"reason", policy.error().message()}});
  }
  bundles_->Activate(policy ? *policy : nullptr, std::to_string(activations[0].epoch));
  in_force_ = true;
  return {};
}

Result<std::shared_ptr<const catalog::AccessJudge::Verdict>> PolicyEngine::Judge(const RequestContext& ctx,
                                                                                 const Subject& subject,
                                                                                 std::string_view action,
                                                                                 const Object& object) {
  if (!in_force_) return std::shared_ptr<const Verdict>();
  const Principal& principal = ctx.principal();
  governance::DecisionRequest request{.principal_id = principal.id.value(),
                                      .principal_name = principal.name,
                                      .role = principal.role,
                                      .door = ctx.door(),
                                      .action = std::string(action),
                                      .object_kind = std::string(object.kind),
                                      .object_id = object.id,
                                      .schema = object.schema_name,
                                      .name = object.name,
                                      .owner_id = object.owner.value()};
  request.purpose = principal.purpose;
  for (const auto& [id, name] : subject.groups) request.groups.push_back(name);
  request.attributes.insert(subject.attributes.begin(), subject.attributes.end());
  NL_ASSIGN_OR_RETURN(const auto tags, catalog_.TagsOf(object.id));
  AddTags(tags, request);
  NL_ASSIGN_OR_RETURN(const auto decision, decider_->Decide(ctx, request));
  return std::make_shared<const Verdict>(
      Verdict{.allow = decision->allow, .row_filters = decision->row_filters, .masks = decision->masks});
}

}  // namespace neurolake::query
