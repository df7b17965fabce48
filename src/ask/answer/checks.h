#pragma once
#include <optional>

#include "ask/answer/table.h"
#include "ask/intent/intent.h"
#include "semantic/model.h"

namespace neurolake::ask {

/// The same question without its groups, whose answer must be the sum of the parts: proof, by another way, that no join
/// counted rows twice or lost them. nullopt where parts need not add up: not every metric is additive, or rows are left
/// out on purpose (rank, having, computed columns, comparisons).
std::optional<Intent> WholeOf(const Intent& intent, const semantic::SemanticModel& model);

/// Whether each metric's column of `parts` sums to the one row of `whole`, to one part in 10^9. A truncated table is
/// not judged.
bool AddsUp(const AnswerTable& parts, const AnswerTable& whole);

/// Whether two answers say the same: the same rows, in any order, numbers to one part in 10^9. Two readings that do
/// need no choice.
bool SaysTheSame(const AnswerTable& left, const AnswerTable& right);

}  // namespace neurolake::ask
