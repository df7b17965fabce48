#include "engine/duckdb/internal/file_pruning.h"

#include "common/text.h"
#include "duckdb/common/type_visitor.hpp"
#include "engine/duckdb/internal/bulk_pruning.h"
#include "engine/duckdb/internal/error_translation.h"
#include "engine/duckdb/internal/impossible.h"
#include "engine/duckdb/internal/type_mapping.h"
#include "tables/delta/type_widening.h"

namespace neurolake::engine::duckdb {

using native::ExpressionClass;
using native::ExpressionType;
using native::Value;
using tables::delta::DataType;
using Kind = tables::delta::DataType::Kind;

bool IsNan(const Value& value) {
  if (value.type().id() == native::LogicalTypeId::DOUBLE) return std::isnan(value.GetValueUnsafe<double>());
  if (value.type().id() == native::LogicalTypeId::FLOAT) return std::isnan(value.GetValueUnsafe<float>());
  return false;
}

namespace {

// Binary partition values are written with one character for each byte.
std::optional<Value> ParseBinary(const std::string& text) {
  std::string bytes;
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      bytes.push_back(text[i++]);
    } else if ((lead == 0xC2 || lead == 0xC3) && i + 1 < text.size()) {
      bytes.push_back(static_cast<char>(((lead & 0x03) << 6) | (static_cast<unsigned char>(text[i + 1]) & 0x3F)));
      i += 2;
    } else {
      return std::nullopt;
    }
  }
  return Value::BLOB(reinterpret_cast<native::const_data_ptr_t>(bytes.data()), bytes.size());
}

std::optional<Value> ParseInstant(const std::string& text, bool zoned) {
  auto time = ParseTimestamp(text);
  if (!time.has_value()) return std::nullopt;
  const native::timestamp_t stamp(time->time_since_epoch().count());
  return zoned ? Value::TIMESTAMPTZ(native::timestamp_tz_t(stamp)) : Value::TIMESTAMP(stamp);
}

}  // namespace

std::optional<Value> ParseDeltaValue(const std::string& text, const DataType& type) {
  switch (type.kind) {
    case Kind::kString: return Value(text);
    case Kind::kBinary: return ParseBinary(text);
    case Kind::kTimestamp: return ParseInstant(text, true);
    case Kind::kTimestampNtz: return ParseInstant(text, false);
    case Kind::kLong:
    case Kind::kInteger:
    case Kind::kShort:
    case Kind::kByte:
    case Kind::kFloat:
    case Kind::kDouble:
    case Kind::kDecimal:
    case Kind::kBoolean:
    case Kind::kDate: {
      Value value;
      native::string problem;
      if (!Value(text).DefaultTryCastAs(ToDuckDbType(type), value, &problem, true)) return std::nullopt;
      return value;
    }
    case Kind::kStruct:
    case Kind::kArray:
    case Kind::kMap: return std::nullopt;
  }
  NL_UNREACHABLE();
}

Value PartitionValue(const tables::delta::AddFile& file, const tables::delta::StructField& field) {
  auto found = file.partition_values.find(field.physical_name());
  if (found == file.partition_values.end() || !found->second.has_value() || found->second->empty()) {
    return Value(ToDuckDbType(field.type));
  }
  auto value = ParseDeltaValue(*found->second, field.type);
  if (!value.has_value()) {
    ThrowLakeError(Error(ErrorCode::kCorruption,
                         fmt::format("a partition value in the log is not of its column's type: {}", field.name)));
  }
  return *std::move(value);
}

