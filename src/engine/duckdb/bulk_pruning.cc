#include "engine/duckdb/internal/bulk_pruning.h"

#include "engine/duckdb/internal/type_mapping.h"

namespace neurolake::engine::duckdb {
namespace {

using native::ExpressionType;
using native::LogicalTypeId;
using native::Value;
using tables::delta::ColumnBounds;
using Form = ColumnBounds::Form;

/// The constant as ColumnBounds has numbers.
std::optional<int64_t> NumberOf(const Value& value) {
  switch (value.type().InternalType()) {
    case native::PhysicalType::BOOL: return value.GetValueUnsafe<bool>() ? 1 : 0;
    case native::PhysicalType::INT8: return value.GetValueUnsafe<int8_t>();
    case native::PhysicalType::INT16: return value.GetValueUnsafe<int16_t>();
    case native::PhysicalType::INT32: return value.GetValueUnsafe<int32_t>();
    case native::PhysicalType::INT64: return value.GetValueUnsafe<int64_t>();
    default: return std::nullopt;
  }
}

/// What is known of a file, with T's own `<`.
template <typename T>
struct FileRange {
  bool has_min, has_max;
  T min, max;
};

/// The rules of file_pruning.cc. `open_above`: NaN, which is the greatest value, is not in the statistics; `prefixes`:
/// bounds may be cut, so that the real maximum begins with `max` and goes on.
template <typename T, bool open_above, bool prefixes>
bool Impossible(const FileRange<T>& file, ExpressionType comparison, const T& constant) {
  const auto nothing_above = [&](bool or_equal) {
    if (!file.has_max) return false;
    if constexpr (prefixes) return file.max < constant && !constant.starts_with(file.max);
    return or_equal ? file.max < constant : !(constant < file.max);
  };
  const auto nothing_below = [&](bool or_equal) {
    if (!file.has_min) return false;
    return or_equal || prefixes ? constant < file.min : !(file.min < constant);
  };
  switch (comparison) {
    case ExpressionType::COMPARE_EQUAL:
    case ExpressionType::COMPARE_NOT_DISTINCT_FROM: return (file.has_min && constant < file.min) || nothing_above(true);
    case ExpressionType::COMPARE_GREATERTHAN: return !open_above && nothing_above(false);
    case ExpressionType::COMPARE_GREATERTHANOREQUALTO: return !open_above && nothing_above(true);
    case ExpressionType::COMPARE_LESSTHAN: return nothing_below(false);
    case ExpressionType::COMPARE_LESSTHANOREQUALTO: return nothing_below(true);
    default: return false;
  }
}

template <bool open_above, bool prefixes, typename T, typename ReadValue>
void CompareAll(const ColumnBounds& bounds, const std::vector<uint32_t>& candidates, ExpressionType comparison,
                const T& constant, const ReadValue& read, BulkLeaves::Answer& answer) {
  for (size_t i = 0; i < candidates.size(); ++i) {
    const uint32_t file = candidates[i];
    const uint8_t known = bounds.known[file];
    if (answer[i] != BulkLeaves::kMayMatch || known == 0) continue;
    if ((known & ColumnBounds::kUncommon) != 0) {
      answer[i] = BulkLeaves::kAsk;
      continue;
    }
    FileRange<T> range{(known & ColumnBounds::kMin) != 0, (known & ColumnBounds::kMax) != 0, T(), T()};
    if (range.has_min) range.min = read(bounds.min[file]);
    if (range.has_max) range.max = read(bounds.max[file]);
    if (Impossible<T, open_above, prefixes>(range, comparison, constant)) answer[i] = BulkLeaves::kImpossible;
  }
}

/// The files of which something is known are asked one by one.
void AskEach(const ColumnBounds& bounds, std::span<const uint32_t> candidates, BulkLeaves::Answer& answer) {
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (answer[i] == BulkLeaves::kMayMatch && bounds.known[candidates[i]] != 0) answer[i] = BulkLeaves::kAsk;
  }
}

bool AllNull(const tables::delta::Snapshot& snapshot, const ColumnBounds& bounds, uint32_t file) {
  if (bounds.partition) return bounds.nulls[file] == 1;
  const int64_t rows = snapshot.record_counts()[file];
  return rows >= 0 && bounds.nulls[file] >= 0 && bounds.nulls[file] >= rows;
}

}  // namespace

