#include "governance/rego/rego_policy.h"

#include <algorithm>
#include <boost/json.hpp>
#include <mutex>

#include "common/check.h"
#include "neurolake_rego.h"

namespace neurolake::governance {
namespace {

namespace json = boost::json;

/// Of all policies and what they compute, together.
constexpr uint64_t kMemoryBytesMax = uint64_t{512} << 20;

nl_rego_text TextOf(std::string_view text) { return {text.data(), text.size()}; }

/// Copies and frees.
std::string Take(nl_rego_buffer& buffer) {
  std::string text(buffer.data == nullptr ? "" : buffer.data, buffer.size);
  nl_rego_buffer_free(&buffer);
  return text;
}

std::unexpected<Error> Failed(nl_rego_status status, const std::string& message) {
  switch (status) {
    case NL_REGO_TIMEOUT: return MakeError(ErrorCode::kUnavailable, "a policy took longer than it may: {}", message);
    case NL_REGO_OUT_OF_MEMORY:
      return MakeError(ErrorCode::kOutOfMemory, "policies need more memory than they may: {}", message);
    case NL_REGO_PANIC: return MakeError(ErrorCode::kInternal, "the Rego interpreter failed: {}", message);
    default: return MakeError(ErrorCode::kInvalidArgument, "a policy failed: {}", message);
  }
}

bool IsIdentifier(std::string_view text) {
  const auto letter = [](char c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !text.empty() && letter(text[0]) &&
         std::ranges::all_of(text, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

std::vector<RegoRule> RulesOf(const std::string& description) {
  std::vector<RegoRule> rules;
  const json::value parsed = json::parse(description);
  for (const auto& one : parsed.at("rules").as_array()) {
    RegoRule rule;
    for (const auto& component : one.at("package").as_array()) rule.package.emplace_back(component.as_string());
    rule.name = std::string(one.at("name").as_string());
    rule.kind = std::string(one.at("kind").as_string());
    rule.has_default = one.at("default").as_bool();
    rule.file = std::string(one.at("file").as_string());
    rule.line = one.at("line").to_number<int64_t>();
    rules.push_back(std::move(rule));
  }
  return rules;
}

}  // namespace

std::string RegoRule::Path() const {
  std::string path = "data";
  const auto add = [&](const std::string& component) {
    path += IsIdentifier(component) ? "." + component : "[" + json::serialize(json::value(component)) + "]";
  };
  for (const std::string& component : package) add(component);
  add(name);
  return path;
}

Result<std::shared_ptr<const RegoPolicy>> RegoPolicy::Compile(const std::vector<RegoModule>& modules,
                                                              const std::string& data_json) {
  static std::once_flag limited;
  std::call_once(limited, [] { nl_rego_limit_memory(kMemoryBytesMax); });
  std::vector<nl_rego_module> texts;
  for (const RegoModule& module : modules) texts.push_back({TextOf(module.path), TextOf(module.source)});
  nl_rego_policy* compiled = nullptr;
  nl_rego_buffer message{};
  const auto status = nl_rego_compile(texts.data(), texts.size(), TextOf(data_json), &compiled, &message);
  const std::string text = Take(message);
  if (status != NL_REGO_OK) return Failed(status, text);
  std::shared_ptr<RegoPolicy> policy(new RegoPolicy());
  policy->policy_ = compiled;
  nl_rego_buffer description{};
  const auto described = nl_rego_describe(compiled, &description);
  const std::string rules = Take(description);
  if (described != NL_REGO_OK) return Failed(described, rules);
  policy->rules_ = RulesOf(rules);
  return std::shared_ptr<const RegoPolicy>(std::move(policy));
}

RegoPolicy::~RegoPolicy() { nl_rego_policy_free(static_cast<nl_rego_policy*>(policy_)); }

Result<std::optional<std::string>> RegoPolicy::Evaluate(std::string_view path, std::string_view input_json,
                                                        std::chrono::microseconds time_limit) const {
  nl_rego_buffer out{};
  const auto status = nl_rego_evaluate(static_cast<const nl_rego_policy*>(policy_), TextOf(path), TextOf(input_json),
                                       static_cast<uint64_t>(std::max<int64_t>(time_limit.count(), 0)), &out);
  std::string text = Take(out);
  if (status == NL_REGO_OK) return std::optional(std::move(text));
  if (status == NL_REGO_UNDEFINED) return std::optional<std::string>();
  return Failed(status, text);
}

}  // namespace neurolake::governance
