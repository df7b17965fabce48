#include "ask/language/units.h"

#include <gtest/gtest.h>

namespace neurolake::ask {
namespace {

/// What one of the unit is of the kept one; 0: it cannot be told so, or is not the whole text.
double Factor(std::string_view text, std::string_view kept) {
  const auto tokens = TokenizeName(text);
  const auto unit = ParseUnit(tokens, kept);
  return unit && unit->tokens == tokens.size() ? unit->factor : 0;
}

TEST(UnitsTest, TellsANumberInAnotherUnitOfItsKind) {
  EXPECT_DOUBLE_EQ(Factor("MWh", "kWh"), 1000);
  EXPECT_DOUBLE_EQ(Factor("megawatt-hours", "kWh"), 1000);
  EXPECT_DOUBLE_EQ(Factor("days", "h"), 24);
  EXPECT_DOUBLE_EQ(Factor("minutes", "h"), 1.0 / 60);
  EXPECT_DOUBLE_EQ(Factor("tonnes", "kg"), 1000);
  EXPECT_DOUBLE_EQ(Factor("square metres", "m2"), 1);
  EXPECT_DOUBLE_EQ(Factor("thousand euros", "EUR"), 1000);
  EXPECT_DOUBLE_EQ(Factor("millions", "EUR"), 1e6);
  EXPECT_DOUBLE_EQ(Factor("cents per kWh", "ct/kWh"), 1);
  EXPECT_NEAR(Factor("EUR/MWh", "ct/kWh"), 0.1, 1e-12);
  EXPECT_DOUBLE_EQ(Factor("cents", "ct/kWh"), 1);  // Of what each is goes without saying.
  EXPECT_DOUBLE_EQ(Factor("nights", "night"), 1);
}

TEST(UnitsTest, NothingElseFits) {
  EXPECT_DOUBLE_EQ(Factor("dollars", "EUR"), 0);
  EXPECT_DOUBLE_EQ(Factor("kWh", "kW"), 0);
  EXPECT_DOUBLE_EQ(Factor("hours", "EUR"), 0);
  EXPECT_DOUBLE_EQ(Factor("nights", "rooms"), 0);
  EXPECT_DOUBLE_EQ(Factor("kilometres per hour", "km"), 0);
  EXPECT_FALSE(AreConvertible("MWh", ""));
}

}  // namespace
}  // namespace neurolake::ask
