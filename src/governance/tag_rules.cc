#include "governance/tag_rules.h"

#include <algorithm>

#include "common/text.h"

namespace neurolake::governance {
namespace {

using plan::DependenceKind;

/// What the tagged column is called in a policy's expression, as VALUE is in a domain's.
constexpr std::string_view kValue = "value";

bool Means(const TagRule& rule, const ObjectTag& tag) {
  if (rule.of_columns != tag.of_column() || !EqualsIgnoringCase(rule.tag, tag.tag)) return false;
  return !rule.value || EqualsIgnoringCase(*rule.value, tag.value);
}

void PutColumn(plan::PolicyExpression& expression, const plan::PolicyColumn& column) {
  for (plan::PolicyColumn& one : expression.columns) {
    if (EqualsIgnoringCase(one.name, kValue)) {
      one = {.name = std::string(kValue), .physical = column.physical, .label = column.table_name()};
    }
  }
}

constexpr uint16_t Bit(DependenceKind kind) { return static_cast<uint16_t>(1U << static_cast<int>(kind)); }
/// What a value tells of the column it comes from.
constexpr uint16_t kCarries = Bit(DependenceKind::kIdentity) | Bit(DependenceKind::kTransformation) |
                              Bit(DependenceKind::kAggregation) | Bit(DependenceKind::kConditional);

bool IsColumn(const plan::LineageRelation& relation, uint32_t field, const plan::PolicyColumn& column) {
  if (field < relation.physical_fields.size() && relation.physical_fields[field] == column.physical) return true;
  return EqualsIgnoringCase(relation.fields[field], column.table_name());
}

bool IsAt(const ObjectTag& tag, const ObjectTag& place) {
  if (tag.of_column() != place.of_column() || !EqualsIgnoringCase(tag.tag, place.tag)) return false;
  return tag.column.physical == place.column.physical ||
         EqualsIgnoringCase(tag.column.table_name(), place.column.table_name());
}

/// Gathers tags, one value at a place.
class Gathered {
 public:
  explicit Gathered(const std::vector<ObjectTag>& target) : target_(target) {}

  Result<void> Add(ObjectTag tag) {
    NL_ASSIGN_OR_RETURN(const bool there, IsThere(target_, tag));
    NL_ASSIGN_OR_RETURN(const bool added, IsThere(tags_, tag));
    if (!there && !added) tags_.push_back(std::move(tag));
    return {};
  }
  std::vector<ObjectTag> Take() && { return std::move(tags_); }

 private:
  static Result<bool> IsThere(const std::vector<ObjectTag>& tags, const ObjectTag& tag) {
    const auto other = std::ranges::find_if(tags, [&](const ObjectTag& one) { return IsAt(one, tag); });
    if (other == tags.end()) return false;
    if (EqualsIgnoringCase(other->value, tag.value) || (!tag.is_stood_on && !other->is_stood_on)) return true;
    return MakeError(ErrorCode::kPermissionDenied,
                     "what is written comes with a tag that policies stand on and that has another value there{}: {}",
                     tag.of_column() ? ", column " + tag.column.table_name() : "", tag.tag);
  }
  const std::vector<ObjectTag>& target_;
  std::vector<ObjectTag> tags_;
};

}  // namespace

std::vector<PolicyRule> RulesByTag(const std::vector<TagRule>& rules, const std::vector<ObjectTag>& tags) {
  std::vector<PolicyRule> by_tag;
  for (const TagRule& tag_rule : rules) {
    for (const ObjectTag& tag : tags) {
      if (!Means(tag_rule, tag)) continue;
      PolicyRule rule = tag_rule.rule;
      rule.layer = "tag " + tag_rule.tag;
      if (tag.of_column()) {
        // Of which no name has any.
        rule.layer += "\n" + tag.column.physical;
        rule.column = tag.column;
        PutColumn(rule.value, tag.column);
        if (rule.check) PutColumn(*rule.check, tag.column);
      }
      by_tag.push_back(std::move(rule));
    }
  }
  return by_tag;
}

Result<std::vector<ObjectTag>> TagsOfWrite(const plan::LineageDigest& digest,
                                           const std::map<TableId, std::vector<ObjectTag>>& sources,
                                           const std::vector<ObjectTag>& target) {
  Gathered gathered(target);
  for (const plan::LineageColumn& column : digest.columns) {
    plan::PolicyColumn place{.name = column.name, .physical = column.name};
    const auto field = std::ranges::find(digest.target_fields, column.name, &plan::LineageField::name);
    if (field != digest.target_fields.end() && !field->physical.empty()) place.physical = field->physical;
    for (const plan::LineageSource& source : column.sources) {
      const plan::LineageRelation& relation = digest.relations[source.relation];
      const auto known = sources.find(relation.id);
      if ((source.kinds & kCarries) == 0 || relation.kind != "table" || known == sources.end()) continue;
      for (const ObjectTag& tag : known->second) {
        const bool own = !tag.of_column();
        if (own ? relation.id == digest.target : !IsColumn(relation, source.field, tag.column)) continue;
        ObjectTag inherited = tag;
        if (!own) inherited.column = place;
        NL_RETURN_IF_ERROR(gathered.Add(std::move(inherited)));
      }
    }
  }
  return std::move(gathered).Take();
}

}  // namespace neurolake::governance
