// Expectations of rows: checked where the rows are written, in one pass.
#include <boost/json.hpp>

#include "common/text.h"
#include "duckdb/common/types/column/column_data_collection.hpp"
#include "duckdb/execution/expression_executor.hpp"
#include "duckdb/parser/expression/columnref_expression.hpp"
#include "duckdb/parser/parsed_expression_iterator.hpp"
#include "duckdb/parser/parser.hpp"
#include "duckdb/planner/expression_binder/check_binder.hpp"
#include "engine/duckdb/internal/column_cells.h"
#include "engine/duckdb/internal/error_translation.h"
#include "engine/duckdb/internal/expectations.h"
#include "engine/duckdb/internal/lake_catalog.h"
#include "engine/duckdb/internal/lake_transaction.h"
#include "engine/duckdb/internal/lake_write.h"
#include "engine/duckdb/internal/lookup_check.h"
#include "engine/duckdb/internal/type_mapping.h"

namespace neurolake::engine::duckdb {
namespace {

using Action = Expectation::Action;

struct BoundExpectations {
  std::shared_ptr<const ExpectationSet> set;
  std::vector<const Expectation*> expectations;
  std::vector<native::unique_ptr<native::Expression>> conditions;  ///< As `expectations`.
  native::unique_ptr<native::Expression> as_json;                  ///< Null unless rows may be set aside.
};

/// Columns go by their own names alone: a condition outlives the name of its table.
native::unique_ptr<native::Expression> Bind(native::ClientContext& context, const tables::delta::DataType& schema,
                                            const std::string& text, bool gated, const native::LogicalType& type,
                                            native::physical_index_set_t& used) {
  auto parsed = native::Parser::ParseExpressionList("(" + text + "\n)");
  if (parsed.size() != 1) {
    ThrowLakeError(Error(ErrorCode::kSyntaxError, "an expectation is one condition"));
  }
  if (parsed[0]->HasSubquery()) {
    ThrowLakeError(Error(ErrorCode::kNotSupported, "the condition of an expectation may not have sub-queries"));
  }
  auto binder = native::Binder::CreateBinder(context);
  if (gated) SetLookupCheck(*binder, StatementState::Get(context));
  native::ColumnList columns;
  for (const auto& field : schema.fields) {
    columns.AddColumn(native::ColumnDefinition(field.name, gated ? ReadableType(field) : ToDuckDbType(field.type)));
  }
  native::CheckBinder check(*binder, context, /*table=*/"", columns, used);
  check.target_type = type;
  auto bound = check.Bind(parsed[0]);
  if (gated) RefuseCells(*bound, schema, "an expectation");
  return bound;
}

/// Says what is wrong with `orders.amount` on a table orders, which would be read as a field of a column.
void RefuseTableName(const tables::delta::DataType& schema, const std::string& table, const std::string& condition) {
  const auto is_table = [&](const native::ColumnRefExpression& column) {
    const auto named = [&](const auto& field) { return EqualsIgnoringCase(field.name, column.column_names[0]); };
    return column.IsQualified() && EqualsIgnoringCase(column.column_names[0], table) &&
           std::ranges::none_of(schema.fields, named);
  };
  for (const auto& parsed : native::Parser::ParseExpressionList("(" + condition + "\n)")) {
    native::ParsedExpressionIterator::VisitExpression<native::ColumnRefExpression>(
        *parsed, [&](const native::ColumnRefExpression& column) {
          if (!is_table(column)) return;
          ThrowLakeError(Error(ErrorCode::kNotSupported,
                               fmt::format("the condition of an expectation names its columns alone, not with their "
                                           "table: {}",
                                           column.GetColumnName())));
        });
  }
}

/// All columns of a row, as text that can be read back.
std::string RowAsJson(const tables::delta::DataType& schema) {
  std::string fields;
  for (const auto& field : schema.fields) {
    fields +=
        fmt::format("{}{} := {}", fields.empty() ? "" : ", ", QuoteIdentifier(field.name), QuoteIdentifier(field.name));
  }
  return "CAST(to_json(struct_pack(" + fields + ")) AS VARCHAR)";
}

/// Throws naming the expectation where the table has changed so that it cannot be understood any more.
native::unique_ptr<native::Expression> BindStored(native::ClientContext& context, const tables::delta::DataType& schema,
                                                  const TableEntry& table, const Expectation& expectation,
                                                  native::physical_index_set_t& used) {
  try {
    return Bind(context, schema, expectation.condition, /*gated=*/true, native::LogicalType::BOOLEAN, used);
  } catch (const std::exception& exception) {
    if (native::ErrorData(exception).Type() != native::ExceptionType::BINDER) throw;
    ThrowLakeError(Error(ErrorCode::kDependentObjects,
                         fmt::format("an expectation does not fit the table's columns, drop it first: {} ON {}.{}",
                                     expectation.name, table.schema_name, table.table_name)));
  }
}

/// Which of `rows` fulfil the condition: their number, and the others in `broken`.
native::idx_t Select(native::ExpressionExecutor& condition, const Expectation& expectation, const TableEntry& table,
                     native::DataChunk& rows, native::SelectionVector& held, native::SelectionVector& broken) {
  try {
    return condition.SelectExpression(rows, held, broken, nullptr, rows.size());
  } catch (const std::exception& exception) {
    const auto type = native::ErrorData(exception).Type();
    if (type != native::ExceptionType::CONVERSION && type != native::ExceptionType::OUT_OF_RANGE &&
        type != native::ExceptionType::INVALID_INPUT) {
      throw;
    }
    ThrowLakeError(
        Error(ErrorCode::kCheckViolation,
              fmt::format("the condition of an expectation cannot be computed for a row, TRY_CAST and the like give "
                          "NULL instead; expectation: {}, table: {}.{}",
                          expectation.name, table.schema_name, table.table_name)));
  }
}

struct ExpectationState final : native::OperatorState {
  ExpectationState(native::ClientContext& client, const BoundExpectations& bound) : context(client) {
    for (const auto& condition : bound.conditions) {
      conditions.push_back(native::make_uniq<native::ExpressionExecutor>(client, *condition));
    }
    if (bound.as_json) as_json = native::make_uniq<native::ExpressionExecutor>(client, *bound.as_json);
    counts.resize(bound.conditions.size());
  }
  native::ClientContext& context;
  std::vector<native::unique_ptr<native::ExpressionExecutor>> conditions;
  native::unique_ptr<native::ExpressionExecutor> as_json;
  std::vector<ExpectationFindings::Count> counts;
  ExpectationFindings findings;  ///< All but the counts.
  int64_t rejected_inserts = 0;
  int64_t rejected_updates = 0;
};

/// What is to become of the rows of one chunk.
struct Fates {
  explicit Fates(native::idx_t rows) : violated(rows), rejected(rows), quarantined(rows) {}
  std::vector<std::vector<size_t>> violated;  ///< By row: positions of expectations.
  std::vector<bool> rejected;
  std::vector<bool> quarantined;
  native::idx_t rejected_count = 0;
};

class LakeExpectations final : public native::PhysicalOperator {
 public:
  LakeExpectations(native::PhysicalPlan& plan, std::shared_ptr<WriteJob> job,
                   std::shared_ptr<const BoundExpectations> bound, native::PhysicalOperator& child)
      : PhysicalOperator(plan, native::PhysicalOperatorType::EXTENSION, child.types, child.estimated_cardinality),
        job_(std::move(job)),
        bound_(std::move(bound)) {
    children.push_back(child);
  }
  native::string GetName() const override { return "LAKE_EXPECTATIONS"; }
  bool ParallelOperator() const override { return true; }
  bool RequiresFinalExecute() const override { return true; }
  native::unique_ptr<native::OperatorState> GetOperatorState(native::ExecutionContext& context) const override {
    return native::make_uniq<ExpectationState>(context.client, *bound_);
  }

