// CREATE, ACTIVATE and DEACTIVATE POLICY BUNDLE, SHOW POLICY BUNDLES, LINT POLICIES: docs/policies-rego.md.
#include "query/commands/policy.h"
#include "query/commands/server_action.h"
#include "query/front_parser_cursor.h"
#include "query/messages.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;

/// All of them are the server's alone.
class BundleCommand final : public TableCommand {
 public:
  BundleCommand(std::string kind, std::string action, json::object arguments)
      : kind_(std::move(kind)), action_(std::move(action)), arguments_(std::move(arguments)) {}
  std::string kind() const override { return kind_; }
  const ObjectName& target() const override { return target_; }
  bool writes() const override { return action_ == "create_bundle" || action_ == "activate_bundle"; }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_ASSIGN_OR_RETURN(const auto answer, AskServer(context, action_, arguments_));
    if (action_ == "create_bundle") {
      NL_ASSIGN_OR_RETURN(const int64_t version, IntMember(answer, "version"));
      NL_ASSIGN_OR_RETURN(const int64_t tests, IntMember(answer, "tests"));
      NL_ASSIGN_OR_RETURN(const std::string revision, StringMember(answer, "revision"));
      NL_ASSIGN_OR_RETURN(const std::string digest, StringMember(answer, "digest"));
      return MakeOwnResult({{"version", "BIGINT"}, {"revision", "VARCHAR"}, {"digest", "VARCHAR"}, {"tests", "BIGINT"}},
                           {{std::to_string(version), revision, digest, std::to_string(tests)}});
    }
    if (action_ == "activate_bundle") {
      NL_ASSIGN_OR_RETURN(const int64_t epoch, IntMember(answer, "epoch"));
      return MakeOwnResult({{"policy_epoch", "BIGINT"}}, {{std::to_string(epoch)}});
    }
    if (action_ == "bundles") {
      return ResultOfRows({{"version", "VARCHAR"},
                           {"revision", "VARCHAR"},
                           {"digest", "VARCHAR"},
                           {"created_by", "VARCHAR"},
                           {"created_at", "VARCHAR"},
                           {"state", "VARCHAR"}},
                          answer);
    }
    return ResultOfRows({{"severity", "VARCHAR"},
                         {"finding", "VARCHAR"},
                         {"object_name", "VARCHAR"},
                         {"policy", "VARCHAR"},
                         {"explanation", "VARCHAR"}},
                        answer);
  }

 private:
  std::string kind_;
  std::string action_;
  json::object arguments_;
  ObjectName target_;
};

Result<std::shared_ptr<const TableCommand>> Made(TokenCursor& cursor, std::string kind, std::string action,
                                                 json::object arguments) {
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<BundleCommand>(std::move(kind), std::move(action), std::move(arguments));
}

}  // namespace

Result<std::shared_ptr<const TableCommand>> ParsePolicyBundleStatement(TokenCursor cursor) {
  if (cursor.AcceptWords({"create", "policy", "bundle"})) {
    NL_ASSIGN_OR_RETURN(std::string archive, cursor.ExpectString("the base64 of a bundle's archive"));
    return Made(cursor, "CREATE POLICY BUNDLE", "create_bundle", {{"archive", std::move(archive)}});
  }
  if (cursor.AcceptWords({"activate", "policy", "bundle"})) {
    NL_ASSIGN_OR_RETURN(const int64_t version, cursor.ExpectInteger("the version of a bundle"));
    return Made(cursor, "ACTIVATE POLICY BUNDLE", "activate_bundle", {{"version", version}});
  }
  if (cursor.AcceptWords({"deactivate", "policy", "bundle"})) {
    return Made(cursor, "DEACTIVATE POLICY BUNDLE", "activate_bundle", {{"version", nullptr}});
  }
  if (cursor.AcceptWords({"show", "policy", "bundles"})) return Made(cursor, "SHOW POLICY BUNDLES", "bundles", {});
  if (cursor.AcceptWords({"lint", "policies"})) return Made(cursor, "LINT POLICIES", "lint_policies", {});
  return nullptr;
}

}  // namespace neurolake::query
