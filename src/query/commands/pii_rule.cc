#include "query/commands/pii_rule.h"

#include <boost/json/array.hpp>

#include "common/field_path.h"
#include "common/text.h"
#include "privacy/detector/entities.h"
#include "query/commands/column_definition.h"
#include "query/commands/policy.h"
#include "query/commands/server_action.h"
#include "query/front_parser_cursor.h"
#include "query/messages.h"
#include "tables/delta/field_places.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using tables::delta::FieldPlace;

struct Proposal {
  std::string column_id, column_name, entity, tag;
};

Result<std::vector<Proposal>> OpenProposals(CommandContext& context, const OpenedTable& table) {
  NL_ASSIGN_OR_RETURN(const auto answer, AskServer(context, "pii_proposals", {{"table", table.entry.id.value()}}));
  const auto* list = answer.if_contains("proposals");
  if (list == nullptr || !list->is_array()) return BadMember("proposals");
  std::vector<Proposal> proposals;
  for (const auto& one : list->get_array()) {
    if (!one.is_object()) return BadMember("proposals");
    Proposal proposal;
    NL_ASSIGN_OR_RETURN(proposal.column_id, StringMember(one.get_object(), "column_id"));
    NL_ASSIGN_OR_RETURN(proposal.column_name, StringMember(one.get_object(), "column_name"));
    NL_ASSIGN_OR_RETURN(proposal.entity, StringMember(one.get_object(), "entity"));
    NL_ASSIGN_OR_RETURN(proposal.tag, StringMember(one.get_object(), "tag"));
    proposals.push_back(std::move(proposal));
  }
  return proposals;
}

struct DecisionClause {
  bool accepts = false;
  ObjectName table;
  std::vector<std::vector<std::string>> columns;  ///< Ways to them; none: all.
  std::string entities;                           ///< As ParseEntities reads them; empty: all.
};

class DecideProposals final : public TableCommand {
 public:
  explicit DecideProposals(DecisionClause clause) : clause_(std::move(clause)) {}
  std::string kind() const override { return clause_.accepts ? "ACCEPT PII FINDINGS" : "REJECT PII FINDINGS"; }
  const ObjectName& target() const override { return clause_.table; }
  // Whoever looks after a table may see a part of its rows only.
  bool obeys_policies() const override { return true; }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_ASSIGN_OR_RETURN(const OpenedTable table, context.Open(clause_.table));
    NL_ASSIGN_OR_RETURN(auto proposals, OpenProposals(context, table));
    NL_RETURN_IF_ERROR(Choose(table, proposals));
    NL_RETURN_IF_ERROR(clause_.accepts ? Accept(context, table, proposals) : Reject(context, table, proposals));
    std::vector<std::vector<std::optional<std::string>>> rows;
    for (const Proposal& one : proposals) {
      rows.push_back({one.column_name, one.entity, one.tag, clause_.accepts ? "accepted" : "rejected"});
    }
    return MakeOwnResult({{"column_name", "VARCHAR"}, {"entity", "VARCHAR"}, {"tag", "VARCHAR"}, {"state", "VARCHAR"}},
                         rows);
  }

 private:
  Result<void> Choose(const OpenedTable& table, std::vector<Proposal>& proposals) const {
    const auto& schema = table.snapshot->schema();
    std::vector<std::string> columns;
    for (const auto& path : clause_.columns) {
      const auto place = tables::delta::FindPlace(schema, path);
      if (!place) {
        return MakeError(ErrorCode::kColumnNotFound, "the table has no such column or field: {} of {}",
                         fmt::format("{}", fmt::join(path, ".")), table.full_name());
      }
      columns.push_back(place->physical);
    }
    privacy::EntitySet entities = privacy::AllEntities();
    if (!clause_.entities.empty()) {
      NL_ASSIGN_OR_RETURN(entities, privacy::ParseEntities(clause_.entities));
    }
    std::erase_if(proposals, [&](const Proposal& one) {
      const auto entity = privacy::EntityFromName(one.entity);
      const bool of_column = columns.empty() || std::ranges::find(columns, one.column_id) != columns.end();
      const bool of_entity = clause_.entities.empty() || (entity && entities[static_cast<size_t>(*entity)]);
      // Of a column that is gone there is nothing to tag.
      const bool is_there = !clause_.accepts || tables::delta::PlaceOf(schema, one.column_id).has_value();
      return !of_column || !of_entity || !is_there;
    });
    const bool chooses = !clause_.columns.empty() || !clause_.entities.empty();
    if (!chooses || !proposals.empty()) return {};
    return MakeError(ErrorCode::kInvalidArgument,
                     "the table has no open proposals of these columns and entities, see system.pii_findings: {}",
                     table.full_name());
  }

  static Result<void> Accept(CommandContext& context, const OpenedTable& table, std::vector<Proposal>& proposals) {
    json::array findings;
    for (Proposal& one : proposals) {
      const auto place = tables::delta::PlaceOf(table.snapshot->schema(), one.column_id);
      NL_CHECK(place.has_value());
      json::array tags;
      tags.push_back(json::array{place->physical, one.tag, ""});
      NL_RETURN_IF_ERROR(CheckTagsFit(context, table, *place, std::move(tags)));
      findings.push_back(json::array{one.column_id, one.entity});
      one.column_name = ShownPath(place->names);
    }
    return Tell(context, table, "accept_pii", std::move(findings));
  }

  static Result<void> Reject(CommandContext& context, const OpenedTable& table,
                             const std::vector<Proposal>& proposals) {
    json::array findings;
    for (const Proposal& one : proposals) findings.push_back(json::array{one.column_id, one.entity});
    return Tell(context, table, "reject_pii", std::move(findings));
  }

  static Result<void> Tell(CommandContext& context, const OpenedTable& table, const std::string& action,
                           json::array findings) {
    if (findings.empty()) return {};
    NL_RETURN_IF_ERROR(
        AskServer(context, action, {{"table", table.entry.id.value()}, {"findings", std::move(findings)}}));
    return {};
  }

  DecisionClause clause_;
};

