#include "query/expectation_actions.h"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <set>

#include "common/log.h"
#include "common/text.h"
#include "query/messages.h"
#include "query/policy_actions.h"
#include "query/shallow_clones.h"
#include "tables/delta/schema.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using catalog::ExpectationRecord;
using catalog::ExpectationResult;
using engine::duckdb::ExpectationEvidence;
using tables::delta::DataType;

/// As many as any check looks back.
constexpr int64_t kHistoryMax = 100;

Result<void> RequireRights(const RequestContext& ctx, std::initializer_list<Right> rights, std::string_view what) {
  for (const Right right : rights) {
    if (!ctx.principal().Has(right)) return MakeError(ErrorCode::kPermissionDenied, "{}", what);
  }
  return {};
}

Result<json::value> TableJson(catalog::Catalog& catalog, const std::optional<TableId>& id) {
  if (!id) return json::value(nullptr);
  NL_ASSIGN_OR_RETURN(const auto table, catalog.FindTable(*id));
  if (!table) return json::value(nullptr);
  NL_ASSIGN_OR_RETURN(const auto entry, EntryOf(catalog, *table));
  return json::value(EncodeTable(entry));
}

/// Checks that compare with what was before.
bool LooksBack(const ExpectationRecord& expectation) {
  return expectation.kind == "row count drift" || expectation.kind == "distribution";
}

Result<json::value> ListForWriting(const RequestContext& ctx, catalog::Catalog& catalog, const StatementId& statement,
                                   const json::object& arguments) {
  NL_RETURN_IF_ERROR(RequireRights(ctx, {Right::kWrite}, "changing tables needs the right to write"));
  NL_ASSIGN_OR_RETURN(const std::string id, StringMember(arguments, "table"));
  NL_ASSIGN_OR_RETURN(const auto expectations, catalog.ListExpectations(TableId(id)));
  json::array list;
  json::value quarantine(nullptr);
  for (const ExpectationRecord& expectation : expectations) {
    json::array history;
    if (LooksBack(expectation)) {
      NL_ASSIGN_OR_RETURN(const auto results, catalog.ListExpectationResults(expectation.id, kHistoryMax));
      for (const auto& result : results) {
        history.push_back({{"metric", result.metric ? json::value(*result.metric) : json::value(nullptr)},
                           {"profile", result.profile}});
      }
    }
    NL_ASSIGN_OR_RETURN(auto foreign, TableJson(catalog, expectation.foreign_table));
    if (quarantine.is_null()) {
      NL_ASSIGN_OR_RETURN(quarantine, TableJson(catalog, expectation.quarantine));
    }
    list.push_back({{"id", expectation.id},
                    {"name", expectation.name},
                    {"kind", expectation.kind},
                    {"action", expectation.action},
                    {"plan", expectation.plan},
                    {"foreign", std::move(foreign)},
                    {"history", std::move(history)}});
  }
  return json::value{
      {"expectations", std::move(list)}, {"quarantine", std::move(quarantine)}, {"statement_id", statement.value()}};
}

Result<std::optional<TableId>> ExistingTable(catalog::Catalog& catalog, const json::object& arguments,
                                             const char* member) {
  NL_ASSIGN_OR_RETURN(const std::string id, StringMember(arguments, member));
  if (id.empty()) return std::nullopt;
  NL_ASSIGN_OR_RETURN(const auto table, catalog.FindTable(TableId(id)));
  if (!table) return MakeError(ErrorCode::kNotFound, "a table that the expectation needs is not there any more");
  return table->id;
}

constexpr const char* kOwnersOnly =
    "an expectation is the table's definition: it needs the rights to create and to write";

/// What an expectation finds is told to who writes: so it may not be asked of rows that its author does not see.
Result<void> CheckPolicies(const RequestContext& ctx, catalog::Catalog& catalog, const ExpectationRecord& expectation) {
  NL_ASSIGN_OR_RETURN(const auto target, catalog.FindTable(expectation.table));
  if (target && expectation.quarantine && target->has_policies) {
    return MakeError(ErrorCode::kDependentObjects,
                     "a table with policies has no quarantine, where they would not hide its rows: use DROP or FAIL");
  }
  bool sees_all = true;
  if (target) {
    NL_ASSIGN_OR_RETURN(sees_all, SeesAll(catalog, ctx, *target));
  }
  if (expectation.foreign_table) {
    NL_ASSIGN_OR_RETURN(const auto foreign, catalog.FindTable(*expectation.foreign_table));
    if (foreign && foreign->has_policies) {
      return MakeError(ErrorCode::kPermissionDenied,
                       "a foreign key cannot refer to a table with policies: it would tell of any key whether it is "
                       "there");
    }
    if (foreign && sees_all) {
      NL_ASSIGN_OR_RETURN(sees_all, SeesAll(catalog, ctx, *foreign));
    }
  }
  if (sees_all) return {};
  return MakeError(ErrorCode::kPermissionDenied,
                   "an expectation looks at all rows of its tables, of which you see a part only");
}

