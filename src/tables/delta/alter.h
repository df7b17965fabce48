#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "tables/delta/actions.h"
#include "tables/delta/encrypted_columns.h"
#include "tables/delta/schema.h"
#include "tables/delta/snapshot.h"

namespace neurolake::tables::delta {

inline constexpr const char* kClusteringDomain = "delta.clustering";  ///< The metadata domain of CLUSTER BY.

/// Names from the table's column inwards, case aside; "element" inside of an array, "key" and "value" inside of a map.
using ColumnPath = std::vector<std::string>;

/// Where among its siblings a column goes.
struct ColumnPosition {
  enum class Place : uint8_t { kLast, kFirst, kAfter };
  Place place = Place::kLast;
  std::string after;  ///< kAfter: the sibling's name.
};

/// Takes a table's protocol, metadata and clustering from one version to the next, change by change. After an error it
/// is of no use any more. A feature that a change needs is added to the protocol in the same version; a table with
/// compatibility = 'widest' refuses what readers would have to know (kNotSupported). Whether rows that exist obey a new
/// NOT NULL or CHECK is the caller's to find out. Pure; for one thread. Source: PROTOCOL.md, "Column Mapping", "Type
/// Widening", "CHECK Constraints", "Clustered Table" and others.
class TableEditor {
 public:
  /// `has_files`: the table has data files, which some changes must not leave behind.
  TableEditor(Protocol protocol, Metadata metadata, DataType schema, std::map<std::string, DomainMetadata> domains,
              bool has_files);
  explicit TableEditor(const Snapshot& snapshot);

  const Protocol& protocol() const { return protocol_; }
  const Metadata& metadata() const { return metadata_; }
  const DataType& schema() const { return schema_; }
  /// Domains that changed.
  const std::vector<DomainMetadata>& changed_domains() const { return changed_domains_; }

  /// The field at `path`, or null; null also for elements, keys and values, which are no fields.
  const StructField* FindField(const ColumnPath& path) const;

  /// Adds `field` to the table (`parent` empty) or to the struct at `parent`. Errors: kAlreadyExists, kColumnNotFound,
  /// kInvalidArgument for NOT NULL where rows exist.
  Result<void> AddColumn(const ColumnPath& parent, StructField field, const ColumnPosition& position);
  /// Errors: kDependentObjects if a constraint or generated column reads it.
  Result<void> RenameColumn(const ColumnPath& path, const std::string& new_name);
  Result<void> DropColumn(const ColumnPath& path);
  Result<void> MoveColumn(const ColumnPath& path, const ColumnPosition& position);
  /// Widens. Errors: kTypeMismatch for other changes.
  Result<void> ChangeType(const ColumnPath& path, const DataType& type);
  Result<void> SetNullable(const ColumnPath& path, bool nullable);
  /// nullopt takes it away.
  Result<void> SetComment(const ColumnPath& path, const std::optional<std::string>& comment);
  /// `expression` in Spark's dialect, of a column of the table itself.
  Result<void> SetDefault(const std::string& column, const std::optional<std::string>& expression);
  void SetDescription(const std::string& description) { metadata_.description = description; }

  /// `condition` in Spark's dialect.
  Result<void> AddConstraint(const std::string& name, const std::string& condition);
  Result<void> DropConstraint(const std::string& name);
  /// The name as the table spells it; nullopt if it has none such.
  std::optional<std::string> FindConstraint(const std::string& name) const;

  Result<void> SetProperties(const std::map<std::string, std::string>& properties);
  /// Errors: kNotFound for one that is not set, unless `if_exists`.
  Result<void> UnsetProperties(const std::vector<std::string>& names, bool if_exists);
  /// No columns: not clustered any more.
  Result<void> SetClustering(const std::vector<ColumnPath>& columns);

  /// What only a new table may be given: `expression` in Spark's dialect.
  Result<void> MakeGenerated(const std::string& column, const std::string& expression);
  Result<void> MakeIdentity(const std::string& column, int64_t start, int64_t step, bool allow_explicit);

  /// Makes the column one that holds cells. Files that exist have its values: who calls it writes them anew in the same
  /// version. Errors: as Encrypt(); kInvalidArgument for one that holds cells already.
  Result<void> EncryptColumn(const std::string& column, const ColumnEncryption& encryption);
  /// The same the other way round. Errors: kInvalidArgument for one that holds none.
  Result<void> DecryptColumn(const std::string& column);
  /// As CheckEncryptedColumns: when all changes were made.
  Result<void> CheckEncryption() const;

  /// Adds columns and fields of `incoming` that the table lacks, at the end and nullable, and widens where the table
  /// may be widened. Tells whether anything changed. Errors: kTypeMismatch for types that do not go together.
  Result<bool> MergeSchema(const DataType& incoming);

 private:
  struct Place;
  Result<Place> Locate(const ColumnPath& path);
  Result<StructField*> LocateField(const ColumnPath& path);
  Result<void> CheckUnused(const ColumnPath& path, std::string_view what) const;
  Result<void> Require(const std::string& feature);
  Result<void> EnableMapping();
  bool Mapped() const;
  bool IsWidest() const;
  void MapAdded(StructField& field);
  std::vector<std::string> ClusteringColumns() const;
  Result<bool> MergeStruct(DataType& type, const DataType& incoming, const ColumnPath& where);
  Result<bool> MergeType(StructField& field, DataType& type, const DataType& incoming, const std::string& inner,
                         const ColumnPath& where);
  Result<bool> MergeLeaf(StructField& field, DataType& type, const DataType& incoming, const std::string& inner,
                         const ColumnPath& where);
  /// Writes the schema back into the metadata.
  void Store() { metadata_.schema_string = SerializeSchema(schema_); }

  Protocol protocol_;
  Metadata metadata_;
  DataType schema_;
  std::map<std::string, DomainMetadata> domains_;
  std::vector<DomainMetadata> changed_domains_;
  bool has_files_;
};

/// The physical names of a table's clustering columns, outermost name first for fields of structs; empty if it is not
/// clustered. Errors: kCorruption.
Result<std::vector<ColumnPath>> ReadClusteringColumns(const std::map<std::string, DomainMetadata>& domains);

/// "a.b", for messages.
std::string PathText(const ColumnPath& path);

}  // namespace neurolake::tables::delta
