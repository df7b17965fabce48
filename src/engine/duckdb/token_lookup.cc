#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "common/text.h"
#include "duckdb/function/scalar_function.hpp"
#include "engine/duckdb/internal/error_translation.h"
#include "engine/duckdb/internal/mask_functions.h"
#include "engine/duckdb/internal/statement_state.h"

namespace neurolake::engine::duckdb {
namespace {

namespace json = boost::json;
using Arguments = native::vector<native::unique_ptr<native::Expression>>;
using native::LogicalType;

struct TokenData final : public native::FunctionData {
  native::Value token;
  native::unique_ptr<native::FunctionData> Copy() const override { return native::make_uniq<TokenData>(*this); }
  bool Equals(const native::FunctionData& other) const override {
    return native::Value::NotDistinctFrom(token, other.Cast<TokenData>().token);
  }
};

/// Asks the server for the token of `value`, as text.
std::string Ask(StatementState& state, const std::string& key, const native::Value& value) {
  const bool number = value.type().IsIntegral();
  const json::object question{
      {"key", key}, {"type", number ? LowerAscii(value.type().ToString()) : "varchar"}, {"value", value.ToString()}};
  const std::string answer = ValueOrThrow(state.provider->Maintain("lookup_token", json::serialize(question)));
  boost::system::error_code problem;
  const json::value parsed = json::parse(answer, problem);
  const auto* token = problem || !parsed.is_object() ? nullptr : parsed.get_object().if_contains("token");
  if (token == nullptr || !token->is_string()) {
    ThrowLakeError(Error(ErrorCode::kInternal, "the server's answer has no token"));
  }
  return std::string(token->get_string());
}

native::unique_ptr<native::FunctionData> Bind(native::ClientContext& context, native::ScalarFunction& function,
                                              Arguments& arguments) {
  StatementState& state = StatementState::Get(context);
  if (!state.is_query || !state.open_views.empty() || state.policy_binding != nullptr || state.checks_expectations) {
    ThrowLakeError(Error(ErrorCode::kPermissionDenied,
                         "lookup_token() is for the text of a query itself, not for views, writes and policies"));
  }
  const std::string key = LowerAscii(MaskConstant(context, function, *arguments[0]).ToString());
  const native::Value value = MaskConstant(context, function, *arguments[1]);
  auto data = native::make_uniq<TokenData>();
  data->token = native::Value(Ask(state, key, value)).DefaultCastAs(function.return_type);
  while (!arguments.empty()) native::Function::EraseArgument(function, arguments, arguments.size() - 1);
  return data;
}

void Run(native::DataChunk&, native::ExpressionState& state, native::Vector& result) {
  result.Reference(state.expr.Cast<native::BoundFunctionExpression>().bind_info->Cast<TokenData>().token);
}

}  // namespace

native::ScalarFunctionSet TokenLookupFunction() {
  native::ScalarFunctionSet set("lookup_token");
  for (const auto id :
       {native::LogicalTypeId::VARCHAR, native::LogicalTypeId::INTEGER, native::LogicalTypeId::BIGINT}) {
    const LogicalType type(id);
    set.AddFunction(native::ScalarFunction({LogicalType::VARCHAR, type}, type, Run, Bind));
  }
  return set;
}

}  // namespace neurolake::engine::duckdb
