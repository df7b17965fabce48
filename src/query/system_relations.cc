#include "query/system_relations.h"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <map>

#include "common/field_path.h"
#include "common/text.h"
#include "query/access.h"
#include "query/ask_relations.h"
#include "query/erasure_actions.h"
#include "query/information_schema.h"
#include "query/personal_data_actions.h"
#include "query/policy_actions.h"
#include "query/semantic_model_actions.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;

constexpr int64_t kPageRows = 1000;

json::value Instant(const std::optional<WallTime>& time) {
  return time ? json::value(FormatTimestamp(*time)) : json::value(nullptr);
}

std::string Row(json::array values) { return json::serialize(values); }

std::string QueryRow(const catalog::StatementRecord& r) {
  return Row({r.id.value(),
              r.principal,
              r.door,
              r.request_id,
              r.text,
              r.fingerprint,
              r.kind,
              r.state,
              Instant(r.started),
              Instant(r.ended),
              r.tables_json,
              r.rows_returned,
              r.bytes_returned,
              r.rows_scanned,
              r.bytes_scanned,
              r.rows_changed < 0 ? json::value(nullptr) : json::value(r.rows_changed),
              r.stages_json,
              r.prediction_json,
              r.error_code.empty() ? json::value(nullptr) : json::value(r.error_code),
              r.error_message.empty() ? json::value(nullptr) : json::value(r.error_message),
              r.purpose.empty() ? json::value(nullptr) : json::value(r.purpose),
              r.break_glass.empty() ? json::value(nullptr) : json::value(r.break_glass),
              r.on_behalf_of.empty() ? json::value(nullptr) : json::value(r.on_behalf_of),
              r.authentication.empty() ? json::value(nullptr) : json::value(r.authentication)});
}

Result<std::vector<std::string>> ReadStatistics(const RequestContext& ctx, catalog::Catalog& catalog, bool of_columns) {
  NL_ASSIGN_OR_RETURN(const auto all, catalog.ListStatistics());
  std::vector<std::string> rows;
  for (const auto& [table, statistics] : all) {
    NL_ASSIGN_OR_RETURN(const bool sees_all, SeesAll(catalog, ctx, table));
    if (!sees_all) continue;
    boost::system::error_code problem;
    const json::value kept = json::parse(of_columns ? statistics.column_rows : statistics.table_row, problem);
    if (problem || !kept.is_array()) continue;
    const auto add = [&](const json::value& values) {
      if (!values.is_array()) return;
      json::array row = {table.schema_name, table.name, statistics.version, Instant(statistics.made)};
      for (const auto& value : values.get_array()) row.push_back(value);
      rows.push_back(Row(std::move(row)));
    };
    if (!of_columns) {
      add(kept);
      continue;
    }
    for (const auto& column : kept.get_array()) add(column);
  }
  return rows;
}

Result<std::vector<std::string>> ReadExpectations(const RequestContext& ctx, catalog::Catalog& catalog) {
  NL_ASSIGN_OR_RETURN(const auto all, catalog.ListExpectations());
  Access access(catalog, ctx);
  std::vector<std::string> rows;
  for (const auto& [t, e] : all) {
    NL_ASSIGN_OR_RETURN(const bool known, access.Knows(t));
    if (!known) continue;
    rows.push_back(
        Row({t.schema_name, t.name, e.name, e.kind, e.definition, e.action, e.created_by, Instant(e.created)}));
  }
  return rows;
}

Result<std::vector<std::string>> ReadExpectationResults(const RequestContext& ctx, catalog::Catalog& catalog,
                                                        int64_t offset) {
  NL_ASSIGN_OR_RETURN(const auto results, catalog.ListExpectationResults(kPageRows, offset));
  Access access(catalog, ctx);
  std::vector<std::string> rows;
  for (const auto& [t, r] : results) {
    NL_ASSIGN_OR_RETURN(const bool known, access.Knows(t));
    NL_ASSIGN_OR_RETURN(const bool sees_all, SeesAll(catalog, ctx, t));
    // A page of none would be the end, so what is hidden leaves an empty row: of tables that one may not know of all of
    // it, of others how much was checked and found.
    if (!known) {
      rows.push_back(Row({nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr}));
      continue;
    }
    if (!sees_all) {
      rows.push_back(Row({Instant(r.checked), t.schema_name, t.name, nullptr, r.name, nullptr, nullptr, r.action,
                          r.statement.value(), nullptr}));
      continue;
    }
    rows.push_back(
        Row({Instant(r.checked), t.schema_name, t.name, r.version ? json::value(*r.version) : json::value(nullptr),
             r.name, r.rows_checked, r.violations, r.action, r.statement.value(),
             r.metric ? json::value(*r.metric) : json::value(nullptr)}));
  }
  return rows;
}