Result<json::value> Create(const RequestContext& ctx, catalog::Catalog& catalog, const json::object& arguments) {
  NL_RETURN_IF_ERROR(RequireRights(ctx, {Right::kCreate, Right::kWrite}, kOwnersOnly));
  ExpectationRecord expectation;
  expectation.id = NewUuid();
  NL_ASSIGN_OR_RETURN(const auto table, ExistingTable(catalog, arguments, "table"));
  if (!table) return BadMember("table");
  expectation.table = *table;
  NL_ASSIGN_OR_RETURN(expectation.name, StringMember(arguments, "name"));
  NL_ASSIGN_OR_RETURN(expectation.kind, StringMember(arguments, "kind"));
  NL_ASSIGN_OR_RETURN(expectation.definition, StringMember(arguments, "definition"));
  NL_ASSIGN_OR_RETURN(expectation.plan, StringMember(arguments, "plan"));
  NL_RETURN_IF_ERROR(ParseObject(expectation.plan));
  NL_ASSIGN_OR_RETURN(expectation.action, StringMember(arguments, "action"));
  NL_ASSIGN_OR_RETURN(expectation.foreign_table, ExistingTable(catalog, arguments, "foreign"));
  NL_ASSIGN_OR_RETURN(expectation.quarantine, ExistingTable(catalog, arguments, "quarantine"));
  NL_RETURN_IF_ERROR(CheckPolicies(ctx, catalog, expectation));
  expectation.created_by = ctx.principal().name;
  expectation.created = ctx.clock().Now();
  NL_ASSIGN_OR_RETURN(const bool replace, BoolMember(arguments, "replace"));
  NL_ASSIGN_OR_RETURN(const bool if_not_exists, BoolMember(arguments, "if_not_exists"));
  auto added = catalog.AddExpectation(expectation, replace);
  if (!added && added.error().code() == ErrorCode::kAlreadyExists && if_not_exists) {
    return json::value{{"created", false}};
  }
  if (!added) return std::unexpected(added.error());
  return json::value{{"created", true}};
}

Result<json::value> Drop(const RequestContext& ctx, catalog::Catalog& catalog, const json::object& arguments) {
  NL_RETURN_IF_ERROR(RequireRights(ctx, {Right::kCreate, Right::kWrite}, kOwnersOnly));
  NL_ASSIGN_OR_RETURN(const std::string table, StringMember(arguments, "table"));
  NL_ASSIGN_OR_RETURN(const std::string name, StringMember(arguments, "name"));
  NL_ASSIGN_OR_RETURN(const bool if_exists, BoolMember(arguments, "if_exists"));
  auto dropped = catalog.DropExpectation(TableId(table), name);
  if (!dropped && !(if_exists && dropped.error().code() == ErrorCode::kNotFound)) {
    return std::unexpected(dropped.error());
  }
  return json::value(json::object());
}

ExpectationResult ToResult(const RequestContext& ctx, const StatementId& statement,
                           const ExpectationRecord& expectation, const ExpectationEvidence& evidence) {
  return {.checked = ctx.clock().Now(),
          .table = expectation.table,
          .expectation = expectation.id,
          .name = expectation.name,
          .action = expectation.action,
          .version = std::nullopt,
          .rows_checked = evidence.rows_checked,
          .violations = evidence.violations,
          .metric = evidence.metric,
          .profile = evidence.profile,
          .statement = statement};
}

Result<json::value> KeepResults(const RequestContext& ctx, catalog::Catalog& catalog, const StatementId& statement,
                                const json::object& arguments) {
  NL_RETURN_IF_ERROR(RequireRights(ctx, {Right::kWrite}, "changing tables needs the right to write"));
  NL_ASSIGN_OR_RETURN(const std::string table, StringMember(arguments, "table"));
  NL_ASSIGN_OR_RETURN(const std::string text, StringMember(arguments, "results"));
  NL_ASSIGN_OR_RETURN(const auto evidence, DecodeEvidence(text));
  NL_ASSIGN_OR_RETURN(const auto expectations, catalog.ListExpectations(TableId(table)));
  std::vector<ExpectationResult> results;
  for (const auto& one : evidence) {
    const auto known = std::ranges::find(expectations, one.id, &ExpectationRecord::id);
    if (known != expectations.end() && one.checked) results.push_back(ToResult(ctx, statement, *known, one));
  }
  NL_RETURN_IF_ERROR(catalog.AddExpectationResults(results));
  return json::value(json::object());
}

