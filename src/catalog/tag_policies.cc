// Row and mask policies by tag, in the metadata store.
#include <set>

#include "catalog/internal/masks.h"
#include "catalog/internal/names.h"
#include "catalog/internal/rows.h"
#include "catalog/internal/store_catalog.h"
#include "catalog/internal/store_identities.h"
#include "common/field_path.h"
#include "common/text.h"
#include "metastore/stored_text.h"

namespace neurolake::catalog {
namespace {

using metastore::Row;
using metastore::Session;
using metastore::Value;

constexpr std::string_view kSelectPolicies =
    "SELECT p.id, p.schema_id, p.name, p.kind, p.of_columns, p.tag, p.value, p.definition, p.plan, p.created_by, "
    "p.created FROM tag_policies p ";

/// Whether the tag `g` of relation `r` brings the policy `p`.
constexpr std::string_view kBrings =
    "p.tag = g.tag AND p.of_columns = CASE WHEN g.column_name = '' THEN 0 ELSE 1 END AND (p.folded IS NULL OR p.folded "
    "= g.folded) AND (p.schema_id = '' OR p.schema_id = r.schema_id)";

std::vector<TagPolicyRecord> ToPolicies(const std::vector<Row>& rows) {
  std::vector<TagPolicyRecord> policies;
  for (const Row& row : rows) {
    TagPattern on{.of_columns = NumberAt(row, 4) != 0, .tag = TextAt(row, 5)};
    if (!std::holds_alternative<std::monostate>(row.at(6))) on.value = TextAt(row, 6);
    policies.push_back({.id = TextAt(row, 0),
                        .schema = SchemaId(TextAt(row, 1)),
                        .name = TextAt(row, 2),
                        .kind = TextAt(row, 3),
                        .on = std::move(on),
                        .definition = TextAt(row, 7),
                        .plan = TextAt(row, 8),
                        .created_by = TextAt(row, 9),
                        .created = TimeAt(row, 10)});
  }
  return policies;
}

Result<void> CheckMatches(Session& session, const TagPolicyRecord& policy, const std::string& tag) {
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      session.Query(fmt::format("SELECT 1 FROM tag_policies p JOIN tags g ON g.tag = p.tag JOIN relations r ON r.id = "
                                "g.relation_id WHERE p.id = ? AND r.kind = 'table' AND {} LIMIT 1",
                                kBrings),
                    {policy.id}));
  if (!rows.empty()) return {};
  return MakeError(ErrorCode::kNotFound, "no {} has the tag, so the policy would protect nothing; say IF ANY: {}",
                   policy.on.of_columns ? "column" : "table", tag);
}

}  // namespace

std::vector<std::string> MaskedPath(const std::string& column) {
  if (!column.starts_with("[\"")) return FieldPath(column);
  auto path = TextsFromJson(column);
  return path ? *std::move(path) : std::vector{column};
}

bool Overlap(const std::vector<std::string>& one, const std::vector<std::string>& other) {
  const size_t common = std::min(one.size(), other.size());
  return std::equal(one.begin(), one.begin() + static_cast<int64_t>(common), other.begin());
}

Result<void> CheckOneMaskPerColumn(Session& session, const MaskChange& change) {
  const bool by_policy = change.relation.empty();
  const std::string meant =
      by_policy ? fmt::format(
                      "SELECT g.relation_id FROM tag_policies p JOIN tags g ON g.tag = p.tag JOIN relations r "
                      "ON r.id = g.relation_id WHERE p.id = ? AND {}",
                      kBrings)
                : "?";
  NL_ASSIGN_OR_RETURN(
      const auto rows,
      session.Query(
          fmt::format(
              "SELECT relation_id, column_name, name, id FROM (SELECT table_id AS relation_id, column_name, name, id "
              "FROM "
              "policies WHERE kind = 'mask' AND column_name IS NOT NULL UNION ALL SELECT g.relation_id, g.column_name, "
              "p.name, p.id FROM tags g JOIN relations r ON r.id = g.relation_id JOIN tag_policies p ON p.kind = "
              "'mask' AND "
              "p.of_columns <> 0 AND {}) AS masks WHERE relation_id IN ({})",
              kBrings, meant),
          {by_policy ? change.policy : change.relation}));
  struct Mask {
    std::string relation;
    std::vector<std::string> path;
    std::string name, id;
    auto operator<=>(const Mask&) const = default;
  };
  std::vector<Mask> masks;
  for (const Row& row : rows) {
    masks.push_back({TextAt(row, 0), MaskedPath(TextAt(row, 1)), TextAt(row, 2), TextAt(row, 3)});
  }
  std::set<std::vector<std::string>> changed;
  for (const std::string& column : change.columns) changed.insert(MaskedPath(column));
  const auto is_changed = [&](const Mask& mask) {
    return by_policy ? mask.id == change.policy : changed.contains(mask.path);
  };
  // What is inside of something comes right behind it.
  std::ranges::sort(masks);
  for (size_t i = 0; i < masks.size(); ++i) {
    const Mask& one = masks[i];
    for (size_t j = i + 1; j < masks.size(); ++j) {
      const Mask& other = masks[j];
      if (other.relation != one.relation || !Overlap(one.path, other.path)) break;
      if (!is_changed(one) && !is_changed(other)) continue;
      return MakeError(
          ErrorCode::kAlreadyExists,
          "a column, or a field and what is around it, would have two masks, by itself or by its tags; use "
          "CASE in one: {}, {}",
          std::min(one.name, other.name), std::max(one.name, other.name));
    }
  }
  return {};
}

