#include "privacy/detector/entities.h"

#include <array>

#include "common/text.h"

namespace neurolake::privacy {
namespace {

constexpr std::array<EntityInfo, kEntityCount> kEntities = {{
#define NL_PII_ENTITY(id, name, country, group, by_default, about) \
  {name, country, EntityGroup::group, by_default, about},
#include "privacy/detector/entities.def"
#undef NL_PII_ENTITY
}};

constexpr std::array<std::string_view, 8> kGroupNames = {"person",  "contact",  "national", "health",
                                                         "finance", "business", "secret",   "context"};

/// What one word of a list stands for; nothing if it is none of ours.
EntitySet Meant(std::string_view word) {
  EntitySet meant;
  if (EqualsIgnoringCase(word, "all")) return AllEntities();
  if (EqualsIgnoringCase(word, "default")) return DefaultEntities();
  for (size_t i = 0; i < kEntityCount; ++i) {
    const EntityInfo& info = kEntities[i];
    // A name wins over a group or a country of the same letters: PERSON is the entity, not the group.
    if (EqualsIgnoringCase(word, info.name)) return EntitySet{}.set(i);
    if (EqualsIgnoringCase(word, EntityGroupName(info.group)) ||
        (!info.country.empty() && EqualsIgnoringCase(word, info.country))) {
      meant.set(i);
    }
  }
  return meant;
}

}  // namespace

std::string_view EntityGroupName(EntityGroup group) { return kGroupNames[static_cast<size_t>(group)]; }

const EntityInfo& InfoOf(Entity entity) { return kEntities[static_cast<size_t>(entity)]; }

std::optional<Entity> EntityFromName(std::string_view name) {
  for (size_t i = 0; i < kEntityCount; ++i) {
    if (EqualsIgnoringCase(kEntities[i].name, name)) return static_cast<Entity>(i);
  }
  return std::nullopt;
}

EntitySet DefaultEntities() {
  EntitySet set;
  for (size_t i = 0; i < kEntityCount; ++i) set.set(i, kEntities[i].by_default);
  return set;
}

EntitySet AllEntities() { return EntitySet{}.set(); }

Result<EntitySet> ParseEntities(std::string_view list) {
  EntitySet chosen;
  bool first = true;
  for (const std::string& part : Split(list, ',')) {
    std::string_view word = Trim(part);
    const bool takes_away = word.starts_with('-');
    if (takes_away) word = Trim(word.substr(1));
    const EntitySet meant = Meant(word);
    if (meant.none()) {
      return MakeError(ErrorCode::kInvalidArgument,
                       "not an entity, a group of entities, a country, DEFAULT or ALL: \"{}\"", word);
    }
    // A list that only takes away takes away from the default.
    if (first && takes_away) chosen = DefaultEntities();
    first = false;
    chosen = takes_away ? chosen & ~meant : chosen | meant;
  }
  if (chosen.none())
    return MakeError(ErrorCode::kInvalidArgument, "the list leaves no entity to look for: \"{}\"", list);
  return chosen;
}

}  // namespace neurolake::privacy
