#include "engine/duckdb/internal/redact_function.h"

#include "engine/duckdb/internal/error_translation.h"
#include "privacy/detector/detector.h"
#include "privacy/detector/thresholds.h"

namespace neurolake::engine::duckdb {
namespace {

struct RedactData final : public native::FunctionData {
  std::shared_ptr<const privacy::Detector> detector;
  privacy::DetectOptions options;

  native::unique_ptr<native::FunctionData> Copy() const override { return native::make_uniq<RedactData>(*this); }
  bool Equals(const native::FunctionData& other) const override {
    const auto& theirs = other.Cast<RedactData>().options;
    return options.entities == theirs.entities && options.threshold == theirs.threshold &&
           options.thresholds == theirs.thresholds;
  }
};

// The argument stays: a plan that is written out and read again is bound from it anew.
std::string Constant(native::ClientContext& context, const native::Expression& argument, std::string_view what) {
  if (!argument.IsFoldable()) {
    ThrowLakeError(
        Error(ErrorCode::kInvalidArgument, fmt::format("redact takes the same {} for all rows: a constant", what)));
  }
  const native::Value value = native::ExpressionExecutor::EvaluateScalar(context, argument);
  if (value.IsNull())
    ThrowLakeError(Error(ErrorCode::kInvalidArgument, fmt::format("redact's {} must not be NULL", what)));
  return value.ToString();
}

native::unique_ptr<native::FunctionData> Bind(native::ClientContext& context, native::ScalarFunction&,
                                              native::vector<native::unique_ptr<native::Expression>>& arguments) {
  auto data = native::make_uniq<RedactData>();
  data->detector = ValueOrThrow(privacy::Detector::Get());
  if (arguments.size() < 2) return data;
  data->options.entities = ValueOrThrow(privacy::ParseEntities(Constant(context, *arguments[1], "list of entities")));
  if (arguments.size() < 3) return data;
  const auto thresholds =
      ValueOrThrow(privacy::ParseThresholds(Constant(context, *arguments[2], "list of thresholds")));
  data->options.threshold = thresholds.all;
  data->options.thresholds = thresholds.of;
  return data;
}

void Run(native::DataChunk& arguments, native::ExpressionState& state, native::Vector& result) {
  const auto& data = state.expr.Cast<native::BoundFunctionExpression>().bind_info->Cast<RedactData>();
  native::UnaryExecutor::Execute<native::string_t, native::string_t>(
      arguments.data[0], result, arguments.size(), [&](native::string_t text) {
        return native::StringVector::AddString(result,
                                               data.detector->Redact({text.GetData(), text.GetSize()}, data.options));
      });
}

}  // namespace

native::ScalarFunctionSet RedactFunctions() {
  const auto text = native::LogicalType::VARCHAR;
  native::ScalarFunctionSet functions("redact");
  functions.AddFunction(native::ScalarFunction({text}, text, Run, Bind));
  functions.AddFunction(native::ScalarFunction({text, text}, text, Run, Bind));
  functions.AddFunction(native::ScalarFunction({text, text, text}, text, Run, Bind));
  functions.AddFunction(native::ScalarFunction({text, text, native::LogicalType::DOUBLE}, text, Run, Bind));
  return functions;
}

}  // namespace neurolake::engine::duckdb
