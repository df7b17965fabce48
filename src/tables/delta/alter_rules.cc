// TableEditor's part that is about constraints, defaults, properties and clustering.
#include <algorithm>

#include "common/text.h"
#include "tables/delta/alter.h"
#include "tables/delta/change_feed.h"
#include "tables/delta/column_mapping.h"
#include "tables/delta/internal/json_text.h"
#include "tables/delta/table_features.h"
#include "tables/delta/table_properties.h"
#include "tables/delta/table_rules.h"

namespace neurolake::tables::delta {
namespace {

using Kind = DataType::Kind;

constexpr size_t kClusteringColumnsMax = 4;
/// Columns whose statistics writers keep unless the table says otherwise.
constexpr size_t kIndexedColumns = 32;

}  // namespace

Result<void> TableEditor::SetDefault(const std::string& column, const std::optional<std::string>& expression) {
  NL_ASSIGN_OR_RETURN(StructField* const field, LocateField({column}));
  if (!expression) {
    field->metadata.erase(kCurrentDefault);
    Store();
    return {};
  }
  if (field->metadata.contains(kGenerationExpression) || field->metadata.contains(kIdentityStart)) {
    return MakeError(ErrorCode::kInvalidArgument, "a generated column has no default: {}", column);
  }
  NL_RETURN_IF_ERROR(Require("allowColumnDefaults"));
  field->metadata.insert_or_assign(kCurrentDefault, internal::JsonString(*expression));
  Store();
  return {};
}

std::optional<std::string> TableEditor::FindConstraint(const std::string& name) const {
  const std::string wanted = LowerAscii(std::string(kConstraintPrefix) + name);
  for (const auto& [key, unused] : metadata_.configuration) {
    if (LowerAscii(key) == wanted) return key.substr(kConstraintPrefix.size());
  }
  return std::nullopt;
}

Result<void> TableEditor::AddConstraint(const std::string& name, const std::string& condition) {
  if (name.empty()) return MakeError(ErrorCode::kInvalidArgument, "a constraint needs a name");
  if (FindConstraint(name)) {
    return MakeError(ErrorCode::kAlreadyExists, "the table has a constraint of this name already: {}", name);
  }
  NL_RETURN_IF_ERROR(Require("checkConstraints"));
  metadata_.configuration.emplace(std::string(kConstraintPrefix) + name, condition);
  // Before anybody looks at rows: what they answer would tell of values.
  return CheckEncryption();
}

Result<void> TableEditor::DropConstraint(const std::string& name) {
  const auto known = FindConstraint(name);
  if (!known) return MakeError(ErrorCode::kNotFound, "the table has no constraint of this name: {}", name);
  metadata_.configuration.erase(std::string(kConstraintPrefix) + *known);
  return {};
}

Result<void> TableEditor::SetProperties(const std::map<std::string, std::string>& properties) {
  NL_ASSIGN_OR_RETURN(auto wishes, ReadTableProperties(properties));
  NL_RETURN_IF_ERROR(CheckFeedColumns(wishes.configuration, schema_));
  NL_RETURN_IF_ERROR(CheckStatisticsColumns(wishes.configuration, schema_));
  if (const std::string mode = LowerAscii(wishes.Get(kColumnMappingMode)); !mode.empty()) {
    wishes.configuration.erase(kColumnMappingMode);
    const std::string current = Mapped() ? metadata_.configuration.at(kColumnMappingMode) : "none";
    if (mode != current) {
      if (mode != "name" || Mapped()) {
        return MakeError(ErrorCode::kNotSupported, "column mapping can only go from 'none' to 'name': {}",
                         kColumnMappingMode);
      }
      NL_RETURN_IF_ERROR(EnableMapping());
    }
  }
  const auto stamps = metadata_.configuration.find("delta.enableInCommitTimestamps");
  const bool stamped = stamps != metadata_.configuration.end() && stamps->second == "true";
  if (!stamped && wishes.Get("delta.enableInCommitTimestamps") == "true") {
    // The commit itself notes since when; see commit.h.
    NL_RETURN_IF_ERROR(Require("inCommitTimestamp"));
  }
  if (wishes.widest) {
    for (const std::string& feature : SupportedFeatures(protocol_)) {
      if (!IsReaderFeature(feature)) continue;
      return MakeError(
          ErrorCode::kInvalidArgument,
          "the table has a feature that readers must know, so it cannot have compatibility = 'widest' any more: "
          "{}",
          feature);
    }
    metadata_.configuration.insert_or_assign("compatibility", "widest");
  }
  std::set<std::string> features = FeaturesInUse({.kind = Kind::kStruct}, wishes.configuration);
  features.merge(wishes.features);
  // Clustering is written down in a metadata domain.
  if (features.contains("clustering")) features.insert("domainMetadata");
  for (const std::string& feature : features) NL_RETURN_IF_ERROR(Require(feature));
  for (auto& [name, value] : wishes.configuration) metadata_.configuration.insert_or_assign(name, value);
  return {};
}

Result<void> TableEditor::UnsetProperties(const std::vector<std::string>& names, bool if_exists) {
  for (const std::string& name : names) {
    NL_ASSIGN_OR_RETURN(const std::string known, PropertyName(name));
    if (known == kColumnMappingMode && Mapped()) {
      return MakeError(ErrorCode::kNotSupported, "column mapping cannot be taken away again: {}", known);
    }
    if (metadata_.configuration.erase(known) == 0 && !if_exists) {
      return MakeError(ErrorCode::kNotFound, "the table has no such property: {}", name);
    }
  }
  return {};
}

Result<void> TableEditor::SetClustering(const std::vector<ColumnPath>& columns) {
  if (columns.size() > kClusteringColumnsMax) {
    return MakeError(ErrorCode::kInvalidArgument, "a table is clustered by at most {} columns", kClusteringColumnsMax);
  }
  if (!metadata_.partition_columns.empty() && !columns.empty()) {
    return MakeError(ErrorCode::kInvalidArgument, "a partitioned table cannot be clustered");
  }
  std::string list;
  std::set<std::string> seen;
  for (const ColumnPath& path : columns) {
    NL_ASSIGN_OR_RETURN(const StructField* const field, LocateField(path));
    const Kind kind = field->type.kind;
    if (kind == Kind::kStruct || kind == Kind::kArray || kind == Kind::kMap || kind == Kind::kBinary ||
        kind == Kind::kBoolean) {
      return MakeError(ErrorCode::kInvalidArgument, "a table cannot be clustered by a {}: {}", TypeName(field->type),
                       PathText(path));
    }
    std::string names;
    const DataType* type = &schema_;
    for (const std::string& name : path) {
      const auto found =
          std::ranges::find_if(type->fields, [&](const StructField& f) { return EqualsIgnoringCase(f.name, name); });
      if (found == type->fields.end()) {
        return MakeError(ErrorCode::kNotSupported, "a table cannot be clustered by what is inside an array: {}",
                         PathText(path));
      }
      if (type == &schema_ && static_cast<size_t>(found - schema_.fields.begin()) >= kIndexedColumns &&
          !metadata_.configuration.contains("delta.dataSkippingNumIndexedCols")) {
        return MakeError(ErrorCode::kInvalidArgument,
                         "a clustering column needs statistics, which the first {} columns have: {}", kIndexedColumns,
                         PathText(path));
      }
      names += (names.empty() ? "" : ",") + internal::JsonString(found->physical_name());
      type = &found->type;
    }
    if (!seen.insert(names).second) {
      return MakeError(ErrorCode::kInvalidArgument, "a clustering column is named twice: {}", PathText(path));
    }
    list += fmt::format("{}[{}]", list.empty() ? "" : ",", names);
  }
  NL_RETURN_IF_ERROR(Require("domainMetadata"));
  NL_RETURN_IF_ERROR(Require("clustering"));
  // No columns stay as an empty list: who clusters must know that it was taken away.
  DomainMetadata domain{
      .domain = kClusteringDomain,
      .configuration = fmt::format(R"({{"clusteringColumns":[{}],"domainName":"{}"}})", list, kClusteringDomain)};
  domains_.insert_or_assign(kClusteringDomain, domain);
  std::erase_if(changed_domains_, [](const DomainMetadata& d) { return d.domain == kClusteringDomain; });
  changed_domains_.push_back(std::move(domain));
  return {};
}

Result<void> TableEditor::MakeGenerated(const std::string& column, const std::string& expression) {
  NL_ASSIGN_OR_RETURN(StructField* const field, LocateField({column}));
  field->metadata.insert_or_assign(kGenerationExpression, internal::JsonString(expression));
  NL_RETURN_IF_ERROR(Require("generatedColumns"));
  NL_ASSIGN_OR_RETURN(const auto rules, ReadTableRules(metadata_, schema_));
  // What is computed must not be computed from.
  for (const GenerationRule& rule : rules.generated) {
    for (const auto& path : rule.value.Columns()) {
      const StructField* source = FindField({path[0]});
      if (source == nullptr) return MakeError(ErrorCode::kColumnNotFound, "the table has no such column: {}", path[0]);
      if (!source->metadata.contains(kGenerationExpression) && !source->metadata.contains(kIdentityStart)) continue;
      return MakeError(ErrorCode::kInvalidArgument, "a generated column cannot be computed from another: {} from {}",
                       schema_.fields[rule.column].name, source->name);
    }
  }
  Store();
  return {};
}

Result<void> TableEditor::MakeIdentity(const std::string& column, int64_t start, int64_t step, bool allow_explicit) {
  NL_ASSIGN_OR_RETURN(StructField* const field, LocateField({column}));
  if (field->type.kind != Kind::kLong) {
    return MakeError(ErrorCode::kTypeMismatch, "an identity column is a BIGINT: {}", column);
  }
  if (step == 0) return MakeError(ErrorCode::kInvalidArgument, "an identity column's step cannot be 0: {}", column);
  const auto is_partition = [&](const std::string& name) { return EqualsIgnoringCase(name, column); };
  if (std::ranges::any_of(metadata_.partition_columns, is_partition)) {
    return MakeError(ErrorCode::kInvalidArgument, "a table cannot be partitioned by an identity column: {}", column);
  }
  NL_RETURN_IF_ERROR(Require("identityColumns"));
  field->metadata.insert_or_assign(kIdentityStart, fmt::format("{}", start));
  field->metadata.insert_or_assign(kIdentityStep, fmt::format("{}", step));
  field->metadata.insert_or_assign(kIdentityAllowExplicit, allow_explicit ? "true" : "false");
  Store();
  return {};
}

}  // namespace neurolake::tables::delta
