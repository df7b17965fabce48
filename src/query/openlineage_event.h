#pragma once
#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "plan/lineage_digest.h"
#include "query/statement_effects.h"

namespace neurolake::query {

struct EventSettings {
  std::string name_space = "neurolake";  ///< Of jobs and tables.
  bool sql = false;                      ///< The text of the statement, without its values.
};

enum class RunState : uint8_t { kStart, kComplete, kFail, kAbort };

struct RunEvent {
  RunState state = RunState::kStart;
  const catalog::StatementRecord& statement;
  WallTime at;
  std::string job;  ///< The same in all events of a run.
  // What is known at the end.
  const std::vector<plan::LineageDigest>* digests = nullptr;
  const StatementEffects* effects = nullptr;
};

/// What the statement is called: the table it writes, else a name of its text with all values left out.
std::string JobName(const catalog::StatementRecord& statement);

/// An OpenLineage run event as JSON: no values, no rows; an error's message is the one the client got, which has none.
/// Pure. Source: https://openlineage.io/spec/2-0-2/OpenLineage.json and the facets' own schemas.
std::string MakeRunEvent(const EventSettings& settings, const RunEvent& event);

}  // namespace neurolake::query
