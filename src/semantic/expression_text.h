#pragma once
#include <string>
#include <string_view>

#include "common/result.h"
#include "semantic/model.h"

namespace neurolake::semantic {

/// Whether `expression` is, as far as its tokens tell, one scalar SQL expression that stays inside the parentheses the
/// compiler puts around it: brackets match, quotes end, and there is no `;`, comment, dollar quote, parameter, star
/// outside a product, sub-query, window or statement word. What the names mean is a SqlChecker's to say. At most 4 KiB.
/// Errors: kInvalidArgument with what was found. Pure; safe on hostile text.
Result<void> CheckExpressionText(std::string_view expression);

/// `column` as an expression: as it is where it needs no quotes, else quoted.
SqlExpression ColumnExpression(std::string_view column);

/// The column that the expression is, and nothing else; empty where it is more than one.
std::string ColumnOfExpression(std::string_view expression);

}  // namespace neurolake::semantic