/// Of what the principal may know of. What a table calls a column its log says, which workers read: rows of tables'
/// columns have, behind what is shown, what its files call it, and what it was called when it was tagged.
Result<std::vector<std::string>> ReadTags(const RequestContext& ctx, catalog::Catalog& catalog) {
  Access access(catalog, ctx);
  struct Named {
    std::string schema, name;
    bool is_table = false;
  };
  std::map<std::string, Named> names;
  NL_ASSIGN_OR_RETURN(const auto tables, access.Tables(std::nullopt));
  for (const auto& t : tables) names[t.id.value()] = {t.schema_name, t.name, true};
  NL_ASSIGN_OR_RETURN(const auto views, access.Views(std::nullopt));
  for (const auto& v : views) names[v.id] = {v.schema_name, v.name};
  NL_ASSIGN_OR_RETURN(const auto tags, catalog.ListTags());
  std::vector<std::string> rows;
  for (const auto& tag : tags) {
    const auto name = names.find(tag.relation_id);
    if (name == names.end()) continue;
    const Named& on = name->second;
    json::array row{on.schema,
                    on.name,
                    tag.column.empty() ? json::value(nullptr) : json::value(ShownPath(tag.label)),
                    tag.tag,
                    tag.value,
                    tag.set_by,
                    Instant(tag.created)};
    if (on.is_table && !tag.column.empty()) row.insert(row.end(), {tag.column, tag.label});
    rows.push_back(Row(std::move(row)));
  }
  return rows;
}

/// The relations small enough to be read whole: all rows, of which the caller takes a page.
Result<std::vector<std::string>> ReadWhole(const RequestContext& ctx, catalog::Catalog& catalog,
                                           const RunningStatements& running, const std::string& relation) {
  std::vector<std::string> rows;
  const bool manages = ctx.principal().Has(Right::kManage);
  Access access(catalog, ctx);
  if (relation == "schemas") {
    NL_ASSIGN_OR_RETURN(const auto schemas, access.Schemas());
    for (const auto& s : schemas) rows.push_back(Row({s.id.value(), s.name, s.comment, Instant(s.created)}));
  } else if (relation == "tables") {
    NL_ASSIGN_OR_RETURN(const auto tables, access.Tables(std::nullopt));
    for (const auto& t : tables) {
      rows.push_back(Row({t.id.value(), t.schema_name, t.name, t.managed, t.comment, Instant(t.created)}));
    }
  } else if (relation == "views") {
    NL_ASSIGN_OR_RETURN(const auto views, access.Views(std::nullopt));
    for (const auto& v : views) rows.push_back(Row({v.schema_name, v.name, v.sql, Instant(v.created)}));
  } else if (relation == "dropped_tables" && ctx.principal().Has(Right::kCreate)) {
    NL_ASSIGN_OR_RETURN(const auto dropped, catalog.ListDroppedTables());
    for (const auto& [t, time] : dropped) {
      rows.push_back(Row({t.id.value(), t.schema_name, t.name, t.managed, Instant(time)}));
    }
  } else if (relation == "table_statistics" || relation == "column_statistics") {
    return ReadStatistics(ctx, catalog, relation == "column_statistics");
  } else if (relation == "expectations") {
    return ReadExpectations(ctx, catalog);
  } else if (relation == "tags") {
    return ReadTags(ctx, catalog);
  } else if (relation == "pii_findings") {
    return ReadPersonalData(ctx, catalog);
  } else if (relation == "data_subjects") {
    return ReadDataSubjects(ctx, catalog);
  } else if (relation == "semantic_models") {
    return ReadSemanticModels(ctx, catalog);
  } else if (relation == "semantic_model_versions") {
    return ReadSemanticModelVersions(ctx, catalog);
  } else if (relation == "erasures") {
    return ReadErasures(ctx, catalog);
  } else if (relation == "running") {
    for (const auto& statement : running.Visible(ctx.principal())) {
      const StatementStatus s = statement->status();
      rows.push_back(Row({s.id.value(), s.kind, s.state, s.progress, s.rows_returned}));
    }
  } else if (relation == "external_locations" && manages) {
    NL_ASSIGN_OR_RETURN(const auto locations, catalog.ListExternalLocations());
    for (const auto& l : locations)
      rows.push_back(Row({l.name, l.path, l.may_register, Instant(l.created), l.credential}));
  } else if (relation == "tokens" && manages) {
    NL_ASSIGN_OR_RETURN(const auto tokens, catalog.ListTokens());
    for (const auto& t : tokens) {
      rows.push_back(Row({t.id.value(), t.name, t.prefix, t.principal_name, t.role, Instant(t.created),
                          Instant(t.expires), Instant(t.revoked)}));
    }
  }
  return rows;
}

}  // namespace

