#include "engine/duckdb/internal/mask_functions.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>

#include "common/text.h"
#include "duckdb/execution/expression_executor.hpp"
#include "duckdb/execution/expression_executor_state.hpp"
#include "duckdb/function/scalar_function.hpp"
#include "engine/duckdb/internal/error_translation.h"
#include "engine/duckdb/internal/statement_state.h"
#include "privacy/format_preserving.h"
#include "privacy/number_mask.h"
#include "privacy/text_mask.h"

namespace neurolake::engine::duckdb {
namespace {

using Arguments = native::vector<native::unique_ptr<native::Expression>>;
using native::LogicalType;

constexpr int32_t kCharactersMax = 1000;

/// `make` gives each thread a mask of its own. `spec` says all that it depends on but the key's bytes.
template <typename Mask>
struct MaskData final : public native::FunctionData {
  std::function<std::unique_ptr<Mask>()> make;
  std::string spec;

  native::unique_ptr<native::FunctionData> Copy() const override { return native::make_uniq<MaskData>(*this); }
  bool Equals(const native::FunctionData& other) const override { return spec == other.Cast<MaskData>().spec; }
};

template <typename Mask>
struct MaskState final : public native::FunctionLocalState {
  std::unique_ptr<Mask> mask;
  std::string out;
};

template <typename Mask>
native::unique_ptr<native::FunctionLocalState> MakeState(native::ExpressionState&,
                                                         const native::BoundFunctionExpression&,
                                                         native::FunctionData* data) {
  auto state = native::make_uniq<MaskState<Mask>>();
  state->mask = data->Cast<MaskData<Mask>>().make();
  return state;
}

/// What is behind the masked value is constant and stays in the bind data.
void KeepFirstArgument(native::ScalarFunction& function, Arguments& arguments) {
  while (arguments.size() > 1) native::Function::EraseArgument(function, arguments, arguments.size() - 1);
}

template <typename Mask>
native::unique_ptr<native::FunctionData> Bound(native::ScalarFunction& function, Arguments& arguments, std::string spec,
                                               std::function<std::unique_ptr<Mask>()> make) {
  auto data = native::make_uniq<MaskData<Mask>>();
  data->spec = std::move(spec);
  data->make = std::move(make);
  KeepFirstArgument(function, arguments);
  return data;
}

/// The key that the policy names. Throws where no policy is bound, or the policy has not got the key.
std::shared_ptr<const privacy::SecretKey> KeyOf(native::ClientContext& context, const native::ScalarFunction& function,
                                                const native::Expression& argument, std::string& id) {
  StatementState& state = StatementState::Get(context);
  if (state.policy_binding == nullptr) {
    ThrowLakeError(Error(ErrorCode::kPermissionDenied, "function is not allowed here: " + function.name));
  }
  const std::string name = LowerAscii(MaskConstant(context, function, argument).ToString());
  const PolicyBinding& binding = *state.policy_binding;
  if (binding.named != nullptr) {
    if (std::ranges::find(*binding.named, name) == binding.named->end()) binding.named->push_back(name);
    // The policy is only looked at: no value is shown under this key.
    return std::make_shared<const privacy::SecretKey>(privacy::SecretKey::Random());
  }
  const auto key = std::ranges::find(binding.keys, name, &plan::PolicyKey::name);
  if (key == binding.keys.end()) {
    ThrowLakeError(Error(ErrorCode::kPermissionDenied, "a policy names a key that it was not made with: " + name));
  }
  if (key->problem) ThrowLakeError(*key->problem);
  id = key->id;
  return std::make_shared<const privacy::SecretKey>(ValueOrThrow(privacy::SecretKey::FromBytes(key->bytes)));
}

void RunText(native::DataChunk& arguments, native::ExpressionState& state, native::Vector& result) {
  auto& local = native::ExecuteFunctionState::GetFunctionState(state)->Cast<MaskState<privacy::TextMask>>();
  native::UnaryExecutor::ExecuteWithNulls<native::string_t, native::string_t>(
      arguments.data[0], result, arguments.size(),
      [&](native::string_t value, native::ValidityMask& validity, native::idx_t row) {
        if (!local.mask->Apply({value.GetData(), value.GetSize()}, local.out)) {
          validity.SetInvalid(row);
          return native::string_t();
        }
        return native::StringVector::AddString(result, local.out);
      });
}

template <bool kFirst>
native::unique_ptr<native::FunctionData> BindCharacters(native::ClientContext& context,
                                                        native::ScalarFunction& function, Arguments& arguments) {
  const auto count = MaskConstant(context, function, *arguments[1]).GetValue<int32_t>();
  if (count < 0 || count > kCharactersMax) {
    ThrowLakeError(Error(ErrorCode::kInvalidArgument,
                         fmt::format("{}() shows 0 to {} characters", function.name, kCharactersMax)));
  }
  const auto shown = static_cast<size_t>(count);
  return Bound<privacy::TextMask>(function, arguments, fmt::format("{}|{}", function.name, count), [shown] {
    return kFirst ? privacy::NewFirstCharactersMask(shown) : privacy::NewLastCharactersMask(shown);
  });
}

enum class Keyed : uint8_t { kHash, kToken, kFormat, kPseudonym };

Result<std::unique_ptr<privacy::TextMask>> NewKeyedMask(Keyed kind, const privacy::SecretKey& key,
                                                        const std::string& domain, const std::string& option) {
  switch (kind) {
    case Keyed::kHash: return privacy::NewHashMask(key, domain);
    case Keyed::kToken: return privacy::NewTokenMask(key, domain);
    case Keyed::kFormat: return privacy::NewFormatPreservingMask(key, domain, option);
    case Keyed::kPseudonym: return privacy::NewPseudonymMask(key, domain, option);
  }
  NL_UNREACHABLE();
}

template <Keyed kKind>
native::unique_ptr<native::FunctionData> BindKeyed(native::ClientContext& context, native::ScalarFunction& function,
                                                   Arguments& arguments) {
  std::string id, option;
  const auto key = KeyOf(context, function, *arguments[1], id);
  if (arguments.size() > 2) option = LowerAscii(MaskConstant(context, function, *arguments[2]).ToString());
  // An option that is none is said when the policy is made.
  ValueOrThrow(NewKeyedMask(kKind, *key, id, option));
  return Bound<privacy::TextMask>(function, arguments, fmt::format("{}|{}|{}", function.name, id, option),
                                  [key, id, option] { return NewKeyedMask(kKind, *key, id, option).value(); });
}

template <typename T>
native::unique_ptr<native::FunctionData> BindNumber(native::ClientContext& context, native::ScalarFunction& function,
                                                    Arguments& arguments) {
  std::string id;
  const auto key = KeyOf(context, function, *arguments[1], id);
  using Mask = privacy::NumberPermutation;
  return Bound<Mask>(function, arguments, fmt::format("{}|{}", function.name, id),
                     [key, id] { return std::make_unique<Mask>(Mask::Make(*key, id, 8 * sizeof(T)).value()); });
}

template <typename T>
void RunNumber(native::DataChunk& arguments, native::ExpressionState& state, native::Vector& result) {
  auto& local = native::ExecuteFunctionState::GetFunctionState(state)->Cast<MaskState<privacy::NumberPermutation>>();
  using Bits = std::make_unsigned_t<T>;
  native::UnaryExecutor::Execute<T, T>(arguments.data[0], result, arguments.size(), [&](T value) {
    return static_cast<T>(static_cast<Bits>(local.mask->Encrypt(static_cast<Bits>(value))));
  });
}

/// The width of buckets, or the part of a date.
template <typename T>
struct StepData final : public native::FunctionData {
  T step{};
  native::unique_ptr<native::FunctionData> Copy() const override { return native::make_uniq<StepData>(*this); }
  bool Equals(const native::FunctionData& other) const override { return step == other.Cast<StepData>().step; }
};

template <typename T>
T StepOf(native::ExpressionState& state) {
  return state.expr.Cast<native::BoundFunctionExpression>().bind_info->Cast<StepData<T>>().step;
}

template <typename T>
native::unique_ptr<native::FunctionData> BindBucket(native::ClientContext& context, native::ScalarFunction& function,
                                                    Arguments& arguments) {
  auto data = native::make_uniq<StepData<T>>();
  data->step = MaskConstant(context, function, *arguments[1]).GetValue<T>();
  if (!(data->step > 0) || !std::isfinite(static_cast<double>(data->step))) {
    ThrowLakeError(Error(ErrorCode::kInvalidArgument, "mask_bucket() takes a width above zero"));
  }
  KeepFirstArgument(function, arguments);
  return data;
}

template <typename T, typename Wide>
void RunBucket(native::DataChunk& arguments, native::ExpressionState& state, native::Vector& result) {
  const Wide width = StepOf<T>(state);
  constexpr Wide kLowest = std::numeric_limits<T>::lowest();
  native::UnaryExecutor::Execute<T, T>(arguments.data[0], result, arguments.size(), [&](T value) {
    const Wide bucket = privacy::BucketOf(static_cast<Wide>(value), width);
    // Of a narrower type, the lowest bound may not exist.
    return static_cast<T>(bucket < kLowest ? bucket + width : bucket);
  });
}

native::unique_ptr<native::FunctionData> BindDate(native::ClientContext& context, native::ScalarFunction& function,
                                                  Arguments& arguments) {
  auto data = native::make_uniq<StepData<privacy::DatePart>>();
  const std::string part = LowerAscii(MaskConstant(context, function, *arguments[1]).ToString());
  data->step = ValueOrThrow(privacy::DatePartOf(part));
  KeepFirstArgument(function, arguments);
  return data;
}

void RunDate(native::DataChunk& arguments, native::ExpressionState& state, native::Vector& result) {
  const auto part = StepOf<privacy::DatePart>(state);
  native::UnaryExecutor::Execute<native::date_t, native::date_t>(
      arguments.data[0], result, arguments.size(),
      [&](native::date_t day) { return native::date_t(privacy::TruncateDay(day.days, part)); });
}

void RunTimestamp(native::DataChunk& arguments, native::ExpressionState& state, native::Vector& result) {
  const auto part = StepOf<privacy::DatePart>(state);
  native::UnaryExecutor::Execute<native::timestamp_t, native::timestamp_t>(
      arguments.data[0], result, arguments.size(),
      [&](native::timestamp_t time) { return native::timestamp_t(privacy::TruncateMicroseconds(time.value, part)); });
}

native::ScalarFunction TextFunction(native::vector<LogicalType> options, native::bind_scalar_function_t bind) {
  options.insert(options.begin(), LogicalType::VARCHAR);
  native::ScalarFunction function(std::move(options), LogicalType::VARCHAR, RunText, bind);
  function.init_local_state = MakeState<privacy::TextMask>;
  return function;
}

template <typename T>
native::ScalarFunction NumberFunction(const LogicalType& type) {
  native::ScalarFunction function({type, LogicalType::VARCHAR}, type, RunNumber<T>, BindNumber<T>);
  function.init_local_state = MakeState<privacy::NumberPermutation>;
  return function;
}

template <typename... Functions>
native::ScalarFunctionSet Set(const char* name, Functions... functions) {
  native::ScalarFunctionSet set(name);
  (set.AddFunction(std::move(functions)), ...);
  return set;
}

}  // namespace

native::Value MaskConstant(native::ClientContext& context, const native::ScalarFunction& function,
                           const native::Expression& argument) {
  if (argument.IsFoldable()) {
    native::Value value = native::ExpressionExecutor::EvaluateScalar(context, argument);
    if (!value.IsNull()) return value;
  }
  ThrowLakeError(Error(ErrorCode::kInvalidArgument,
                       fmt::format("{}() takes constants behind the masked value, and no NULL", function.name)));
}

std::vector<native::ScalarFunctionSet> MaskFunctions() {
  const LogicalType text = LogicalType::VARCHAR;
  std::vector<native::ScalarFunctionSet> sets;
  sets.push_back(Set("mask_first", TextFunction({LogicalType::INTEGER}, BindCharacters<true>)));
  sets.push_back(Set("mask_last", TextFunction({LogicalType::INTEGER}, BindCharacters<false>)));
  sets.push_back(Set("mask_hash", TextFunction({text}, BindKeyed<Keyed::kHash>)));
  sets.push_back(Set("mask_token", TextFunction({text}, BindKeyed<Keyed::kToken>),
                     NumberFunction<int32_t>(LogicalType::INTEGER), NumberFunction<int64_t>(LogicalType::BIGINT)));
  sets.push_back(Set("mask_fpe", TextFunction({text, text}, BindKeyed<Keyed::kFormat>)));
  sets.push_back(Set("mask_pseudonym", TextFunction({text, text}, BindKeyed<Keyed::kPseudonym>)));
  const auto bucket = [](const LogicalType& type, native::scalar_function_t run, native::bind_scalar_function_t bind) {
    return native::ScalarFunction({type, type}, type, std::move(run), bind);
  };
  sets.push_back(Set("mask_bucket", bucket(LogicalType::INTEGER, RunBucket<int32_t, int64_t>, BindBucket<int32_t>),
                     bucket(LogicalType::BIGINT, RunBucket<int64_t, int64_t>, BindBucket<int64_t>),
                     bucket(LogicalType::DOUBLE, RunBucket<double, double>, BindBucket<double>)));
  const auto date = [&](const LogicalType& type, native::scalar_function_t run) {
    return native::ScalarFunction({type, text}, type, std::move(run), BindDate);
  };
  sets.push_back(Set("mask_date", date(LogicalType::DATE, RunDate), date(LogicalType::TIMESTAMP, RunTimestamp),
                     date(LogicalType::TIMESTAMP_TZ, RunTimestamp)));
  return sets;
}

}  // namespace neurolake::engine::duckdb
