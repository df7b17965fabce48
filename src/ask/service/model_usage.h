#pragma once
#include <cstdint>

namespace neurolake::ask {

/// What a question took of language models, beside what was kept of earlier answers.
struct ModelUsage {
  int64_t calls = 0;
  int64_t input_tokens = 0;
  int64_t output_tokens = 0;
  int64_t cost_nanodollars = 0;
};

}  // namespace neurolake::ask
