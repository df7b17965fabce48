#pragma once
#include <memory>
#include <string_view>

#include "ask/service/query_runner.h"
#include "catalog/tags.h"
#include "semantic/model.h"

namespace neurolake::ask {

/// The tag of tables, views and columns that nothing is told of to models elsewhere, whatever its value.
inline constexpr std::string_view kNoExternalModelTag = "no_external_model";

/// `model` without what is made of tables, views and columns with that tag: entities, dimensions, and metrics with all
/// that is computed from them. Looked up now, past what the principal may see of tags: it only takes away. An entity is
/// left out whose tags cannot be told, and one over a view that reads something tagged.
/// Errors: kCancelled, kDeadlineExceeded; those of the metadata store.
Result<std::shared_ptr<const semantic::SemanticModel>> WithoutKeptHere(const RequestContext& ctx, QueryRunner& runner,
                                                                       catalog::TagCatalog& tags,
                                                                       const semantic::SemanticModel& model);

/// Whether `expression`, SQL over the columns of a table, names `column`. Rather yes than no.
bool MentionsColumn(std::string_view expression, std::string_view column);

}  // namespace neurolake::ask
