#include "query/audit_reader.h"

#include <boost/json.hpp>

namespace neurolake::query {
namespace {

namespace json = boost::json;

constexpr size_t kPageRows = 1000;
constexpr uint64_t kRecordsAtOnce = 1000;

/// Members of a record in the order of the relation's columns; those that are made of others, or objects, apart.
constexpr const char* kMembers[] = {
    "index",          "time",          "type",           "principal",    "principal_id", "role",     "on_behalf_of",
    "authentication", "credential",    "door",           "address",      "request_id",   "purpose",  "statement",
    "kind",           "text",          "fingerprint",    "constants",    "objects",      "policies", "decision",
    "state",          "rows_returned", "bytes_returned", "rows_changed", "error",        "action",   "details"};

}  // namespace

json::value AuditReader::Constants(const json::object& record) const {
  const auto* sealed = record.if_contains("constants");
  const auto* statement = record.if_contains("statement");
  if (sealed == nullptr || !sealed->is_string() || statement == nullptr || !statement->is_string()) return nullptr;
  const auto opened =
      trail_.OpenConstants(std::string_view(sealed->get_string()), std::string(statement->get_string()));
  // Without their key, which may have been destroyed on purpose, nobody reads them any more.
  return opened ? json::value(*opened) : json::value(nullptr);
}

std::string AuditReader::RowOf(std::string_view line) const {
  boost::system::error_code problem;
  const json::value value = json::parse(line, problem);
  if (problem || !value.is_object()) return "";
  const json::object& record = value.get_object();
  if (!ctx_.principal().Has(Right::kAudit)) {
    const auto* id = record.if_contains("principal_id");
    if (id == nullptr || !id->is_string() || id->get_string() != ctx_.principal().id.value()) return "";
  }
  json::array row;
  for (const std::string_view name : kMembers) {
    const auto* member = record.if_contains(name);
    if (member == nullptr) {
      row.emplace_back(nullptr);
    } else if (member->is_object() || member->is_array()) {
      row.emplace_back(json::serialize(*member));
    } else {
      row.push_back(*member);
    }
    if (name == "constants") row.back() = Constants(record);
  }
  return json::serialize(row);
}

Result<std::vector<std::string>> AuditReader::Read(int64_t offset) {
  std::vector<std::string> rows;
  if (!ctx_.principal().Has(Right::kRead) || offset < 0) return rows;
  // Records name what lies in other schemas, too. A token for none is one for the audit log.
  if (ctx_.principal().schemas && !ctx_.principal().schemas->empty()) return rows;
  if (!std::exchange(begun_, true)) size_ = trail_.log().size();
  auto known = std::prev(ends_.upper_bound(offset));
  int64_t row_number = known->first;
  uint64_t next = known->second;
  while (rows.size() < kPageRows && next < size_) {
    NL_RETURN_IF_ERROR(ctx_.CheckAlive());
    NL_ASSIGN_OR_RETURN(const auto lines, trail_.log().Read(next, std::min(kRecordsAtOnce, size_ - next)));
    if (lines.empty()) break;
    for (const std::string& line : lines) {
      if (rows.size() == kPageRows) break;
      ++next;
      std::string row = RowOf(line);
      if (row.empty()) continue;
      if (row_number++ >= offset) rows.push_back(std::move(row));
    }
  }
  if (!rows.empty()) ends_[offset + static_cast<int64_t>(rows.size())] = next;
  return rows;
}

}  // namespace neurolake::query
