#include "engine/duckdb/internal/layout_curve.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "engine/duckdb/internal/error_translation.h"
#include "tables/delta/curve.h"

namespace neurolake::engine::duckdb {
namespace {

constexpr size_t kFixedArguments = 2;
constexpr int kAxisBitsMax = 16;
constexpr size_t kAxesMax = 16;

/// The bounds of one axis, in the physical type of its column.
class Axis {
 public:
  virtual ~Axis() = default;
  /// Ranks of `count` values, in `ranks`, which is as wide as the curve needs: 0 for NULL.
  virtual void Rank(native::Vector& values, native::idx_t count, uint32_t* ranks) const = 0;
  virtual size_t bound_count() const = 0;
};

template <typename T>
T Native(const native::Value& value) {
  return value.GetValueUnsafe<T>();
}
template <>
native::string_t Native(const native::Value& value) {
  return native::string_t(native::StringValue::Get(value));  // `value` outlives it.
}

template <typename T>
class TypedAxis final : public Axis {
 public:
  explicit TypedAxis(native::vector<native::Value> bounds) : values_(std::move(bounds)) {
    for (const auto& value : values_) bounds_.push_back(Native<T>(value));
    std::sort(bounds_.begin(), bounds_.end(), Less);
    bounds_.erase(std::unique(bounds_.begin(), bounds_.end(), Same), bounds_.end());
  }

  void Rank(native::Vector& values, native::idx_t count, uint32_t* ranks) const override {
    native::UnifiedVectorFormat format;
    values.ToUnifiedFormat(count, format);
    const auto* data = native::UnifiedVectorFormat::GetData<T>(format);
    for (native::idx_t i = 0; i < count; ++i) {
      const auto position = format.sel->get_index(i);
      if (!format.validity.RowIsValid(position)) {
        ranks[i] = 0;
        continue;
      }
      const auto below = std::lower_bound(bounds_.begin(), bounds_.end(), data[position], Less);
      ranks[i] = 1 + static_cast<uint32_t>(below - bounds_.begin());
    }
  }

  size_t bound_count() const override { return bounds_.size(); }

 private:
  static bool Less(const T& a, const T& b) { return native::LessThan::Operation<T>(a, b); }
  static bool Same(const T& a, const T& b) { return native::Equals::Operation<T>(a, b); }

  const native::vector<native::Value> values_;
  std::vector<T> bounds_;
};

/// A number that compares as `value` does in SQL: NaN is the largest, and the two zeros are one.
template <typename T>
uint64_t Ordinal(T value) {
  constexpr uint64_t kSign = uint64_t{1} << 63;
  if constexpr (std::is_floating_point_v<T>) {
    const auto wide = static_cast<double>(value);
    if (std::isnan(wide)) return ~uint64_t{0};
    const auto bits = std::bit_cast<uint64_t>(wide + 0.0);  // Adding zero takes the sign off a zero.
    return (bits & kSign) != 0 ? ~bits : bits | kSign;
  } else {
    return static_cast<uint64_t>(static_cast<int64_t>(value)) ^ kSign;
  }
}

/// An axis of numbers. All rows of a block take the same steps of the search, none of them a branch, so that the
/// processor works on many at a time: the search is most of what a place on the curve costs.
template <typename T>
class OrdinalAxis final : public Axis {
 public:
  explicit OrdinalAxis(const native::vector<native::Value>& bounds) {
    for (const auto& value : bounds) bounds_.push_back(Ordinal(Native<T>(value)));
    std::ranges::sort(bounds_);
    bounds_.erase(std::ranges::unique(bounds_).begin(), bounds_.end());
  }

  void Rank(native::Vector& values, native::idx_t count, uint32_t* ranks) const override {
    native::UnifiedVectorFormat format;
    values.ToUnifiedFormat(count, format);
    const auto* data = native::UnifiedVectorFormat::GetData<T>(format);
    std::array<uint64_t, kBlock> block{};
    for (native::idx_t first = 0; first < count; first += kBlock) {
      const auto size = std::min<native::idx_t>(kBlock, count - first);
      for (native::idx_t i = 0; i < size; ++i) block[i] = Ordinal(data[format.sel->get_index(first + i)]);
      RankBlock(block, size, ranks + first);
    }
    if (format.validity.AllValid()) return;
    for (native::idx_t i = 0; i < count; ++i) {
      if (!format.validity.RowIsValid(format.sel->get_index(i))) ranks[i] = 0;
    }
  }

  size_t bound_count() const override { return bounds_.size(); }

 private:
  static constexpr native::idx_t kBlock = 64;

  void RankBlock(const std::array<uint64_t, kBlock>& values, native::idx_t size, uint32_t* ranks) const {
    for (native::idx_t i = 0; i < size; ++i) ranks[i] = 0;
    auto left = static_cast<uint32_t>(bounds_.size());
    for (; left > 1; left -= left / 2) {
      const uint32_t half = left / 2;
      for (native::idx_t i = 0; i < size; ++i) {
        ranks[i] += half & (0U - static_cast<uint32_t>(bounds_[ranks[i] + half - 1] < values[i]));
      }
    }
    for (native::idx_t i = 0; i < size; ++i) {
      // 0 stands for NULL.
      ranks[i] += 1 + static_cast<uint32_t>(left == 1 && bounds_[ranks[i]] < values[i]);
    }
  }

