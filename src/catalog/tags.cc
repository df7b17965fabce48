// Tags of tables, views and columns, in the metadata store.
#include "catalog/tags.h"

#include "catalog/internal/masks.h"
#include "catalog/internal/names.h"
#include "catalog/internal/rows.h"
#include "catalog/internal/store_catalog.h"
#include "common/text.h"
#include "metastore/stored_text.h"

namespace neurolake::catalog {
namespace {

using metastore::Row;
using metastore::Session;
using metastore::Value;

constexpr std::string_view kSelectTags =
    "SELECT g.relation_id, g.column_name, g.label, g.tag, g.value, g.set_by, g.created FROM tags g ";

/// Whether a policy, a list of purposes or a smallest group stands on the tag `g`.
constexpr std::string_view kIsStoodOn =
    "(EXISTS (SELECT 1 FROM tag_policies p WHERE p.tag = g.tag AND p.of_columns = CASE WHEN g.column_name = '' THEN 0 "
    "ELSE 1 END AND (p.folded IS NULL OR p.folded = g.folded) AND (p.schema_id = '' OR p.schema_id IN (SELECT "
    "r.schema_id FROM relations r WHERE r.id = g.relation_id))) OR EXISTS (SELECT 1 FROM allowed_purposes a WHERE "
    "a.tag = g.tag AND a.table_id = '' AND (a.folded IS NULL OR a.folded = g.folded)) OR EXISTS (SELECT 1 FROM "
    "tag_minimum_groups m WHERE (m.tag = g.tag AND (m.folded IS NULL OR m.folded = g.folded)) OR m.entity_tag = "
    "g.tag))";

std::vector<TagRecord> ToTags(const std::vector<Row>& rows) {
  std::vector<TagRecord> tags;
  for (const Row& row : rows) {
    tags.push_back({.relation_id = TextAt(row, 0),
                    .column = TextAt(row, 1),
                    .label = TextAt(row, 2),
                    .tag = TextAt(row, 3),
                    .value = TextAt(row, 4),
                    .set_by = TextAt(row, 5),
                    .created = TimeAt(row, 6)});
  }
  return tags;
}

struct KnownTag {
  std::string folded;
  bool is_stood_on = false;
};

Result<std::optional<KnownTag>> Find(Session& session, const std::string& relation, const std::string& column,
                                     const std::string& tag) {
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      session.Query(fmt::format("SELECT g.folded, CASE WHEN {} THEN 1 ELSE 0 END FROM tags g WHERE g.relation_id = ? "
                                "AND g.column_name = ? AND g.tag = ?",
                                kIsStoodOn),
                    {relation, column, tag}));
  if (rows.empty()) return std::nullopt;
  return KnownTag{TextAt(rows[0], 0), NumberAt(rows[0], 1) != 0};
}

/// Whoever may tag a table may not do away with what somebody else made of its tags.
Result<void> CheckMayGo(const TagChange& change, const KnownTag& known, const std::string& tag) {
  if (change.may_weaken || !known.is_stood_on) return {};
  return MakeError(ErrorCode::kPermissionDenied,
                   "a policy, or a list of purposes, stands on the tag: only who manages the lake may take it off or "
                   "give it another value: {}",
                   tag);
}

/// A proposal of a scan for personal data is accepted by who sets its tag, also one that was rejected.
Result<void> AcceptProposals(Session& session, const TagChange& change, const TagRecord& record,
                             const std::string& tag) {
  NL_RETURN_IF_ERROR(session.Execute(
      fmt::format("UPDATE pii_findings SET state = 'accepted', decided_by = ? WHERE table_id = ? AND column_id = ? AND "
                  "tag = ?{}",
                  change.only_add ? " AND state = 'proposed'" : ""),
      {metastore::MakeStorable(change.decided_by.empty() ? record.set_by : change.decided_by), change.relation_id,
       metastore::MakeStorable(record.column), tag}));
  return {};
}

/// Without the tag it is open again.
Result<void> ReopenProposals(Session& session, const std::string& table, const std::string& column,
                             const std::string& tag) {
  NL_RETURN_IF_ERROR(
      session.Execute("UPDATE pii_findings SET state = 'proposed', decided_by = '' WHERE table_id = ? AND column_id = "
                      "? AND tag = ? AND "
                      "state = 'accepted'",
                      {table, column, tag}));
  return {};
}

Result<bool> IsProposed(Session& session, const TagChange& change, const TagRecord& record, const std::string& tag) {
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      session.Query(
          "SELECT 1 FROM pii_findings WHERE table_id = ? AND column_id = ? AND tag = ? AND state = 'proposed'",
          {change.relation_id, metastore::MakeStorable(record.column), tag}));
  return !rows.empty();
}