  native::OperatorResultType Execute(native::ExecutionContext&, native::DataChunk& input, native::DataChunk& chunk,
                                     native::GlobalOperatorState&,
                                     native::OperatorState& operator_state) const override {
    auto& state = operator_state.Cast<ExpectationState>();
    std::optional<Fates> fates;  // Most chunks have nothing wrong with them.
    for (size_t i = 0; i < bound_->conditions.size(); ++i) Check(i, input, state, fates);
    chunk.Reference(input);
    if (!fates || fates->rejected_count == 0) return native::OperatorResultType::NEED_MORE_INPUT;
    if (std::ranges::find(fates->quarantined, true) != fates->quarantined.end()) SetAside(input, *fates, state);
    native::SelectionVector kept(std::max<native::idx_t>(input.size(), 1));
    native::idx_t count = 0;
    for (native::idx_t row = 0; row < input.size(); ++row) {
      if (!fates->rejected[row]) {
        kept.set_index(count++, row);
        continue;
      }
      ++(IsUpdate(input, row) ? state.rejected_updates : state.rejected_inserts);
      ++(fates->quarantined[row] ? state.findings.quarantined : state.findings.dropped);
    }
    chunk.Slice(kept, count);
    return native::OperatorResultType::NEED_MORE_INPUT;
  }

