#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "tables/delta/expression.h"

namespace neurolake::tables::delta::internal {

enum class ExpressionTokenKind : uint8_t { kWord, kQuotedName, kText, kNumber, kSymbol, kEnd };
struct ExpressionToken {
  ExpressionTokenKind kind = ExpressionTokenKind::kEnd;
  std::string text;  ///< Unescaped; words as written.
};

/// The last token is kEnd. Errors: kSyntaxError; kNotSupported for what is not in the language.
Result<std::vector<ExpressionToken>> SplitExpression(std::string_view text, Expression::Dialect dialect);

}  // namespace neurolake::tables::delta::internal