Result<void> StoreCatalog::AddTagPolicy(const TagPolicyRecord& policy, const TagPolicyOptions& options) {
  NL_ASSIGN_OR_RETURN(const auto name, CheckedName("policy", policy.name));
  NL_ASSIGN_OR_RETURN(const auto tag, CheckedName("tag", policy.on.tag));
  const auto optional = [](const std::optional<std::string>& text) {
    return text ? Value(metastore::MakeStorable(*text)) : Value(std::monostate{});
  };
  const auto folded = policy.on.value ? std::optional(LowerAscii(*policy.on.value)) : std::nullopt;
  return store_.Write([&](Session& session) -> Result<void> {
    if (!policy.schema.empty()) {
      NL_ASSIGN_OR_RETURN(const auto schema,
                          session.Query("SELECT 1 FROM schemas WHERE id = ?", {policy.schema.value()}));
      if (schema.empty())
        return MakeError(ErrorCode::kSchemaNotFound, "the schema of the policy is not there any more");
    }
    if (options.or_replace) {
      NL_RETURN_IF_ERROR(session.Execute("DELETE FROM tag_policies WHERE name = ? AND kind = ?", {name, policy.kind}));
    }
    NL_ASSIGN_OR_RETURN(const auto taken, session.Query("SELECT 1 FROM tag_policies WHERE name = ?", {name}));
    if (!taken.empty()) {
      return MakeError(ErrorCode::kAlreadyExists, "a policy by tag has this name already: {}", name);
    }
    NL_ASSIGN_OR_RETURN(const auto count, session.Query("SELECT count(*) FROM tag_policies"));
    if (NumberAt(count.at(0), 0) >= kTagPoliciesMax) {
      return MakeError(ErrorCode::kInvalidArgument, "a lake has at most {} policies by tag", kTagPoliciesMax);
    }
    NL_RETURN_IF_ERROR(session.Execute(
        "INSERT INTO tag_policies (id, schema_id, name, kind, of_columns, tag, value, folded, definition, plan, "
        "created_by, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {policy.id, policy.schema.value(), name, policy.kind, int64_t{policy.on.of_columns ? 1 : 0}, tag,
         optional(policy.on.value), optional(folded), metastore::MakeStorable(policy.definition),
         metastore::MakeStorable(policy.plan), metastore::MakeStorable(policy.created_by), ToValue(policy.created)}));
    if (!options.if_any) NL_RETURN_IF_ERROR(CheckMatches(session, policy, tag));
    return policy.kind == "mask" ? CheckOneMaskPerColumn(session, {.policy = policy.id}) : Result<void>();
  });
}

Result<void> StoreCatalog::DropTagPolicy(const std::string& kind, const std::string& name) {
  const std::string wanted = NameToFind(name);
  return store_.Write([&](Session& session) -> Result<void> {
    NL_ASSIGN_OR_RETURN(const auto dropped,
                        session.Execute("DELETE FROM tag_policies WHERE kind = ? AND name = ?", {kind, wanted}));
    if (dropped > 0) return {};
    return MakeError(ErrorCode::kNotFound, "there is no such {} policy by tag: {}", kind, wanted);
  });
}

Result<std::vector<TagPolicyRecord>> StoreCatalog::ListTagPolicies() {
  NL_ASSIGN_OR_RETURN(const auto rows, store_.ReadOnce(fmt::format("{}ORDER BY p.name", kSelectPolicies)));
  return ToPolicies(rows);
}

Result<std::vector<TagPolicyRecord>> StoreCatalog::TagPoliciesOf(const std::string& relation_id) {
  if (!metastore::IsStorableText(relation_id)) return std::vector<TagPolicyRecord>();
  NL_ASSIGN_OR_RETURN(const auto rows,
                      store_.ReadOnce(fmt::format("{}WHERE EXISTS (SELECT 1 FROM tags g JOIN relations r ON r.id = "
                                                  "g.relation_id WHERE g.relation_id = ? AND {}) ORDER BY p.name",
                                                  kSelectPolicies, kBrings),
                                      {relation_id}));
  return ToPolicies(rows);
}

}  // namespace neurolake::catalog
