#pragma once
#include <optional>
#include <string>

#include "common/result.h"
#include "tables/delta/schema.h"

namespace neurolake::tables::delta {

/// Whether values of `from` may be read as `to`. Source: PROTOCOL.md, "Type Widening".
bool MayWiden(const DataType& from, const DataType& to);

/// The narrowest type that both widen to, or are; nullopt if there is none. For leaves.
std::optional<DataType> CommonWidening(const DataType& a, const DataType& b);

/// Notes on `field` that the type at `inner_path` below it ("" for the field itself, "element", "value.element")
/// changed.
void RecordTypeChange(StructField& field, const std::string& inner_path, const DataType& from, const DataType& to);

/// Errors: kNotSupported for a change noted in the schema that the protocol does not have: its files could be misread.
Result<void> CheckTypeChanges(const DataType& schema);

/// Whether the field held a `kind` before one of the changes noted on it itself.
bool WasOnce(const StructField& field, DataType::Kind kind);

/// The name of a type without fields, as Delta's schema spells it: "integer", "decimal(10,2)".
std::string PrimitiveTypeName(const DataType& type);

}  // namespace neurolake::tables::delta
