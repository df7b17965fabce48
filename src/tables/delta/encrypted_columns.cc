#include "tables/delta/encrypted_columns.h"

#include <algorithm>

#include "tables/delta/alter.h"
#include "tables/delta/expression.h"
#include "tables/delta/internal/json_text.h"
#include "tables/delta/table_rules.h"

namespace neurolake::tables::delta {
namespace {

using Kind = DataType::Kind;

std::unexpected<Error> Damaged(const StructField& field) {
  return MakeError(ErrorCode::kCorruption,
                   "the table's schema is damaged: it does not say how the column is encrypted: {}", field.name);
}

bool IsNested(const DataType& type) {
  return type.kind == Kind::kStruct || type.kind == Kind::kArray || type.kind == Kind::kMap;
}

std::unexpected<Error> Refuse(const StructField& field, std::string_view what, const std::string& name) {
  return MakeError(ErrorCode::kNotSupported, "{} cannot read or be an encrypted column: {}, column {}", what,
                   name.empty() ? "-" : name, field.name);
}

}  // namespace

bool IsEncrypted(const StructField& field) {
  return std::ranges::any_of(
      field.metadata, [](const auto& one) { return std::string_view(one.first).starts_with("neurolake.encryption."); });
}

bool HasEncryptedColumns(const DataType& schema) { return std::ranges::any_of(schema.fields, IsEncrypted); }

Result<std::optional<ColumnEncryption>> EncryptionOf(const StructField& field) {
  if (!IsEncrypted(field)) return std::nullopt;
  const auto key = field.TextMetadata(kEncryptionKey);
  const auto table = field.TextMetadata(kEncryptionTable);
  const auto column = field.TextMetadata(kEncryptionColumn);
  const auto mode = field.TextMetadata(kEncryptionMode);
  const auto type = field.TextMetadata(kEncryptionType);
  const bool modes = mode == "randomized" || mode == "deterministic";
  if (!key || !table || !column || !type || !modes || field.type.kind != Kind::kBinary) return Damaged(field);
  ColumnEncryption encryption{.key_id = *key,
                              .key_name = field.TextMetadata(kEncryptionKeyName).value_or(""),
                              .table_id = *table,
                              .column_id = *column,
                              .deterministic = mode == "deterministic",
                              .type = {}};
  const auto known = LeafTypeByName(*type, Expression::Dialect::kSpark);
  if (!known) return Damaged(field);
  encryption.type = *known;
  return encryption;
}

Result<void> Encrypt(const ColumnEncryption& encryption, StructField& field) {
  if (IsEncrypted(field)) {
    return MakeError(ErrorCode::kInvalidArgument, "the column is encrypted already: {}", field.name);
  }
  if (IsNested(field.type)) {
    return MakeError(ErrorCode::kNotSupported, "columns of the type {} cannot be encrypted: {}", TypeName(field.type),
                     field.name);
  }
  const bool floating = field.type.kind == Kind::kFloat || field.type.kind == Kind::kDouble;
  if (floating && encryption.deterministic) {
    // -0.0 equals 0.0 and is not the same bytes.
    return MakeError(ErrorCode::kNotSupported,
                     "columns of the type {} cannot be encrypted DETERMINISTIC, leave the word out: {}",
                     TypeName(field.type), field.name);
  }
  field.metadata.insert_or_assign(kEncryptionKey, internal::JsonString(encryption.key_id));
  field.metadata.insert_or_assign(kEncryptionKeyName, internal::JsonString(encryption.key_name));
  field.metadata.insert_or_assign(kEncryptionTable, internal::JsonString(encryption.table_id));
  field.metadata.insert_or_assign(kEncryptionColumn, internal::JsonString(encryption.column_id));
  field.metadata.insert_or_assign(kEncryptionMode,
                                  internal::JsonString(encryption.deterministic ? "deterministic" : "randomized"));
  field.metadata.insert_or_assign(kEncryptionType, internal::JsonString(TypeName(field.type)));
  field.type = {.kind = Kind::kBinary};
  return {};
}

Result<void> Decrypt(StructField& field) {
  NL_ASSIGN_OR_RETURN(const auto encryption, EncryptionOf(field));
  if (!encryption) {
    return MakeError(ErrorCode::kInvalidArgument, "the column is not encrypted: {}", field.name);
  }
  field.type = encryption->type;
  std::erase_if(field.metadata,
                [](const auto& one) { return std::string_view(one.first).starts_with("neurolake.encryption."); });
  return {};
}

Result<DataType> ReadableSchema(const DataType& schema) {
  DataType readable = schema;
  for (StructField& field : readable.fields) {
    NL_ASSIGN_OR_RETURN(auto encryption, EncryptionOf(field));
    if (encryption) field.type = std::move(encryption->type);
  }
  return readable;
}

Result<void> CheckEncryptedColumns(const Metadata& metadata, const DataType& schema,
                                   const std::map<std::string, DomainMetadata>& domains) {
  for (const StructField& field : schema.fields) {
    NL_ASSIGN_OR_RETURN(const auto encryption, EncryptionOf(field));
    if (!encryption) continue;
    if (std::ranges::find(metadata.partition_columns, field.name) != metadata.partition_columns.end()) {
      return Refuse(field, "PARTITIONED BY", field.name);
    }
    NL_ASSIGN_OR_RETURN(const auto clustering, ReadClusteringColumns(domains));
    for (const auto& path : clustering) {
      if (path.front() == field.physical_name()) return Refuse(field, "CLUSTER BY", field.name);
    }
    if (field.metadata.contains(kGenerationExpression) || field.metadata.contains(kIdentityStart) ||
        field.metadata.contains(kInvariant)) {
      return Refuse(field, "GENERATED", field.name);
    }
    const std::string dependent = FindDependent(metadata, schema, {field.name});
    if (!dependent.empty()) return Refuse(field, "a constraint or generated column", dependent);
  }
  return {};
}

Result<void> TableEditor::EncryptColumn(const std::string& column, const ColumnEncryption& encryption) {
  NL_ASSIGN_OR_RETURN(StructField* const field, LocateField({column}));
  NL_RETURN_IF_ERROR(Encrypt(encryption, *field));
  // All that the table has is written anew, in the type it has by now.
  field->metadata.erase("delta.typeChanges");
  Store();
  return {};
}

Result<void> TableEditor::DecryptColumn(const std::string& column) {
  NL_ASSIGN_OR_RETURN(StructField* const field, LocateField({column}));
  NL_RETURN_IF_ERROR(Decrypt(*field));
  Store();
  return {};
}

Result<void> TableEditor::CheckEncryption() const { return CheckEncryptedColumns(metadata_, schema_, domains_); }

}  // namespace neurolake::tables::delta
