// Writing expressions of tables' metadata, for Spark and for the engine.
#include <algorithm>
#include <charconv>
#include <iterator>

#include "common/text.h"
#include "tables/delta/expression.h"
#include "tables/delta/internal/expression_functions.h"

namespace neurolake::tables::delta {
namespace {

using Kind = Expression::Kind;
using TypeKind = DataType::Kind;
using internal::CallForm;

std::unexpected<Error> NotUnderstood(std::string_view what) {
  return MakeError(ErrorCode::kNotSupported, "an expression of a table has something that is not understood: {}", what);
}

std::string SparkName(const std::string& name) {
  const bool plain = !name.empty() && !(name[0] >= '0' && name[0] <= '9') && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
  static constexpr std::string_view kWords[] = {"and",       "or",       "not",    "null",         "true",
                                                "false",     "case",     "when",   "then",         "else",
                                                "end",       "cast",     "is",     "in",           "like",
                                                "date",      "interval", "from",   "where",        "select",
                                                "timestamp", "between",  "exists", "current_date", "current_timestamp"};
  if (plain && std::ranges::find(kWords, LowerAscii(name)) == std::end(kWords)) return name;
  std::string quoted = "`";
  for (const char c : name) quoted += c == '`' ? "``" : std::string(1, c);
  return quoted + "`";
}

std::string OurName(const std::string& name) {
  const std::string spark = SparkName(name);
  return spark[0] == '`' ? QuoteIdentifier(name) : name;
}

std::string SparkText(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\n') {
      quoted += "\\n";
      continue;
    }
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

std::string Join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i) text += (i == 0 ? "" : std::string(separator)) + parts[i];
  return text;
}

bool IsSimple(const Expression& expression) {
  switch (expression.kind) {
    case Kind::kColumn:
    case Kind::kNumber:
    case Kind::kText:
    case Kind::kKeyword:
    case Kind::kTyped:
    case Kind::kCast:
    case Kind::kCall: return true;
    default: return false;
  }
}

std::string EngineTypeName(const DataType& type) {
  if (type.kind == TypeKind::kTimestamp) return "TIMESTAMP WITH TIME ZONE";
  if (type.kind == TypeKind::kTimestampNtz) return "TIMESTAMP";
  if (type.kind == TypeKind::kString) return "VARCHAR";
  if (type.kind == TypeKind::kBinary) return "BLOB";
  return TypeName(type);
}

std::string OurTypeName(const DataType& type) {
  if (type.kind == TypeKind::kTimestamp) return "TIMESTAMPTZ";
  if (type.kind == TypeKind::kTimestampNtz) return "TIMESTAMP";
  return TypeName(type);
}

bool IsInteger(TypeKind kind) {
  return kind == TypeKind::kByte || kind == TypeKind::kShort || kind == TypeKind::kInteger || kind == TypeKind::kLong;
}

/// One expression on its way to the engine's text.
class EngineWriter {
 public:
  explicit EngineWriter(const DataType& schema) : schema_(schema) {}

  Result<std::string> Write(const Expression& e) {
    switch (e.kind) {
      case Kind::kColumn: return Column(e.path);
      case Kind::kNumber: return e.text;
      case Kind::kText: return QuoteLiteral(e.text);
      case Kind::kKeyword: return e.text;
      case Kind::kTyped: return Literal(e.text, e.type);
      case Kind::kCast: return Cast(e);
      case Kind::kCall: return Call(e);
      default: break;
    }
    // A text that a time is compared with is read as one here, in UTC, and not by the session's zone.
    const bool instants =
        std::ranges::any_of(e.children, [&](const Expression& child) { return KindOf(child) == TypeKind::kTimestamp; });
    std::vector<std::string> parts;
    for (const Expression& child : e.children) {
      if (instants && child.kind == Kind::kText && e.text != "LIKE") {
        parts.push_back(Literal(child.text, {.kind = TypeKind::kTimestamp}));
        continue;
      }
      NL_ASSIGN_OR_RETURN(auto part, Write(child));
      parts.push_back(std::move(part));
    }
    return Operator(e, parts);
  }

