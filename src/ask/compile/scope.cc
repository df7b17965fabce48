#include "ask/compile/internal/scope.h"

#include <algorithm>

namespace neurolake::ask::compile {

void Scope::Assume(std::string part, std::string text) {
  const auto same = [&](const Assumption& known) { return known.part == part && known.text == text; };
  if (std::ranges::none_of(assumptions, same)) assumptions.push_back({std::move(part), std::move(text)});
}

void Scope::Check(CheckQuery check) {
  const auto same = [&](const CheckQuery& known) { return known.kind == check.kind && known.meaning == check.meaning; };
  if (std::ranges::none_of(checks, same)) checks.push_back(std::move(check));
}

Result<const semantic::Entity*> EntityOf(const Scope& scope, const std::string& name) {
  const semantic::Entity* entity = FindEntity(scope.model, name);
  if (entity == nullptr) {
    return MakeError(ErrorCode::kInvalidArgument, "the semantic model has no such entity: {}", name);
  }
  return entity;
}

Result<const semantic::Dimension*> DimensionOf(Scope& scope, const FieldRef& field) {
  NL_ASSIGN_OR_RETURN(const semantic::Entity* entity, EntityOf(scope, field.entity));
  const semantic::Dimension* dimension = FindDimension(*entity, field.name);
  if (dimension == nullptr) {
    return MakeError(ErrorCode::kInvalidArgument, "the entity has no such dimension: {}.{}", entity->name, field.name);
  }
  scope.members.insert(entity->name + "." + dimension->name);
  return dimension;
}

Result<FieldRef> TimeFieldOf(const Scope& scope, const semantic::Entity& entity, const std::string& text) {
  const size_t dot = text.find('.');
  FieldRef field{entity.name, text, {}};
  if (dot != std::string::npos) field = {text.substr(0, dot), text.substr(dot + 1), {}};
  if (text.empty()) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "a time was asked for, and the entity has no default time; name a time dimension: {}",
                     entity.name);
  }
  NL_RETURN_IF_ERROR(EntityOf(scope, field.entity));
  return field;
}

}  // namespace neurolake::ask::compile
