#pragma once
#include <string_view>

#include "common/request_context.h"
#include "common/result.h"

namespace neurolake::query {

struct FrontStatement;

// What `StatementRequest::read_only` means. Three places see to it, each by itself: the server has the statement run
// with rights that read alone, the server refuses whatever a worker asks for beyond looking, and the worker refuses
// kinds of statements that do not read, so that who asked learns why.

/// The same caller with those of its rights that let it read.
Principal ReadingAlone(Principal principal);

/// The same with those that let it be shown how the lake is governed.
Principal ShowingAlone(Principal principal);
/// Whether `action` of "maintain" is what SHOW asks of how the lake is governed, and changes nothing.
bool IsShown(std::string_view action);

/// Whether a worker may call `method`, and with "maintain" do `action`, for a statement that reads. What is not listed
/// is a change.
bool IsLook(std::string_view method, std::string_view action);

/// Errors: kReadOnly for every statement but queries, EXPLAIN, DESCRIBE and SHOW of what queries read.
Result<void> CheckReads(const FrontStatement& statement);
/// The same of what the engine makes of one, by its kind, such as "INSERT". Kinds that nobody may run pass.
Result<void> CheckReads(std::string_view kind);

}  // namespace neurolake::query
