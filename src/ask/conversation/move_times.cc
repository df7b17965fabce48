#include "ask/conversation/move_times.h"

#include <utility>
#include <vector>

namespace neurolake::ask {
namespace {

using Moves = std::vector<std::pair<TimeRange, TimeRange>>;

/// Readings of one phrase at two times; false where they are not the same readings.
bool AddMoves(const std::vector<TimePhrase>& then, const std::vector<TimePhrase>& now, Moves& moves) {
  if (then.size() != now.size()) return false;
  for (size_t i = 0; i < then.size(); ++i) {
    if (then[i].tokens != now[i].tokens) return false;
    moves.emplace_back(then[i].range, now[i].range);
    if (!AddMoves(then[i].ends, now[i].ends, moves)) return false;
  }
  return true;
}

std::optional<Moves> MovesOf(std::string_view question, const TimeContext& then, const TimeContext& now) {
  const auto tokens = Tokenize(question);
  if (!tokens.has_value()) return std::nullopt;
  Moves moves;
  std::vector<std::string> problems;
  for (size_t at = 0; at < tokens->size(); ++at) {
    const std::span<const Token> rest(tokens->begin() + static_cast<std::ptrdiff_t>(at), tokens->end());
    if (!AddMoves(ParseTime(rest, then, problems), ParseTime(rest, now, problems), moves)) return std::nullopt;
  }
  return moves;
}

/// False where it is none of them, or where two phrases of one time part ways.
bool Move(const Moves& moves, TimeRange& range) {
  if (range == TimeRange{}) return true;
  std::optional<TimeRange> moved;
  for (const auto& [before, after] : moves) {
    if (before != range) continue;
    if (moved.has_value() && *moved != after) return false;
    moved = after;
  }
  if (!moved.has_value()) return false;
  range = *moved;
  return true;
}

}  // namespace

std::optional<Intent> MoveTimes(std::string_view question, Intent intent, const TimeContext& then,
                                const TimeContext& now) {
  const auto moves = MovesOf(question, then, now);
  if (!moves.has_value()) return std::nullopt;
  bool all = Move(*moves, intent.time.range);
  for (auto& comparison : intent.time.comparisons) {
    if (comparison.kind == ComparisonKind::kRange) all = all && Move(*moves, comparison.range);
  }
  for (auto& set : intent.sets) all = all && Move(*moves, set.time);
  if (!all) return std::nullopt;
  return intent;
}

}  // namespace neurolake::ask
