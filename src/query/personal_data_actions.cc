#include "query/personal_data_actions.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "common/text.h"
#include "privacy/detector/column_scanner.h"
#include "privacy/detector/entities.h"
#include "privacy/detector/thresholds.h"
#include "query/access.h"
#include "query/messages.h"
#include "query/personal_data_rules.h"
#include "query/policy_actions.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;

constexpr size_t kFindingsMax = 100'000;
constexpr size_t kTextMax = 4096;

/// The table, if the principal may read it. Who may only change it is told the same as of one that is not there.
Result<catalog::TableRecord> ReadableTable(const RequestContext& ctx, catalog::Catalog& catalog,
                                           const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const std::string id, StringMember(arguments, "table"));
  NL_ASSIGN_OR_RETURN(const auto table, catalog.FindTable(TableId(id)));
  if (!table) return MakeError(ErrorCode::kNotFound, "the table is not there any more");
  Access access(catalog, ctx);
  NL_ASSIGN_OR_RETURN(const bool reads, access.May(Privilege::kSelect, *table));
  if (!reads) {
    return MakeError(ErrorCode::kPermissionDenied, "a scan for personal data needs the right to read the table: {}.{}",
                     table->schema_name, table->name);
  }
  return *table;
}

/// A text of a worker's, within what the store is to hold.
Result<std::string> ShortText(const json::object& object, std::string_view name) {
  NL_ASSIGN_OR_RETURN(std::string text, StringMember(object, name));
  if (text.size() > kTextMax) return BadMember(name);
  return text;
}

Result<catalog::PersonalDataFinding> DecodeFinding(const json::value& value) {
  if (!value.is_object()) return BadMember("findings");
  const json::object& object = value.get_object();
  catalog::PersonalDataFinding finding;
  NL_ASSIGN_OR_RETURN(finding.column_id, ShortText(object, "column_id"));
  NL_ASSIGN_OR_RETURN(finding.column_name, ShortText(object, "column_name"));
  NL_ASSIGN_OR_RETURN(finding.entity, ShortText(object, "entity"));
  NL_ASSIGN_OR_RETURN(finding.also, ShortText(object, "also"));
  NL_ASSIGN_OR_RETURN(finding.evidence, ShortText(object, "evidence"));
  NL_ASSIGN_OR_RETURN(finding.in_text, BoolMember(object, "in_text"));
  const json::value* confidence = object.if_contains("confidence");
  if (confidence == nullptr || !confidence->is_number()) return BadMember("confidence");
  finding.confidence = std::clamp(confidence->to_number<double>(), 0.0, 1.0);
  // The worker ran somebody's SQL: a tag is proposed for what the detector knows, and for nothing else.
  if (!privacy::EntityFromName(finding.entity)) return BadMember("entity");
  privacy::ColumnFinding known;
  known.entity = *privacy::EntityFromName(finding.entity);
  finding.tag = known.tag();
  return finding;
}

Result<json::value> Save(const RequestContext& ctx, catalog::Catalog& catalog, const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const auto table, ReadableTable(ctx, catalog, arguments));
  NL_ASSIGN_OR_RETURN(const bool sees_all, SeesAll(catalog, ctx, table));
  if (!sees_all) return json::value{{"saved", false}, {"acceptable", json::array()}};
  NL_ASSIGN_OR_RETURN(const int64_t version, IntMember(arguments, "version"));
  NL_ASSIGN_OR_RETURN(const int64_t rows, IntMember(arguments, "rows"));
  const json::value* list = arguments.if_contains("findings");
  if (list == nullptr || !list->is_array() || list->get_array().size() > kFindingsMax) return BadMember("findings");
  std::vector<catalog::PersonalDataFinding> findings;
  for (const json::value& one : list->get_array()) {
    NL_ASSIGN_OR_RETURN(auto finding, DecodeFinding(one));
    finding.version = version;
    finding.rows_scanned = rows;
    finding.found = ctx.clock().Now();
    finding.found_by = ctx.principal().name;
    findings.push_back(std::move(finding));
  }
  // A small sample by somebody else must not make proposals vanish before the owner has seen them.
  NL_RETURN_IF_ERROR(catalog.SavePersonalData(table.id, findings, IsSteward(ctx.principal(), table)));
  NL_ASSIGN_OR_RETURN(auto acceptable, AcceptableByRule(ctx, catalog, table, findings));
  return json::value{{"saved", true}, {"acceptable", std::move(acceptable)}};
}

