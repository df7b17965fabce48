#pragma once
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/result.h"
#include "plan/table_policy.h"

namespace neurolake::governance {

struct DecisionColumn {
  std::string name;
  std::string type;  ///< As SQL spells it.
  std::vector<std::string> tags;
};

/// What a policy engine outside the governor is asked: may `principal` do `action` to the object, and what of it does
/// it see? All that an answer may depend on is here, so that an answer holds for equal requests.
struct DecisionRequest {
  std::string principal_id;
  std::string principal_name;
  std::string role;
  std::vector<std::string> groups;
  std::map<std::string, std::string> attributes;
  std::string purpose;  ///< Empty: none was declared.
  std::string door;     ///< "http", "cli" …
  std::string action;   ///< "select" or "modify".
  std::string object_kind;
  std::string object_id;
  std::string schema;
  std::string name;
  std::string owner_id;
  std::vector<std::string> tags;
  std::vector<DecisionColumn> columns;  ///< Empty where they are not known.
};

/// The input document: docs/policies-rego.md. Equal requests give equal texts, whatever the order of groups and tags.
std::string EncodeDecisionInput(const DecisionRequest& request);

/// What the policies of package neurolake.authz say. Without a value that says otherwise it is a denial.
struct PolicyDecision {
  bool allow = false;
  std::vector<std::string> row_filters;                    ///< SQL; a row is seen if all are true.
  std::vector<std::pair<std::string, std::string>> masks;  ///< Column, SQL of what is seen in its place.
  std::vector<std::string> deny_reasons;                   ///< For people; a reason denies.
};

/// Reads the document of package neurolake.authz, JSON. What is missing is undefined; names that begin with "_" are
/// the policies' own. Errors: kInvalidArgument for anything of another type or name, which is to be a denial.
Result<PolicyDecision> ParseDecision(std::string_view json);

/// `policy` (null: everything is seen) with what `decision` takes away: never more is seen than without it. Filters are
/// ANDed and checked on writes, too; a column that both mask is NULL, as one mask might show what the other hides.
/// The expressions name columns as the table has them when it is read.
std::shared_ptr<const plan::TablePolicy> Narrow(const PolicyDecision& decision,
                                                const std::shared_ptr<const plan::TablePolicy>& policy,
                                                const plan::PolicyContext& context);

}  // namespace neurolake::governance
