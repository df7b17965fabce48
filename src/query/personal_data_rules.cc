#include "query/personal_data_rules.h"

#include <algorithm>
#include <set>
#include <utility>

#include "common/text.h"
#include "privacy/detector/entities.h"
#include "privacy/detector/thresholds.h"
#include "query/access.h"
#include "query/audit_trail.h"
#include "query/messages.h"
#include "query/policy_actions.h"
#include "query/tag_actions.h"
#include "tables/delta/field_places.h"
#include "tables/delta/snapshot.h"
#include "tables/delta/table_definition.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using catalog::PersonalDataFinding;
using catalog::PersonalDataRule;
using catalog::TableRecord;

constexpr size_t kFindingsMax = 100'000;

Result<std::vector<PersonalDataFinding>> FindingsIn(catalog::Catalog& catalog, const TableId& table,
                                                    std::string_view state) {
  NL_ASSIGN_OR_RETURN(const auto all, catalog.ListPersonalData());
  std::vector<PersonalDataFinding> findings;
  for (const auto& [of, finding] : all) {
    if (of.id == table && finding.state == state) findings.push_back(finding);
  }
  return findings;
}

Result<std::vector<PersonalDataFinding>> OpenProposals(catalog::Catalog& catalog, const TableId& table) {
  return FindingsIn(catalog, table, "proposed");
}

/// As the table's log has it: policies go by a tag's label, so a worker's names do not do.
Result<tables::delta::DataType> SchemaOf(const PersonalDataDecisions& decisions, const TableRecord& table) {
  NL_ASSIGN_OR_RETURN(const auto log, tables::delta::ListLog(decisions.store, table.location, std::nullopt));
  const auto found = tables::delta::FindTableDefinition(decisions.ctx, decisions.store, table.location, log.version);
  if (!found && found.error().code() == ErrorCode::kNotSupported) {
    return MakeError(ErrorCode::kNotSupported,
                     "only a Parquet checkpoint says what the table calls its columns, which the server does not read: "
                     "set the tags with ALTER TABLE … SET TAGS: {}.{}",
                     table.schema_name, table.name);
  }
  if (!found) return std::unexpected(found.error());
  return tables::delta::ParseSchema(found->metadata.schema_string);
}

/// What the column of a finding is called now, each step of the way to it.
Result<std::string> LabelOf(const tables::delta::DataType& schema, const PersonalDataFinding& finding) {
  auto place = tables::delta::PlaceOf(schema, finding.column_id);
  if (place) return std::move(place->names);
  return MakeError(ErrorCode::kColumnNotFound, "the column of a proposal is not there any more, entity: {}",
                   finding.entity);
}

const PersonalDataFinding* Find(const std::vector<PersonalDataFinding>& findings, const std::string& column,
                                const std::string& entity) {
  const auto found =
      std::ranges::find_if(findings, [&](const auto& one) { return one.column_id == column && one.entity == entity; });
  return found == findings.end() ? nullptr : &*found;
}

/// Rows of `width` texts under "findings".
Result<std::vector<std::vector<std::string>>> FindingRows(const json::object& arguments, size_t width) {
  const auto* list = arguments.if_contains("findings");
  if (list == nullptr || !list->is_array() || list->get_array().size() > kFindingsMax) return BadMember("findings");
  std::vector<std::vector<std::string>> rows;
  for (const auto& one : list->get_array()) {
    if (!one.is_array() || one.get_array().size() != width) return BadMember("findings");
    auto& row = rows.emplace_back();
    for (const auto& value : one.get_array()) {
      if (!value.is_string()) return BadMember("findings");
      row.emplace_back(value.get_string());
    }
  }
  return rows;
}

Result<json::value> ShowProposals(const PersonalDataDecisions& decisions, const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const TableRecord table,
                      StewardsTable(decisions.ctx, decisions.catalog, arguments, "of the proposals"));
  NL_ASSIGN_OR_RETURN(const auto open, OpenProposals(decisions.catalog, table.id));
  json::array proposals;
  for (const auto& one : open) {
    proposals.push_back(
        {{"column_id", one.column_id}, {"column_name", one.column_name}, {"entity", one.entity}, {"tag", one.tag}});
  }
  return json::value{{"proposals", std::move(proposals)}};
}

