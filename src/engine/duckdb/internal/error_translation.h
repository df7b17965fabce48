#pragma once
#include "common/result.h"
#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

/// Throws `error` through DuckDB so that `RebuildError` gives back exactly it.
[[noreturn]] void ThrowLakeError(Error error);

/// The value of `result`, or its error thrown through DuckDB.
template <typename T>
T ValueOrThrow(Result<T> result) {
  if (!result.has_value()) ThrowLakeError(std::move(result).error());
  if constexpr (!std::is_void_v<T>) return std::move(result).value();
}

/// Runs SQL of the engine's own. Throws DuckDB's errors.
native::unique_ptr<native::MaterializedQueryResult> QueryOrThrow(native::Connection& connection,
                                                                 const std::string& sql);

enum class ErrorStage : uint8_t {
  kBind,  ///< Identifiers that the user wrote may be repeated.
  kRun,   ///< Nothing of DuckDB's text is passed on: it quotes values.
};

/// Our error for DuckDB's: kind, operator, function and column only. DuckDB's own text goes to the operator's log.
/// `broken` is set when the instance cannot be used any more (INTERNAL and FATAL errors).
Error RebuildError(const native::ErrorData& error, ErrorStage stage, std::string_view request_id, bool* broken);

/// Our error for one of types IO, INVALID_INPUT, INVALID and SERIALIZATION, thrown while the data file at `path` was
/// opened.
Error UnreadableFile(const native::ErrorData& error, std::string_view path);

/// Calls `call` and turns whatever DuckDB throws into a Result. The only door for DuckDB's exceptions.
template <typename Call>
auto GuardDuckDb(ErrorStage stage, std::string_view request_id, bool* broken, Call&& call)
    -> Result<std::invoke_result_t<Call>> {
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<Call>>) {
      std::forward<Call>(call)();
      return {};
    } else {
      return std::forward<Call>(call)();
    }
  } catch (const std::exception& exception) {
    return std::unexpected(RebuildError(native::ErrorData(exception), stage, request_id, broken));
  }
}

}  // namespace neurolake::engine::duckdb
