#include "governance/allow_list.h"

#include <string>
#include <unordered_map>

#include "common/check.h"
#include "common/text.h"

namespace neurolake::governance {
namespace {

using enum Verdict;
using enum Reason;

constexpr AllowEntry kEntries[] = {
#define NL_ALLOW_ENTRY(kind, name, verdict, reason) {kind, name, verdict, reason},
#include "governance/allow_list.def"
#undef NL_ALLOW_ENTRY
};

// Statements and operators are the engine's own constants; everything else a user may spell in any case.
std::string KeyOf(std::string_view kind, std::string_view name) {
  const bool exact = kind == "statement" || kind == "operator";
  std::string key(kind);
  key += '\0';
  key += exact ? std::string(name) : LowerAscii(name);
  return key;
}

std::unordered_map<std::string, const AllowEntry*> BuildIndex() {
  std::unordered_map<std::string, const AllowEntry*> index;
  index.reserve(std::size(kEntries));
  for (const AllowEntry& entry : kEntries) {
    NL_CHECK(index.emplace(KeyOf(entry.kind, entry.name), &entry).second);
  }
  return index;
}

}  // namespace

std::span<const AllowEntry> AllowList() { return kEntries; }

const AllowEntry* FindAllowEntry(std::string_view kind, std::string_view name) {
  static const auto index = BuildIndex();
  const auto found = index.find(KeyOf(kind, name));
  return found == index.end() ? nullptr : found->second;
}

std::string_view VerdictName(Verdict verdict) {
  switch (verdict) {
    case kAllow: return "allow";
    case kDeny: return "deny";
    case kProduct: return "product";
    case kPolicy: return "policy";
  }
  NL_UNREACHABLE();
}

std::string_view ReasonText(Reason reason) {
  switch (reason) {
    case kReads: return "Reads; needs the right to read.";
    case kWrites: return "Writes; needs the right to write.";
    case kCreates: return "Creates, drops or changes objects; needs the right to create.";
    case kSession: return "About the caller's own session.";
    case kPure: return "Depends on its arguments alone.";
    case kVolatile: return "Depends on the clock or on chance.";
    case kFiles: return "Reads or writes files, the network or other databases.";
    case kEnvironment: return "Shows or changes the server's settings, state or environment.";
    case kCatalogue: return "Shows or changes the engine's own catalogue; the lake's is in schema system.";
    case kSqlInStrings: return "Runs or plans SQL that is in a value.";
    case kSideEffect: return "Changes state that outlives the call, or sends chosen text into errors and logs.";
    case kWait: return "Holds a worker without working.";
    case kCode: return "Defines code or types that other statements would run.";
    case kUnsafeInput: return "Trusts that its argument was made by the engine.";
    case kMisleading: return "Answers for the engine's user, not for the principal.";
    case kInternal: return "For the engine's own use and tests.";
    case kUnspecific: return "Not a kind of its own: the precise one decides.";
    case kNotYet: return "Planned; until then refused.";
  }
  NL_UNREACHABLE();
}

}  // namespace neurolake::governance