  native::OperatorFinalizeResultType FinalExecute(native::ExecutionContext&, native::DataChunk&,
                                                  native::GlobalOperatorState&,
                                                  native::OperatorState& operator_state) const override {
    auto& state = operator_state.Cast<ExpectationState>();
    std::lock_guard lock(job_->mutex);
    for (size_t i = 0; i < state.counts.size(); ++i) {
      if (state.counts[i].rows_checked == 0) continue;
      state.findings.counts[bound_->expectations[i]->id] = state.counts[i];
    }
    job_->findings.Merge(std::move(state.findings));
    state.findings = {};
    job_->rejected_inserts += std::exchange(state.rejected_inserts, 0);
    job_->rejected_updates += std::exchange(state.rejected_updates, 0);
    std::ranges::fill(state.counts, ExpectationFindings::Count());
    return native::OperatorFinalizeResultType::FINISHED;
  }

 private:
  bool IsUpdate(native::DataChunk& chunk, native::idx_t row) const {
    const size_t width = job_->target.layout.schema.fields.size();
    return chunk.ColumnCount() > width && !chunk.GetValue(width, row).IsNull();
  }

  void Check(size_t index, native::DataChunk& input, ExpectationState& state, std::optional<Fates>& fates) const {
    const native::idx_t rows = input.size();
    auto& count = state.counts[index];
    count.rows_checked += static_cast<int64_t>(rows);
    native::SelectionVector held(std::max<native::idx_t>(rows, 1)), broken(std::max<native::idx_t>(rows, 1));
    const native::idx_t good =
        Select(*state.conditions[index], *bound_->expectations[index], job_->target.table, input, held, broken);
    if (good == rows) return;
    if (!fates) fates.emplace(rows);
    const Action action = bound_->expectations[index]->action;
    for (native::idx_t i = 0; i < rows - good; ++i) {
      const native::idx_t row = broken.get_index(i);
      ++count.violations;
      fates->violated[row].push_back(index);
      if (action == Action::kQuarantine) fates->quarantined[row] = true;
      if (action != Action::kQuarantine && action != Action::kDrop) continue;
      if (!fates->rejected[row]) ++fates->rejected_count;
      fates->rejected[row] = true;
    }
  }

  std::string NamesOf(const std::vector<size_t>& violated) const {
    boost::json::array names;
    for (const size_t index : violated) names.emplace_back(bound_->expectations[index]->name);
    return boost::json::serialize(names);
  }

