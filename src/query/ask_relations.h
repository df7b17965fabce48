#pragma once
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "common/request_context.h"

namespace neurolake::query {

/// A page of system.ask_questions from row `offset` on: the principal's own questions that were kept, the latest first,
/// as JSON arrays in the column order of engine::duckdb::SystemRelations(). Nobody reads another's, managers neither.
Result<std::vector<std::string>> ReadAskQuestions(const RequestContext& ctx, catalog::Catalog& catalog, int64_t limit,
                                                  int64_t offset);

/// A page of system.ask_feedback, the latest first: what the principal gave, and all on models that it may review.
Result<std::vector<std::string>> ReadAskFeedback(const RequestContext& ctx, catalog::Catalog& catalog, int64_t limit,
                                                 int64_t offset);

}  // namespace neurolake::query
