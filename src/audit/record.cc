#include "audit/record.h"

#include <fmt/format.h>

#include "common/text.h"
#include "common/utf8.h"

namespace neurolake::audit {
namespace {

void AppendString(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    const char c = text.front();
    if (length == 0) {
      out += kReplacementCharacter;
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (length == 1 && (static_cast<uint8_t>(c) < 0x20 || c == 0x7f)) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", c);
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  out += '"';
}

/// Members one behind the other; what is empty is left out.
class MemberWriter {
 public:
  explicit MemberWriter(std::string& out) : out_(out) {}
  void Add(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    Name(name);
    AppendString(out_, value);
  }
  void Add(std::string_view name, const std::optional<int64_t>& value) {
    if (!value) return;
    Name(name);
    out_ += std::to_string(*value);
  }
  template <typename Items, typename Write>
  void AddAll(std::string_view name, const Items& items, Write write) {
    if (items.empty()) return;
    Name(name);
    out_ += '[';
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out_ += ',';
      write(items[i]);
    }
    out_ += ']';
  }
  void Name(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    AppendString(out_, name);
    out_ += ':';
  }

 private:
  std::string& out_;
  bool first_ = true;
};

void AppendObject(std::string& out, const AuditedObject& object) {
  out += '{';
  MemberWriter members(out);
  members.Add("kind", object.kind);
  members.Add("name", object.name);
  members.Add("id", object.id);
  members.Add("version", object.version >= 0 ? std::optional(object.version) : std::nullopt);
  members.Add("access", object.access);
  members.AddAll("columns", object.columns, [&](const std::string& column) { AppendString(out, column); });
  out += '}';
}

void AppendPolicy(std::string& out, const AuditedPolicy& policy) {
  out += '{';
  MemberWriter members(out);
  members.Add("table_id", policy.table_id);
  members.Add("name", policy.name);
  members.Add("kind", policy.kind);
  members.Add("version", policy.version);
  out += '}';
}

}  // namespace

std::string_view RecordTypeName(RecordType type) {
  switch (type) {
    case RecordType::kStarted: return "started";
    case RecordType::kStopped: return "stopped";
    case RecordType::kRecovered: return "recovered";
    case RecordType::kLost: return "lost";
    case RecordType::kRefused: return "refused";
    case RecordType::kAuthentication: return "authentication";
    case RecordType::kAttempt: return "attempt";
    case RecordType::kPlan: return "plan";
    case RecordType::kOutcome: return "outcome";
    case RecordType::kChange: return "change";
  }
  return "";
}

std::string EncodeRecord(const Record& record) {
  std::string out;
  out.reserve(512 + record.text.size() + record.constants.size());
  MemberWriter members(out);
  members.Add("time", FormatTimestamp(record.time));
  members.Add("type", RecordTypeName(record.type));
  members.Add("principal", record.principal);
  members.Add("principal_id", record.principal_id);
  members.Add("role", record.role);
  members.Add("on_behalf_of", record.on_behalf_of);
  members.Add("authentication", record.authentication);
  members.Add("credential", record.credential);
  members.Add("door", record.door);
  members.Add("address", record.address);
  members.Add("request_id", record.request_id);
  members.Add("purpose", record.purpose);
  members.Add("statement", record.statement);
  members.Add("kind", record.kind);
  members.Add("text", record.text);
  members.Add("fingerprint", record.fingerprint);
  members.Add("constants", record.constants);
  members.AddAll("objects", record.objects, [&](const AuditedObject& object) { AppendObject(out, object); });
  members.AddAll("policies", record.policies, [&](const AuditedPolicy& policy) { AppendPolicy(out, policy); });
  members.Add("decision", record.decision);
  members.Add("state", record.state);
  members.Add("rows_returned", record.rows_returned);
  members.Add("bytes_returned", record.bytes_returned);
  members.Add("rows_changed", record.rows_changed);
  members.Add("error", record.error);
  members.Add("action", record.action);
  if (!record.details.empty()) {
    members.Name("details");
    out += '{';
    MemberWriter details(out);
    for (const auto& [name, value] : record.details) details.Add(name, value);
    out += '}';
  }
  out += '}';
  return out;
}

}  // namespace neurolake::audit