  std::vector<uint64_t> bounds_;
};

std::unique_ptr<Axis> MakeAxis(const native::LogicalType& type, native::vector<native::Value> bounds) {
  switch (type.InternalType()) {
    case native::PhysicalType::BOOL: return std::make_unique<OrdinalAxis<bool>>(bounds);
    case native::PhysicalType::INT8: return std::make_unique<OrdinalAxis<int8_t>>(bounds);
    case native::PhysicalType::INT16: return std::make_unique<OrdinalAxis<int16_t>>(bounds);
    case native::PhysicalType::INT32: return std::make_unique<OrdinalAxis<int32_t>>(bounds);
    case native::PhysicalType::INT64: return std::make_unique<OrdinalAxis<int64_t>>(bounds);
    case native::PhysicalType::INT128: return std::make_unique<TypedAxis<native::hugeint_t>>(std::move(bounds));
    case native::PhysicalType::FLOAT: return std::make_unique<OrdinalAxis<float>>(bounds);
    case native::PhysicalType::DOUBLE: return std::make_unique<OrdinalAxis<double>>(bounds);
    case native::PhysicalType::VARCHAR: return std::make_unique<TypedAxis<native::string_t>>(std::move(bounds));
    default: break;
  }
  ThrowLakeError(Error(ErrorCode::kNotSupported,
                       fmt::format("rows cannot be ordered by a column of this type: {}", type.ToString())));
}

struct CurveData final : public native::FunctionData {
  bool hilbert = false;
  int bits = 1;  ///< Of each axis.
  std::vector<std::shared_ptr<const Axis>> axes;
  std::vector<int> shifts;  ///< An axis of few ranges uses the high bits, so that it cuts as early as the others.

  native::unique_ptr<native::FunctionData> Copy() const override { return native::make_uniq<CurveData>(*this); }
  bool Equals(const native::FunctionData& other) const override {
    const auto& data = other.Cast<CurveData>();
    return hilbert == data.hilbert && axes == data.axes;
  }
};

native::Value ConstantArgument(native::ClientContext& context, const native::Expression& argument) {
  if (!argument.IsFoldable()) ThrowLakeError(Error(ErrorCode::kInternal, "a curve's bounds must be constant"));
  return native::ExpressionExecutor::EvaluateScalar(context, argument);
}

native::unique_ptr<native::FunctionData> Bind(native::ClientContext& context, native::ScalarFunction& function,
                                              native::vector<native::unique_ptr<native::Expression>>& arguments) {
  const size_t axes = arguments.size() - kFixedArguments;
  if (axes == 0 || axes > kAxesMax) ThrowLakeError(Error(ErrorCode::kInternal, "a curve has 1 to 16 axes"));
  auto data = native::make_uniq<CurveData>();
  data->hilbert = ConstantArgument(context, *arguments[0]).ToString() == "hilbert";
  const native::Value bounds = ConstantArgument(context, *arguments[1]);
  // What is known now need not be worked out for every chunk of rows.
  arguments[1] = native::make_uniq<native::BoundConstantExpression>(native::Value(arguments[1]->return_type));
  const auto& lists = native::ListValue::GetChildren(bounds);
  NL_CHECK(lists.size() == axes);
  std::vector<int> widths;
  for (size_t i = 0; i < axes; ++i) {
    const auto& type = arguments[kFixedArguments + i]->return_type;
    native::vector<native::Value> typed;
    for (const auto& text : native::ListValue::GetChildren(lists[i])) {
      native::Value value;
      native::string problem;
      if (!text.IsNull() && text.DefaultTryCastAs(type, value, &problem) && !value.IsNull()) typed.push_back(value);
    }
    data->axes.push_back(MakeAxis(type, std::move(typed)));
    // Ranks go from 0 to one more than there are bounds.
    widths.push_back(std::bit_width(data->axes.back()->bound_count() + 1));
  }
  const int limit = std::min(kAxisBitsMax, static_cast<int>(64 / axes));
  data->bits = std::min(limit, *std::ranges::max_element(widths));
  for (const int width : widths) data->shifts.push_back(data->bits - width);
  function.arguments.resize(kFixedArguments);
  for (size_t i = 0; i < axes; ++i) function.arguments.push_back(arguments[kFixedArguments + i]->return_type);
  return data;
}

void Run(native::DataChunk& arguments, native::ExpressionState& state, native::Vector& result) {
  const auto& data = state.expr.Cast<native::BoundFunctionExpression>().bind_info->Cast<CurveData>();
  const native::idx_t count = arguments.size();
  const size_t axes = data.axes.size();
  std::vector<uint32_t> ranks(axes * count);
  for (size_t i = 0; i < axes; ++i) {
    data.axes[i]->Rank(arguments.data[kFixedArguments + i], count, ranks.data() + i * count);
  }
  std::vector<std::span<const uint32_t>> cells;
  for (size_t i = 0; i < axes; ++i) {
    const std::span<uint32_t> axis(ranks.data() + i * count, count);
    const int shift = data.shifts[i];
    for (uint32_t& rank : axis) rank = shift >= 0 ? rank << shift : rank >> -shift;
    cells.push_back(axis);
  }
  result.SetVectorType(native::VectorType::FLAT_VECTOR);
  const std::span<uint64_t> places(native::FlatVector::GetData<uint64_t>(result), count);
  data.hilbert ? tables::delta::HilbertPlaces(cells, data.bits, places)
               : tables::delta::ZOrderPlaces(cells, data.bits, places);
}

}  // namespace

native::ScalarFunction LakeCurveFunction() {
  native::ScalarFunction function("lake_curve",
                                  {native::LogicalType::VARCHAR,
                                   native::LogicalType::LIST(native::LogicalType::LIST(native::LogicalType::VARCHAR))},
                                  native::LogicalType::UBIGINT, Run, Bind);
  function.varargs = native::LogicalType::ANY;
  function.null_handling = native::FunctionNullHandling::SPECIAL_HANDLING;
  return function;
}

}  // namespace neurolake::engine::duckdb