catalog::TagRecord TagOf(const PersonalDataFinding& finding, const TableRecord& table, const std::string& label,
                         const Principal& owner, const RequestContext& ctx) {
  return {.relation_id = table.id.value(),
          .column = finding.column_id,
          .label = label,
          .tag = finding.tag,
          .value = {},
          .set_by = owner.name,
          .created = ctx.clock().Now()};
}

std::unexpected<Error> DecidedMeanwhile(const std::string& entity) {
  return MakeError(ErrorCode::kConflict, "a proposal was decided on meanwhile, run it again, entity: {}", entity);
}

Result<json::value> Accept(const PersonalDataDecisions& decisions, const json::object& arguments) {
  const RequestContext& ctx = decisions.ctx;
  NL_ASSIGN_OR_RETURN(const TableRecord table, StewardsTable(ctx, decisions.catalog, arguments, "of the proposals"));
  NL_ASSIGN_OR_RETURN(const auto rows, FindingRows(arguments, 2));
  if (rows.empty()) return json::value(json::object());
  NL_ASSIGN_OR_RETURN(const auto schema, SchemaOf(decisions, table));
  NL_ASSIGN_OR_RETURN(const auto open, OpenProposals(decisions.catalog, table.id));
  catalog::TagChange change{.relation_id = table.id.value(), .set = {}, .unset = {}, .of_proposals = true};
  for (const auto& row : rows) {
    const auto* finding = Find(open, row[0], row[1]);
    if (finding == nullptr) return DecidedMeanwhile(row[1]);
    NL_ASSIGN_OR_RETURN(const std::string label, LabelOf(schema, *finding));
    change.set.push_back(TagOf(*finding, table, label, ctx.principal(), ctx));
  }
  NL_RETURN_IF_ERROR(ChangeTableTags(decisions.catalog, table, change));
  // What is no proposal any more by then is left out.
  NL_ASSIGN_OR_RETURN(const auto accepted, FindingsIn(decisions.catalog, table.id, "accepted"));
  for (const auto& row : rows) {
    if (Find(accepted, row[0], row[1]) == nullptr) return DecidedMeanwhile(row[1]);
  }
  return json::value(json::object());
}

Result<json::value> Reject(const PersonalDataDecisions& decisions, const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const TableRecord table,
                      StewardsTable(decisions.ctx, decisions.catalog, arguments, "of the proposals"));
  NL_ASSIGN_OR_RETURN(const auto rows, FindingRows(arguments, 2));
  std::set<std::pair<std::string, std::string>> findings;
  for (const auto& row : rows) findings.emplace(row[0], row[1]);
  NL_ASSIGN_OR_RETURN(const int64_t rejected,
                      decisions.catalog.RejectPersonalData(table.id, {findings.begin(), findings.end()},
                                                           decisions.ctx.principal().name));
  if (std::cmp_not_equal(rejected, findings.size())) {
    return MakeError(ErrorCode::kConflict,
                     "{} of {} proposals were decided on meanwhile and are left as they are, the others are rejected",
                     findings.size() - static_cast<size_t>(rejected), findings.size());
  }
  return json::value(json::object());
}

Result<void> RequireMayOwn(const Principal& principal) {
  if (principal.Has(Right::kCreate) || principal.Has(Right::kManage)) return {};
  return MakeError(ErrorCode::kPermissionDenied,
                   "rules for personal data are for who may own tables or manages the lake");
}

/// The rule of this name, which may not be there; one of somebody else's is for who manages the lake.
Result<std::optional<PersonalDataRule>> RuleToChange(const PersonalDataDecisions& decisions, const std::string& name) {
  const Principal& principal = decisions.ctx.principal();
  NL_ASSIGN_OR_RETURN(const auto rules, decisions.catalog.ListPersonalDataRules());
  const auto known = std::ranges::find(rules, LowerAscii(name), &PersonalDataRule::name);
  if (known == rules.end()) return std::nullopt;
  if (principal.Has(Right::kManage) || known->owner == principal.id) return *known;
  return MakeError(ErrorCode::kPermissionDenied,
                   "the rule is somebody else's: only its owner and who manages the lake change it: {}", name);
}