void RunningStatements::Add(const StatementId& id, std::shared_ptr<StatementControl> statement) {
  std::lock_guard lock(mutex_);
  statements_[id] = std::move(statement);
}

void RunningStatements::Remove(const StatementId& id) {
  std::lock_guard lock(mutex_);
  statements_.erase(id);
}

std::vector<std::shared_ptr<StatementControl>> RunningStatements::Visible(const Principal& principal) const {
  std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<StatementControl>> visible;
  for (const auto& [id, statement] : statements_) {
    if (principal.Has(Right::kManage) || statement->owner() == principal.id) visible.push_back(statement);
  }
  return visible;
}

std::shared_ptr<StatementControl> RunningStatements::Find(const Principal& principal, const StatementId& id) const {
  std::lock_guard lock(mutex_);
  const auto found = statements_.find(id);
  if (found == statements_.end()) return nullptr;
  return principal.Has(Right::kManage) || found->second->owner() == principal.id ? found->second : nullptr;
}

size_t RunningStatements::size() const {
  std::lock_guard lock(mutex_);
  return statements_.size();
}

void RunningStatements::CancelAll() {
  std::lock_guard lock(mutex_);
  for (const auto& [id, statement] : statements_) statement->Cancel();
}

Result<std::vector<std::string>> ReadSystemRelation(const RequestContext& ctx, catalog::Catalog& catalog,
                                                    const RunningStatements& running, const std::string& relation,
                                                    int64_t offset) {
  if (!ctx.principal().Has(Right::kRead) || offset < 0) return std::vector<std::string>();
  if (relation == "queries") {
    // Texts name what lies in other schemas, too.
    if (ctx.principal().schemas) return std::vector<std::string>();
    std::vector<std::string> rows;
    const auto only = ctx.principal().Has(Right::kManage) ? std::nullopt : std::optional(ctx.principal().name);
    NL_ASSIGN_OR_RETURN(const auto statements, catalog.ListStatements(only, kPageRows, offset));
    for (const auto& statement : statements) rows.push_back(QueryRow(statement));
    return rows;
  }
  if (relation == "ask_questions") return ReadAskQuestions(ctx, catalog, kPageRows, offset);
  if (relation == "ask_feedback") return ReadAskFeedback(ctx, catalog, kPageRows, offset);
  if (relation == "expectation_results") return ReadExpectationResults(ctx, catalog, offset);
  constexpr std::string_view kInformation = "information_schema.";
  auto whole = relation.starts_with(kInformation) ? ReadInformation(ctx, catalog, relation.substr(kInformation.size()))
                                                  : ReadWhole(ctx, catalog, running, relation);
  NL_ASSIGN_OR_RETURN(auto rows, std::move(whole));
  const auto begin = std::min<size_t>(static_cast<size_t>(offset), rows.size());
  const auto end = std::min(rows.size(), begin + kPageRows);
  return std::vector<std::string>(rows.begin() + begin, rows.begin() + end);
}

}  // namespace neurolake::query
