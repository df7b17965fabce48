#pragma once
#include <optional>
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

/// `statement` with the semicolon and the line's end that a next one needs before it: behind a "--" comment, on a line
/// of its own.
std::string EndStatement(std::string_view statement);

struct JoinedStatements {
  std::vector<SplitScript::Statement> complete;
  std::optional<SplitScript::Statement> open;  ///< BEGIN and what follows it, when nothing ends the transaction.
};

/// Makes one statement of all from BEGIN to COMMIT or ROLLBACK: a transaction is one request. Looks at the first words
/// alone, so that a BEGIN the server refuses takes what belongs to it along.
JoinedStatements JoinTransactions(const std::vector<SplitScript::Statement>& statements);

}  // namespace neurolake::cli
