#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "query/front_parser_cursor.h"
#include "tables/delta/alter.h"
#include "tables/delta/schema.h"

namespace neurolake::query {

/// GENERATED … AS IDENTITY (START WITH n INCREMENT BY m).
struct IdentityClause {
  bool always = true;
  int64_t start = 1;
  int64_t step = 1;
};

/// CONSTRAINT name CHECK (condition). The text is the user's.
struct CheckClause {
  std::string name;  ///< Empty: to be made up.
  std::string condition;
};

/// ENCRYPTED WITH KEY name [DETERMINISTIC].
struct EncryptionClause {
  std::string key;  ///< Lower case.
  bool deterministic = false;
};

/// What may follow a column's type. Expressions are the user's text.
struct ColumnOptions {
  bool not_null = false;
  std::optional<std::string> comment;
  std::optional<std::string> default_value;
  std::optional<std::string> generated_as;
  std::optional<IdentityClause> identity;
  std::optional<EncryptionClause> encryption;
  std::vector<CheckClause> checks;
};

/// Reads options up to the comma, parenthesis or word that is none. Errors: kSyntaxError for one given twice;
/// kNotSupported for keys.
Result<ColumnOptions> ParseColumnOptions(TokenCursor& cursor);

/// `WITH KEY name [DETERMINISTIC]`, behind ENCRYPT or ENCRYPTED.
Result<EncryptionClause> ParseEncryption(TokenCursor& cursor);

/// `[CONSTRAINT name] CHECK (condition)`, standing on it.
Result<CheckClause> ParseCheck(TokenCursor& cursor);

/// A column's type in Databricks' or the engine's spelling, as Delta has it. Fields of structs may be NOT NULL and have
/// comments. Errors: kSyntaxError; kNotSupported naming the type.
Result<tables::delta::DataType> ParseColumnType(TokenCursor& cursor);

/// A name as it is written, without quotes.
Result<std::string> ParseColumnName(TokenCursor& cursor);
/// `a.b.c`.
Result<tables::delta::ColumnPath> ParseColumnPath(TokenCursor& cursor);

/// The text in the parentheses that `cursor` stands on; moves behind them.
Result<std::string> TakeParenthesised(TokenCursor& cursor);

}  // namespace neurolake::query
