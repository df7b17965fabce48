#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "common/ids.h"

namespace neurolake::plan {

/// How a value depends on a column, in the words of OpenLineage's column lineage facet: the first three are DIRECT (the
/// value is made of the column's), the others INDIRECT (the column decides which value, or which row, it is).
enum class DependenceKind : uint8_t {
  kIdentity,        ///< Taken as it is; also widened without loss.
  kTransformation,  ///< Computed row by row, or picked out of several rows.
  kAggregation,     ///< Computed from several rows.
  kJoin,
  kGroupBy,
  kFilter,
  kSort,
  kWindow,       ///< Partitions, orders or frames the rows of a window.
  kConditional,  ///< Decides between values: CASE, COALESCE.
};
inline constexpr int kDependenceKinds = 9;

/// A field inside of a column: both ways begin with the column.
struct LineageNested {
  std::string names;
  std::string physical;  ///< What the files call each.
};

/// Something that rows come from.
struct LineageRelation {
  std::string kind;  ///< "table" or "files".
  TableId id;        ///< Of a table.
  std::string schema_name;
  std::string name;
  int64_t version = -1;             ///< Of a table: the snapshot that is read.
  std::vector<std::string> via;     ///< Views it was reached through, outermost first: "schema.name".
  std::vector<std::string> files;   ///< Of files: their paths.
  std::vector<std::string> fields;  ///< Names of its columns, which sources count in.
  /// What a table's files call them, in the same order; empty where that is not known.
  std::vector<std::string> physical_fields = {};
  std::vector<LineageNested> nested = {};  ///< All fields inside of its columns; of what writes alone.
};

/// One column that something depends on. Bit i of `kinds` is DependenceKind i.
struct LineageSource {
  uint32_t relation = 0;  ///< Index in LineageDigest::relations.
  uint32_t field = 0;     ///< Index in LineageRelation::fields.
  uint16_t kinds = 0;
};

/// Fields that a value is made of, or goes to: less than a column at one end or both.
struct LineagePart {
  LineageSource source;   ///< Of `kinds`, kIdentity: the field is taken as it is, with what is inside of it.
  std::string from = {};  ///< The way from the source's column inwards (common/field_path.h); empty: all of it.
  std::string to = {};    ///< The same in the column that is made.
};

struct LineageColumn {
  std::string name;
  std::vector<LineageSource> sources;
  /// All that comes of tables, field by field, where any of it is less than a column; else empty: `sources` says it
  /// all.
  std::vector<LineagePart> parts = {};
};

struct LineageField {
  std::string name;
  std::string type;           ///< As the engine spells it; may be empty.
  std::string physical = {};  ///< What the target's files call it; empty where that is not known.
};

/// Where the columns of a statement's result, or of the table it writes, come from: followed through the bound plan
/// before the engine's optimiser, so that nothing is folded away that the text says.
struct LineageDigest {
  std::string operation;    ///< As WriteDigest::operation, or "CREATE VIEW"; empty for a query.
  std::string target_kind;  ///< "table" or "view"; empty for a query.
  TableId target;           ///< Empty for what does not exist yet.
  std::string target_schema;
  std::string target_name;
  std::vector<LineageField> target_fields;        ///< All columns of the target.
  std::vector<LineageNested> target_nested = {};  ///< All fields inside of them, where they are known.
  std::vector<LineageRelation> relations;
  std::vector<LineageColumn> columns;
  /// What decides which rows there are: filters, joins, groups, orders. All INDIRECT.
  std::vector<LineageSource> rows;
};

}  // namespace neurolake::plan
