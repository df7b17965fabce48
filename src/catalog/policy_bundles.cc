// Bundles of Rego policies and which of them decides, in the metadata store.
#include "catalog/internal/rows.h"
#include "catalog/internal/store_catalog.h"
#include "metastore/stored_text.h"

namespace neurolake::catalog {
namespace {

using metastore::Row;
using metastore::Session;
using metastore::Value;

PolicyBundleRecord ToBundle(const Row& row) {
  return {.version = NumberAt(row, 0),
          .revision = TextAt(row, 1),
          .digest = TextAt(row, 2),
          .files = TextAt(row, 3),
          .created_by = TextAt(row, 4),
          .created = TimeAt(row, 5)};
}

PolicyActivation ToActivation(const Row& row) {
  PolicyActivation activation{.epoch = NumberAt(row, 0), .activated_by = TextAt(row, 2), .activated = TimeAt(row, 3)};
  if (!std::holds_alternative<std::monostate>(row.at(1))) activation.version = NumberAt(row, 1);
  return activation;
}

Result<int64_t> Next(Session& session, const std::string& sql) {
  NL_ASSIGN_OR_RETURN(const auto rows, session.Query(sql));
  return NumberAt(rows.at(0), 0) + 1;
}

}  // namespace

Result<int64_t> StoreCatalog::AddPolicyBundle(const PolicyBundleRecord& bundle) {
  // What is not stored as it is would be another bundle.
  for (const std::string* text : {&bundle.revision, &bundle.digest, &bundle.files}) {
    if (!metastore::IsStorableText(*text)) {
      return MakeError(ErrorCode::kInvalidArgument, "a policy bundle is UTF-8 text without zero bytes");
    }
  }
  int64_t version = 0;
  NL_RETURN_IF_ERROR(store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto known,
                        session.Query("SELECT version FROM policy_bundles WHERE digest = ?", {bundle.digest}));
    if (!known.empty()) {
      version = NumberAt(known[0], 0);
      return {};
    }
    NL_ASSIGN_OR_RETURN(version, Next(session, "SELECT COALESCE(MAX(version), 0) FROM policy_bundles"));
    NL_RETURN_IF_ERROR(session.Execute(
        "INSERT INTO policy_bundles (version, revision, digest, files, created_by, created) VALUES (?, ?, ?, ?, ?, ?)",
        {version, bundle.revision, bundle.digest, bundle.files, metastore::MakeStorable(bundle.created_by),
         ToValue(bundle.created)}));
    return {};
  }));
  return version;
}

Result<std::vector<PolicyBundleRecord>> StoreCatalog::ListPolicyBundles() {
  NL_ASSIGN_OR_RETURN(const auto rows,
                      store_.ReadOnce("SELECT version, revision, digest, '', created_by, created FROM policy_bundles "
                                      "ORDER BY version DESC"));
  std::vector<PolicyBundleRecord> bundles;
  for (const Row& row : rows) bundles.push_back(ToBundle(row));
  return bundles;
}

Result<std::optional<PolicyBundleRecord>> StoreCatalog::FindPolicyBundle(int64_t version) {
  NL_ASSIGN_OR_RETURN(const auto rows,
                      store_.ReadOnce("SELECT version, revision, digest, files, created_by, created FROM "
                                      "policy_bundles WHERE version = ?",
                                      {version}));
  if (rows.empty()) return std::optional<PolicyBundleRecord>();
  return std::optional(ToBundle(rows[0]));
}

Result<int64_t> StoreCatalog::ActivatePolicyBundle(const PolicyActivation& activation) {
  int64_t epoch = 0;
  NL_RETURN_IF_ERROR(store_.Write([&](Session& session) -> Result<void> {
    if (activation.version) {
      NL_ASSIGN_OR_RETURN(const auto known,
                          session.Query("SELECT 1 FROM policy_bundles WHERE version = ?", {*activation.version}));
      if (known.empty()) {
        return MakeError(ErrorCode::kNotFound, "there is no policy bundle of this version: {}", *activation.version);
      }
    }
    NL_ASSIGN_OR_RETURN(epoch, Next(session, "SELECT COALESCE(MAX(epoch), 0) FROM policy_activations"));
    NL_RETURN_IF_ERROR(
        session.Execute("INSERT INTO policy_activations (epoch, version, activated_by, activated) VALUES (?, ?, ?, ?)",
                        {epoch, activation.version ? Value(*activation.version) : Value(std::monostate{}),
                         metastore::MakeStorable(activation.activated_by), ToValue(activation.activated)}));
    return {};
  }));
  return epoch;
}

Result<std::vector<PolicyActivation>> StoreCatalog::ListPolicyActivations(int64_t limit) {
  NL_ASSIGN_OR_RETURN(const auto rows,
                      store_.ReadOnce("SELECT epoch, version, activated_by, activated FROM policy_activations ORDER BY "
                                      "epoch DESC LIMIT ?",
                                      {limit}));
  std::vector<PolicyActivation> activations;
  for (const Row& row : rows) activations.push_back(ToActivation(row));
  return activations;
}

}  // namespace neurolake::catalog