Result<double> ThresholdIn(const json::object& arguments) {
  NL_ASSIGN_OR_RETURN(const std::string text, StringMember(arguments, "threshold"));
  if (text.find_first_of("=,") != std::string::npos) return BadMember("threshold");
  NL_ASSIGN_OR_RETURN(const auto parsed, privacy::ParseThresholds(text));
  return parsed.all;
}

Result<json::value> CreateRule(const PersonalDataDecisions& decisions, const json::object& arguments) {
  const RequestContext& ctx = decisions.ctx;
  NL_RETURN_IF_ERROR(RequireMayOwn(ctx.principal()));
  if (ctx.principal().kind == PrincipalKind::kAgent) {
    return MakeError(ErrorCode::kPermissionDenied,
                     "a rule goes on when who made it does not: whom an agent acts for makes it");
  }
  PersonalDataRule rule{.id = NewUuid(),
                        .owner = ctx.principal().id,
                        .of_others = ctx.principal().Has(Right::kManage),
                        .created = ctx.clock().Now()};
  NL_ASSIGN_OR_RETURN(rule.name, StringMember(arguments, "name"));
  NL_ASSIGN_OR_RETURN(rule.entities, StringMember(arguments, "entities"));
  NL_RETURN_IF_ERROR(privacy::ParseEntities(rule.entities));
  NL_ASSIGN_OR_RETURN(rule.threshold, ThresholdIn(arguments));
  NL_ASSIGN_OR_RETURN(const std::string schema, StringMember(arguments, "schema"));
  if (!schema.empty()) {
    NL_ASSIGN_OR_RETURN(const auto found, decisions.catalog.FindSchema(schema));
    bool known = false;
    if (found) {
      NL_ASSIGN_OR_RETURN(known, Access(decisions.catalog, ctx).KnowsSchema(*found));
    }
    if (!known) return MakeError(ErrorCode::kSchemaNotFound, "schema does not exist: {}", schema);
    rule.schema = found->id;
  }
  NL_ASSIGN_OR_RETURN(const bool replace, BoolMember(arguments, "replace"));
  NL_ASSIGN_OR_RETURN(const bool if_not_exists, BoolMember(arguments, "if_not_exists"));
  if (replace) NL_RETURN_IF_ERROR(RuleToChange(decisions, rule.name));
  const auto added = decisions.catalog.AddPersonalDataRule(rule, replace);
  if (!added && added.error().code() == ErrorCode::kAlreadyExists && if_not_exists) {
    return json::value{{"created", false}};
  }
  if (!added) return std::unexpected(added.error());
  return json::value{{"created", true}};
}

Result<json::value> DropRule(const PersonalDataDecisions& decisions, const json::object& arguments) {
  NL_RETURN_IF_ERROR(RequireMayOwn(decisions.ctx.principal()));
  NL_ASSIGN_OR_RETURN(const std::string name, StringMember(arguments, "name"));
  NL_ASSIGN_OR_RETURN(const bool if_exists, BoolMember(arguments, "if_exists"));
  NL_ASSIGN_OR_RETURN(const auto rule, RuleToChange(decisions, name));
  if (!rule && if_exists) return json::value(json::object());
  if (!rule) return MakeError(ErrorCode::kNotFound, "there is no such rule for personal data: {}", name);
  const auto dropped = decisions.catalog.DropPersonalDataRule(rule->id);
  if (dropped) return json::value(json::object());
  if (dropped.error().code() != ErrorCode::kNotFound) return std::unexpected(dropped.error());
  return MakeError(ErrorCode::kConflict, "the rule was replaced or dropped meanwhile, run it again: {}", name);
}

Result<json::value> ShowRules(const PersonalDataDecisions& decisions) {
  const Principal& principal = decisions.ctx.principal();
  NL_RETURN_IF_ERROR(RequireMayOwn(principal));
  Access access(decisions.catalog, decisions.ctx);
  NL_ASSIGN_OR_RETURN(const auto rules, decisions.catalog.ListPersonalDataRules());
  NL_ASSIGN_OR_RETURN(const auto schemas, decisions.catalog.ListSchemas());
  NL_ASSIGN_OR_RETURN(const auto principals, decisions.catalog.ListPrincipals());
  json::array rows;
  for (const auto& rule : rules) {
    const auto schema = std::ranges::find(schemas, rule.schema, &catalog::SchemaRecord::id);
    if (!rule.schema.empty() && rule.owner != principal.id && !principal.Has(Right::kManage)) {
      if (schema == schemas.end()) continue;
      NL_ASSIGN_OR_RETURN(const bool known, access.KnowsSchema(*schema));
      if (!known) continue;
    }
    const auto owner = std::ranges::find(principals, rule.owner, &catalog::PrincipalRecord::id);
    rows.push_back(json::array{
        rule.name, rule.entities, schema == schemas.end() ? json::value(nullptr) : json::value(schema->name),
        fmt::format("{}", rule.threshold), owner == principals.end() ? json::value(nullptr) : json::value(owner->name),
        FormatTimestamp(rule.created)});
  }
  return json::value{{"rows", std::move(rows)}};
}