Result<void> Unset(Session& session, const TagChange& change, const std::string& column, const std::string& name) {
  const std::string tag = NameToFind(name);
  NL_ASSIGN_OR_RETURN(const auto known, Find(session, change.relation_id, column, tag));
  if (!known) return MakeError(ErrorCode::kNotFound, "there is no such tag there: {}", name);
  NL_RETURN_IF_ERROR(CheckMayGo(change, *known, tag));
  NL_RETURN_IF_ERROR(session.Execute("DELETE FROM tags WHERE relation_id = ? AND column_name = ? AND tag = ?",
                                     {change.relation_id, column, tag}));
  return ReopenProposals(session, change.relation_id, column, tag);
}

Result<void> Set(Session& session, const TagChange& change, const TagRecord& record) {
  NL_ASSIGN_OR_RETURN(const auto tag, CheckedName("tag", record.tag));
  if (record.value.size() > TagCatalog::kTagValueBytesMax || !metastore::IsStorableText(record.value)) {
    return MakeError(ErrorCode::kInvalidArgument, "the value of a tag is text of at most {} bytes: {}",
                     TagCatalog::kTagValueBytesMax, tag);
  }
  const std::string folded = LowerAscii(record.value);
  if (change.of_proposals) {
    NL_ASSIGN_OR_RETURN(const bool proposed, IsProposed(session, change, record, tag));
    if (!proposed) return {};
  }
  NL_ASSIGN_OR_RETURN(const auto known, Find(session, change.relation_id, record.column, tag));
  if (known && change.of_proposals) return AcceptProposals(session, change, record, tag);
  if (known && change.only_add) return {};
  if (known && known->folded != folded) NL_RETURN_IF_ERROR(CheckMayGo(change, *known, tag));
  NL_RETURN_IF_ERROR(session.Execute("DELETE FROM tags WHERE relation_id = ? AND column_name = ? AND tag = ?",
                                     {change.relation_id, record.column, tag}));
  NL_RETURN_IF_ERROR(session.Execute(
      "INSERT INTO tags (relation_id, column_name, label, tag, value, folded, set_by, created) VALUES "
      "(?, ?, ?, ?, ?, ?, ?, ?)",
      {change.relation_id, metastore::MakeStorable(record.column), metastore::MakeStorable(record.label), tag,
       record.value, folded, metastore::MakeStorable(record.set_by), ToValue(record.created)}));
  return AcceptProposals(session, change, record, tag);
}

}  // namespace

bool Matches(const TagPattern& pattern, const TagRecord& tag) {
  if (pattern.of_columns == tag.column.empty() || !EqualsIgnoringCase(pattern.tag, tag.tag)) return false;
  return !pattern.value || EqualsIgnoringCase(*pattern.value, tag.value);
}