/// What is said of all first, then what of some, then what of one: the later wins.
Result<std::string> LakeThresholds(catalog::Catalog& catalog) {
  NL_ASSIGN_OR_RETURN(auto set, catalog.ListPersonalDataThresholds());
  const auto precision = [](const catalog::PersonalDataThreshold& one) {
    return one.subject.empty() ? 0 : privacy::EntityFromName(one.subject) ? 2 : 1;
  };
  std::ranges::stable_sort(set, {}, precision);
  std::string list;
  for (const auto& one : set) {
    if (!list.empty()) list += ", ";
    list += one.subject.empty() ? fmt::format("{}", one.threshold) : fmt::format("{} = {}", one.subject, one.threshold);
  }
  return list;
}

/// The name as it is kept. Errors: kInvalidArgument for what is no entity, group or country.
Result<std::string> ThresholdSubject(const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const std::string name, StringMember(arguments, "name"));
  if (name.empty()) return name;
  NL_RETURN_IF_ERROR(privacy::ParseThresholds(name + " = 1"));
  std::string upper;
  for (const char one : name) upper += one >= 'a' && one <= 'z' ? static_cast<char>(one - 'a' + 'A') : one;
  return upper;
}

Result<json::value> ChangeThreshold(const RequestContext& ctx, catalog::Catalog& catalog, const std::string& action,
                                    const json::object& arguments) {
  if (!ctx.principal().Has(Right::kManage)) {
    return MakeError(ErrorCode::kPermissionDenied, "the lake's thresholds need the right to manage the lake");
  }
  NL_ASSIGN_OR_RETURN(const std::string subject, ThresholdSubject(arguments));
  if (action == "reset_pii_threshold") {
    NL_RETURN_IF_ERROR(catalog.ResetPersonalDataThreshold(subject));
    return json::value(json::object());
  }
  NL_ASSIGN_OR_RETURN(const std::string text, StringMember(arguments, "threshold"));
  if (text.find_first_of("=,") != std::string::npos) return BadMember("threshold");
  NL_ASSIGN_OR_RETURN(const auto parsed, privacy::ParseThresholds(text));
  NL_RETURN_IF_ERROR(catalog.SetPersonalDataThreshold(
      {.subject = subject, .threshold = parsed.all, .set_by = ctx.principal().name, .set_at = ctx.clock().Now()}));
  return json::value(json::object());
}

Result<json::value> ShowThresholds(catalog::Catalog& catalog) {
  NL_ASSIGN_OR_RETURN(const auto set, catalog.ListPersonalDataThresholds());
  json::array rows;
  for (const auto& one : set) {
    rows.push_back(json::array{one.subject.empty() ? json::value(nullptr) : json::value(one.subject),
                               fmt::format("{}", one.threshold), one.set_by, FormatTimestamp(one.set_at)});
  }
  return json::value{{"rows", std::move(rows)}};
}

}  // namespace

bool IsPersonalDataAction(std::string_view action) {
  return action == "may_scan_personal_data" || action == "save_personal_data" || action == "set_pii_threshold" ||
         action == "reset_pii_threshold" || action == "pii_thresholds";
}

Result<json::value> RunPersonalDataAction(const RequestContext& ctx, catalog::Catalog& catalog,
                                          const std::string& action, const json::object& arguments) {
  if (action == "save_personal_data") return Save(ctx, catalog, arguments);
  if (action == "pii_thresholds") return ShowThresholds(catalog);
  if (action != "may_scan_personal_data") return ChangeThreshold(ctx, catalog, action, arguments);
  NL_ASSIGN_OR_RETURN(const auto table, ReadableTable(ctx, catalog, arguments));
  NL_ASSIGN_OR_RETURN(const bool sees_all, SeesAll(catalog, ctx, table));
  NL_ASSIGN_OR_RETURN(const std::string thresholds, LakeThresholds(catalog));
  return json::value{{"sees_all", sees_all}, {"thresholds", thresholds}};
}

Result<std::vector<std::string>> ReadPersonalData(const RequestContext& ctx, catalog::Catalog& catalog) {
  NL_ASSIGN_OR_RETURN(const auto all, catalog.ListPersonalData());
  std::vector<std::string> rows;
  for (const auto& [table, one] : all) {
    if (!IsSteward(ctx.principal(), table)) continue;
    rows.push_back(json::serialize(
        json::array{table.schema_name, table.name, one.column_name, one.entity, one.tag, one.confidence, one.in_text,
                    one.also.empty() ? json::value(nullptr) : json::value(one.also), one.evidence, one.version,
                    one.rows_scanned, FormatTimestamp(one.found), one.found_by, one.state,
                    one.decided_by.empty() ? json::value(nullptr) : json::value(one.decided_by)}));
  }
  return rows;
}

}  // namespace neurolake::query