BulkLeaves::Answer BulkLeaves::Compare(uint64_t column, ExpressionType comparison, const Value& constant,
                                       bool without_nan) const {
  Answer answer = Unknown();
  const bool distinct = comparison == ExpressionType::COMPARE_DISTINCT_FROM;
  if (constant.IsNull()) {
    const bool never = !distinct && comparison != ExpressionType::COMPARE_NOT_DISTINCT_FROM;
    if (never) answer.assign(answer.size(), kImpossible);
    return answer;
  }
  const auto& fields = snapshot_.schema().fields;
  if (column >= fields.size() || distinct) return answer;
  const auto bounds = snapshot_.Bounds(fields[column]);
  answer = IsNotNull(column);  // NULL compares with nothing.
  if (bounds->form == Form::kNone) {
    for (size_t i = 0; i < candidates_.size(); ++i) {
      const bool uncommon = (bounds->known[candidates_[i]] & ColumnBounds::kUncommon) != 0;
      if (answer[i] == kMayMatch && uncommon) answer[i] = kAsk;
    }
    return answer;
  }
  // What the binder casts on the column's side cannot be compared with its bounds.
  if (constant.type() != ToDuckDbType(fields[column].type)) return answer;
  if (bounds->form == Form::kText) {
    const std::string_view text = native::StringValue::Get(constant);
    const auto read = [&](int64_t place) { return bounds->text(place); };
    if (bounds->partition) CompareAll<false, false>(*bounds, candidates_, comparison, text, read, answer);
    else CompareAll<false, true>(*bounds, candidates_, comparison, text, read, answer);
  } else if (bounds->form == Form::kReal) {
    const double real = constant.type().id() == LogicalTypeId::FLOAT
                            ? static_cast<double>(constant.GetValueUnsafe<float>())
                            : constant.GetValueUnsafe<double>();
    const auto read = [&](int64_t bits) { return bounds->real(bits); };
    if (std::isnan(real)) {
      if (bounds->partition || without_nan) AskEach(*bounds, candidates_, answer);
      return answer;
    }
    if (bounds->partition || without_nan)
      CompareAll<false, false>(*bounds, candidates_, comparison, real, read, answer);
    else CompareAll<true, false>(*bounds, candidates_, comparison, real, read, answer);
  } else if (const auto number = NumberOf(constant)) {
    const auto read = [](int64_t value) { return value; };
    CompareAll<false, false>(*bounds, candidates_, comparison, *number, read, answer);
  } else {
    AskEach(*bounds, candidates_, answer);  // A wide decimal: no bounds are at hand.
  }
  return answer;
}

BulkLeaves::Answer BulkLeaves::IsNull(uint64_t column) const {
  Answer answer = Unknown();
  const auto& fields = snapshot_.schema().fields;
  if (column >= fields.size()) return answer;
  const auto bounds = snapshot_.Bounds(fields[column]);
  for (size_t i = 0; i < candidates_.size(); ++i) {
    if (bounds->nulls[candidates_[i]] == 0) answer[i] = kImpossible;
  }
  return answer;
}

BulkLeaves::Answer BulkLeaves::IsNotNull(uint64_t column) const {
  Answer answer = Unknown();
  const auto& fields = snapshot_.schema().fields;
  if (column >= fields.size()) return answer;
  const auto bounds = snapshot_.Bounds(fields[column]);
  for (size_t i = 0; i < candidates_.size(); ++i) {
    if (AllNull(snapshot_, *bounds, candidates_[i])) answer[i] = kImpossible;
  }
  return answer;
}

BulkLeaves::Answer BulkLeaves::Either(Answer one, const Answer& other) {
  for (size_t i = 0; i < one.size(); ++i) one[i] = std::max(one[i], other[i]);
  return one;
}

BulkLeaves::Answer BulkLeaves::Both(Answer one, const Answer& other) {
  for (size_t i = 0; i < one.size(); ++i) one[i] = std::min(one[i], other[i]);
  return one;
}

}  // namespace neurolake::engine::duckdb
