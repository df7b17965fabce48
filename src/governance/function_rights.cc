#include "governance/function_rights.h"

#include <algorithm>
#include <unordered_map>

#include "common/text.h"
#include "governance/allow_list.h"

namespace neurolake::governance {
namespace {

constexpr std::pair<std::string_view, std::string_view> kOtherNames[] = {
#define NL_OTHER_NAME(name, other) {other, name},
#include "governance/function_names.def"
#undef NL_OTHER_NAME
};

constexpr std::string_view kKinds[] = {"scalar function", "aggregate function", "window function", "table function",
                                       "macro",           "table macro"};

// Calls the aggregate function that a text names.
constexpr std::string_view kByName = "list_aggregate";

bool MayBeCalled(std::string_view name) {
  return std::ranges::any_of(kKinds, [&](std::string_view kind) {
    const AllowEntry* entry = FindAllowEntry(kind, name);
    return entry != nullptr && entry->verdict == Verdict::kAllow;
  });
}

bool IsWord(std::string_view name) {
  return !name.empty() && std::ranges::all_of(LowerAscii(name), [](char one) {
    return one == '_' || (one >= 'a' && one <= 'z') || (one >= '0' && one <= '9');
  });
}

// Under whichever of its names it is listed.
bool IsAggregate(const std::string& function) {
  if (FindAllowEntry("aggregate function", function) != nullptr) return true;
  return std::ranges::any_of(kOtherNames, [&](const auto& one) {
    return one.second == function && FindAllowEntry("aggregate function", one.first) != nullptr;
  });
}

}  // namespace

std::string FunctionName(std::string_view name) {
  static const std::unordered_map<std::string_view, std::string_view> names(std::begin(kOtherNames),
                                                                            std::end(kOtherNames));
  std::string lower = LowerAscii(name);
  const auto found = names.find(lower);
  return found == names.end() ? lower : std::string(found->second);
}

Result<std::string> SecurableFunction(std::string_view name) {
  if (!IsWord(name)) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "privileges are on functions by name, not on operators; name the function that it is: {}", name);
  }
  if (!MayBeCalled(name)) {
    return MakeError(ErrorCode::kFunctionNotFound,
                     "no such function, or none that statements may call (docs/sql/allowed.md): {}", name);
  }
  return FunctionName(name);
}

FunctionRights::FunctionRights(const std::vector<std::string>& denied) {
  for (const std::string& one : denied) denied_.insert(FunctionName(one));
  denies_aggregate_ = std::ranges::any_of(denied_, IsAggregate);
}

Result<void> FunctionRights::Check(std::string_view name) const {
  if (denied_.empty()) return {};
  const std::string function = FunctionName(name);
  if (denied_.contains(function)) {
    return MakeError(ErrorCode::kPermissionDenied, "executing the function needs the privilege EXECUTE on it: {}",
                     function);
  }
  if (denies_aggregate_ && function == kByName) {
    return MakeError(ErrorCode::kPermissionDenied,
                     "the function calls others by name, and the privilege EXECUTE is missing on one: {}", function);
  }
  return {};
}

}  // namespace neurolake::governance
