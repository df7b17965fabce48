#include "query/model_grants.h"

#include "query/object_grants.h"

namespace neurolake::query {

Result<bool> ModelGrants::MayExecute(const RequestContext& ctx, const std::string& model) const {
  return MayUseObject(catalog_, ctx.principal(), catalog::kModelKind, model, "execute");
}

}  // namespace neurolake::query