  /// The kind of a part's values where it is plain to see.
  std::optional<TypeKind> KindOf(const Expression& e) const {
    switch (e.kind) {
      case Kind::kColumn: {
        const DataType* type = TypeOf(e.path);
        return type == nullptr ? std::nullopt : std::optional(type->kind);
      }
      case Kind::kNumber: {
        if (e.text.find_first_of("eE") != std::string::npos) return TypeKind::kDouble;
        return e.text.contains('.') ? TypeKind::kDecimal : TypeKind::kInteger;
      }
      case Kind::kText: return TypeKind::kString;
      case Kind::kTyped:
      case Kind::kCast: return e.type.kind;
      case Kind::kUnary: return e.text == "NOT" ? TypeKind::kBoolean : KindOf(e.children[0]);
      case Kind::kBinary: {
        if (e.text == "||") return TypeKind::kString;
        if (e.text == "/") return TypeKind::kDouble;
        if (e.text != "+" && e.text != "-" && e.text != "*" && e.text != "%") return TypeKind::kBoolean;
        const auto left = KindOf(e.children[0]);
        const auto right = KindOf(e.children[1]);
        if (left && right && IsInteger(*left) && IsInteger(*right)) return TypeKind::kLong;
        return std::nullopt;
      }
      case Kind::kCall: {
        const auto* function = internal::FindFunction(e.text);
        if (function->result) return function->result;
        return e.children.empty() || e.text == "round" || e.text == "floor" || e.text == "ceil" ? std::nullopt
                                                                                                : KindOf(e.children[0]);
      }
      case Kind::kKeyword: return e.text == "NULL" ? std::nullopt : std::optional(TypeKind::kBoolean);
      case Kind::kIsNull:
      case Kind::kIn:
      case Kind::kBetween: return TypeKind::kBoolean;
      case Kind::kCase: return KindOf(e.children[1]);
    }
    NL_UNREACHABLE();
  }

 private:
  /// A time's text without a zone is one of UTC.
  static std::string Literal(const std::string& text, const DataType& type) {
    const size_t clock = text.find(':');
    const bool zoned = clock != std::string::npos && text.find_first_of("+-Zz", clock) != std::string::npos;
    if (type.kind != TypeKind::kTimestamp || zoned) {
      return fmt::format("CAST({} AS {})", QuoteLiteral(text), EngineTypeName(type));
    }
    return fmt::format("timezone('UTC', CAST({} AS TIMESTAMP))", QuoteLiteral(text));
  }

  /// An instant as what clocks show in UTC; other values as they are.
  Result<std::string> Clock(const Expression& e) {
    NL_ASSIGN_OR_RETURN(auto text, Write(e));
    if (KindOf(e) != TypeKind::kTimestamp) return text;
    return fmt::format("timezone('UTC', {})", text);
  }

  static std::string Operator(const Expression& e, const std::vector<std::string>& parts) {
    const char* negation = e.negated ? "NOT " : "";
    switch (e.kind) {
      case Kind::kUnary: return fmt::format("({} {})", e.text, parts[0]);
      case Kind::kBinary:
        return fmt::format("({} {} {})", parts[0], e.text == "<=>" ? "IS NOT DISTINCT FROM" : e.text, parts[1]);
      case Kind::kIsNull: return fmt::format("({} IS {}NULL)", parts[0], negation);
      case Kind::kBetween: return fmt::format("({} {}BETWEEN {} AND {})", parts[0], negation, parts[1], parts[2]);
      case Kind::kIn:
        return fmt::format("({} {}IN ({}))", parts[0], negation, Join({parts.begin() + 1, parts.end()}, ", "));
      default: break;
    }
    std::string text = "CASE";
    for (size_t i = 0; i + 1 < parts.size(); i += 2) text += fmt::format(" WHEN {} THEN {}", parts[i], parts[i + 1]);
    if (parts.size() % 2 == 1) text += fmt::format(" ELSE {}", parts.back());
    return text + " END";
  }

  const StructField* FindField(const DataType& type, const std::string& name) const {
    const auto found =
        std::ranges::find_if(type.fields, [&](const StructField& f) { return EqualsIgnoringCase(f.name, name); });
    return found == type.fields.end() ? nullptr : &*found;
  }

  const DataType* TypeOf(const std::vector<std::string>& path) const {
    const DataType* type = &schema_;
    for (const std::string& name : path) {
      const StructField* field = FindField(*type, name);
      if (field == nullptr) return nullptr;
      type = &field->type;
    }
    return type;
  }

  Result<std::string> Column(const std::vector<std::string>& path) const {
    if (TypeOf(path) == nullptr) {
      return MakeError(ErrorCode::kColumnNotFound, "an expression of a table names a column that it does not have: {}",
                       Join(path, "."));
    }
    const DataType* type = &schema_;
    std::string text;
    for (const std::string& name : path) {
      const StructField* field = FindField(*type, name);
      text = text.empty() ? QuoteIdentifier(field->name)
                          : fmt::format("struct_extract({}, {})", text, QuoteLiteral(field->name));
      type = &field->type;
    }
    return text;
  }

