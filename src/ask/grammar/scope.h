#pragma once
#include <string_view>

namespace neurolake::ask {

/// Whether the question has words of one that no data can answer: for a cause, a forecast, an opinion, something to be
/// done. No reading of it is right, whoever made it.
bool AsksBeyondData(std::string_view question);

}  // namespace neurolake::ask
