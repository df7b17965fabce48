#pragma once
#include <optional>
#include <string>

#include "common/request_context.h"
#include "common/result.h"

namespace neurolake::governance {

/// What evaluates policies written in Rego: in this process, or a server that is asked. Injected, as this room opens no
/// connections. Thread-safe.
class PolicyEvaluator {
 public:
  virtual ~PolicyEvaluator() = default;

  /// What answers depend on beside the input; changes whenever answers might. Empty: nobody knows, so that no answer is
  /// kept.
  virtual std::string Epoch() const = 0;
  /// The document of package neurolake.authz for `input_json`, JSON; nullopt where it is undefined. Errors: any, which
  /// is a denial. kCancelled and kDeadlineExceeded are the caller's own; a policy or server that takes too long is
  /// kUnavailable.
  virtual Result<std::optional<std::string>> Evaluate(const RequestContext& ctx, const std::string& input_json) = 0;
};

}  // namespace neurolake::governance
