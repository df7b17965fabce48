#include "governance/tag_rules.h"

#include <algorithm>

#include "common/text.h"
#include "plan/field_path.h"

namespace neurolake::governance {
namespace {

using plan::DependenceKind;
using plan::LineageDigest;

/// What the tagged column is called in a policy's expression, as VALUE is in a domain's.
constexpr std::string_view kValue = "value";

bool Means(const TagRule& rule, const ObjectTag& tag) {
  if (rule.of_columns != tag.of_column() || !EqualsIgnoringCase(rule.tag, tag.tag)) return false;
  return !rule.value || EqualsIgnoringCase(*rule.value, tag.value);
}

void PutColumn(plan::PolicyExpression& expression, const plan::PolicyColumn& column, const std::string& physical) {
  for (plan::PolicyColumn& one : expression.columns) {
    if (EqualsIgnoringCase(one.name, kValue)) {
      one = {.name = std::string(kValue), .physical = physical, .label = column.table_name()};
    }
  }
}

constexpr uint16_t Bit(DependenceKind kind) { return static_cast<uint16_t>(1U << static_cast<int>(kind)); }
/// What a value tells of the column it comes from.
constexpr uint16_t kCarries = Bit(DependenceKind::kIdentity) | Bit(DependenceKind::kTransformation) |
                              Bit(DependenceKind::kAggregation) | Bit(DependenceKind::kConditional);

/// By what it is called: the rest of `path` behind `around`, which is it or around it.
std::optional<std::string> Behind(const std::string& around, const std::string& path) {
  if (around.size() > path.size() || !EqualsIgnoringCase(around, path.substr(0, around.size()))) return std::nullopt;
  if (around.size() == path.size()) return "";
  if (path[around.size()] != plan::kFieldSeparator) return std::nullopt;
  return path.substr(around.size() + 1);
}

std::string Inside(const std::string& around, const std::string& inner) {
  return inner.empty() ? around : around + plan::kFieldSeparator + inner;
}

/// The ways that a tag may mean in a relation: to what files call so, and to what has its name.
std::vector<std::string> MeantIn(const plan::LineageRelation& relation, const plan::PolicyColumn& tagged) {
  std::vector<std::string> meant;
  if (!plan::IsFieldPath(tagged.physical)) meant.push_back(tagged.table_name());
  for (size_t i = 0; i < relation.physical_fields.size() && i < relation.fields.size(); ++i) {
    if (relation.physical_fields[i] == tagged.physical) meant.push_back(relation.fields[i]);
  }
  for (const plan::LineageNested& field : relation.nested) {
    const bool is_named = EqualsIgnoringCase(field.names, tagged.table_name());
    if (is_named || field.physical == tagged.physical) meant.push_back(field.names);
  }
  return meant;
}

/// What a part of a column brings its tags to, by names from the target's column on, of a tag in the source at
/// `tagged`.
std::vector<std::string> PlacesOf(const plan::LineagePart& part, const std::string& source_column,
                                  const std::string& target_column, const std::string& tagged) {
  const std::string value = Inside(source_column, part.from);
  const std::string place = Inside(target_column, part.to);
  if (Behind(tagged, value)) return {place};
  const auto inner = Behind(value, tagged);
  if (!inner) return {};
  std::vector<std::string> places;
  if ((part.source.kinds & Bit(DependenceKind::kIdentity)) != 0) places.push_back(Inside(place, *inner));
  if ((part.source.kinds & kCarries & ~Bit(DependenceKind::kIdentity)) != 0) places.push_back(place);
  return places;
}

/// The place in the target that `path` leads to; where it does not know that way, its column.
plan::PolicyColumn PlaceInTarget(const LineageDigest& digest, const std::string& path) {
  const auto column = path.substr(0, path.find(plan::kFieldSeparator));
  if (column != path) {
    const auto nested = std::ranges::find_if(digest.target_nested,
                                             [&](const auto& one) { return EqualsIgnoringCase(one.names, path); });
    if (nested != digest.target_nested.end()) return {.name = nested->names, .physical = nested->physical};
    // A view's columns have no files that call them anything.
    if (digest.target_kind == "view") return {.name = path, .physical = path};
  }
  const auto field = std::ranges::find(digest.target_fields, column, &plan::LineageField::name);
  const bool known = field != digest.target_fields.end() && !field->physical.empty();
  return {.name = column, .physical = known ? field->physical : column};
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
                     tag.of_column() ? ", column " + plan::ShownPath(tag.column.table_name()) : "", tag.tag);
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
        // A mask of a field is made of it where it lies; a condition finds it in the row.
        const bool of_field = plan::IsFieldPath(tag.column.physical);
        const bool masks = of_field && rule.kind == PolicyRule::Kind::kMask;
        const std::string physical = masks ? plan::kMaskedValuePhysical : tag.column.physical;
        PutColumn(rule.value, tag.column, physical);
        if (rule.check) PutColumn(*rule.check, tag.column, physical);
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
    std::vector<plan::LineagePart> parts = column.parts;
    if (parts.empty()) {
      for (const plan::LineageSource& source : column.sources) parts.push_back({.source = source});
    }
    for (const plan::LineagePart& part : parts) {
      const plan::LineageRelation& relation = digest.relations[part.source.relation];
      const auto known = sources.find(relation.id);
      if ((part.source.kinds & kCarries) == 0 || relation.kind != "table" || known == sources.end()) continue;
      for (const ObjectTag& tag : known->second) {
        if (!tag.of_column()) {
          if (relation.id != digest.target) NL_RETURN_IF_ERROR(gathered.Add(tag));
          continue;
        }
        for (const std::string& meant : MeantIn(relation, tag.column)) {
          for (const auto& path : PlacesOf(part, relation.fields[part.source.field], column.name, meant)) {
            ObjectTag inherited = tag;
            inherited.column = PlaceInTarget(digest, path);
            NL_RETURN_IF_ERROR(gathered.Add(std::move(inherited)));
          }
        }
      }
    }
  }
  return std::move(gathered).Take();
}

}  // namespace neurolake::governance
