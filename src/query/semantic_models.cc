#include "query/semantic_models.h"

#include <algorithm>

#include "common/text.h"
#include "query/access.h"
#include "semantic/load.h"

namespace neurolake::query {
namespace {

using catalog::ObjectGrant;
using catalog::SemanticModelRecord;
using catalog::SemanticModelTable;
using catalog::SemanticModelVersion;

/// Whether it is `table`, as a model of `schema` names it.
bool Names(const std::vector<std::string>& table, const std::string& schema, const SemanticModelTable& known) {
  return EqualsIgnoringCase(table.size() == 1 ? schema : table.front(), known.schema_name) &&
         EqualsIgnoringCase(table.back(), known.name);
}

}  // namespace

Result<bool> ModelAccess::Decide(GrantMatcher& matcher, const Asked& asked) {
  if (!grants_) {
    NL_ASSIGN_OR_RETURN(grants_,
                        catalog_.ListObjectGrants({catalog::kSemanticModelKind, catalog::kModelsOfSchemaKind}));
  }
  bool granted = asked.by_itself;
  for (const ObjectGrant& grant : *grants_) {
    const bool of_model = grant.object_kind == catalog::kSemanticModelKind;
    const bool is_of_it =
        of_model ? grant.object.empty() || grant.object == asked.model_id : grant.object == asked.schema_id;
    if (!is_of_it || grant.privilege != asked.privilege) continue;
    NL_ASSIGN_OR_RETURN(const bool named, matcher.Names(grant.grantee_kind, grant.grantee_id));
    if (!named) continue;
    if (grant.denied) return false;
    granted = true;
  }
  return granted;
}

Result<bool> ModelAccess::MayUse(const SemanticModelRecord& model) {
  // A token for asking alone reads nowhere but in questions.
  const bool may_ask = principal_.Has(Right::kRead) || principal_.Has(Right::kAsk);
  if (!may_ask || !principal_.MayUseSchema(model.schema_name)) return false;
  const auto asked = [&](const Principal& principal) {
    return Asked{.privilege = "usage",
                 .model_id = model.id,
                 .schema_id = model.schema_id,
                 .by_itself = model.owner == principal.owner() || principal.Has(Right::kManage)};
  };
  NL_ASSIGN_OR_RETURN(const bool may, Decide(matcher_, asked(principal_)));
  if (!may || principal_.on_behalf_of == nullptr) return may;
  return Decide(*behalf_, asked(*principal_.on_behalf_of));
}

bool ModelAccess::MayChange(const SemanticModelRecord& model) const {
  if (!principal_.MayUseSchema(model.schema_name)) return false;
  return principal_.Has(Right::kManage) || (principal_.Has(Right::kWrite) && model.owner == principal_.owner());
}

Result<bool> ModelAccess::MayCreateIn(const catalog::SchemaRecord& schema) {
  if (!principal_.Has(Right::kWrite) || !principal_.MayUseSchema(schema.name)) return false;
  const auto asked = [&](const Principal& principal) {
    return Asked{.privilege = "create",
                 .model_id = {},
                 .schema_id = schema.id.value(),
                 .by_itself = principal.Has(Right::kCreate)};
  };
  NL_ASSIGN_OR_RETURN(const bool may, Decide(matcher_, asked(principal_)));
  if (!may || principal_.on_behalf_of == nullptr) return may;
  return Decide(*behalf_, asked(*principal_.on_behalf_of));
}

Result<std::vector<SemanticModelRecord>> ModelAccess::Usable() {
  NL_ASSIGN_OR_RETURN(auto all, catalog_.semantic_models().List());
  std::vector<SemanticModelRecord> usable;
  for (SemanticModelRecord& model : all) {
    NL_ASSIGN_OR_RETURN(const bool may, MayUse(model));
    if (may) usable.push_back(std::move(model));
  }
  return usable;
}

Result<std::optional<SemanticModelRecord>> ModelAccess::FindUsable(const std::string& name) {
  NL_ASSIGN_OR_RETURN(auto model, catalog_.semantic_models().Find(name));
  if (!model) return model;
  NL_ASSIGN_OR_RETURN(const bool may, MayUse(*model));
  if (!may) model.reset();
  return model;
}

Result<SemanticModelRecord> ModelAccess::Find(const std::string& name) {
  NL_ASSIGN_OR_RETURN(auto model, catalog_.semantic_models().Find(name));
  if (!model) return NoSuchModel(name);
  NL_ASSIGN_OR_RETURN(const bool may, MayUse(*model));
  if (!may && !MayChange(*model)) return NoSuchModel(name);
  return *std::move(model);
}

std::unexpected<Error> NoSuchModel(std::string_view name) {
  return MakeError(ErrorCode::kNotFound, "semantic model does not exist or may not be used: {}", name);
}

bool IsStale(const SemanticModelVersion& version) {
  return std::ranges::any_of(version.tables, [](const auto& table) { return table.is_gone(); });
}

Result<semantic::SemanticModel> ModelOf(const SemanticModelRecord& model, const SemanticModelVersion& version) {
  if (IsStale(version)) {
    return MakeError(ErrorCode::kDependentObjects,
                     "the semantic model is stale, a table that it is made over was dropped: bring that back, or "
                     "replace the model: {}",
                     model.name);
  }
  auto loaded = semantic::LoadModel(version.body);
  if (!loaded) {
    return MakeError(ErrorCode::kCorruption, "the semantic model does not load: {}: {}", model.name,
                     loaded.error().message());
  }
  loaded->name = model.name;
  for (semantic::Entity& entity : loaded->entities) {
    const auto known = std::ranges::find_if(
        version.tables, [&](const auto& table) { return Names(entity.table, model.schema_name, table); });
    if (known == version.tables.end()) {
      return MakeError(ErrorCode::kCorruption, "the semantic model names a table that it does not keep: {}",
                       model.name);
    }
    entity.table = {known->schema_now, known->name_now};
  }
  return *std::move(loaded);
}

std::vector<SemanticModelTable> TablesOf(const semantic::SemanticModel& model, const std::string& schema) {
  std::vector<SemanticModelTable> tables;
  for (const semantic::Entity& entity : model.entities) {
    if (std::ranges::any_of(tables, [&](const auto& known) { return Names(entity.table, schema, known); })) continue;
    tables.push_back({.schema_name = LowerAscii(entity.table.size() == 1 ? schema : entity.table.front()),
                      .name = LowerAscii(entity.table.back())});
  }
  return tables;
}

}  // namespace neurolake::query
