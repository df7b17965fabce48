#include "tables/delta/alter.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "common/text.h"
#include "tables/delta/change_feed.h"
#include "tables/delta/column_mapping.h"
#include "tables/delta/internal/json_text.h"
#include "tables/delta/table_features.h"
#include "tables/delta/table_properties.h"
#include "tables/delta/table_rules.h"
#include "tables/delta/type_widening.h"

namespace neurolake::tables::delta {
namespace {

using Kind = DataType::Kind;

std::vector<StructField>::iterator FieldNamed(DataType& type, std::string_view name) {
  return std::ranges::find_if(type.fields, [&](const StructField& f) { return EqualsIgnoringCase(f.name, name); });
}

std::unexpected<Error> NoColumn(const ColumnPath& path) {
  return MakeError(ErrorCode::kColumnNotFound, "the table has no such column: {}", PathText(path));
}

/// Where `position` is among `siblings`. Errors: kColumnNotFound.
Result<std::vector<StructField>::iterator> Find(DataType& siblings, const ColumnPosition& position) {
  switch (position.place) {
    case ColumnPosition::Place::kLast: return siblings.fields.end();
    case ColumnPosition::Place::kFirst: return siblings.fields.begin();
    case ColumnPosition::Place::kAfter: {
      auto found = FieldNamed(siblings, position.after);
      if (found == siblings.fields.end()) return NoColumn({position.after});
      return found + 1;
    }
  }
  NL_UNREACHABLE();
}

/// The columns that statistics are kept of, by name, follow a rename; none for a column that goes (`after` empty).
void RenameIndexed(Metadata& metadata, const ColumnPath& before, const ColumnPath& after) {
  const auto property = metadata.configuration.find("delta.dataSkippingStatsColumns");
  if (property == metadata.configuration.end()) return;
  std::string columns;
  for (const std::string& column : Split(property->second, ',')) {
    std::string name(Trim(column));
    const std::string old = PathText(before);
    const bool inside = name.size() > old.size() && name[old.size()] == '.';
    if (EqualsIgnoringCase(name.substr(0, old.size()), old) && (inside || name.size() == old.size())) {
      if (after.empty()) continue;
      name = PathText(after) + name.substr(old.size());
    }
    columns += (columns.empty() ? "" : ",") + name;
  }
  property->second = columns;
  if (columns.empty()) metadata.configuration.erase(property);
}

std::string* PartitionName(Metadata& metadata, const ColumnPath& path) {
  if (path.size() != 1) return nullptr;
  const auto found = std::ranges::find_if(metadata.partition_columns,
                                          [&](const std::string& name) { return EqualsIgnoringCase(name, path[0]); });
  return found == metadata.partition_columns.end() ? nullptr : &*found;
}

}  // namespace

std::string PathText(const ColumnPath& path) {
  std::string text;
  for (const std::string& name : path) text += (text.empty() ? "" : ".") + name;
  return text;
}

Result<std::vector<ColumnPath>> ReadClusteringColumns(const std::map<std::string, DomainMetadata>& domains) {
  std::vector<ColumnPath> columns;
  const auto found = domains.find(kClusteringDomain);
  if (found == domains.end() || found->second.removed) return columns;
  simdjson::dom::parser parser;
  simdjson::dom::array list;
  const auto damaged = [] {
    return MakeError(ErrorCode::kCorruption, "the table's clustering columns in the log cannot be read");
  };
  if (parser.parse(simdjson::padded_string(found->second.configuration))["clusteringColumns"].get_array().get(list) !=
      simdjson::SUCCESS) {
    return damaged();
  }
  for (simdjson::dom::element item : list) {
    // Writers give a list of names for each column; the protocol's example has one name.
    ColumnPath path;
    std::string_view name;
    simdjson::dom::array names;
    if (item.get_string().get(name) == simdjson::SUCCESS) {
      path.emplace_back(name);
    } else if (item.get_array().get(names) == simdjson::SUCCESS) {
      for (simdjson::dom::element part : names) {
        if (part.get_string().get(name) != simdjson::SUCCESS) return damaged();
        path.emplace_back(name);
      }
    }
    if (path.empty()) return damaged();
    columns.push_back(std::move(path));
  }
  return columns;
}

/// What a path leads to.
struct TableEditor::Place {
  DataType* siblings = nullptr;  ///< The struct that `field` is in.
  StructField* field = nullptr;  ///< The nearest field.
  DataType* type = nullptr;      ///< What the whole path names.
  std::string inner;             ///< From `field` to `type`: "", "element", "value.element".
};

TableEditor::TableEditor(Protocol protocol, Metadata metadata, DataType schema,
                         std::map<std::string, DomainMetadata> domains, bool has_files)
    : protocol_(std::move(protocol)),
      metadata_(std::move(metadata)),
      schema_(std::move(schema)),
      domains_(std::move(domains)),
      has_files_(has_files) {}

TableEditor::TableEditor(const Snapshot& snapshot)
    : TableEditor(snapshot.protocol(), snapshot.metadata(), snapshot.schema(), snapshot.log().domains,
                  !snapshot.files().empty()) {}

Result<TableEditor::Place> TableEditor::Locate(const ColumnPath& path) {
  NL_CHECK(!path.empty());
  Place place{.type = &schema_};
  for (const std::string& name : path) {
    DataType& type = *place.type;
    if (type.kind == Kind::kStruct) {
      const auto found = FieldNamed(type, name);
      if (found == type.fields.end()) return NoColumn(path);
      place = {.siblings = &type, .field = &*found, .type = &found->type};
      continue;
    }
    const bool is_array = type.kind == Kind::kArray && EqualsIgnoringCase(name, "element");
    const bool is_key = type.kind == Kind::kMap && EqualsIgnoringCase(name, "key");
    const bool is_value = type.kind == Kind::kMap && EqualsIgnoringCase(name, "value");
    if (!is_array && !is_key && !is_value) return NoColumn(path);
    place.type = &type.children[is_value ? 1 : 0];
    place.inner += (place.inner.empty() ? "" : ".") + LowerAscii(name);
  }
  return place;
}

Result<StructField*> TableEditor::LocateField(const ColumnPath& path) {
  NL_ASSIGN_OR_RETURN(const Place place, Locate(path));
  if (place.inner.empty()) return place.field;
  return MakeError(ErrorCode::kNotSupported, "this can be done to columns and fields of structs only: {}",
                   PathText(path));
}

const StructField* TableEditor::FindField(const ColumnPath& path) const {
  // Locate changes nothing; it hands out places for those who do.
  auto place = const_cast<TableEditor*>(this)->Locate(path);
  return place.has_value() && place->inner.empty() ? place->field : nullptr;
}

bool TableEditor::Mapped() const {
  const auto mode = metadata_.configuration.find(kColumnMappingMode);
  return mode != metadata_.configuration.end() && mode->second != "none";
}

bool TableEditor::IsWidest() const {
  const auto wish = metadata_.configuration.find("compatibility");
  return wish != metadata_.configuration.end() && EqualsIgnoringCase(wish->second, "widest");
}

Result<void> TableEditor::Require(const std::string& feature) {
  if (SupportedFeatures(protocol_).contains(feature)) return {};
  if (IsWidest() && IsReaderFeature(feature)) {
    return MakeError(
        ErrorCode::kNotSupported,
        "the table keeps to the widest compatibility (compatibility = 'widest'), and this needs readers that "
        "know the table feature {}",
        feature);
  }
  protocol_ = WithFeatures(protocol_, {feature});
  return {};
}

Result<void> TableEditor::EnableMapping() {
  if (Mapped()) return {};
  NL_RETURN_IF_ERROR(Require("columnMapping"));
  int64_t last_id = LargestMappingId(schema_);
  MapExistingColumns(schema_, last_id);
  metadata_.configuration.insert_or_assign(kColumnMappingMode, "name");
  metadata_.configuration.insert_or_assign(kMaxColumnId, fmt::format("{}", last_id));
  Store();
  return {};
}

void TableEditor::MapAdded(StructField& field) {
  int64_t last_id = LargestMappingId(schema_);
  if (const auto known = metadata_.configuration.find(kMaxColumnId); known != metadata_.configuration.end()) {
    int64_t noted = 0;
    std::from_chars(known->second.data(), known->second.data() + known->second.size(), noted);
    last_id = std::max(last_id, noted);
  }
  DataType holder{.kind = Kind::kStruct};
  holder.fields.push_back(std::move(field));
  MapNewColumns(holder, last_id);
  field = std::move(holder.fields[0]);
  metadata_.configuration.insert_or_assign(kMaxColumnId, fmt::format("{}", last_id));
}

Result<void> TableEditor::CheckUnused(const ColumnPath& path, std::string_view what) const {
  const std::string dependent = FindDependent(metadata_, schema_, path);
  if (dependent.empty()) return {};
  return MakeError(ErrorCode::kDependentObjects, "the column cannot be {} as {} reads it: {}", what, dependent,
                   PathText(path));
}

Result<void> TableEditor::AddColumn(const ColumnPath& parent, StructField field, const ColumnPosition& position) {
  DataType* siblings = &schema_;
  if (!parent.empty()) {
    NL_ASSIGN_OR_RETURN(const Place place, Locate(parent));
    siblings = place.type;
    if (siblings->kind != Kind::kStruct) {
      return MakeError(ErrorCode::kTypeMismatch, "a field can be added to a struct only: {}", PathText(parent));
    }
  }
  if (FieldNamed(*siblings, field.name) != siblings->fields.end()) {
    return MakeError(ErrorCode::kAlreadyExists, "the table has such a column already: {}", field.name);
  }
  if (!field.nullable && has_files_) {
    return MakeError(
        ErrorCode::kInvalidArgument,
        "a new column is NULL in the rows that exist, so it cannot be NOT NULL yet: add it, fill it by UPDATE, "
        "then ALTER COLUMN … SET NOT NULL: {}",
        field.name);
  }
  NL_RETURN_IF_ERROR(Find(*siblings, position));
  DataType checked{.kind = Kind::kStruct};
  checked.fields.push_back(field);
  NL_ASSIGN_OR_RETURN(const bool needs_mapping, CheckColumns(checked));
  if (parent.empty()) NL_RETURN_IF_ERROR(CheckFeedColumns(metadata_.configuration, checked));
  for (const std::string& feature : FeaturesInUse(checked, {})) NL_RETURN_IF_ERROR(Require(feature));
  if (needs_mapping) NL_RETURN_IF_ERROR(EnableMapping());
  if (Mapped()) MapAdded(field);
  // Mapping writes metadata into fields but moves none, so the place is still right.
  NL_ASSIGN_OR_RETURN(const auto at, Find(*siblings, position));
  siblings->fields.insert(at, std::move(field));
  Store();
  return {};
}

Result<void> TableEditor::RenameColumn(const ColumnPath& path, const std::string& new_name) {
  NL_ASSIGN_OR_RETURN(StructField* const found, LocateField(path));
  NL_ASSIGN_OR_RETURN(const Place place, Locate(path));
  const auto same = FieldNamed(*place.siblings, new_name);
  if (new_name.empty()) return MakeError(ErrorCode::kInvalidArgument, "a column needs a name");
  if (path.size() == 1) {
    DataType renamed{.kind = Kind::kStruct};
    renamed.fields.push_back({.name = new_name});
    NL_RETURN_IF_ERROR(CheckFeedColumns(metadata_.configuration, renamed));
  }
  if (same != place.siblings->fields.end() && &*same != found) {
    return MakeError(ErrorCode::kAlreadyExists, "the table has such a column already: {}", new_name);
  }
  NL_RETURN_IF_ERROR(CheckUnused(path, "renamed"));
  NL_RETURN_IF_ERROR(EnableMapping());
  if (std::string* partition = PartitionName(metadata_, path)) *partition = new_name;
  ColumnPath after = path;
  after.back() = new_name;
  RenameIndexed(metadata_, path, after);
  found->name = new_name;
  Store();
  return {};
}

Result<void> TableEditor::DropColumn(const ColumnPath& path) {
  NL_ASSIGN_OR_RETURN(StructField* const found, LocateField(path));
  NL_ASSIGN_OR_RETURN(const Place place, Locate(path));
  if (place.siblings->fields.size() == 1) {
    return MakeError(ErrorCode::kInvalidArgument, "the last column, of a table or a struct, cannot be dropped: {}",
                     PathText(path));
  }
  if (PartitionName(metadata_, path) != nullptr) {
    return MakeError(ErrorCode::kInvalidArgument, "the table is partitioned by this column, it cannot be dropped: {}",
                     PathText(path));
  }
  const size_t data_columns = schema_.fields.size() - metadata_.partition_columns.size();
  if (path.size() == 1 && data_columns == 1) {
    return MakeError(ErrorCode::kInvalidArgument, "a table needs a column that it is not partitioned by: {}",
                     PathText(path));
  }
  NL_RETURN_IF_ERROR(CheckUnused(path, "dropped"));
  NL_ASSIGN_OR_RETURN(const auto clustering, ReadClusteringColumns(domains_));
  NL_RETURN_IF_ERROR(EnableMapping());
  ColumnPath physical;
  const DataType* type = &schema_;
  for (const std::string& name : path) {
    const auto field =
        std::ranges::find_if(type->fields, [&](const StructField& f) { return EqualsIgnoringCase(f.name, name); });
    if (field == type->fields.end()) break;  // Inside of an array or map nothing is clustered by.
    physical.push_back(field->physical_name());
    type = &field->type;
  }
  for (const ColumnPath& column : clustering) {
    if (column.size() >= physical.size() && std::equal(physical.begin(), physical.end(), column.begin())) {
      return MakeError(ErrorCode::kDependentObjects, "the table is clustered by this column, it cannot be dropped: {}",
                       PathText(path));
    }
  }
  RenameIndexed(metadata_, path, {});
  place.siblings->fields.erase(place.siblings->fields.begin() + (found - place.siblings->fields.data()));
  Store();
  return {};
}

Result<void> TableEditor::MoveColumn(const ColumnPath& path, const ColumnPosition& position) {
  NL_ASSIGN_OR_RETURN(const StructField* const found, LocateField(path));
  NL_ASSIGN_OR_RETURN(const Place place, Locate(path));
  if (position.place == ColumnPosition::Place::kAfter && EqualsIgnoringCase(position.after, found->name)) {
    return MakeError(ErrorCode::kInvalidArgument, "a column cannot stand behind itself: {}", PathText(path));
  }
  NL_RETURN_IF_ERROR(Find(*place.siblings, position));
  auto& fields = place.siblings->fields;
  const auto at = fields.begin() + (found - fields.data());
  StructField field = std::move(*at);
  fields.erase(at);
  NL_ASSIGN_OR_RETURN(const auto target, Find(*place.siblings, position));
  fields.insert(target, std::move(field));
  Store();
  return {};
}

Result<void> TableEditor::ChangeType(const ColumnPath& path, const DataType& type) {
  NL_ASSIGN_OR_RETURN(const Place place, Locate(path));
  if (TypeName(*place.type) == TypeName(type)) return {};
  if (!MayWiden(*place.type, type)) {
    return MakeError(
        ErrorCode::kTypeMismatch,
        "a column's type can only be widened (PROTOCOL.md, Type Widening), for another write the rows into a "
        "new column: {} from {} to {}",
        PathText(path), TypeName(*place.type), TypeName(type));
  }
  NL_RETURN_IF_ERROR(CheckUnused(path, "changed"));
  if (place.field->metadata.contains(kGenerationExpression) || place.field->metadata.contains(kIdentityStart)) {
    return MakeError(ErrorCode::kDependentObjects, "the type of a generated column cannot be changed: {}",
                     PathText(path));
  }
  if (has_files_) {
    const auto enabled = metadata_.configuration.find("delta.enableTypeWidening");
    if (enabled == metadata_.configuration.end() || enabled->second != "true") {
      return MakeError(
          ErrorCode::kInvalidArgument,
          "the table has files of the narrower type, which only readers of the table feature typeWidening can "
          "read then; ALTER TABLE … SET TBLPROPERTIES ('delta.enableTypeWidening' = 'true') first: {}",
          PathText(path));
    }
    NL_RETURN_IF_ERROR(Require("typeWidening"));
    RecordTypeChange(*place.field, place.inner, *place.type, type);
  }
  DataType holder{.kind = Kind::kStruct};
  holder.fields.push_back({.name = "a", .type = type});
  for (const std::string& feature : FeaturesInUse(holder, {})) NL_RETURN_IF_ERROR(Require(feature));
  *place.type = type;
  Store();
  return {};
}

Result<void> TableEditor::SetNullable(const ColumnPath& path, bool nullable) {
  NL_ASSIGN_OR_RETURN(StructField* const field, LocateField(path));
  field->nullable = nullable;
  Store();
  return {};
}

Result<void> TableEditor::SetComment(const ColumnPath& path, const std::optional<std::string>& comment) {
  NL_ASSIGN_OR_RETURN(StructField* const field, LocateField(path));
  if (comment) {
    field->metadata.insert_or_assign("comment", internal::JsonString(*comment));
  } else {
    field->metadata.erase("comment");
  }
  Store();
  return {};
}

}  // namespace neurolake::tables::delta
