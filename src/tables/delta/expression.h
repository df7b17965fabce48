#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "tables/delta/schema.h"

namespace neurolake::tables::delta {

/// An expression in a table's metadata: of a CHECK constraint, an invariant, a generated column, a default. Such texts
/// are Spark's SQL and come from whoever may write the log, so they are taken apart by this small language of our own:
/// columns, literals, operators, CASE, CAST and a list of functions that mean the same in Spark and in our engine.
/// What is not in it is refused by name; nothing is ever passed on as text. docs/sql/constraints.md lists it.
class Expression {
 public:
  enum class Dialect : uint8_t {
    kSpark,  ///< In a log: `a b` and "text", backslash escapes, TIMESTAMP is an instant.
    kOurs,   ///< In a statement of ours: "a b", '' in texts, TIMESTAMP has no zone.
  };
  /// Errors: kSyntaxError; kNotSupported naming what is not understood.
  static Result<Expression> Parse(std::string_view text, Dialect dialect);

  /// What Parse reads as the same in `dialect`; kSpark is for the log, kOurs to show.
  std::string ToText(Dialect dialect) const;
  std::string ToSpark() const { return ToText(Dialect::kSpark); }
  /// For the engine, every name quoted and every part in parentheses; for a table with `schema`. Times are to be read
  /// in UTC. Errors: kColumnNotFound; kNotSupported where the two differ for the types at hand.
  Result<std::string> ToEngine(const DataType& schema) const;

  /// Whether it is true or false, as far as can be seen without the engine; of what cannot be seen, no.
  bool IsCondition(const DataType& schema) const;

  /// Columns it reads, fields of structs as paths.
  std::vector<std::vector<std::string>> Columns() const;
  /// Whether it gives the same for the same row at any time: a must for all but defaults.
  bool IsDeterministic() const;

  enum class Kind : uint8_t {
    kColumn,   ///< `path`.
    kNumber,   ///< `text`.
    kText,     ///< `text`, unescaped.
    kKeyword,  ///< `text`: TRUE, FALSE, NULL.
    kTyped,    ///< DATE or TIMESTAMP `text`; `type` says which.
    kUnary,    ///< `text`: NOT, -.
    kBinary,   ///< `text`: the operator.
    kIsNull,   ///< `negated`.
    kIn,       ///< children: value, list …; `negated`.
    kBetween,  ///< children: value, low, high; `negated`.
    kCase,     ///< children: condition, value, …, and the value of ELSE at the end if their number is odd.
    kCast,     ///< `type`.
    kCall,     ///< `text`: Spark's name of the function.
  };
  Kind kind = Kind::kKeyword;
  std::string text;
  std::vector<std::string> path;
  std::vector<Expression> children;
  DataType type;
  bool negated = false;
};

/// A type by its name in SQL, without fields: "int", "decimal(10,2)". nullopt if there is none.
/// In `ours` TIMESTAMP has no zone and TIMESTAMPTZ is the instant.
std::optional<DataType> LeafTypeByName(std::string_view lower_name, Expression::Dialect dialect);

}  // namespace neurolake::tables::delta