  Result<std::string> Cast(const Expression& e) {
    const auto from = KindOf(e.children[0]);
    if (e.type.kind == TypeKind::kTimestamp && from != TypeKind::kTimestamp) {
      NL_ASSIGN_OR_RETURN(const auto local, Write(e.children[0]));
      return fmt::format("timezone('UTC', CAST({} AS TIMESTAMP))", local);
    }
    if (e.type.kind == TypeKind::kTimestamp) return Write(e.children[0]);
    NL_ASSIGN_OR_RETURN(auto value, Clock(e.children[0]));
    if (IsInteger(e.type.kind)) {
      // Spark cuts off what is behind the point; the engine rounds.
      const bool fractional = from == TypeKind::kDouble || from == TypeKind::kFloat || from == TypeKind::kDecimal;
      const bool plain = from && (IsInteger(*from) || *from == TypeKind::kString || *from == TypeKind::kBoolean);
      const bool is_null = e.children[0].kind == Kind::kKeyword;
      if (!fractional && !plain && !is_null)
        return NotUnderstood("a cast to a whole number of something of no plain type");
      if (fractional) value = fmt::format("trunc({})", value);
    }
    if (e.type.kind == TypeKind::kString) {
      const bool plain = from && (IsInteger(*from) || *from == TypeKind::kString || *from == TypeKind::kBoolean ||
                                  *from == TypeKind::kDate || *from == TypeKind::kDecimal);
      if (!plain && e.children[0].kind != Kind::kKeyword) {
        return NotUnderstood("a cast to a text of something that is written in several ways");
      }
    }
    return fmt::format("CAST({} AS {})", value, EngineTypeName(e.type));
  }

  Result<std::string> Call(const Expression& e) {
    const auto* function = internal::FindFunction(e.text);
    NL_CHECK(function != nullptr);
    std::vector<std::string> parts;
    // Whatever takes a time apart does so in UTC; these only compare.
    const bool compares = e.text == "coalesce" || e.text == "nullif" || e.text == "greatest" || e.text == "least" ||
                          e.text == "isnull" || e.text == "isnotnull" || e.text == "array_contains";
    for (const Expression& child : e.children) {
      NL_ASSIGN_OR_RETURN(auto part, compares ? Write(child) : Clock(child));
      parts.push_back(std::move(part));
    }
    switch (function->form) {
      case CallForm::kSame: return fmt::format("{}({})", function->engine, Join(parts, ", "));
      case CallForm::kJoin: {
        for (std::string& part : parts) part = fmt::format("CAST({} AS VARCHAR)", part);
        for (const Expression& child : e.children) {
          if (KindOf(child) != TypeKind::kString) return NotUnderstood("concat of anything but texts");
        }
        return "(" + Join(parts, " || ") + ")";
      }
      case CallForm::kSubstring:
        if (e.children[1].kind != Kind::kNumber || e.children[1].text.find_first_not_of('0') == std::string::npos) {
          return NotUnderstood("substring with a start that is not a number above 0");
        }
        return fmt::format("substring({})", Join(parts, ", "));
      case CallForm::kDayOfWeek: return fmt::format("(dayofweek({}) + 1)", parts[0]);
      case CallForm::kDateTrunc: return Truncate(e.children[0], e.children[1], parts[1], false);
      case CallForm::kTrunc: return Truncate(e.children[1], e.children[0], parts[0], true);
      case CallForm::kDateFormat: {
        NL_ASSIGN_OR_RETURN(const auto pattern, DatePattern(e.children[1]));
        return fmt::format("strftime({}, {})", parts[0], QuoteLiteral(pattern));
      }
      case CallForm::kToDate: return fmt::format("CAST({} AS DATE)", parts[0]);
      case CallForm::kAddDays:
      case CallForm::kSubtractDays:
        return fmt::format("(CAST({} AS DATE) {} {})", parts[0], function->engine, parts[1]);
      case CallForm::kDaysBetween:
        return fmt::format("date_diff('day', CAST({} AS DATE), CAST({} AS DATE))", parts[1], parts[0]);
      case CallForm::kIsNull: return fmt::format("({} IS NULL)", parts[0]);
      case CallForm::kIsNotNull: return fmt::format("({} IS NOT NULL)", parts[0]);
      case CallForm::kIsNan: return fmt::format("coalesce(isnan({}), false)", parts[0]);
      case CallForm::kArrayContains:
        return fmt::format(
            "(CASE WHEN {0} IS NULL OR {1} IS NULL THEN NULL WHEN list_contains({0}, {1}) THEN true "
            "WHEN list_position({0}, NULL) IS NULL THEN false END)",
            parts[0], parts[1]);
      case CallForm::kUuid: return std::string("CAST(uuid() AS VARCHAR)");
    }
    NL_UNREACHABLE();
  }

