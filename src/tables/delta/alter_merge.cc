// TableEditor's part that takes a table towards the schema of rows to come.
#include <algorithm>

#include "common/text.h"
#include "tables/delta/alter.h"
#include "tables/delta/table_rules.h"
#include "tables/delta/type_widening.h"

namespace neurolake::tables::delta {
namespace {

using Kind = DataType::Kind;

bool IsNested(Kind kind) { return kind == Kind::kStruct || kind == Kind::kArray || kind == Kind::kMap; }

/// A column that rows bring along: what exists is NULL there, all the way down.
void MakeNullable(DataType& type) {
  type.contains_null = true;
  for (StructField& field : type.fields) {
    field.nullable = true;
    field.metadata.clear();
    MakeNullable(field.type);
  }
  for (DataType& child : type.children) MakeNullable(child);
}

}  // namespace

Result<bool> TableEditor::MergeSchema(const DataType& incoming) {
  NL_CHECK(incoming.kind == Kind::kStruct);
  TableEditor attempt = *this;
  NL_ASSIGN_OR_RETURN(const bool widened, attempt.MergeStruct(attempt.schema_, incoming, {}));
  bool changed = widened;
  // Fields first, as AddColumn moves what MergeStruct holds on to.
  std::vector<std::pair<ColumnPath, StructField>> added;
  const auto collect = [&](const auto& self, const DataType& table, const DataType& rows,
                           const ColumnPath& path) -> void {
    if (table.kind == Kind::kStruct) {
      for (const StructField& field : rows.fields) {
        const auto known = std::ranges::find_if(
            table.fields, [&](const StructField& f) { return EqualsIgnoringCase(f.name, field.name); });
        ColumnPath inner = path;
        inner.push_back(field.name);
        if (known == table.fields.end()) {
          added.emplace_back(path, field);
        } else {
          self(self, known->type, field.type, inner);
        }
      }
      return;
    }
    for (size_t i = 0; i < table.children.size(); ++i) {
      ColumnPath inner = path;
      inner.push_back(table.kind == Kind::kArray ? "element" : i == 0 ? "key" : "value");
      self(self, table.children[i], rows.children[i], inner);
    }
  };
  collect(collect, attempt.schema_, incoming, {});
  for (auto& [parent, field] : added) {
    field.nullable = true;
    field.metadata.clear();
    MakeNullable(field.type);
    NL_RETURN_IF_ERROR(attempt.AddColumn(parent, std::move(field), {}));
    changed = true;
  }
  *this = std::move(attempt);
  return changed;
}

Result<bool> TableEditor::MergeStruct(DataType& type, const DataType& incoming, const ColumnPath& where) {
  bool changed = false;
  for (const StructField& theirs : incoming.fields) {
    const auto mine = std::ranges::find_if(
        type.fields, [&](const StructField& f) { return EqualsIgnoringCase(f.name, theirs.name); });
    if (mine == type.fields.end()) continue;
    ColumnPath path = where;
    path.push_back(mine->name);
    NL_ASSIGN_OR_RETURN(const bool one, MergeType(*mine, mine->type, theirs.type, "", path));
    changed = changed || one;
  }
  return changed;
}

Result<bool> TableEditor::MergeType(StructField& field, DataType& type, const DataType& incoming,
                                    const std::string& inner, const ColumnPath& where) {
  if (type.kind == Kind::kStruct && incoming.kind == Kind::kStruct) return MergeStruct(type, incoming, where);
  if (!IsNested(type.kind) && !IsNested(incoming.kind)) return MergeLeaf(field, type, incoming, inner, where);
  if (type.kind != incoming.kind) {
    return MakeError(ErrorCode::kTypeMismatch, "the rows have another type than the table, column {}: {} and {}",
                     PathText(where), TypeName(incoming), TypeName(type));
  }
  bool changed = false;
  for (size_t i = 0; i < type.children.size(); ++i) {
    const char* name = type.kind == Kind::kArray ? "element" : i == 0 ? "key" : "value";
    ColumnPath path = where;
    path.push_back(name);
    NL_ASSIGN_OR_RETURN(const bool one, MergeType(field, type.children[i], incoming.children[i],
                                                  inner.empty() ? name : inner + "." + name, path));
    changed = changed || one;
  }
  return changed;
}

Result<bool> TableEditor::MergeLeaf(StructField& field, DataType& type, const DataType& incoming,
                                    const std::string& inner, const ColumnPath& where) {
  if (TypeName(type) == TypeName(incoming)) return false;
  // Values of narrower types are cast on the way in; so is, with its checks, what cannot widen the table.
  const auto common = CommonWidening(type, incoming);
  if (!common || TypeName(*common) == TypeName(type)) return false;
  const auto enabled = metadata_.configuration.find("delta.enableTypeWidening");
  const bool may = !has_files_ || (enabled != metadata_.configuration.end() && enabled->second == "true");
  const bool computed = field.metadata.contains(kGenerationExpression) || field.metadata.contains(kIdentityStart);
  if (!may || computed || !FindDependent(metadata_, schema_, where).empty()) return false;
  if (has_files_) {
    NL_RETURN_IF_ERROR(Require("typeWidening"));
    RecordTypeChange(field, inner, type, *common);
  }
  if (common->kind == Kind::kTimestampNtz) NL_RETURN_IF_ERROR(Require("timestampNtz"));
  type = *common;
  Store();
  return true;
}

}  // namespace neurolake::tables::delta
