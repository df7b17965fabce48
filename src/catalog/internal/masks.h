#pragma once
#include <string>
#include <vector>

#include "metastore/database.h"

namespace neurolake::catalog {

/// The way to what a mask hides, from the column on: `column` is a JSON array of what files call each, as policies of a
/// table have it, or a way of common/field_path.h, as tags do, or one name.
std::vector<std::string> MaskedPath(const std::string& column);
/// Whether one is the other, or inside of it.
bool Overlap(const std::vector<std::string>& one, const std::vector<std::string>& other);

/// What a transaction has changed of masks: a mask policy of a table, one by tag, or tags of a table's columns.
struct MaskChange {
  std::string relation = {};              ///< Whose column has another mask or tag; empty: all that `policy` means.
  std::vector<std::string> columns = {};  ///< Of `relation`, as MaskedPath takes them.
  std::string policy = {};                ///< The id of the policy by tag.
};

/// Refuses the change if by it a column, or a field and what is around it, has two masks, of its own or by tags: which
/// one would be seen? Where two came together otherwise, by values, nobody is hindered who changes another place.
/// Errors: kAlreadyExists, naming both policies.
Result<void> CheckOneMaskPerColumn(metastore::Session& session, const MaskChange& change);

}  // namespace neurolake::catalog