  Result<std::string> Truncate(const Expression& unit, const Expression& of, const std::string& value, bool to_date) {
    static constexpr std::pair<std::string_view, std::string_view> kUnits[] = {
        {"year", "year"}, {"yyyy", "year"},     {"yy", "year"},      {"quarter", "quarter"}, {"month", "month"},
        {"mm", "month"},  {"mon", "month"},     {"week", "week"},    {"day", "day"},         {"dd", "day"},
        {"hour", "hour"}, {"minute", "minute"}, {"second", "second"}};
    const std::string name = unit.kind == Kind::kText ? LowerAscii(unit.text) : "";
    const auto* found = std::ranges::find(kUnits, name, &std::pair<std::string_view, std::string_view>::first);
    if (found == std::end(kUnits)) return NotUnderstood("a unit of time that is not a text such as 'month'");
    const std::string text = fmt::format("date_trunc('{}', {})", found->second, value);
    if (to_date) return fmt::format("CAST({} AS DATE)", text);
    return KindOf(of) == TypeKind::kTimestamp ? fmt::format("timezone('UTC', {})", text) : text;
  }

  /// Java's pattern as the engine's.
  static Result<std::string> DatePattern(const Expression& pattern) {
    static constexpr std::pair<std::string_view, std::string_view> kParts[] = {
        {"yyyy", "%Y"}, {"MM", "%m"}, {"dd", "%d"}, {"HH", "%H"}, {"mm", "%M"}, {"ss", "%S"}};
    if (pattern.kind != Kind::kText) return NotUnderstood("date_format with a pattern that is not a text");
    std::string result;
    std::string_view rest = pattern.text;
    while (!rest.empty()) {
      const auto* part = std::ranges::find_if(kParts, [&](const auto& p) { return rest.starts_with(p.first); });
      const size_t length = part == std::end(kParts) ? 1 : part->first.size();
      // "MMM" is the name of the month, and so on.
      const bool longer = part != std::end(kParts) && rest.size() > length && rest[length] == rest[0];
      const bool literal = std::string_view("-/ :_.").find(rest[0]) != std::string_view::npos;
      if (longer || (part == std::end(kParts) && !literal)) {
        return NotUnderstood("a pattern of date_format beyond yyyy, MM, dd, HH, mm and ss");
      }
      result += literal ? std::string(1, rest[0]) : std::string(part->second);
      rest.remove_prefix(length);
    }
    return result;
  }

  const DataType& schema_;
};

void CollectColumns(const Expression& e, std::vector<std::vector<std::string>>& columns) {
  if (e.kind == Kind::kColumn) columns.push_back(e.path);
  for (const Expression& child : e.children) CollectColumns(child, columns);
}

}  // namespace

std::string Expression::ToText(Dialect dialect) const {
  const bool spark = dialect == Dialect::kSpark;
  const auto quoted = [&](const std::string& literal) { return spark ? SparkText(literal) : QuoteLiteral(literal); };
  std::vector<std::string> parts;
  for (const Expression& child : children) {
    const std::string part = child.ToText(dialect);
    parts.push_back(kind == Kind::kCall || kind == Kind::kCast || IsSimple(child) ? part : "(" + part + ")");
  }
  const char* negation = negated ? "NOT " : "";
  switch (kind) {
    case Kind::kColumn: {
      std::vector<std::string> names;
      for (const std::string& name : path) names.push_back(spark ? SparkName(name) : OurName(name));
      return Join(names, ".");
    }
    case Kind::kNumber:
    case Kind::kKeyword: return text;
    case Kind::kText: return quoted(text);
    case Kind::kTyped:
      if (type.kind == TypeKind::kDate) return "DATE " + quoted(text);
      // TIMESTAMP '…' is an instant in the one and has no zone in the other.
      if (spark == (type.kind == TypeKind::kTimestamp)) return "TIMESTAMP " + quoted(text);
      return fmt::format("CAST({} AS {})", quoted(text), spark ? "TIMESTAMP_NTZ" : "TIMESTAMPTZ");
    case Kind::kUnary: return fmt::format("{}{}{}", text, text == "NOT" ? " " : "", parts[0]);
    case Kind::kBinary: return fmt::format("{} {} {}", parts[0], text, parts[1]);
    case Kind::kIsNull: return fmt::format("{} IS {}NULL", parts[0], negation);
    case Kind::kIn:
      return fmt::format("{} {}IN ({})", parts[0], negation, Join({parts.begin() + 1, parts.end()}, ", "));
    case Kind::kBetween: return fmt::format("{} {}BETWEEN {} AND {}", parts[0], negation, parts[1], parts[2]);
    case Kind::kCase: {
      std::string result = "CASE";
      for (size_t i = 0; i + 1 < parts.size(); i += 2) {
        result += fmt::format(" WHEN {} THEN {}", parts[i], parts[i + 1]);
      }
      if (parts.size() % 2 == 1) result += fmt::format(" ELSE {}", parts.back());
      return result + " END";
    }
    case Kind::kCast: return fmt::format("CAST({} AS {})", parts[0], spark ? TypeName(type) : OurTypeName(type));
    case Kind::kCall: return fmt::format("{}({})", text, Join(parts, ", "));
  }
  NL_UNREACHABLE();
}

