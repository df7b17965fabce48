#pragma once
#include <string_view>
#include <vector>

namespace neurolake::ask::testing {

/// Questions that mean one thing, and that thing in the words of Restate, which tells any two intents apart.
struct Paraphrases {
  bool flights;
  std::string_view meaning;
  std::vector<std::string_view> questions;
};

const std::vector<Paraphrases>& AllParaphrases();

}  // namespace neurolake::ask::testing