/// A statement about rules, which the server alone carries out.
class PiiRuleCommand final : public TableCommand {
 public:
  PiiRuleCommand(std::string kind, std::string action, json::object arguments)
      : kind_(std::move(kind)), action_(std::move(action)), arguments_(std::move(arguments)) {}
  std::string kind() const override { return kind_; }
  const ObjectName& target() const override { return target_; }
  bool writes() const override { return !shows(); }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_ASSIGN_OR_RETURN(const auto answer, AskServer(context, action_, arguments_));
    if (!shows()) return MakeRowsChangedResult(-1);
    return ResultOfRows({{"name", "VARCHAR"},
                         {"entities", "VARCHAR"},
                         {"schema_name", "VARCHAR"},
                         {"threshold", "VARCHAR"},
                         {"owner", "VARCHAR"},
                         {"created_at", "VARCHAR"}},
                        answer);
  }

 private:
  bool shows() const { return action_ == "pii_rules"; }
  std::string kind_, action_;
  json::object arguments_;
  ObjectName target_;
};

/// `EMAIL_ADDRESS, NATIONAL, NL`, or ALL, as ParseEntities reads it.
Result<std::string> ParseEntityList(TokenCursor& cursor) {
  std::string list;
  do {
    std::string name;
    if (cursor.AcceptWord("all")) {
      name = "ALL";
    } else if (cursor.AcceptWord("default")) {
      name = "DEFAULT";
    } else {
      NL_ASSIGN_OR_RETURN(name, cursor.ExpectIdentifier("an entity, a group of entities, a country, DEFAULT or ALL"));
    }
    for (char& c : name) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    // A name with a comma, or a minus, would be another list.
    NL_RETURN_IF_ERROR(privacy::ParseEntities(name));
    if (name.find_first_of(",-") != std::string::npos) return cursor.Unexpected("the names of entities, one by one");
    list += (list.empty() ? "" : ", ") + name;
  } while (cursor.AcceptSymbol(","));
  return list;
}

Result<std::shared_ptr<const TableCommand>> ParseCreate(TokenCursor cursor, bool replace) {
  const bool if_not_exists = cursor.AcceptWords({"if", "not", "exists"});
  if (if_not_exists && replace) return cursor.Unexpected("a name: OR REPLACE and IF NOT EXISTS exclude each other");
  NL_ASSIGN_OR_RETURN(const std::string name, cursor.ExpectIdentifier("the name of a rule"));
  NL_RETURN_IF_ERROR(cursor.ExpectWord("accept"));
  NL_ASSIGN_OR_RETURN(const std::string entities, ParseEntityList(cursor));
  std::string schema;
  if (cursor.AcceptWords({"in", "schema"})) {
    NL_ASSIGN_OR_RETURN(schema, cursor.ExpectIdentifier("a schema"));
  }
  NL_RETURN_IF_ERROR(cursor.ExpectWord("with"));
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol("("));
  NL_RETURN_IF_ERROR(cursor.ExpectWord("threshold"));
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol("="));
  NL_ASSIGN_OR_RETURN(const std::string threshold, ExpectThreshold(cursor));
  NL_RETURN_IF_ERROR(cursor.ExpectSymbol(")"));
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<PiiRuleCommand>("CREATE PII RULE", "create_pii_rule",
                                          json::object{{"name", LowerAscii(name)},
                                                       {"entities", entities},
                                                       {"schema", LowerAscii(schema)},
                                                       {"threshold", threshold},
                                                       {"replace", replace},
                                                       {"if_not_exists", if_not_exists}});
}

