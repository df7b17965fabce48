#include "privacy/detector/internal/pattern_lists.h"
#include "privacy/detector/patterns.h"
#include "privacy/detector/tests/random_text.h"

namespace neurolake::privacy {
namespace {

/// What a check is worth is the share of random texts that pass it, so those shares are measured. Texts are drawn from
/// the pattern itself; the seed is fixed, so that the test says the same each time.
TEST(BaseRateTest, StatedSharesAreThoseOfRandomTexts) {
  for (const Pattern& pattern : Patterns()) {
    if (pattern.check == nullptr || pattern.base_rate >= 1 || pattern.grow != nullptr) continue;
    std::mt19937_64 random(20'261'121);
    // Enough for 400 expected hits, within reason; rarer ones are only bounded from above.
    const auto draws = static_cast<int64_t>(std::clamp(400 / pattern.base_rate, 2'000.0, 60'000.0));
    int64_t passed = 0;
    for (int64_t i = 0; i < draws; ++i) passed += pattern.check(RandomTextOf(pattern.regex, random)) ? 1 : 0;
    const double rate = static_cast<double>(passed) / static_cast<double>(draws);
    const double expected = pattern.base_rate * static_cast<double>(draws);
    EXPECT_LE(rate, pattern.base_rate * 1.35 + 6.0 / static_cast<double>(draws))
        << InfoOf(pattern.entity).name << " " << pattern.regex << ": " << rate << " stated " << pattern.base_rate;
    if (expected >= 50 && pattern.independent) {
      EXPECT_GE(rate, pattern.base_rate * 0.65)
          << InfoOf(pattern.entity).name << " " << pattern.regex << ": " << rate << " stated " << pattern.base_rate;
    }
  }
}

}  // namespace
}  // namespace neurolake::privacy
