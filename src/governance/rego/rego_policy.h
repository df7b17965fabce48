#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace neurolake::governance {

struct RegoModule {
  std::string path;  ///< What messages call it.
  std::string source;
};

/// All rules of one name in one package.
struct RegoRule {
  std::vector<std::string> package;  ///< {"neurolake", "authz"}
  std::string name;
  std::string kind;  ///< "complete", "set", "object" or "function".
  bool has_default = false;
  std::string file;
  int64_t line = 0;

  /// "data.neurolake.authz.allow"
  std::string Path() const;
};

/// Compiled Rego (v1), evaluated in this process. Immutable and thread-safe. No function of it can reach the network,
/// files, the time or chance.
class RegoPolicy {
 public:
  /// `data_json` is an object. Errors: kInvalidArgument with file and line for what does not compile, what calls
  /// functions that are not there or not allowed, recursion, and rules of one name that cannot be one document.
  static Result<std::shared_ptr<const RegoPolicy>> Compile(const std::vector<RegoModule>& modules,
                                                           const std::string& data_json);
  ~RegoPolicy();
  RegoPolicy(const RegoPolicy&) = delete;
  RegoPolicy& operator=(const RegoPolicy&) = delete;

  const std::vector<RegoRule>& rules() const { return rules_; }

  /// The value of the document `path`, JSON; nullopt where it is undefined. Errors: kInvalidArgument for what fails
  /// while it runs, errors of built-in functions and rules that conflict among it; kUnavailable after `time_limit`;
  /// kOutOfMemory.
  Result<std::optional<std::string>> Evaluate(std::string_view path, std::string_view input_json,
                                              std::chrono::microseconds time_limit) const;

 private:
  RegoPolicy() = default;
  void* policy_ = nullptr;
  std::vector<RegoRule> rules_;
};

}  // namespace neurolake::governance
