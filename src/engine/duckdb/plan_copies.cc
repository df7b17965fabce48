#include "engine/duckdb/internal/plan_copies.h"

#include "duckdb/common/serializer/deserializer.hpp"
#include "duckdb/common/serializer/serializer.hpp"
#include "engine/duckdb/internal/error_translation.h"
#include "engine/duckdb/internal/statement_state.h"

namespace neurolake::engine::duckdb {
namespace {

constexpr native::field_id_t kField = 100;
constexpr const char* kTag = "scan";

native::unique_ptr<native::FunctionData> RefuseBind(native::ClientContext&, native::TableFunctionBindInput&,
                                                    native::vector<native::LogicalType>&,
                                                    native::vector<native::string>&) {
  // The gate says so before; this is for whoever gets past it.
  ThrowLakeError(Error(ErrorCode::kPermissionDenied, "function is not allowed here: it stands for a table's scan"));
}

void RefuseWrite(native::Serializer&, const native::optional_ptr<native::FunctionData>, const native::TableFunction&) {
  ThrowLakeError(Error(ErrorCode::kInternal, "a scan without a table cannot be copied"));
}

}  // namespace

void PlanCopies::Write(native::Serializer& serializer, const native::TableFunction& function,
                       const native::FunctionData& data) {
  serializer.WriteProperty<uint64_t>(kField, kTag, kept_.size());
  kept_.push_back({function, data.Copy()});
}

native::unique_ptr<native::FunctionData> ReadCopiedScan(native::Deserializer& deserializer,
                                                        native::TableFunction& function) {
  auto& copies = StatementState::Get(deserializer.Get<native::ClientContext&>()).plan_copies;
  const auto index = deserializer.ReadProperty<uint64_t>(kField, kTag);
  if (index >= copies.kept_.size()) ThrowLakeError(Error(ErrorCode::kInternal, "a plan's copy names no scan"));
  // The catalogue's function has the name alone.
  function = copies.kept_[index].function;
  return copies.kept_[index].data->Copy();
}

native::TableFunction CopiedScanFunction(const char* name, native::vector<native::LogicalType> arguments) {
  native::TableFunction function(name, std::move(arguments), nullptr, RefuseBind);
  function.serialize = RefuseWrite;
  function.deserialize = ReadCopiedScan;
  return function;
}

}  // namespace neurolake::engine::duckdb
