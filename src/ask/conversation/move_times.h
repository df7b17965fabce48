#pragma once
#include <optional>
#include <string_view>

#include "ask/intent/intent.h"
#include "ask/time/time_phrase.h"

namespace neurolake::ask {

/// `intent`, which is what `question` meant at `then`, as it would be meant at `now`: each of its times is that of a
/// phrase of the question ("last month"), which is read again. nullopt where a time is not that of a phrase: nobody can
/// tell what it is to be now. Pure.
std::optional<Intent> MoveTimes(std::string_view question, Intent intent, const TimeContext& then,
                                const TimeContext& now);

}  // namespace neurolake::ask
