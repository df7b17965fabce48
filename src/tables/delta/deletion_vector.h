#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "storage/object_store.h"
#include "tables/delta/actions.h"
#include "tables/delta/file_path.h"

namespace neurolake::tables::delta {

/// Deleted row positions of one data file, ascending, 0-based.
using DeletedRows = std::vector<uint64_t>;

/// Where the file of a deletion vector is; "" for an inline one, which has none. Errors: as ResolvePath.
Result<std::string> DeletionVectorPath(const std::string& table_path, const DeletionVectorDescriptor& descriptor,
                                       const std::vector<ForeignRoot>& foreign = {});

/// The vector when its file has the path `relative` below its table's directory: storage type "u". Empty for a file
/// that is not named as the protocol names them.
std::optional<DeletionVectorDescriptor> AsRelativeVector(DeletionVectorDescriptor descriptor,
                                                         std::string_view relative);

/// Reads a deletion vector in any of the three storage types. Checks magic, checksum, size and cardinality.
/// Errors: kCorruption naming the file; kNotFound.
/// Source: PROTOCOL.md, "Deletion Vectors" and "Deletion Vector Format" (64-bit Roaring, CRC-32, base85).
Result<DeletedRows> ReadDeletionVector(storage::ObjectStore& store, const std::string& table_path,
                                       const DeletionVectorDescriptor& descriptor,
                                       const std::vector<ForeignRoot>& foreign = {});

/// Writes all of `vectors` into one new file under `table_path` and returns one descriptor (storage type "u") each, in
/// order. Each vector must be ascending and without duplicates, and is the file's complete new set.
Result<std::vector<DeletionVectorDescriptor>> WriteDeletionVectors(storage::ObjectStore& store,
                                                                   const std::string& table_path,
                                                                   const std::vector<DeletedRows>& vectors);

}  // namespace neurolake::tables::delta
