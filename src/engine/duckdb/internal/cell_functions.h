#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/duckdb/internal/native.h"
#include "tables/delta/encrypted_columns.h"

namespace neurolake::engine::duckdb {

/// What opens the cells of one column in one statement: its keys, or why there are none. Immutable; thread-safe.
class CellOpener;

/// Asks the server for the keys of a column to be read; does not throw: an error is kept and thrown by those who open
/// with it. `column` is what messages call it.
std::shared_ptr<const CellOpener> AskForOpener(native::ClientContext& context,
                                               const tables::delta::ColumnEncryption& encryption, std::string column);

/// The value of the cell `cell`, of type `type`; when it is run it throws what hindered the keys, or kCorruption for
/// what is no cell of the column.
native::unique_ptr<native::Expression> OpenCell(native::unique_ptr<native::Expression> cell,
                                                const native::LogicalType& type,
                                                std::shared_ptr<const CellOpener> opener);

/// `cell` as a value of `type`, which tells it apart from other bytes and has the same form in memory.
native::unique_ptr<native::Expression> KeepCell(native::unique_ptr<native::Expression> cell,
                                                const native::LogicalType& type);

/// The cell of `value`, under the newest version of the column's key. Throws kPermissionDenied where the principal may
/// not encrypt with it; the server's errors.
native::unique_ptr<native::Expression> CloseCell(native::ClientContext& context,
                                                 native::unique_ptr<native::Expression> value,
                                                 const tables::delta::ColumnEncryption& encryption,
                                                 const std::string& column);

/// For statements of the product's that see cells; `schema` is a Delta schema of the one column, encrypted:
/// reencrypted_cell(cell, schema), the cell under the newest version of its column's key: the principal needs the
/// rights to encrypt and to use the key, no value is shown; encrypted_cell(value, schema): the right to encrypt;
/// decrypted_cell(cell, schema): the right to decrypt. They throw kPermissionDenied.
std::vector<native::ScalarFunctionSet> RewrittenCellFunctions();

/// What a deterministic column has for `value`, one cell for each version of its key: made with the keys, or asked of
/// the server where the principal may only look up and `may_ask` and the statement is a query. Empty: neither. Throws
/// kTooManyRequests and the server's other errors.
std::vector<std::string> CellsOf(native::ClientContext& context, const CellOpener& opener, const native::Value& value,
                                 bool may_ask);

}  // namespace neurolake::engine::duckdb