namespace {

// What is known of one column in one file.
struct Range {
  std::optional<Value> min, max;
  bool min_is_prefix = false;
  bool max_is_prefix = false;  // Of strings: the real maximum may begin with `max` and go on.
  std::optional<int64_t> nulls, rows;
  bool floating = false;
};

bool Less(const Value& a, const Value& b) { return native::ValueOperations::LessThan(a, b); }

// True if no value of the column can be greater than `constant` (or equal to it, unless `strictly`).
bool NothingAbove(const Range& range, const Value& constant, bool or_equal) {
  // NaN is the greatest value and is not in the statistics.
  if (!range.max.has_value() || range.floating) return false;
  if (range.max_is_prefix) {
    return Less(*range.max, constant) &&
           !native::StringValue::Get(constant).starts_with(native::StringValue::Get(*range.max));
  }
  return or_equal ? Less(*range.max, constant) : !Less(constant, *range.max);
}

bool NothingBelow(const Range& range, const Value& constant, bool or_equal) {
  if (!range.min.has_value()) return false;
  // A cut minimum is not greater than the real one, so only its being strictly above is used.
  if (or_equal || range.min_is_prefix) return Less(constant, *range.min);
  return !Less(*range.min, constant);
}

bool EqualImpossible(const Range& range, const Value& constant) {
  if (range.floating && IsNan(constant)) return false;
  if (range.min.has_value() && Less(constant, *range.min)) return true;
  Range bounded = range;
  bounded.floating = false;  // A constant that is not NaN equals no NaN.
  return NothingAbove(bounded, constant, true);
}

bool ComparisonImpossible(const Range& range, ExpressionType comparison, const Value& constant) {
  if (constant.IsNull())
    return comparison != ExpressionType::COMPARE_DISTINCT_FROM &&
           comparison != ExpressionType::COMPARE_NOT_DISTINCT_FROM;
  const bool all_null = range.nulls.has_value() && range.rows.has_value() && *range.nulls >= *range.rows;
  if (all_null && comparison != ExpressionType::COMPARE_DISTINCT_FROM) return true;
  for (const auto& bound : {range.min, range.max}) {
    if (bound.has_value() && bound->type() != constant.type()) return false;
  }
  switch (comparison) {
    case ExpressionType::COMPARE_EQUAL:
    case ExpressionType::COMPARE_NOT_DISTINCT_FROM: return EqualImpossible(range, constant);
    case ExpressionType::COMPARE_GREATERTHAN: return NothingAbove(range, constant, false);
    case ExpressionType::COMPARE_GREATERTHANOREQUALTO: return NothingAbove(range, constant, true);
    case ExpressionType::COMPARE_LESSTHAN: return !IsNan(constant) && NothingBelow(range, constant, false);
    case ExpressionType::COMPARE_LESSTHANOREQUALTO: return !IsNan(constant) && NothingBelow(range, constant, true);
    default: return false;
  }
}

}  // namespace

bool ExcludesNan(const native::TableFilter& filter) {
  if (filter.filter_type != native::TableFilterType::CONSTANT_COMPARISON) return false;
  const auto& comparison = filter.Cast<native::ConstantFilter>();
  switch (comparison.comparison_type) {
    case ExpressionType::COMPARE_EQUAL:
    case ExpressionType::COMPARE_LESSTHAN:
    case ExpressionType::COMPARE_LESSTHANOREQUALTO: return !comparison.constant.IsNull() && !IsNan(comparison.constant);
    default: return false;
  }
}

/// What is known of one file, for ImpossibleWalk: true when no row of the file can make the predicate true.
class FilePredicate {
 public:
  using Answer = bool;
  FilePredicate(FilePruner& pruner, uint32_t file) : pruner_(pruner), file_(file) {}

  static bool Unknown() { return false; }
  bool Compare(uint64_t column, ExpressionType comparison, const Value& constant, bool without_nan) {
    if (!without_nan || !ColumnRange(column).floating) {
      return ComparisonImpossible(ColumnRange(column), comparison, constant);
    }
    Range range = ColumnRange(column);
    range.floating = false;
    return ComparisonImpossible(range, comparison, constant);
  }
  bool IsNull(uint64_t column) { return ColumnRange(column).nulls == 0; }
  bool IsNotNull(uint64_t column) {
    const Range& range = ColumnRange(column);
    return range.nulls.has_value() && range.rows.has_value() && *range.nulls >= *range.rows;
  }
  static bool Either(bool one, bool other) { return one || other; }
  static bool Both(bool one, bool other) { return one && other; }

 private:
  const Range& ColumnRange(uint64_t column);
  Range ReadRange(uint64_t column);
  void ReadStatistics(const tables::delta::StructField& field, Range& range);

