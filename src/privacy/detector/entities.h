#pragma once
#include <bitset>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "common/result.h"

namespace neurolake::privacy {

/// Kinds of personal data and secrets that the detector knows. The list is `entities.def`; nothing else adds to it.
/// The numbers are of one build only: what is stored names an entity by its name.
enum class Entity : uint8_t {
#define NL_PII_ENTITY(id, name, country, group, by_default, about) id,
#include "privacy/detector/entities.def"
#undef NL_PII_ENTITY
};

inline constexpr size_t kEntityCount = 0
#define NL_PII_ENTITY(id, name, country, group, by_default, about) +1
#include "privacy/detector/entities.def"
#undef NL_PII_ENTITY
    ;

/// What an entity tells of somebody. Tags that are proposed for a column begin with it: `pii.contact.email_address`.
enum class EntityGroup : uint8_t { kPerson, kContact, kNational, kHealth, kFinance, kBusiness, kSecret, kContext };

std::string_view EntityGroupName(EntityGroup group);

struct EntityInfo {
  std::string_view name;     ///< "NL_BSN"; upper case, stable.
  std::string_view country;  ///< ISO 3166-1 alpha-2, or empty.
  EntityGroup group;
  bool by_default;         ///< Whether `redact(text)` hides it unasked.
  std::string_view about;  ///< For people; no full stop.
};

const EntityInfo& InfoOf(Entity entity);
std::optional<Entity> EntityFromName(std::string_view name);

using EntitySet = std::bitset<kEntityCount>;

EntitySet DefaultEntities();
EntitySet AllEntities();

/// A list such as "EMAIL_ADDRESS, NL_BSN": names of entities without regard to case, groups ("CONTACT"), countries
/// ("NL", which is all entities of that country), DEFAULT or ALL; a leading '-' takes away: "DEFAULT, -LOCATION".
/// Errors: kInvalidArgument for an empty list and for what is none of these; the name is in the message.
Result<EntitySet> ParseEntities(std::string_view list);

}  // namespace neurolake::privacy
