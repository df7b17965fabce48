#include <boost/json.hpp>

#include <cmath>
#include <optional>

#include "common/text.h"
#include "duckdb/main/query_profiler.hpp"
#include "duckdb/parser/parsed_data/create_view_info.hpp"
#include "duckdb/parser/statement/create_statement.hpp"
#include "duckdb/parser/statement/transaction_statement.hpp"
#include "duckdb/planner/planner.hpp"
#include "engine/duckdb/internal/column_lineage.h"
#include "engine/duckdb/internal/duckdb_engine.h"
#include "engine/duckdb/internal/lookup_check.h"
#include "engine/duckdb/internal/merge_values.h"
#include "engine/duckdb/internal/named_conversions.h"
#include "engine/duckdb/internal/operation_parameters.h"
#include "engine/duckdb/internal/parsed_query.h"
#include "engine/duckdb/internal/result_types.h"
#include "engine/duckdb/internal/schema_evolution.h"
#include "engine/duckdb/internal/shown_columns.h"

namespace neurolake::engine::duckdb {
namespace {

using native::CatalogType;

std::string LookupKind(CatalogType type) {
  switch (type) {
    case CatalogType::SCHEMA_ENTRY: return "schema";
    case CatalogType::TABLE_ENTRY: return "table";
    case CatalogType::VIEW_ENTRY: return "view";
    case CatalogType::SCALAR_FUNCTION_ENTRY: return "scalar function";
    case CatalogType::AGGREGATE_FUNCTION_ENTRY: return "aggregate function";
    case CatalogType::TABLE_FUNCTION_ENTRY: return "table function";
    case CatalogType::MACRO_ENTRY: return "macro";
    case CatalogType::TABLE_MACRO_ENTRY: return "table macro";
    case CatalogType::PRAGMA_FUNCTION_ENTRY: return "pragma function";
    case CatalogType::COPY_FUNCTION_ENTRY: return "copy function";
    case CatalogType::TYPE_ENTRY: return "type";
    case CatalogType::COLLATION_ENTRY: return "collation";
    case CatalogType::SEQUENCE_ENTRY: return "sequence";
    case CatalogType::INDEX_ENTRY: return "index";
    default: return LowerAscii(native::CatalogTypeToString(type));
  }
}

// Gate 2. Called with each entry found, before anything is done with it.
void CheckLookup(StatementState& state, native::CatalogEntry& entry) {
  plan::Lookup lookup;
  lookup.kind = LookupKind(entry.type);
  lookup.name = LowerAscii(entry.name);
  if (entry.type == CatalogType::SCHEMA_ENTRY) {
    lookup.catalog = entry.ParentCatalog().GetName();
    lookup.schema = lookup.name;
  } else {
    lookup.catalog = entry.ParentCatalog().GetName();
    lookup.schema = LowerAscii(entry.ParentSchema().name);
  }
  lookup.in_policy = state.policy_binding != nullptr;
  auto allowed = state.gate->Check(lookup);
  if (allowed.has_value()) return;
  if (!state.refusal.has_value()) state.refusal = allowed.error();
  ThrowLakeError(std::move(allowed).error());
}

// A JSON number that is no integer of 64 bits: as a DOUBLE when that has all its digits, or when it has an exponent or
// more than 38 digits with a fraction; else as a DECIMAL with all of them. nullopt: an integer beyond all of them.
std::optional<native::Value> LongNumber(const std::string& text, double rounded) {
  constexpr size_t kDecimalDigits = 38;
  if (text.find_first_of("eE") != std::string::npos) return native::Value::DOUBLE(rounded);
  // Clients write a DOUBLE so: as a DECIMAL its many digits would leave no room to reckon.
  if (text.find('.') != std::string::npos && fmt::format("{}", rounded) == text) return native::Value::DOUBLE(rounded);
  const size_t first = text.find_first_not_of("-0.");
  const size_t point = std::min(text.find('.'), text.size());
  const size_t scale = text.size() - std::min(point + 1, text.size());
  size_t digits = scale;
  if (first != std::string::npos && first < point) digits += point - first;
  if (digits > kDecimalDigits && scale == 0) return std::nullopt;
  if (digits > kDecimalDigits) return native::Value::DOUBLE(rounded);
  // A zero before the point counts, as in a literal; the text of the number then has it too.
  const size_t width = scale == 0 ? kDecimalDigits : std::min(std::max(digits, scale + 1), kDecimalDigits);
  native::Value exact;
  native::string message;
  const auto type = native::LogicalType::DECIMAL(static_cast<uint8_t>(width), static_cast<uint8_t>(scale));
  if (!native::Value(text).DefaultTryCastAs(type, exact, &message)) return native::Value::DOUBLE(rounded);
  return exact;
}

native::Value ParseParameter(native::ClientContext& context, const ParameterValue& parameter) {
  boost::system::error_code problem;
  const boost::json::value json = boost::json::parse(parameter.json, problem);
  auto refuse = [&](const char* why) {
    ThrowLakeError(Error(ErrorCode::kInvalidArgument, fmt::format("{}: parameter {}", why, parameter.name)));
  };
  if (problem) refuse("a parameter's value is not JSON");
  const std::string text(Trim(parameter.json));
  if (json.is_double() && std::isinf(json.as_double())) refuse("a parameter's number is beyond a DOUBLE");
  native::Value value;
  if (json.is_bool()) value = native::Value::BOOLEAN(json.as_bool());
  else if (json.is_int64()) value = native::Value::BIGINT(json.as_int64());
  else if (json.is_uint64()) value = native::Value::UBIGINT(json.as_uint64());
  else if (json.is_string()) value = native::Value(std::string(json.as_string()));
  else if (!json.is_null()) value = native::Value(boost::json::serialize(json));
  if (parameter.type.empty()) {
    if (!json.is_double()) return value;
    auto number = LongNumber(text, json.as_double());
    if (!number) refuse("a parameter's integer has more than 38 digits; give it a type, or as text");
    return std::move(*number);
  }
  native::LogicalType type;
  try {
    type = native::TransformStringToLogicalType(parameter.type, context);
  } catch (const std::exception&) {
    refuse("a parameter's type is not known");
  }
  // Big numbers would lose digits on the way through a double.
  if (json.is_double()) value = native::Value(text);
  native::Value cast;
  native::string message;
  if (!value.DefaultTryCastAs(type, cast, &message)) refuse("a parameter's value is not of its type");
  return cast;
}

TransactionStep StepOf(const native::TransactionStatement& statement) {
  switch (statement.info->type) {
    case native::TransactionType::BEGIN_TRANSACTION: return TransactionStep::kBegin;
    case native::TransactionType::COMMIT: return TransactionStep::kCommit;
    case native::TransactionType::ROLLBACK: return TransactionStep::kRollback;
    case native::TransactionType::INVALID: break;
  }
  NL_UNREACHABLE();
}

// The plan of CREATE VIEW holds the view's text alone, so that is bound once more.
plan::LineageDigest LineageOfView(EngineCore& core, native::LogicalCreate& create) {
  const auto& view = create.info->Cast<native::CreateViewInfo>();
  native::Planner planner(core.context());
  SetLookupCheck(*planner.binder, *core.state);
  // Unqualified names in a view are of the view's schema first, as when it is used.
  planner.binder->SetSearchPath(create.schema->ParentCatalog(), create.schema->name);
  core.state->open_views.clear();
  planner.CreatePlan(view.query->Copy());
  if (core.state->refusal.has_value()) ThrowLakeError(*core.state->refusal);
  if (planner.plan == nullptr) return {};
  BoundPlan query;
  query.root = std::move(planner.plan);
  query.names = planner.names;
  query.types = planner.types;
  return TraceViewLineage(query, view);
}

// For look-ups: what the statement wants of the table or view it names.
void NoteTarget(const native::SQLStatement& statement, StatementState& state) {
  state.drops = statement.type == native::StatementType::DROP_STATEMENT;
  state.replaced.reset();
  state.replaced_view.reset();
  if (statement.type != native::StatementType::CREATE_STATEMENT) return;
  const native::CreateInfo& info = *statement.Cast<native::CreateStatement>().info;
  const std::string schema = LowerAscii(info.schema.empty() ? state.grants.default_schema : info.schema);
  const auto named = [&](const std::string& name) {
    return RelationName{schema.empty() ? "main" : schema, LowerAscii(name)};
  };
  if (info.type == CatalogType::VIEW_ENTRY) {
    state.replaced_view = named(info.Cast<native::CreateViewInfo>().view_name);
  } else if (info.type == CatalogType::TABLE_ENTRY &&
             info.on_conflict == native::OnCreateConflict::REPLACE_ON_CONFLICT) {
    state.replaced = named(info.Cast<native::CreateTableInfo>().table);
  }
}

void BindPlan(EngineCore& core, native::unique_ptr<native::SQLStatement> statement, const std::string& kind,
              const std::vector<ParameterValue>& parameters, BoundPlan& plan) {
  native::ClientContext& context = core.context();
  StatementState& state = *core.state;
  ++state.last_plan_id;
  native::Planner planner(context);
  SetLookupCheck(*planner.binder, state);
  for (const ParameterValue& parameter : parameters) {
    planner.parameter_data.emplace(parameter.name, native::BoundParameterData(ParseParameter(context, parameter)));
  }
  // Asked here: left to the planner, a missing one ends in an internal error that costs the engine.
  for (const auto& [name, index] : statement->named_param_map) {
    if (planner.parameter_data.count(name) > 0) continue;
    ThrowLakeError(Error(ErrorCode::kInvalidArgument, fmt::format("a parameter was not given: {}", name)));
  }
  state.is_query = statement->type == native::StatementType::SELECT_STATEMENT;
  state.operation_parameters = OperationParameters(*statement);
  NoteTarget(*statement, state);
  if (state.grants.write && state.grants.write->evolves_schema) {
    native::BoundParameterMap bound_parameters(planner.parameter_data);
    EvolveSchema(context, *statement, bound_parameters);
  }
  HideColumnsInDescription(context, state, *statement, planner.parameter_data);
  state.open_views.clear();
  planner.CreatePlan(std::move(statement));
  if (state.refusal.has_value()) ThrowLakeError(*state.refusal);
  if (!planner.properties.bound_all_parameters || planner.plan == nullptr) {
    ThrowLakeError(Error(ErrorCode::kInvalidArgument, "the statement has parameters that were not given"));
  }
  plan.binder = planner.binder;
  // The callback must not outlive the statement; later look-ups are the engine's own.
  plan.binder->SetCatalogLookupCallback(nullptr);
  plan.root = std::move(planner.plan);
  plan.names = planner.names;
  plan.types = planner.types;
  auto lineage = plan.root->type == native::LogicalOperatorType::LOGICAL_CREATE_VIEW
                     ? LineageOfView(core, plan.root->Cast<native::LogicalCreate>())
                     : TraceLineage(plan);
  DeferMergeValues(*plan.root);
  NameConversions(*plan.root);
  plan.properties = planner.properties;
  DigestPlan(context, kind, plan);
  plan.digest_value.lineage = std::move(lineage);
  if (plan.returns_rows) CastToExportedTypes(context, plan);
}

}  // namespace

void SetLookupCheck(native::Binder& binder, StatementState& state) {
  binder.SetCatalogLookupCallback([&state](native::CatalogEntry& entry) { CheckLookup(state, entry); });
}

Result<plan::BoundQuery> DuckDbEngine::Bind(std::unique_ptr<ParsedQuery> query,
                                            const std::vector<ParameterValue>& parameters) {
  StatementState& state = *core_->state;
  if (state.provider == nullptr) return MakeError(ErrorCode::kInternal, "Bind outside of a statement");
  NL_RETURN_IF_ERROR(core_->CheckAlive());
  auto& parsed = static_cast<DuckDbParsedQuery&>(*query);
  auto statement = parsed.TakeStatement();
  auto plan = std::make_unique<BoundPlan>();
  plan->returns_rows = parsed.returns_rows();
  if (parsed.kind() == "TRANSACTION") {
    plan->step = StepOf(statement->Cast<native::TransactionStatement>());
    plan->digest_value.statement_kind = parsed.kind();
    return plan::BoundQuery(std::move(plan));
  }
  auto bound = core_->Guard(ErrorStage::kBind, [&] {
    auto& context = core_->context();
    // One transaction spans binding and running, so that both see the same snapshots.
    if (!context.transaction.HasActiveTransaction()) context.transaction.SetAutoCommit(false);
    context.RunFunctionInTransaction([&] { BindPlan(*core_, std::move(statement), parsed.kind(), parameters, *plan); },
                                     false);
  });
  if (!bound.has_value()) {
    plan.reset();
    core_->RollbackImplicit();
    return std::unexpected(std::move(bound).error());
  }
  return plan::BoundQuery(std::move(plan));
}

}  // namespace neurolake::engine::duckdb
