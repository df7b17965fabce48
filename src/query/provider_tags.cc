// Tags that go with what a statement writes.
#include <map>

#include "common/log.h"
#include "common/text.h"
#include "query/lineage_messages.h"
#include "query/policy_actions.h"
#include "query/provider_server.h"
#include "query/tag_actions.h"
#include "tables/delta/field_places.h"
#include "tables/delta/schema.h"

namespace neurolake::query {
namespace {

using governance::ObjectTag;
using plan::LineageDigest;

bool IsOf(const LineageDigest& digest, const TableId& table, const std::string& name) {
  if (digest.target_kind != "table") return false;
  if (!digest.target.empty()) return digest.target == table;
  return LowerAscii(digest.target_schema) + "." + LowerAscii(digest.target_name) == LowerAscii(name);
}

bool AnyStoodOn(const std::vector<ObjectTag>& tags) { return std::ranges::any_of(tags, &ObjectTag::is_stood_on); }

/// What the files of a table, as it is after the commit, call its columns.
Result<void> NameFields(const std::string& schema_string, LineageDigest& digest) {
  NL_ASSIGN_OR_RETURN(const auto schema, tables::delta::ParseSchema(schema_string));
  for (const auto& field : schema.fields) {
    const auto found = std::ranges::find_if(digest.target_fields,
                                            [&](const auto& one) { return EqualsIgnoringCase(one.name, field.name); });
    if (found != digest.target_fields.end()) found->physical = field.physical_name();
  }
  digest.target_nested.clear();
  for (const auto& place : tables::delta::NestedPlaces(schema)) {
    digest.target_nested.push_back({place.names, place.physical});
  }
  return {};
}

}  // namespace

void ProviderServer::NoteLineage(std::string_view payload) {
  /// Far above what a statement sends.
  constexpr size_t kNotesMax = 10'000;
  auto digest = DecodeLineage(payload);
  // Without it the lineage is not known, which CarryTags refuses where it matters.
  if (digest.has_value() && noted_lineage_.size() < kNotesMax) noted_lineage_.push_back(std::move(*digest));
}

Result<std::map<TableId, std::vector<ObjectTag>>> ProviderServer::TagsOfFound() {
  std::map<TableId, std::vector<ObjectTag>> tags;
  for (const auto& [id, name] : effects_.found) {
    NL_ASSIGN_OR_RETURN(auto of_table, TagsOfTable(catalog_, id));
    if (!of_table.empty()) tags.emplace(id, std::move(of_table));
  }
  return tags;
}

Result<void> ProviderServer::AddInherited(const std::string& relation, const std::vector<ObjectTag>& tags) {
  if (tags.empty()) return {};
  catalog::TagChange change{.relation_id = relation, .set = {}, .unset = {}};
  change.only_add = true;
  for (const ObjectTag& tag : tags) {
    change.set.push_back({.relation_id = relation,
                          .column = tag.column.physical,
                          .label = tag.column.name,
                          .tag = tag.tag,
                          .value = tag.value,
                          .set_by = ctx_.principal().name,
                          .created = ctx_.clock().Now()});
  }
  return catalog_.ChangeTags(change);
}

Result<void> ProviderServer::CarryTags(const TableId& target, const std::string& name,
                                       const std::string& schema_string) {
  // The rows of a group were carried by those who made them, each for itself.
  if (group_) return {};
  NL_ASSIGN_OR_RETURN(const auto sources, TagsOfFound());
  if (sources.empty()) return {};
  bool known = false;
  for (LineageDigest digest : noted_lineage_) {
    if (!IsOf(digest, target, name)) continue;
    known = true;
    digest.target = target;
    if (!schema_string.empty()) NL_RETURN_IF_ERROR(NameFields(schema_string, digest));
    // Read for each, as one adds what the next has to agree with.
    NL_ASSIGN_OR_RETURN(const auto has, TagsOfTable(catalog_, target));
    NL_ASSIGN_OR_RETURN(const auto carried, governance::TagsOfWrite(digest, sources, has));
    if (AnyStoodOn(carried)) NL_RETURN_IF_ERROR(CheckExpectations(catalog_, target));
    NL_RETURN_IF_ERROR(AddInherited(target.value(), carried));
    // What the statement itself changes does not end it.
    if (!carried.empty()) shown_.erase(target);
  }
  if (known) return {};
  for (const auto& [id, tags] : sources) {
    if (id == target || !AnyStoodOn(tags)) continue;
    return MakeError(ErrorCode::kPermissionDenied,
                     "the statement reads a table with tags that policies stand on, and where what it writes comes "
                     "from is not known: {}",
                     effects_.found[id]);
  }
  return {};
}

Result<void> ProviderServer::TagView(const std::string& schema, const std::string& name) {
  NL_ASSIGN_OR_RETURN(const auto view, catalog_.FindView(schema, name));
  if (!view) return {};
  // Those of the text that it had before.
  catalog::TagChange change{.relation_id = view->id, .set = {}, .unset = {}, .may_weaken = true};
  NL_ASSIGN_OR_RETURN(const auto before, catalog_.TagsOf(view->id));
  for (const auto& tag : before) change.unset.emplace_back(tag.column, tag.tag);
  if (!before.empty()) NL_RETURN_IF_ERROR(catalog_.ChangeTags(change));
  NL_ASSIGN_OR_RETURN(auto sources, TagsOfFound());
  // They are for show: whoever reads the view reads its tables under their own.
  for (auto& [id, tags] : sources) {
    for (ObjectTag& tag : tags) tag.is_stood_on = false;
  }
  for (const LineageDigest& digest : noted_lineage_) {
    const bool of_view = digest.target_kind == "view" && EqualsIgnoringCase(digest.target_schema, schema) &&
                         EqualsIgnoringCase(digest.target_name, name);
    if (!of_view) continue;
    NL_ASSIGN_OR_RETURN(const auto carried, governance::TagsOfWrite(digest, sources, {}));
    NL_RETURN_IF_ERROR(AddInherited(view->id, carried));
  }
  return {};
}

}  // namespace neurolake::query
