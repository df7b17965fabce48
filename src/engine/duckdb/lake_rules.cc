#include "engine/duckdb/internal/lake_rules.h"

#include "duckdb/execution/expression_executor.hpp"
#include "duckdb/parser/parser.hpp"
#include "duckdb/planner/expression_binder/check_binder.hpp"
#include "engine/duckdb/internal/column_cells.h"
#include "engine/duckdb/internal/error_translation.h"
#include "engine/duckdb/internal/lookup_check.h"
#include "engine/duckdb/internal/statement_state.h"
#include "engine/duckdb/internal/type_mapping.h"
#include "tables/delta/table_rules.h"

namespace neurolake::engine::duckdb {
namespace {

using tables::delta::Expression;
using tables::delta::IdentityRule;
using tables::delta::TableRules;

/// The rules with their expressions bound to the columns of a row.
struct BoundRules {
  TableRules rules;
  std::vector<native::unique_ptr<native::Expression>> generated;  ///< As `rules.generated`, of the columns' types.
  std::vector<native::unique_ptr<native::Expression>> checks;     ///< As `rules.checks`, BOOLEAN.
  std::vector<size_t> empty_is_null;  ///< Partition columns of texts: '' is stored as NULL, and obeys rules as that.
};

/// Source: PROTOCOL.md, "Partition Value Serialization".
void MakeEmptyNull(native::Vector& values, native::idx_t count) {
  native::UnifiedVectorFormat format;
  values.ToUnifiedFormat(count, format);
  const auto* texts = native::UnifiedVectorFormat::GetData<native::string_t>(format);
  std::vector<native::idx_t> empty;
  for (native::idx_t row = 0; row < count; ++row) {
    const auto position = format.sel->get_index(row);
    if (format.validity.RowIsValid(position) && texts[position].GetSize() == 0) empty.push_back(row);
  }
  if (empty.empty()) return;
  native::Vector result(values.GetType(), count);
  native::VectorOperations::Copy(values, result, count, 0, 0);
  for (const native::idx_t row : empty) native::FlatVector::SetNull(result, row, true);
  values.Reference(result);
}

/// Binds expressions of one table.
class RuleBinder {
 public:
  RuleBinder(native::ClientContext& context, const tables::delta::DataType& schema, const std::string& table)
      : context_(context), schema_(schema), table_(table), binder_(native::Binder::CreateBinder(context)) {
    SetLookupCheck(*binder_, StatementState::Get(context));
    for (const auto& field : schema.fields) {
      columns_.AddColumn(native::ColumnDefinition(field.name, ToDuckDbType(field.type)));
    }
  }

  native::unique_ptr<native::Expression> Bind(const Expression& expression, const native::LogicalType& type,
                                              const std::string& what) {
    auto text = expression.ToEngine(schema_);
    if (!text.has_value()) Refuse(what, text.error());
    auto parsed = native::Parser::ParseExpressionList(*text);
    NL_CHECK(parsed.size() == 1);
    native::physical_index_set_t used;
    native::CheckBinder check(*binder_, context_, table_, columns_, used);
    check.target_type = type;
    try {
      auto bound = check.Bind(parsed[0]);
      RefuseCells(*bound, schema_, what);
      return bound;
    } catch (const std::exception& exception) {
      // Types that the engine does not take together, though Spark may.
      if (native::ErrorData(exception).Type() != native::ExceptionType::BINDER) throw;
      Refuse(what, Error(ErrorCode::kNotSupported, "its types do not go together here"));
    }
  }

 private:
  [[noreturn]] static void Refuse(const std::string& what, const Error& why) {
    ThrowLakeError(
        Error(why.code(), fmt::format("the table cannot be written, {} is not understood: {}", what, why.message())));
  }

  native::ClientContext& context_;
  const tables::delta::DataType& schema_;
  std::string table_;
  native::shared_ptr<native::Binder> binder_;
  native::ColumnList columns_;
};

struct RulesState final : native::OperatorState {
  RulesState(native::ClientContext& context, const BoundRules& bound) : values(context), checks(context) {
    for (const auto& expression : bound.generated) values.AddExpression(*expression);
    for (const auto& expression : bound.checks) checks.AddExpression(*expression);
  }
  native::ExpressionExecutor values;
  native::ExpressionExecutor checks;
};

class LakeTableRules final : public native::PhysicalOperator {
 public:
  LakeTableRules(native::PhysicalPlan& plan, std::shared_ptr<WriteJob> job, std::shared_ptr<const BoundRules> bound,
                 bool rows_are_new, native::PhysicalOperator& child)
      : PhysicalOperator(plan, native::PhysicalOperatorType::EXTENSION, child.types, child.estimated_cardinality),
        job_(std::move(job)),
        bound_(std::move(bound)),
        rows_are_new_(rows_are_new) {
    children.push_back(child);
  }
  native::string GetName() const override { return "LAKE_TABLE_RULES"; }
  bool ParallelOperator() const override { return true; }
  native::unique_ptr<native::OperatorState> GetOperatorState(native::ExecutionContext& context) const override {
    return native::make_uniq<RulesState>(context.client, *bound_);
  }