Result<std::string> Expression::ToEngine(const DataType& schema) const { return EngineWriter(schema).Write(*this); }

bool Expression::IsCondition(const DataType& schema) const {
  return EngineWriter(schema).KindOf(*this) == TypeKind::kBoolean;
}

std::vector<std::vector<std::string>> Expression::Columns() const {
  std::vector<std::vector<std::string>> columns;
  CollectColumns(*this, columns);
  return columns;
}

bool Expression::IsDeterministic() const {
  if (kind == Kind::kCall && internal::FindFunction(text)->is_volatile) return false;
  return std::ranges::all_of(children, &Expression::IsDeterministic);
}

std::optional<DataType> LeafTypeByName(std::string_view name, Expression::Dialect dialect) {
  const bool ours = dialect == Expression::Dialect::kOurs;
  static constexpr std::pair<std::string_view, TypeKind> kNames[] = {{"string", TypeKind::kString},
                                                                     {"varchar", TypeKind::kString},
                                                                     {"text", TypeKind::kString},
                                                                     {"bigint", TypeKind::kLong},
                                                                     {"long", TypeKind::kLong},
                                                                     {"int8", TypeKind::kLong},
                                                                     {"int", TypeKind::kInteger},
                                                                     {"integer", TypeKind::kInteger},
                                                                     {"int4", TypeKind::kInteger},
                                                                     {"smallint", TypeKind::kShort},
                                                                     {"short", TypeKind::kShort},
                                                                     {"int2", TypeKind::kShort},
                                                                     {"tinyint", TypeKind::kByte},
                                                                     {"byte", TypeKind::kByte},
                                                                     {"float", TypeKind::kFloat},
                                                                     {"real", TypeKind::kFloat},
                                                                     {"float4", TypeKind::kFloat},
                                                                     {"double", TypeKind::kDouble},
                                                                     {"float8", TypeKind::kDouble},
                                                                     {"boolean", TypeKind::kBoolean},
                                                                     {"bool", TypeKind::kBoolean},
                                                                     {"binary", TypeKind::kBinary},
                                                                     {"blob", TypeKind::kBinary},
                                                                     {"bytea", TypeKind::kBinary},
                                                                     {"date", TypeKind::kDate},
                                                                     {"timestamp_ntz", TypeKind::kTimestampNtz},
                                                                     {"datetime", TypeKind::kTimestampNtz},
                                                                     {"timestamp_ltz", TypeKind::kTimestamp},
                                                                     {"timestamptz", TypeKind::kTimestamp}};
  if (name == "timestamp") return DataType{.kind = ours ? TypeKind::kTimestampNtz : TypeKind::kTimestamp};
  const auto* found = std::ranges::find(kNames, name, &std::pair<std::string_view, TypeKind>::first);
  if (found != std::end(kNames)) return DataType{.kind = found->second};
  DataType type{.kind = TypeKind::kDecimal, .precision = ours ? 18 : 10, .scale = ours ? 3 : 0};
  for (const std::string_view word : {"decimal", "numeric", "dec"}) {
    if (name == word) return type;
    if (!name.starts_with(word) || !name.substr(word.size()).starts_with('(') || !name.ends_with(')')) continue;
    const std::vector<std::string> digits =
        Split(std::string(name.substr(word.size() + 1, name.size() - word.size() - 2)), ',');
    type.scale = 0;
    for (size_t i = 0; i < digits.size(); ++i) {
      const std::string_view text = Trim(digits[i]);
      int& out = i == 0 ? type.precision : type.scale;
      const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
      if (i > 1 || read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
    }
    const bool right = type.precision >= 1 && type.precision <= 38 && type.scale >= 0 && type.scale <= type.precision;
    return right ? std::optional(type) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace neurolake::tables::delta
