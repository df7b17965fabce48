#pragma once
#include <cstdint>
#include <span>
#include <string_view>

namespace neurolake::governance {

enum class Verdict : uint8_t {
  kAllow,
  kDeny,
  kProduct,  ///< Only in statements the product itself composes (ingestion), never from a user's text.
  kPolicy,   ///< Only in the expressions of policies: masks by keys, of which a query could ask for any value's.
};

/// Why an entry has its verdict. For statements and operators that are allowed it also says which right they
/// need.
enum class Reason : uint8_t {
  kReads,         ///< Needs Right::kRead.
  kWrites,        ///< Needs Right::kWrite.
  kCreates,       ///< Needs Right::kCreate.
  kSession,       ///< About the caller's own session.
  kPure,          ///< Depends on its arguments alone.
  kVolatile,      ///< Depends on the clock or on chance, on nothing of anybody else.
  kFiles,         ///< Reads or writes files, the network or other databases.
  kEnvironment,   ///< Shows or changes the server's settings, state or environment.
  kCatalogue,     ///< Shows or changes the engine's own catalogue; the lake's is in `system`.
  kSqlInStrings,  ///< Runs or plans SQL that is in a value.
  kSideEffect,    ///< Changes state that outlives the call.
  kWait,          ///< Holds a worker without working.
  kCode,          ///< Defines code or types that other statements would run.
  kUnsafeInput,   ///< Trusts that its argument was made by the engine.
  kMisleading,    ///< Answers for the engine's user, not for the principal.
  kInternal,      ///< For the engine's own use and tests.
  kUnspecific,    ///< Not a kind of its own: the engine must name the precise one.
  kNotYet,        ///< Planned; until then refused.
};

/// One thing the linked engine has. `kind` is a plan::Lookup kind, or "statement", "operator", "view" (built
/// in).
struct AllowEntry {
  std::string_view kind;
  std::string_view name;  ///< As the engine spells statements and operators; else lower case.
  Verdict verdict;
  Reason reason;
};

/// Every entry of allow_list.def, in its order.
std::span<const AllowEntry> AllowList();

/// The entry, or nullptr: what is not listed is denied. Names of functions, types, settings and collations
/// compare without case. Thread-safe; O(1).
const AllowEntry* FindAllowEntry(std::string_view kind, std::string_view name);

std::string_view VerdictName(Verdict verdict);
/// One sentence for docs/sql/allowed.md.
std::string_view ReasonText(Reason reason);

}  // namespace neurolake::governance
