#include "engine/duckdb/internal/definition_change.h"

#include "common/text.h"
#include "duckdb/execution/expression_executor.hpp"
#include "engine/duckdb/internal/error_translation.h"
#include "engine/duckdb/internal/lake_catalog.h"
#include "engine/duckdb/internal/lake_transaction.h"

namespace neurolake::engine::duckdb {
namespace {

using native::LogicalType;

/// All of it is done when it is bound: whatever is bound after it sees the table so.
native::unique_ptr<native::FunctionData> BindRedefined(native::ClientContext& context, native::ScalarFunction&,
                                                       native::vector<native::unique_ptr<native::Expression>>& given) {
  const auto text = [&](size_t i) { return native::ExpressionExecutor::EvaluateScalar(context, *given[i]).ToString(); };
  const auto version = native::ExpressionExecutor::EvaluateScalar(context, *given[2]).GetValue<int64_t>();
  const auto definition = ValueOrThrow(tables::delta::ParseCommit(text(3), "a table's next definition"));
  // It keeps a reference to the name.
  const std::string name = LowerAscii(text(1));
  native::EntryLookupInfo lookup(native::CatalogType::TABLE_ENTRY, name, nullptr, native::QueryErrorContext());
  auto entry = native::Catalog::GetEntry(context, LakeCatalog::kName, LowerAscii(text(0)), lookup,
                                         native::OnEntryNotFound::RETURN_NULL);
  auto* table = entry ? dynamic_cast<LakeTableEntry*>(entry.get()) : nullptr;
  if (table == nullptr || !definition.metadata || !definition.protocol) {
    ThrowLakeError(Error(ErrorCode::kInternal, "a definition is of a table that is there, and whole"));
  }
  const int64_t now = table->snapshot()->version();
  if (now != version) {
    ThrowLakeError(Error(ErrorCode::kConflict,
                         fmt::format("another commit changed the table while the statement ran, run it again, table: "
                                     "{}.{}, version read: {}, version now: {}",
                                     table->entry().schema_name, table->entry().table_name, version, now)));
  }
  auto& transaction = LakeTransaction::Get(context, table->ParentCatalog());
  LakeWrite& write = transaction.BeginWrite(table->entry(), table->snapshot());
  write.metadata = definition.metadata;
  write.protocol = definition.protocol;
  // Of rows that come meanwhile none would be as the definition says.
  transaction.MarkRead(table->entry().id);
  transaction.Pin(table->entry().id, write.Applied());
  return nullptr;
}

void Run(native::DataChunk& arguments, native::ExpressionState&, native::Vector& result) {
  result.Reference(arguments.data[2]);
}

}  // namespace

native::ScalarFunctionSet RedefinedFunction() {
  native::ScalarFunctionSet set("lake_redefined");
  set.AddFunction(
      native::ScalarFunction({LogicalType::VARCHAR, LogicalType::VARCHAR, LogicalType::BIGINT, LogicalType::VARCHAR},
                             LogicalType::BIGINT, Run, BindRedefined));
  return set;
}

}  // namespace neurolake::engine::duckdb
