#pragma once
#include <atomic>
#include <memory>
#include <mutex>

#include "catalog/catalog.h"
#include "common/settings.h"
#include "governance/rego/bundle.h"
#include "governance/rego/decider.h"

namespace neurolake::query {

/// Policies in Rego on the server's side: of the active bundle, evaluated here, or of an Open Policy Agent server.
/// Thread-safe.
class PolicyEngine final : public catalog::AccessJudge {
 public:
  /// Borrows the catalogue. A bundle that is in force and cannot be loaded denies everything, and is logged.
  /// Errors: kInvalidArgument for settings that name no server; those of the catalogue.
  static Result<std::unique_ptr<PolicyEngine>> Start(const Settings& settings, catalog::Catalog& catalog);

  bool IsInForce() const override { return in_force_; }
  Result<std::shared_ptr<const Verdict>> Judge(const RequestContext& ctx, const Subject& subject,
                                               std::string_view action, const Object& object) override;
  Result<void> Refresh() override;

 private:
  explicit PolicyEngine(catalog::Catalog& catalog) : catalog_(catalog) {}

  catalog::Catalog& catalog_;
  std::shared_ptr<governance::BundleEvaluator> bundles_;  ///< Null: a server is asked.
  std::unique_ptr<governance::PolicyDecider> decider_;
  std::atomic<bool> in_force_ = false;
  std::mutex refresh_;
};

/// Files of a bundle as the metadata store keeps them: [[path, content], …]. Errors of decoding: kCorruption.
std::string EncodeBundleFiles(const std::vector<governance::BundleFile>& files);
Result<std::vector<governance::BundleFile>> DecodeBundleFiles(const std::string& text);

}  // namespace neurolake::query
