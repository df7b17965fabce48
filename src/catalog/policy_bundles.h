#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
#include "common/request_context.h"
#include "common/result.h"

namespace neurolake::catalog {

/// Policies in Rego, as they were loaded; written and read by query/ alone. Never changed.
struct PolicyBundleRecord {
  int64_t version = 0;  ///< From 1, given by AddPolicyBundle.
  std::string revision;
  std::string digest;
  std::string files;  ///< JSON; empty in lists.
  std::string created_by;
  WallTime created;
};

/// Which bundle decides since when. Epochs grow with each activation, also of an older version.
struct PolicyActivation {
  int64_t epoch = 0;
  std::optional<int64_t> version;  ///< None: no bundle decides.
  std::string activated_by;
  WallTime activated;
};

/// What decides about an object beside what was granted: policies in a language of their own. It takes away only.
/// Injected into the catalogue, so that whoever finds an object finds who decides about it. Thread-safe.
class AccessJudge {
 public:
  struct Object {
    std::string_view kind;  ///< "table" or "view".
    const std::string& id;
    const std::string& schema_name;
    const std::string& name;
    const PrincipalId& owner;
  };
  struct Verdict {
    bool allow = false;
    std::vector<std::string> row_filters;                    ///< SQL; all hold.
    std::vector<std::pair<std::string, std::string>> masks;  ///< Column, SQL.
  };
  /// What is known of the principal beside its name and role.
  struct Subject {
    std::vector<std::pair<std::string, std::string>> groups;      ///< As Catalog::GroupsOf.
    std::vector<std::pair<std::string, std::string>> attributes;  ///< Names in lower case.
  };
  virtual ~AccessJudge() = default;
  /// Whether anybody has made such policies: else there is nothing to ask.
  virtual bool IsInForce() const = 0;
  /// May the principal of `ctx`, which is `subject`, do `action` ("select" or "modify")? Null: not in force. Errors:
  /// kPermissionDenied where nothing could be decided; kCancelled, kDeadlineExceeded; those of the catalogue.
  virtual Result<std::shared_ptr<const Verdict>> Judge(const RequestContext& ctx, const Subject& subject,
                                                       std::string_view action, const Object& object) = 0;
  /// Another bundle decides from now on.
  virtual Result<void> Refresh() = 0;
};

}  // namespace neurolake::catalog
