#pragma once
#include <map>
#include <optional>
#include <string>

#include "common/result.h"
#include "tables/delta/actions.h"
#include "tables/delta/schema.h"

namespace neurolake::tables::delta {

/// What a column's values are encrypted with. In the log such a column is of the type binary, and this stands in its
/// metadata. Source: docs/formats/field-encryption.md.
struct ColumnEncryption {
  std::string key_id;    ///< The data key's; cells name its version.
  std::string key_name;  ///< What it was called then, for who reads the schema; it decides nothing.
  /// Where cells belong. They were made up with the column and go with it: to a new name, and to clones of the table.
  std::string table_id;
  std::string column_id;
  bool deterministic = false;
  DataType type;  ///< Of the values.
};

inline constexpr const char* kEncryptionKey = "neurolake.encryption.key";
inline constexpr const char* kEncryptionKeyName = "neurolake.encryption.keyName";
inline constexpr const char* kEncryptionTable = "neurolake.encryption.table";
inline constexpr const char* kEncryptionColumn = "neurolake.encryption.column";
inline constexpr const char* kEncryptionMode = "neurolake.encryption.mode";  ///< "randomized" or "deterministic".
inline constexpr const char* kEncryptionType = "neurolake.encryption.type";  ///< As DESCRIBE spells it: "bigint".

/// Whether the column says of itself that it is encrypted, however wrong the rest of it is.
bool IsEncrypted(const StructField& field);
bool HasEncryptedColumns(const DataType& schema);

/// nullopt for a column that is not encrypted. Errors: kCorruption for one of which not everything is said.
Result<std::optional<ColumnEncryption>> EncryptionOf(const StructField& field);

/// `field`, whose type is that of its values, as a column that holds cells. Errors: kNotSupported for types that are
/// not encrypted, or not deterministically.
Result<void> Encrypt(const ColumnEncryption& encryption, StructField& field);
/// The field as it was before Encrypt. Errors: as EncryptionOf.
Result<void> Decrypt(StructField& field);

/// The schema as who reads the table sees it: encrypted columns have the type of their values. Errors: kCorruption.
Result<DataType> ReadableSchema(const DataType& schema);

/// What a table cannot do with an encrypted column: be partitioned or clustered by it, compute it, or read it in a
/// constraint or in what it generates, which are evaluated over what files hold. Errors: kNotSupported naming both;
/// kCorruption.
Result<void> CheckEncryptedColumns(const Metadata& metadata, const DataType& schema,
                                   const std::map<std::string, DomainMetadata>& domains);

}  // namespace neurolake::tables::delta