  native::OperatorResultType Execute(native::ExecutionContext&, native::DataChunk& input, native::DataChunk& chunk,
                                     native::GlobalOperatorState&, native::OperatorState& state) const override {
    auto& local = state.Cast<RulesState>();
    chunk.Reference(input);
    for (const size_t column : bound_->empty_is_null) MakeEmptyNull(chunk.data[column], chunk.size());
    for (const IdentityRule& rule : bound_->rules.identities) GiveIdentities(rule, chunk);
    for (size_t i = 0; i < bound_->generated.size(); ++i) Generate(i, local, chunk);
    if (!bound_->generated.empty()) {  // Those may be generated.
      for (const size_t column : bound_->empty_is_null) MakeEmptyNull(chunk.data[column], chunk.size());
    }
    for (size_t i = 0; i < bound_->checks.size(); ++i) Check(i, local, chunk);
    return native::OperatorResultType::NEED_MORE_INPUT;
  }

 private:
  std::string TableName() const { return job_->target.table.schema_name + "." + job_->target.table.table_name; }
  const std::string& ColumnName(size_t column) const { return job_->target.layout.schema.fields[column].name; }

  /// The first of `count` values, which nobody else gets.
  int64_t Reserve(const IdentityRule& rule, int64_t count) const {
    std::lock_guard lock(job_->mutex);
    auto [mark, first_ever] = job_->identity_marks.try_emplace(rule.column, 0);
    int64_t first = rule.start;
    int64_t last = 0;
    bool overflow = false;
    if (!first_ever || rule.high_water_mark) {
      const int64_t before = first_ever ? *rule.high_water_mark : mark->second;
      overflow = __builtin_add_overflow(before, rule.step, &first);
    }
    overflow =
        overflow || __builtin_mul_overflow(rule.step, count - 1, &last) || __builtin_add_overflow(first, last, &last);
    if (overflow) {
      ThrowLakeError(Error(ErrorCode::kNumericOutOfRange, fmt::format("an identity column has no values left: {} of {}",
                                                                      ColumnName(rule.column), TableName())));
    }
    mark->second = last;
    return first;
  }

  void GiveIdentities(const IdentityRule& rule, native::DataChunk& chunk) const {
    native::UnifiedVectorFormat given;
    chunk.data[rule.column].ToUnifiedFormat(chunk.size(), given);
    const auto* values = native::UnifiedVectorFormat::GetData<int64_t>(given);
    int64_t missing = 0;
    for (native::idx_t row = 0; row < chunk.size(); ++row)
      missing += !given.validity.RowIsValid(given.sel->get_index(row));
    if (rows_are_new_ && !rule.allow_explicit && missing < static_cast<int64_t>(chunk.size())) {
      ThrowLakeError(
          Error(ErrorCode::kInvalidArgument,
                fmt::format("values of a column that is GENERATED ALWAYS AS IDENTITY cannot be given, leave it "
                            "out or use DEFAULT: {} of {}",
                            ColumnName(rule.column), TableName())));
    }
    if (missing == 0) return;
    int64_t next = Reserve(rule, missing);
    native::Vector result(native::LogicalType::BIGINT, chunk.size());
    auto* out = native::FlatVector::GetData<int64_t>(result);
    for (native::idx_t row = 0; row < chunk.size(); ++row) {
      const auto position = given.sel->get_index(row);
      if (given.validity.RowIsValid(position)) {
        out[row] = values[position];
        continue;
      }
      out[row] = next;
      if (--missing > 0) next += rule.step;
    }
    chunk.data[rule.column].Reference(result);
  }

  void Generate(size_t index, RulesState& state, native::DataChunk& chunk) const {
    const size_t column = bound_->rules.generated[index].column;
    auto& given = chunk.data[column];
    native::Vector computed(given.GetType(), chunk.size());
    state.values.SetChunk(&chunk);
    state.values.ExecuteExpression(index, computed);
    native::Vector differs(native::LogicalType::BOOLEAN, chunk.size());
    native::VectorOperations::DistinctFrom(given, computed, differs, chunk.size());
    native::UnifiedVectorFormat given_format, differs_format;
    given.ToUnifiedFormat(chunk.size(), given_format);
    differs.ToUnifiedFormat(chunk.size(), differs_format);
    const auto* different = native::UnifiedVectorFormat::GetData<bool>(differs_format);
    for (native::idx_t row = 0; row < chunk.size(); ++row) {
      if (!given_format.validity.RowIsValid(given_format.sel->get_index(row))) continue;
      if (!different[differs_format.sel->get_index(row)]) continue;
      ThrowLakeError(Error(ErrorCode::kCheckViolation,
                           fmt::format("a value given for a generated column is not what the column computes, leave it "
                                       "out: {} of {}",
                                       ColumnName(column), TableName()))
                         .With("column", ColumnName(column)));
    }
    chunk.data[column].Reference(computed);
  }