bool IsNumber(std::string_view type) {
  constexpr std::string_view kNumbers[] = {"tinyint", "smallint", "int", "bigint", "float", "double"};
  return type.starts_with("decimal") || std::ranges::find(kNumbers, type) != std::end(kNumbers);
}

/// Columns that an expectation needs, {"name": "type"} under `member` of its plan, against a schema to come.
Result<void> CheckColumns(const ExpectationRecord& expectation, const char* member, const DataType& schema) {
  NL_ASSIGN_OR_RETURN(const json::object plan, ParseObject(expectation.plan));
  const auto* columns = plan.if_contains(member);
  if (columns == nullptr || !columns->is_object()) return {};
  for (const auto& [name, type] : columns->get_object()) {
    const std::string_view column(name);
    const auto field =
        std::ranges::find_if(schema.fields, [&](const auto& one) { return EqualsIgnoringCase(one.name, column); });
    if (field == schema.fields.end()) {
      return MakeError(ErrorCode::kDependentObjects,
                       "an expectation needs a column, so it cannot be dropped or renamed; drop the expectation and "
                       "create it anew afterwards, column: {}, expectation: {}",
                       column, expectation.name);
    }
    const std::string before = type.is_string() ? std::string(type.get_string()) : "";
    const std::string after = tables::delta::TypeName(field->type);
    if (before == after || (IsNumber(before) && IsNumber(after)) || (before == "date" && after == "timestamp_ntz")) {
      continue;
    }
    return MakeError(ErrorCode::kDependentObjects,
                     "an expectation needs a column as it is; drop the expectation and create it anew afterwards, "
                     "column: {}, expectation: {}",
                     column, expectation.name);
  }
  return {};
}

/// Statements that only take rows away, where the table as it is left is to be judged all the same. (What DELETE and
/// the like leave is judged where they are run: their evidence comes unasked.)
const std::set<std::string> kChecksWhatGoes = {"FSCK", "RESTORE"};

/// Whether what was found holds only as long as nobody else changes the table. Expectation::ReadsTable is the same.
bool HangsOnAllRows(const ExpectationRecord& expectation) {
  if (expectation.action == "WARN" || expectation.kind == "check") return false;
  return expectation.kind != "foreign key" || expectation.foreign_table == expectation.table;
}

}  // namespace

bool IsExpectationAction(std::string_view action) {
  return action == "expectations" || action == "create_expectation" || action == "drop_expectation" ||
         action == "expectation_results";
}

Result<json::value> RunExpectationAction(const RequestContext& ctx, catalog::Catalog& catalog,
                                         const StatementId& statement, const std::string& action,
                                         const json::object& arguments) {
  if (action == "expectations") return ListForWriting(ctx, catalog, statement, arguments);
  if (action == "create_expectation") return Create(ctx, catalog, arguments);
  if (action == "drop_expectation") return Drop(ctx, catalog, arguments);
  return KeepResults(ctx, catalog, statement, arguments);
}

Result<std::vector<ExpectationEvidence>> DecodeEvidence(std::string_view text) {
  boost::system::error_code problem;
  const json::value value = json::parse(text, problem);
  if (problem || !value.is_array()) return BadMember("expectations");
  std::vector<ExpectationEvidence> evidence;
  for (const auto& one : value.get_array()) {
    if (!one.is_object()) return BadMember("expectations");
    const json::object& object = one.get_object();
    ExpectationEvidence found;
    NL_ASSIGN_OR_RETURN(found.id, StringMember(object, "id"));
    NL_ASSIGN_OR_RETURN(found.checked, BoolMember(object, "checked"));
    NL_ASSIGN_OR_RETURN(found.rows_checked, IntMember(object, "rows_checked"));
    NL_ASSIGN_OR_RETURN(found.violations, IntMember(object, "violations"));
    NL_ASSIGN_OR_RETURN(found.profile, StringMember(object, "profile"));
    const auto* metric = object.if_contains("metric");
    if (metric != nullptr && metric->is_number()) found.metric = metric->to_number<double>();
    evidence.push_back(std::move(found));
  }
  return evidence;
}