/// Who may write to a table brings what is found in it; who only reads it proposes.
Result<bool> MayTriggerRules(const RequestContext& ctx, catalog::Catalog& catalog, const TableRecord& table) {
  if (IsSteward(ctx.principal(), table)) return true;
  if (!ctx.principal().Has(Right::kWrite)) return false;
  return Access(catalog, ctx).May(Privilege::kModify, table);
}

/// The rules that hold for a table now, each with who owns it.
class RulesInForce {
 public:
  static Result<RulesInForce> Of(const RequestContext& ctx, catalog::Catalog& catalog, const TableRecord& table) {
    RulesInForce in_force;
    NL_ASSIGN_OR_RETURN(const auto rules, catalog.ListPersonalDataRules());
    if (rules.empty()) return in_force;
    NL_ASSIGN_OR_RETURN(const auto schema, catalog.FindSchema(table.schema_name));
    for (const PersonalDataRule& rule : rules) {
      if (!rule.schema.empty() && !(schema && schema->id == rule.schema)) continue;
      NL_ASSIGN_OR_RETURN(auto owner, OwnerOf(ctx, catalog, table, rule));
      if (!owner) continue;
      NL_ASSIGN_OR_RETURN(const auto entities, privacy::ParseEntities(rule.entities));
      in_force.rules_.push_back({rule, *std::move(owner), entities});
    }
    return in_force;
  }

  struct Rule {
    PersonalDataRule rule;
    Principal owner;
    privacy::EntitySet entities;
  };
  /// The first by name that accepts it; null: none does.
  const Rule* For(const PersonalDataFinding& finding) const {
    const auto entity = privacy::EntityFromName(finding.entity);
    if (!entity) return nullptr;
    const auto found = std::ranges::find_if(rules_, [&](const Rule& one) {
      return one.entities[static_cast<size_t>(*entity)] && finding.confidence >= one.rule.threshold;
    });
    return found == rules_.end() ? nullptr : &*found;
  }

 private:
  /// As they are today; nullopt once they could not set the tag themselves.
  static Result<std::optional<Principal>> OwnerOf(const RequestContext& ctx, catalog::Catalog& catalog,
                                                  const TableRecord& table, const PersonalDataRule& rule) {
    auto owner = catalog.identities().PrincipalOf(rule.owner, {});
    if (!owner && owner.error().code() == ErrorCode::kUnauthenticated) return std::nullopt;
    if (!owner) return std::unexpected(owner.error());
    if (!IsSteward(*owner, table) || !(rule.of_others || table.owner == rule.owner)) return std::nullopt;
    const RequestContext theirs(*owner, ctx.request_id(), ctx.door(), ctx.clock(), ctx.deadline(), ctx.stop_token());
    NL_ASSIGN_OR_RETURN(const bool knows, Access(catalog, theirs).Knows(table));
    if (!knows) return std::nullopt;
    return *std::move(owner);
  }

  std::vector<Rule> rules_;
};