  void Check(size_t index, RulesState& state, native::DataChunk& chunk) const {
    native::Vector held(native::LogicalType::BOOLEAN, chunk.size());
    state.checks.SetChunk(&chunk);
    state.checks.ExecuteExpression(index, held);
    native::UnifiedVectorFormat format;
    held.ToUnifiedFormat(chunk.size(), format);
    const auto* values = native::UnifiedVectorFormat::GetData<bool>(format);
    for (native::idx_t row = 0; row < chunk.size(); ++row) {
      const auto position = format.sel->get_index(row);
      if (format.validity.RowIsValid(position) && values[position]) continue;
      const std::string& name = bound_->rules.checks[index].name;
      ThrowLakeError(Error(ErrorCode::kCheckViolation,
                           fmt::format("a row does not obey a constraint of table {}: {}", TableName(), name))
                         .With("constraint", name));
    }
  }

  std::shared_ptr<WriteJob> job_;
  std::shared_ptr<const BoundRules> bound_;
  bool rows_are_new_;
};

/// Null if there is nothing to obey.
std::shared_ptr<const BoundRules> BindRules(native::ClientContext& context, const std::string& table,
                                            const tables::delta::Metadata& metadata,
                                            const tables::delta::DataType& schema) {
  auto bound = std::make_shared<BoundRules>();
  bound->rules = ValueOrThrow(tables::delta::ReadTableRules(metadata, schema));
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    const bool text = ToDuckDbType(schema.fields[i].type).InternalType() == native::PhysicalType::VARCHAR;
    const auto& partitions = metadata.partition_columns;
    if (text && std::ranges::find(partitions, schema.fields[i].name) != partitions.end()) {
      bound->empty_is_null.push_back(i);
    }
  }
  if (bound->rules.empty() && bound->empty_is_null.empty()) return nullptr;
  RuleBinder binder(context, schema, table);
  for (const auto& rule : bound->rules.generated) {
    const auto& field = schema.fields[rule.column];
    bound->generated.push_back(binder.Bind(rule.value, ToDuckDbType(field.type), "generated column " + field.name));
  }
  for (const auto& rule : bound->rules.checks) {
    bound->checks.push_back(binder.Bind(rule.condition, native::LogicalType::BOOLEAN, "constraint " + rule.name));
  }
  for (const auto& rule : bound->rules.defaults) {
    const auto& field = schema.fields[rule.column];
    binder.Bind(rule.value, ReadableType(field), "the default of column " + field.name);
  }
  return bound;
}

}  // namespace

void CheckRules(native::ClientContext& context, const std::string& table, const tables::delta::Metadata& metadata,
                const tables::delta::DataType& schema) {
  BindRules(context, table, metadata, schema);
}

native::PhysicalOperator& PlanTableRules(native::ClientContext& context, native::PhysicalPlanGenerator& planner,
                                         const std::shared_ptr<WriteJob>& job, native::PhysicalOperator& child) {
  const auto& grants = StatementState::Get(context).grants;
  if ((grants.write && !grants.write->data_change) || grants.grouped) return child;
  const auto& schema = job->target.layout.schema;
  NL_CHECK(job->making.has_value() || job->target.base != nullptr);
  const auto& metadata = job->making ? job->making->metadata : job->target.base->metadata();
  auto bound = BindRules(context, job->target.table.table_name, metadata, schema);
  if (bound == nullptr) return child;
  const bool rows_are_new = child.types.size() == schema.fields.size();
  return planner.Make<LakeTableRules>(job, std::move(bound), rows_are_new, child);
}

void NoteIdentityMarks(WriteJob& job, LakeWrite& write) {
  if (job.identity_marks.empty()) return;
  tables::delta::Metadata metadata = write.metadata ? *write.metadata : write.base->metadata();
  auto schema = ValueOrThrow(tables::delta::ParseSchema(metadata.schema_string));
  for (const auto& [column, mark] : job.identity_marks) {
    const std::string physical = job.target.layout.schema.fields[column].physical_name();
    const auto field = std::ranges::find_if(
        schema.fields, [&](const tables::delta::StructField& f) { return f.physical_name() == physical; });
    NL_CHECK(field != schema.fields.end());
    field->metadata.insert_or_assign(tables::delta::kIdentityHighWaterMark, fmt::format("{}", mark));
  }
  metadata.schema_string = SerializeSchema(schema);
  write.metadata = std::move(metadata);
}

void CheckMayAssign(const tables::delta::StructField& field) {
  if (!field.metadata.contains(tables::delta::kIdentityStart)) return;
  ThrowLakeError(
      Error(ErrorCode::kInvalidArgument, fmt::format("an identity column cannot be assigned to: {}", field.name)));
}

bool IsComputed(const tables::delta::StructField& field) {
  return field.metadata.contains(tables::delta::kGenerationExpression);
}

}  // namespace neurolake::engine::duckdb