namespace {

Result<void> CheckSchema(catalog::Catalog& catalog, const std::vector<ExpectationRecord>& expectations,
                         const engine::duckdb::LakeCommit& commit) {
  if (!commit.request.metadata) return {};
  NL_ASSIGN_OR_RETURN(const DataType schema, tables::delta::ParseSchema(commit.request.metadata->schema_string));
  for (const auto& one : expectations) NL_RETURN_IF_ERROR(CheckColumns(one, "columns", schema));
  NL_ASSIGN_OR_RETURN(const auto reading, catalog.ListExpectationsReading(commit.table));
  for (const auto& one : reading) NL_RETURN_IF_ERROR(CheckColumns(one, "foreign_columns", schema));
  return {};
}

/// Judges what one statement found; adds to `results`.
Result<void> JudgeEvidence(const RequestContext& ctx, const StatementId& statement,
                           const std::vector<ExpectationRecord>& expectations,
                           const std::vector<ExpectationEvidence>& found, tables::delta::CommitRequest& request,
                           std::vector<ExpectationResult>& results) {
  const bool changes_rows = std::ranges::any_of(request.adds, [](const auto& add) { return add.data_change; }) ||
                            (kChecksWhatGoes.contains(request.operation) &&
                             std::ranges::any_of(request.removes, [](const auto& file) { return file.data_change; }));
  for (const auto& one : expectations) {
    const auto evidence = std::ranges::find(found, one.id, &ExpectationEvidence::id);
    if (evidence == found.end()) {
      if (!changes_rows) continue;
      return MakeError(ErrorCode::kConflict,
                       "the table's expectations changed while the statement ran, run it again, expectation: {}",
                       one.name);
    }
    // What FSCK takes away is gone, whether the log says so or not.
    if (one.action == "FAIL" && evidence->violations > 0 && request.operation != "FSCK") {
      return MakeError(ErrorCode::kCheckViolation, "a commit whose expectation failed: {}", one.name);
    }
    if (!evidence->checked) continue;
    if (HangsOnAllRows(one)) {
      // Rows that anybody brings after the check, in an append that read nothing as well, could break what it found.
      request.serializable = true;
      request.blind_append = false;
      request.read_scope = {};
    }
    results.push_back(ToResult(ctx, statement, one, *evidence));
  }
  return {};
}

}  // namespace

Result<std::vector<ExpectationResult>> JudgeExpectations(const RequestContext& ctx, catalog::Catalog& catalog,
                                                         const StatementId& statement,
                                                         engine::duckdb::LakeCommit& commit) {
  NL_ASSIGN_OR_RETURN(const auto expectations, catalog.ListExpectations(commit.table));
  NL_RETURN_IF_ERROR(CheckSchema(catalog, expectations, commit));
  std::vector<ExpectationResult> results;
  NL_RETURN_IF_ERROR(JudgeEvidence(ctx, statement, expectations, commit.expectations, commit.request, results));
  return results;
}

Result<std::vector<ExpectationResult>> JudgeGroup(const RequestContext& ctx, catalog::Catalog& catalog,
                                                  const std::vector<std::string>& statements,
                                                  const std::vector<std::string>& evidence,
                                                  engine::duckdb::LakeCommit& commit) {
  NL_CHECK(statements.size() == evidence.size());
  NL_ASSIGN_OR_RETURN(const auto expectations, catalog.ListExpectations(commit.table));
  std::vector<ExpectationResult> results;
  for (size_t i = 0; i < statements.size(); ++i) {
    NL_ASSIGN_OR_RETURN(const auto found, DecodeEvidence(evidence[i]));
    NL_RETURN_IF_ERROR(JudgeEvidence(ctx, StatementId(statements[i]), expectations, found, commit.request, results));
  }
  return results;
}

Result<std::string> JudgesOf(catalog::Catalog& catalog, const TableId& table, std::string_view evidence) {
  NL_ASSIGN_OR_RETURN(const auto found, DecodeEvidence(evidence));
  NL_ASSIGN_OR_RETURN(const auto expectations, catalog.ListExpectations(table));
  const auto sorted = [](const auto& list) {
    std::vector<std::string> ids;
    for (const auto& one : list) ids.push_back(one.id);
    std::ranges::sort(ids);
    return ids;
  };
  const std::vector<std::string> ids = sorted(found);
  if (ids != sorted(expectations)) {
    return MakeError(ErrorCode::kConflict, "the table's expectations changed while the statement ran, run it again");
  }
  return fmt::format("{}", fmt::join(ids, ","));
}

void RecordExpectations(const RequestContext& ctx, catalog::Catalog& catalog, std::vector<ExpectationResult> results,
                        int64_t version) {
  for (ExpectationResult& result : results) result.version = version;
  const auto recorded = catalog.AddExpectationResults(results);
  if (recorded.has_value()) return;
  Log(LogLevel::kWarn, "results of expectations were not recorded", ctx.request_id(),
      {{"version", std::to_string(version)}, {"error", std::string(ErrorName(recorded.error().code()))}});
}

}  // namespace neurolake::query
