#include "semantic/formula.h"

#include <gtest/gtest.h>

#include "semantic/expression_text.h"

namespace neurolake::semantic {
namespace {

std::string Sql(std::string_view text) {
  const auto formula = ParseFormula(text);
  if (!formula.has_value()) return "refused";
  return FormulaSql(*formula, [](const std::string& name) { return "<" + name + ">"; });
}

TEST(FormulaTest, BindsAsArithmeticDoes) {
  EXPECT_EQ(Sql("a + b * 2"), "(<a> + (<b> * 2))");
  EXPECT_EQ(Sql("a - b - c"), "((<a> - <b>) - <c>)");
  EXPECT_EQ(Sql("-(a + 1.5)"), "(-(<a> + 1.5))");
  EXPECT_EQ(Sql("a / b"), "(CAST(<a> AS DOUBLE) / NULLIF(<b>, 0))");
  EXPECT_EQ(Sql("coalesce(a, 0)"), "coalesce(<a>, 0)");
}

TEST(FormulaTest, RefusesWhatIsNoArithmetic) {
  for (const char* text : {"", "a b", "a +", "(a", "a)", "1.", "select(a)", "a; b", "a -- b", "'a'", "\"a\"", "abs()",
                           "round(a, b)", "coalesce(a)", "a.b", "1e5", "a % b"}) {
    EXPECT_EQ(Sql(text), "refused") << text;
  }
  EXPECT_EQ(Sql(std::string(3000, '(')), "refused");
  EXPECT_EQ(Sql(std::string(5000, '1')), "refused");
}

TEST(FormulaTest, NamesItsMetricsOnce) {
  const std::vector<std::string> names{"a", "b"};
  EXPECT_EQ(MetricsOf(*ParseFormula("(a - b) / A")), names);
}

TEST(ExpressionTextTest, TakesScalarExpressions) {
  for (const char* text :
       {"amount", "quantity * price", "a * (1 - b)", "CASE WHEN a > 0 THEN 'x;y' ELSE 'it''s' END", "\"from\"",
        "lower(trim(name))", "x::DATE", "list[1]", "a || '--'", "status IN ('a', 'b')"}) {
    EXPECT_TRUE(CheckExpressionText(text).has_value()) << text;
  }
}

TEST(ExpressionTextTest, RefusesWhatCouldLeaveItsBrackets) {
  for (const char* text : {"",          " ",         "a; DROP TABLE t",
                           "a)",        "(a",        "a) FROM x --",
                           "a -- b",    "a /* b */", "(SELECT 1)",
                           "a, b",      "'a",        "\"a",
                           "$$a$$",     "$1",        "?",
                           "count(*)",  "*",         "sum(a) OVER ()",
                           "a UNION b", "[a)",       "E'a\\''",
                           "x FROM y",  "t.*"}) {
    EXPECT_FALSE(CheckExpressionText(text).has_value()) << text;
  }
}

TEST(ExpressionTextTest, ColumnsAreQuotedWhereTheyMustBe) {
  EXPECT_EQ(ColumnExpression("amount"), "amount");
  EXPECT_EQ(ColumnExpression("order"), "\"order\"");
  EXPECT_EQ(ColumnExpression("a b"), "\"a b\"");
  EXPECT_EQ(ColumnOfExpression("\"a \"\"b\""), "a \"b");
  EXPECT_EQ(ColumnOfExpression("a + b"), "");
}

}  // namespace
}  // namespace neurolake::semantic