  FilePruner& pruner_;
  uint32_t file_;
  std::map<uint64_t, Range> ranges_;
};

std::optional<uint64_t> ColumnOf(const native::Expression& expression, native::idx_t table_index,
                                 const native::vector<native::column_t>& column_ids) {
  if (expression.GetExpressionClass() != ExpressionClass::BOUND_COLUMN_REF) return std::nullopt;
  const auto& reference = expression.Cast<native::BoundColumnRefExpression>();
  if (reference.binding.table_index != table_index || reference.depth != 0) return std::nullopt;
  if (reference.binding.column_index >= column_ids.size()) return std::nullopt;
  const auto column = column_ids[reference.binding.column_index];
  if (native::IsVirtualColumn(column)) return std::nullopt;
  return column;
}

namespace {

/// Whether a cast between these can be answered without the session's time zone.
bool IsZoneless(const native::LogicalType& from, const native::LogicalType& to) {
  const auto zoned = [](const native::LogicalType& type) {
    return native::TypeVisitor::Contains(type, [](const native::LogicalType& part) {
      return part.id() == native::LogicalTypeId::TIMESTAMP_TZ || part.id() == native::LogicalTypeId::TIME_TZ;
    });
  };
  return from == to || (!zoned(from) && !zoned(to));
}

}  // namespace

std::optional<Value> ConstantOf(const native::Expression& expression) {
  if (expression.GetExpressionClass() == ExpressionClass::BOUND_CONSTANT) {
    return expression.Cast<native::BoundConstantExpression>().value;
  }
  if (expression.GetExpressionClass() != ExpressionClass::BOUND_CAST) return std::nullopt;
  auto inner = ConstantOf(*expression.Cast<native::BoundCastExpression>().child);
  Value value;
  native::string problem;
  if (!inner.has_value() || !IsZoneless(inner->type(), expression.return_type)) return std::nullopt;
  if (!inner->DefaultTryCastAs(expression.return_type, value, &problem, true)) return std::nullopt;
  return value;
}

namespace {

/// A file from when the column was a FLOAT: 0.1 in its statistics stands for the float next to it, read as a double.
void WidenToFloats(Range& range) {
  const auto as_float = [](const Value& value) {
    return Value::DOUBLE(static_cast<double>(static_cast<float>(value.GetValueUnsafe<double>())));
  };
  if (range.min.has_value() && Less(as_float(*range.min), *range.min)) range.min = as_float(*range.min);
  if (range.max.has_value() && Less(*range.max, as_float(*range.max))) range.max = as_float(*range.max);
}

}  // namespace

const Range& FilePredicate::ColumnRange(uint64_t column) {
  auto [found, added] = ranges_.try_emplace(column);
  if (added) found->second = ReadRange(column);
  return found->second;
}

Range FilePredicate::ReadRange(uint64_t column) {
  Range range;
  const auto& fields = pruner_.snapshot_->schema().fields;
  if (column >= fields.size()) return range;
  if (pruner_.is_partition_[column]) {
    Value value = PartitionValue(pruner_.snapshot_->files()[file_], fields[column]);
    // The number of rows does not matter: either all are NULL or none is.
    range.rows = 1;
    range.nulls = value.IsNull() ? 1 : 0;
    if (!value.IsNull() && !IsNan(value)) range.min = range.max = value;
    return range;
  }
  ReadStatistics(fields[column], range);
  return range;
}

