#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/clock.h"

namespace neurolake::audit {

enum class RecordType : uint8_t {
  kStarted,         ///< The log was opened: by which program.
  kStopped,         ///< It was closed in good order.
  kRecovered,       ///< What a crash left behind the last whole record was set aside.
  kLost,            ///< Outcomes that could not be written, and were given up: how many.
  kRefused,         ///< Records that could not be written, and with them what they announced: how many.
  kAuthentication,  ///< Somebody was let in or not.
  kAttempt,         ///< A statement, before anything is done for it.
  kPlan,            ///< What a statement is about to touch and under which policies, before its effect.
  kOutcome,         ///< How a statement ended.
  kChange,          ///< Of a principal, token, privilege or policy.
};

/// "started", "attempt", …
std::string_view RecordTypeName(RecordType type);

/// A table, view or file that a statement reads or changes.
struct AuditedObject {
  std::string kind;  ///< "table" or "view".
  std::string name;  ///< "schema.name" at the time.
  std::string id;
  int64_t version = -1;              ///< -1: none.
  std::string access;                ///< "read" or "write".
  std::vector<std::string> columns;  ///< Empty: not known, or all.
};

/// A rule that had a part in the decision.
struct AuditedPolicy {
  std::string table_id;
  std::string name;
  std::string kind;     ///< "permissive", "restrictive", "mask", "grant", …
  std::string version;  ///< Changes with the rule's text.
};

/// One entry of the log. What is empty is left out. Source: docs/formats/audit.md.
struct Record {
  RecordType type = RecordType::kAttempt;
  WallTime time;
  // Who.
  std::string principal;
  std::string principal_id;
  std::string role;
  std::string on_behalf_of;
  std::string authentication;  ///< "token", "local", …
  std::string credential;      ///< Id of the token or session; no secret.
  std::string door;
  std::string address;
  std::string request_id;
  std::string purpose;
  // What.
  std::string statement;    ///< Its id.
  std::string kind;         ///< "select", …
  std::string text;         ///< With constants replaced by '?'.
  std::string fingerprint;  ///< SHA-256 of the text without regard to blanks, case and constants.
  std::string constants;    ///< Those, encrypted.
  std::vector<AuditedObject> objects;
  std::vector<AuditedPolicy> policies;
  // How it went.
  std::string decision;  ///< "allowed" or "denied".
  std::string state;     ///< "succeeded", "failed", "cancelled".
  std::optional<int64_t> rows_returned;
  std::optional<int64_t> bytes_returned;
  std::optional<int64_t> rows_changed;
  std::string error;   ///< Its class: "PermissionDenied".
  std::string action;  ///< Of a change: "create_token", …
  std::vector<std::pair<std::string, std::string>> details;
};

/// A JSON object without its beginning `{"index":N,`, which is written when the record's place is known. Members stand
/// in the order above. Bytes that are not UTF-8 become U+FFFD. Pure.
std::string EncodeRecord(const Record& record);

}  // namespace neurolake::audit