  void SetAside(native::DataChunk& input, const Fates& fates, ExpectationState& state) const {
    native::SelectionVector rows(input.size());
    native::idx_t count = 0;
    for (native::idx_t row = 0; row < input.size(); ++row) {
      if (fates.quarantined[row]) rows.set_index(count++, row);
    }
    native::DataChunk part;
    part.InitializeEmpty(input.GetTypes());
    part.Slice(input, rows, count);
    part.SetCardinality(count);
    native::DataChunk aside;
    aside.Initialize(native::Allocator::Get(state.context), QuarantineTypes());
    for (native::idx_t i = 0; i < count; ++i) {
      const native::idx_t row = rows.get_index(i);
      aside.SetValue(0, i, native::Value(NamesOf(fates.violated[row])));
      aside.SetValue(1, i, native::Value(IsUpdate(input, row) ? "UPDATE" : "INSERT"));
    }
    state.as_json->SetChunk(&part);
    state.as_json->ExecuteExpression(aside.data[2]);
    aside.SetCardinality(count);
    auto& rejected = state.findings.rejected;
    if (rejected == nullptr) rejected = native::make_uniq<RejectedRows>(state.context, QuarantineTypes());
    rejected->Append(aside);
  }

  std::shared_ptr<WriteJob> job_;
  std::shared_ptr<const BoundExpectations> bound_;
};

}  // namespace

native::vector<native::LogicalType> QuarantineTypes() {
  return {native::LogicalType::VARCHAR, native::LogicalType::VARCHAR, native::LogicalType::VARCHAR};
}

native::unique_ptr<native::Expression> BindRowAsJson(native::ClientContext& context,
                                                     const tables::delta::DataType& schema) {
  native::physical_index_set_t used;
  return Bind(context, schema, RowAsJson(schema), /*gated=*/false, native::LogicalType::VARCHAR, used);
}

std::vector<std::string> BindRowCondition(native::ClientContext& context, const tables::delta::DataType& schema,
                                          const std::string& table, const std::string& condition) {
  native::physical_index_set_t used;
  RefuseTableName(schema, table, condition);
  const auto bound = Bind(context, schema, condition, /*gated=*/true, native::LogicalType::BOOLEAN, used);
  if (bound->IsVolatile()) {
    ThrowLakeError(Error(ErrorCode::kInvalidArgument, "the condition of an expectation cannot depend on chance"));
  }
  std::vector<std::string> names;
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    if (used.contains(native::PhysicalIndex(i))) names.push_back(schema.fields[i].name);
  }
  return names;
}

native::PhysicalOperator& PlanExpectations(native::ClientContext& context, native::PhysicalPlanGenerator& planner,
                                           const std::shared_ptr<WriteJob>& job, native::PhysicalOperator& child) {
  const StatementGrants& grants = StatementState::Get(context).grants;
  // Rows of a group were checked by the statements that made them.
  if (job->target.base == nullptr || grants.grouped || (grants.write && !grants.write->data_change)) return child;
  auto& catalog = native::Catalog::GetCatalog(context, LakeCatalog::kName);
  auto bound = std::make_shared<BoundExpectations>();
  bound->set = LakeTransaction::Get(context, catalog).Expectations(job->target.table.id);
  if (!bound->set->has_rows()) return child;
  for (const Expectation& expectation : bound->set->all) {
    if (!expectation.of_rows()) continue;
    native::physical_index_set_t used;
    bound->conditions.push_back(BindStored(context, job->target.layout.schema, job->target.table, expectation, used));
    bound->expectations.push_back(&expectation);
    if (expectation.action != Action::kQuarantine || bound->as_json) continue;
    bound->as_json = BindRowAsJson(context, job->target.layout.schema);
  }
  return planner.Make<LakeExpectations>(job, std::move(bound), child);
}

