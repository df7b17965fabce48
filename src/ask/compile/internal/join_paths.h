#pragma once
#include <string>
#include <vector>

#include "ask/intent/intent.h"
#include "common/result.h"
#include "semantic/join_paths.h"

namespace neurolake::ask::compile {

using Step = semantic::JoinStep;
using Path = semantic::JoinPath;
using semantic::ToOnePaths;

/// The one way that has all of `via`, in order.
/// Errors: kBindError if several have (detail "choices") or none has (detail "unreachable": "true").
Result<Path> FindPath(const semantic::SemanticModel& model, const semantic::Entity& from, const semantic::Entity& to,
                      const std::vector<std::string>& via);

/// Entities, but `one`, that have many rows for one of it, and reach `other`, too: from there both are seen without
/// repeating a row of theirs. `other` itself alone if it is one of them.
std::vector<const semantic::Entity*> ManySidesOf(const semantic::SemanticModel& model, const semantic::Entity& one,
                                                 const semantic::Entity& other);

/// A path's joins by name, as text for people and as key.
std::string PathText(const Path& path);

}  // namespace neurolake::ask::compile