Result<void> StoreCatalog::ChangeTags(const TagChange& change) {
  return store_.Write([&](Session& session) -> Result<void> {
    // What is inherited comes to a table before its name does.
    if (!change.only_add) {
      NL_ASSIGN_OR_RETURN(const auto there,
                          session.Query("SELECT 1 FROM relations WHERE id = ?", {change.relation_id}));
      if (there.empty()) return MakeError(ErrorCode::kNotFound, "what is to be tagged is not there any more");
    }
    for (const auto& [column, tag] : change.unset) NL_RETURN_IF_ERROR(Unset(session, change, column, tag));
    for (const TagRecord& one : change.set) NL_RETURN_IF_ERROR(Set(session, change, one));
    NL_ASSIGN_OR_RETURN(const auto count,
                        session.Query("SELECT count(*) FROM tags WHERE relation_id = ?", {change.relation_id}));
    if (NumberAt(count.at(0), 0) > kTagsMax) {
      return MakeError(ErrorCode::kInvalidArgument, "a table and its columns have at most {} tags", kTagsMax);
    }
    if (change.only_add || change.set.empty()) return {};
    MaskChange masks{.relation = change.relation_id};
    for (const TagRecord& one : change.set) {
      if (!one.column.empty()) masks.columns.push_back(one.column);
    }
    return CheckOneMaskPerColumn(session, masks);
  });
}

Result<std::vector<TagRecord>> StoreCatalog::TagsOf(const std::string& relation_id) {
  if (!metastore::IsStorableText(relation_id)) return std::vector<TagRecord>();
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      store_.ReadOnce(fmt::format("{}WHERE g.relation_id = ? ORDER BY g.column_name, g.tag", kSelectTags),
                      {relation_id}));
  return ToTags(rows);
}

Result<std::vector<TagRecord>> StoreCatalog::ListTags() {
  NL_ASSIGN_OR_RETURN(const auto rows,
                      store_.ReadOnce(fmt::format("{}JOIN relations r ON r.id = g.relation_id ORDER BY g.relation_id, "
                                                  "g.column_name, g.tag",
                                                  kSelectTags)));
  return ToTags(rows);
}

Result<std::vector<TagRecord>> StoreCatalog::TagsMatching(const TagPattern& on, const SchemaId& schema) {
  std::string condition = fmt::format(
      "JOIN relations r ON r.id = g.relation_id WHERE r.kind = 'table' AND g.tag = ? "
      "AND g.column_name {} ''",
      on.of_columns ? "<>" : "=");
  std::vector<Value> values = {NameToFind(on.tag)};
  if (on.value) {
    condition += " AND g.folded = ?";
    values.emplace_back(LowerAscii(*on.value));
  }
  if (!schema.empty()) {
    condition += " AND r.schema_id = ?";
    values.emplace_back(schema.value());
  }
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      store_.ReadOnce(fmt::format("{}{} ORDER BY g.relation_id, g.column_name", kSelectTags, condition), values));
  return ToTags(rows);
}

Result<void> StoreCatalog::CopyTags(const TableId& source, const TableId& clone) {
  return store_.Write([&](Session& session) -> Result<void> {
    NL_RETURN_IF_ERROR(session.Execute(
        "INSERT INTO tags (relation_id, column_name, label, tag, value, folded, set_by, created) SELECT CAST(? AS "
        "TEXT), column_name, label, tag, value, folded, set_by, created FROM tags WHERE relation_id = ? ON CONFLICT DO "
        "NOTHING",
        {clone.value(), source.value()}));
    NL_RETURN_IF_ERROR(session.Execute(
        "INSERT INTO allowed_purposes (object, table_id, tag, folded, purpose_id) SELECT CAST(? AS TEXT), CAST(? AS "
        "TEXT), tag, folded, purpose_id FROM allowed_purposes WHERE table_id = ? ON CONFLICT DO NOTHING",
        {"table " + clone.value(), clone.value(), source.value()}));
    NL_RETURN_IF_ERROR(
        session.Execute("INSERT INTO minimum_groups (table_id, purpose_id, size, column_name, label) SELECT CAST(? AS "
                        "TEXT), purpose_id, "
                        "size, column_name, label FROM minimum_groups WHERE table_id = ? ON CONFLICT DO NOTHING",
                        {clone.value(), source.value()}));
    return {};
  });
}

}  // namespace neurolake::catalog
