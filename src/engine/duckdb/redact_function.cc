#include "engine/duckdb/internal/redact_function.h"

#include "engine/duckdb/internal/error_translation.h"
#include "privacy/detector/detector.h"

namespace neurolake::engine::duckdb {
namespace {

struct RedactData final : public native::FunctionData {
  std::shared_ptr<const privacy::Detector> detector;
  privacy::DetectOptions options;

  native::unique_ptr<native::FunctionData> Copy() const override { return native::make_uniq<RedactData>(*this); }
  bool Equals(const native::FunctionData& other) const override {
    return options.entities == other.Cast<RedactData>().options.entities;
  }
};

native::unique_ptr<native::FunctionData> Bind(native::ClientContext& context, native::ScalarFunction&,
                                              native::vector<native::unique_ptr<native::Expression>>& arguments) {
  auto data = native::make_uniq<RedactData>();
  data->detector = ValueOrThrow(privacy::Detector::Get());
  if (arguments.size() < 2) return data;
  // The argument stays: a plan that is written out and read again is bound from it anew.
  if (!arguments[1]->IsFoldable()) {
    ThrowLakeError(
        Error(ErrorCode::kInvalidArgument, "redact takes the same list of entities for all rows: a constant"));
  }
  const native::Value list = native::ExpressionExecutor::EvaluateScalar(context, *arguments[1]);
  if (list.IsNull()) ThrowLakeError(Error(ErrorCode::kInvalidArgument, "redact's list of entities must not be NULL"));
  data->options.entities = ValueOrThrow(privacy::ParseEntities(list.ToString()));
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
  return functions;
}

}  // namespace neurolake::engine::duckdb
