#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace neurolake::cli {

/// A script cut at the semicolons that end statements.
struct SplitScript {
  struct Statement {
    std::string text;  ///< Without its semicolon and the blanks and comments before it.
    size_t line = 1;   ///< Line of the script its first character stands on, from 1.
  };
  std::vector<Statement> statements;  ///< Those that a semicolon ended; empty ones are left out.
  std::string rest;                   ///< What stands after the last of them.
  size_t rest_line = 1;
  /// `rest` ends inside this: '\'', '"', '$' (dollar quote), '*' (comment); 0 outside.
  char open = 0;
  bool rest_is_blank = true;  ///< Only blanks and comments are left.
};

/// Knows what SQL hides a semicolon in: '…' with doubled quotes, E'…' with backslashes, "…", $tag$…$tag$, -- comments
/// and nested /* */ comments. Looks at nothing else: what a statement means is the server's business.
SplitScript SplitStatements(std::string_view script);

}  // namespace neurolake::cli