/// Errors: the server's, of a connection or a store; what hinders this one tag is in `finding`.
Result<void> AcceptByRule(CommandContext& context, const OpenedTable& table, const json::object& one,
                          const std::string& rule, const std::string& column_id, PersonalDataScan::Finding& finding) {
  const auto place = tables::delta::PlaceOf(table.snapshot->schema(), column_id);
  const auto* policies = one.if_contains("policies");
  if (!place || policies == nullptr) return BadMember("acceptable");
  auto fits = CheckPoliciesFit(context, table, *place, *policies);
  bool accepted = false;
  if (fits) {
    const auto answer =
        AskServer(context, "accept_pii_by_rule",
                  {{"table", table.entry.id.value()}, {"column_id", column_id}, {"entity", finding.entity}});
    if (answer) {
      NL_ASSIGN_OR_RETURN(accepted, BoolMember(*answer, "accepted"));
    } else {
      fits = std::unexpected(answer.error());
    }
  }
  NL_RETURN_IF_ERROR(context.request().CheckAlive());
  if (accepted) {
    finding.accepted_by = rule;
  } else if (!fits) {
    // What policies say is not for everybody who loads rows.
    finding.note = fmt::format("the rule {} could not set the tag, whoever looks after the table may: {}", rule,
                               ErrorName(fits.error().code()));
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<const TableCommand>> ParsePiiDecision(TokenCursor cursor) {
  DecisionClause clause;
  clause.accepts = cursor.AcceptWords({"accept", "pii"});
  if (!clause.accepts && !cursor.AcceptWords({"reject", "pii"})) return nullptr;
  if (!cursor.AcceptWord("finding")) NL_RETURN_IF_ERROR(cursor.ExpectWord("findings"));
  NL_RETURN_IF_ERROR(cursor.ExpectWord("on"));
  cursor.AcceptWord("table");
  NL_ASSIGN_OR_RETURN(clause.table, cursor.ExpectObjectName());
  if (cursor.AcceptSymbol("(")) {
    do {
      NL_ASSIGN_OR_RETURN(auto path, ParseColumnPath(cursor));
      clause.columns.push_back(std::move(path));
    } while (cursor.AcceptSymbol(","));
    NL_RETURN_IF_ERROR(cursor.ExpectSymbol(")"));
  }
  if (cursor.AcceptWord("of")) {
    NL_ASSIGN_OR_RETURN(clause.entities, ParseEntityList(cursor));
  }
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<DecideProposals>(std::move(clause));
}

Result<std::shared_ptr<const TableCommand>> ParsePiiRule(TokenCursor cursor) {
  if (cursor.AcceptWords({"show", "pii", "rules"})) {
    NL_RETURN_IF_ERROR(cursor.ExpectEnd());
    return std::make_shared<PiiRuleCommand>("SHOW PII RULES", "pii_rules", json::object());
  }
  if (cursor.AcceptWords({"create", "pii", "rule"})) return ParseCreate(cursor, false);
  if (cursor.AcceptWords({"create", "or", "replace", "pii", "rule"})) return ParseCreate(cursor, true);
  if (!cursor.AcceptWords({"drop", "pii", "rule"})) return nullptr;
  const bool if_exists = cursor.AcceptWords({"if", "exists"});
  NL_ASSIGN_OR_RETURN(const std::string name, cursor.ExpectIdentifier("the name of a rule"));
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<PiiRuleCommand>("DROP PII RULE", "drop_pii_rule",
                                          json::object{{"name", LowerAscii(name)}, {"if_exists", if_exists}});
}

Result<void> AcceptByRules(CommandContext& context, const OpenedTable& table, const json::value& acceptable,
                           PersonalDataScan& scan) {
  if (!acceptable.is_array()) return BadMember("acceptable");
  for (const auto& one : acceptable.get_array()) {
    if (!one.is_object()) return BadMember("acceptable");
    NL_ASSIGN_OR_RETURN(const std::string column_id, StringMember(one.get_object(), "column_id"));
    NL_ASSIGN_OR_RETURN(const std::string column, StringMember(one.get_object(), "column_name"));
    NL_ASSIGN_OR_RETURN(const std::string entity, StringMember(one.get_object(), "entity"));
    NL_ASSIGN_OR_RETURN(const std::string rule, StringMember(one.get_object(), "rule"));
    const auto finding = std::ranges::find_if(
        scan.findings, [&](const auto& each) { return each.column == column && each.entity == entity; });
    if (finding == scan.findings.end()) return BadMember("acceptable");
    NL_RETURN_IF_ERROR(AcceptByRule(context, table, one.get_object(), rule, column_id, *finding));
  }
  return {};
}

}  // namespace neurolake::query