void CountViolations(native::ClientContext& context, CheckConnection& check, const ExpectationSet& expectations,
                     const TableEntry& table, const tables::delta::DataType& schema, ExpectationFindings& findings) {
  std::vector<const Expectation*> of_rows;
  std::vector<native::unique_ptr<native::Expression>> bound;
  std::vector<native::unique_ptr<native::ExpressionExecutor>> conditions;
  native::physical_index_set_t used;
  for (const Expectation& expectation : expectations.all) {
    if (!expectation.of_rows()) continue;
    of_rows.push_back(&expectation);
    bound.push_back(BindStored(context, schema, table, expectation, used));
    conditions.push_back(native::make_uniq<native::ExpressionExecutor>(context, *bound.back()));
  }
  if (of_rows.empty()) return;
  // Conditions count in the table's columns; those that none of them needs are not read.
  std::string columns;
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    const bool needed = used.contains(native::PhysicalIndex(i));
    columns += fmt::format("{}{}", i == 0 ? "" : ", ", needed ? QuoteIdentifier(schema.fields[i].name) : "NULL");
  }
  auto rows =
      check.connection().SendQuery(fmt::format("SELECT {} FROM {}.{}.{}", columns, LakeCatalog::kName,
                                               QuoteIdentifier(table.schema_name), QuoteIdentifier(table.table_name)));
  if (rows->HasError()) rows->GetErrorObject().Throw();
  while (auto chunk = rows->Fetch()) {
    if (chunk->size() == 0) break;
    if (context.IsInterrupted()) throw native::InterruptException();
    native::SelectionVector held(chunk->size()), broken(chunk->size());
    for (size_t i = 0; i < of_rows.size(); ++i) {
      auto& count = findings.counts[of_rows[i]->id];
      const native::idx_t good = Select(*conditions[i], *of_rows[i], table, *chunk, held, broken);
      count.rows_checked += static_cast<int64_t>(chunk->size());
      count.violations += static_cast<int64_t>(chunk->size() - good);
    }
  }
  if (rows->HasError()) rows->GetErrorObject().Throw();
}

std::vector<ExpectationEvidence> RowEvidence(const ExpectationSet& expectations, const ExpectationFindings& findings) {
  std::vector<ExpectationEvidence> evidence;
  for (const Expectation& expectation : expectations.all) {
    auto& one = evidence.emplace_back();
    one.id = expectation.id;
    const auto found = findings.counts.find(expectation.id);
    if (found == findings.counts.end() || found->second.rows_checked == 0) continue;
    one.checked = true;
    one.rows_checked = found->second.rows_checked;
    one.violations = found->second.violations;
    one.metric = static_cast<double>(one.violations) / static_cast<double>(one.rows_checked);
  }
  return evidence;
}

void StageExpectations(StatementState& state, WriteJob& job, LakeWrite& write) {
  if (job.target.base == nullptr) return;
  job.merge.inserted -= job.rejected_inserts;
  const int64_t by_source = std::max<int64_t>(0, job.rejected_updates - job.merge.updated_matched);
  job.merge.updated_matched -= job.rejected_updates - by_source;
  job.merge.updated_by_source -= by_source;
  state.rows_dropped += job.findings.dropped;
  state.rows_quarantined += job.findings.quarantined;
  write.findings.Merge(std::move(job.findings));
  if (write.findings.counts.empty()) return;
  auto expectations = write.expectations;
  NL_CHECK(expectations != nullptr);
  const auto evidence = RowEvidence(*expectations, write.findings);
  const Expectation* failed = nullptr;
  for (size_t i = 0; i < evidence.size() && failed == nullptr; ++i) {
    const Expectation& expectation = expectations->all[i];
    if (expectation.action == Action::kFail && evidence[i].violations > 0) failed = &expectation;
  }
  if (failed == nullptr) return;
  const auto& count = write.findings.counts[failed->id];
  ThrowViolated(state, job.target.table, *failed, count.violations, count.rows_checked, evidence);
}

}  // namespace neurolake::engine::duckdb