void FilePredicate::ReadStatistics(const tables::delta::StructField& field, Range& range) {
  // Column by column: files have dozens, predicates one or two, and 100,000 files' worth need not be kept.
  const std::string path = tables::delta::StatisticsPath("", field.physical_name());
  const auto statistics = tables::delta::ParseStatistics(pruner_.snapshot_->files()[file_].stats, {path});
  range.rows = statistics.record_count;
  auto found = statistics.columns.find(path);
  if (found == statistics.columns.end()) return;
  const auto& column = found->second;
  range.nulls = column.null_count;
  const Kind kind = field.type.kind;
  const auto reliable = [&](const std::string& text) {
    return kind != Kind::kBinary && kind != Kind::kBoolean && tables::delta::IsExactBound(text, field.type);
  };
  if (column.min.has_value() && reliable(*column.min)) range.min = ParseDeltaValue(*column.min, field.type);
  if (column.max.has_value() && reliable(*column.max)) range.max = ParseDeltaValue(*column.max, field.type);
  if (pruner_.was_float_.contains(field.physical_name())) WidenToFloats(range);
  if (range.min.has_value() && IsNan(*range.min)) range.min.reset();
  if (range.max.has_value() && IsNan(*range.max)) range.max.reset();
  range.floating = kind == Kind::kFloat || kind == Kind::kDouble;
  if (kind == Kind::kString) range.min_is_prefix = range.max_is_prefix = true;
  if (range.max.has_value() && (kind == Kind::kTimestamp || kind == Kind::kTimestampNtz)) {
    // Statistics are cut to milliseconds.
    const int64_t micros = range.max->GetValueUnsafe<int64_t>();
    const native::timestamp_t stamp(micros > INT64_MAX - 1000 ? INT64_MAX : micros + 1000);
    range.max = kind == Kind::kTimestamp ? Value::TIMESTAMPTZ(native::timestamp_tz_t(stamp)) : Value::TIMESTAMP(stamp);
  }
}

FilePruner::FilePruner(std::shared_ptr<const tables::delta::Snapshot> snapshot) : snapshot_(std::move(snapshot)) {
  const auto& partitions = snapshot_->metadata().partition_columns;
  for (const auto& field : snapshot_->schema().fields) {
    is_partition_.push_back(std::ranges::find(partitions, field.name) != partitions.end());
    if (field.type.kind == Kind::kDouble && tables::delta::WasOnce(field, Kind::kFloat)) {
      was_float_.insert(field.physical_name());
    }
  }
}

namespace {

/// Fewer files than this are asked one by one.
constexpr size_t kBulkFilesMin = 64;
/// Arrays are made of all files: not for a few that are left of many.
constexpr size_t kBulkShareMin = 16;

}  // namespace

template <typename AskAll>
std::vector<uint32_t> FilePruner::PruneBy(const std::vector<uint32_t>& candidates, const AskAll& ask) {
  std::vector<uint32_t> kept;
  const auto ask_file = [&](uint32_t file) {
    FilePredicate predicate(*this, file);
    return ask(predicate);
  };
  if (candidates.size() < kBulkFilesMin || candidates.size() < snapshot_->files().size() / kBulkShareMin) {
    for (const uint32_t file : candidates) {
      if (!ask_file(file)) kept.push_back(file);
    }
    return kept;
  }
  BulkLeaves leaves(*snapshot_, candidates);
  const BulkLeaves::Answer verdicts = ask(leaves);
  for (size_t i = 0; i < candidates.size(); ++i) {
    const bool skip =
        verdicts[i] == BulkLeaves::kImpossible || (verdicts[i] == BulkLeaves::kAsk && ask_file(candidates[i]));
    if (!skip) kept.push_back(candidates[i]);
  }
  return kept;
}

std::vector<uint32_t> FilePruner::Prune(const std::vector<uint32_t>& candidates,
                                        const native::vector<native::unique_ptr<native::Expression>>& filters,
                                        native::idx_t table_index, const native::vector<native::column_t>& column_ids) {
  return PruneBy(candidates, [&](auto& leaves) {
    ImpossibleWalk walk(leaves);
    auto answer = leaves.Unknown();
    for (const auto& filter : filters) {
      answer = leaves.Either(std::move(answer), walk.Ask(*filter, table_index, column_ids));
    }
    return answer;
  });
}

std::vector<uint32_t> FilePruner::Prune(const std::vector<uint32_t>& candidates,
                                        const std::vector<ColumnFilter>& filters) {
  return PruneBy(candidates, [&](auto& leaves) {
    ImpossibleWalk walk(leaves);
    auto answer = leaves.Unknown();
    for (const ColumnFilter& filter : filters) {
      answer = leaves.Either(std::move(answer), walk.Ask(filter.column, *filter.filter));
    }
    return answer;
  });
}

}  // namespace neurolake::engine::duckdb