Result<json::value> AcceptByRule(const PersonalDataDecisions& decisions, const json::object& arguments) {
  const RequestContext& ctx = decisions.ctx;
  NL_ASSIGN_OR_RETURN(const std::string id, StringMember(arguments, "table"));
  NL_ASSIGN_OR_RETURN(const std::string column, StringMember(arguments, "column_id"));
  NL_ASSIGN_OR_RETURN(const std::string entity, StringMember(arguments, "entity"));
  NL_ASSIGN_OR_RETURN(const auto table, decisions.catalog.FindTable(TableId(id)));
  bool may = false;
  if (table) {
    NL_ASSIGN_OR_RETURN(may, MayTriggerRules(ctx, decisions.catalog, *table));
  }
  if (!may) return MakeError(ErrorCode::kNotFound, "the table of the proposals is not there any more");
  // As the catalogue has it, which is what the worker that scanned saved before.
  NL_ASSIGN_OR_RETURN(const auto open, OpenProposals(decisions.catalog, table->id));
  const auto* finding = Find(open, column, entity);
  NL_ASSIGN_OR_RETURN(const auto in_force, RulesInForce::Of(ctx, decisions.catalog, *table));
  const auto* rule = finding == nullptr ? nullptr : in_force.For(*finding);
  if (rule == nullptr) return json::value{{"accepted", false}};
  NL_ASSIGN_OR_RETURN(const auto schema, SchemaOf(decisions, *table));
  NL_ASSIGN_OR_RETURN(const std::string label, LabelOf(schema, *finding));
  if (decisions.trail != nullptr) {
    NL_RETURN_IF_ERROR(decisions.trail->Change(ctx, "accept_pii_by_rule",
                                               {{"rule", rule->rule.name},
                                                {"owner", rule->owner.name},
                                                {"table", table->id.value()},
                                                {"column", column},
                                                {"entity", entity},
                                                {"tag", finding->tag}},
                                               decisions.statement));
  }
  catalog::TagChange change{.relation_id = table->id.value(),
                            .set = {TagOf(*finding, *table, label, rule->owner, ctx)},
                            .unset = {},
                            .of_proposals = true,
                            .decided_by = "rule " + rule->rule.name};
  NL_RETURN_IF_ERROR(ChangeTableTags(decisions.catalog, *table, change));
  // What is no proposal any more by then is left out.
  NL_ASSIGN_OR_RETURN(const auto accepted, FindingsIn(decisions.catalog, table->id, "accepted"));
  const auto* decided = Find(accepted, column, entity);
  return json::value{{"accepted", decided != nullptr && decided->decided_by == change.decided_by}};
}

}  // namespace

bool IsPersonalDataRuleAction(std::string_view action) {
  constexpr std::string_view kActions[] = {"pii_proposals", "accept_pii", "reject_pii",        "create_pii_rule",
                                           "drop_pii_rule", "pii_rules",  "accept_pii_by_rule"};
  return std::ranges::find(kActions, action) != std::end(kActions);
}

Result<json::value> RunPersonalDataRuleAction(const PersonalDataDecisions& decisions, const std::string& action,
                                              const json::object& arguments) {
  if (action == "pii_proposals") return ShowProposals(decisions, arguments);
  if (action == "accept_pii") return Accept(decisions, arguments);
  if (action == "reject_pii") return Reject(decisions, arguments);
  if (action == "create_pii_rule") return CreateRule(decisions, arguments);
  if (action == "drop_pii_rule") return DropRule(decisions, arguments);
  if (action == "pii_rules") return ShowRules(decisions);
  return AcceptByRule(decisions, arguments);
}

Result<json::array> AcceptableByRule(const RequestContext& ctx, catalog::Catalog& catalog, const TableRecord& table,
                                     const std::vector<PersonalDataFinding>& findings) {
  json::array acceptable;
  NL_ASSIGN_OR_RETURN(const bool triggers, MayTriggerRules(ctx, catalog, table));
  if (!triggers) return acceptable;
  NL_ASSIGN_OR_RETURN(const auto in_force, RulesInForce::Of(ctx, catalog, table));
  NL_ASSIGN_OR_RETURN(const auto open, OpenProposals(catalog, table.id));
  for (const auto& found : findings) {
    const auto* finding = Find(open, found.column_id, found.entity);
    const auto* rule = finding == nullptr ? nullptr : in_force.For(*finding);
    if (rule == nullptr) continue;
    NL_ASSIGN_OR_RETURN(auto policies,
                        EncodePoliciesMeaning(catalog, table, {TagOf(*finding, table, {}, rule->owner, ctx)}));
    acceptable.push_back({{"column_id", finding->column_id},
                          {"column_name", finding->column_name},
                          {"entity", finding->entity},
                          {"rule", rule->rule.name},
                          {"policies", std::move(policies)}});
  }
  return acceptable;
}

}  // namespace neurolake::query
