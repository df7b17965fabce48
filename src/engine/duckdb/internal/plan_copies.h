#pragma once
#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

/// DuckDB copies parts of a plan, such as a CTE that is named twice, by writing them out and reading them back. Of a scan
/// of ours that would leave a function's name, without its table and the governor's mark. So what is written is where the
/// scan stands in its statement's list, and what is read back is a copy of the scan itself. Not thread-safe: one thread
/// plans a statement.
class PlanCopies {
 public:
  /// Writes a scan for ReadCopiedScan, in a TableFunction's `serialize`.
  void Write(native::Serializer& serializer, const native::TableFunction& function, const native::FunctionData& data);
  void Clear() { kept_.clear(); }

 private:
  friend native::unique_ptr<native::FunctionData> ReadCopiedScan(native::Deserializer& deserializer,
                                                                 native::TableFunction& function);
  struct Kept {
    native::TableFunction function;
    native::unique_ptr<native::FunctionData> data;
  };
  std::vector<Kept> kept_;
};

/// A TableFunction's `deserialize`. Throws kInternal for what the statement under way has not written.
native::unique_ptr<native::FunctionData> ReadCopiedScan(native::Deserializer& deserializer,
                                                        native::TableFunction& function);

/// What the engine's catalogue must have under the name of a scan, so that it can be read back. Not to be called.
native::TableFunction CopiedScanFunction(const char* name, native::vector<native::LogicalType> arguments);

}  // namespace neurolake::engine::duckdb
