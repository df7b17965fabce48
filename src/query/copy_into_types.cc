#include "query/copy_into_types.h"

#include <array>
#include <cctype>
#include <utility>

#include "common/text.h"

namespace neurolake::query {
namespace {

// Deeper types are nobody's wish, and the parser recurses.
constexpr int kTypeDepthMax = 32;

constexpr std::array<std::pair<std::string_view, std::string_view>, 28> kSimpleTypes{{
    {"boolean", "BOOLEAN"},
    {"bool", "BOOLEAN"},
    {"tinyint", "TINYINT"},
    {"byte", "TINYINT"},
    {"smallint", "SMALLINT"},
    {"short", "SMALLINT"},
    {"integer", "INTEGER"},
    {"int", "INTEGER"},
    {"int4", "INTEGER"},
    {"bigint", "BIGINT"},
    {"long", "BIGINT"},
    {"int8", "BIGINT"},
    {"float", "FLOAT"},
    {"real", "FLOAT"},
    {"double", "DOUBLE"},
    {"decimal", "DECIMAL"},
    {"numeric", "DECIMAL"},
    {"dec", "DECIMAL"},
    {"string", "VARCHAR"},
    {"text", "VARCHAR"},
    {"varchar", "VARCHAR"},
    {"char", "VARCHAR"},
    {"date", "DATE"},
    {"binary", "BLOB"},
    {"blob", "BLOB"},
    {"timestamp", "TIMESTAMP"},
    {"timestamp_ntz", "TIMESTAMP"},
    {"timestamptz", "TIMESTAMP WITH TIME ZONE"},
}};

class SchemaReader {
 public:
  explicit SchemaReader(std::string_view text) : text_(text) {}

  Result<std::vector<ColumnShape>> Read() {
    std::vector<ColumnShape> columns;
    do {
      ColumnShape column;
      NL_ASSIGN_OR_RETURN(column.name, ReadName());
      column_ = column.name;
      NL_ASSIGN_OR_RETURN(column.type, ReadType(0));
      if (AcceptWord("not")) {
        if (!AcceptWord("null")) return Expected("NOT NULL");
        column.nullable = false;
      } else {
        AcceptWord("null");
      }
      for (const ColumnShape& other : columns) {
        if (EqualsIgnoringCase(other.name, column.name)) return Expected("each column only once");
      }
      columns.push_back(std::move(column));
    } while (Accept(','));
    SkipSpace();
    if (at_ != text_.size()) return Expected("a comma or the end");
    return columns;
  }

 private:
  std::unexpected<Error> Expected(std::string_view what) const {
    return MakeError(
        ErrorCode::kInvalidArgument,
        "the option schema must be like 'id BIGINT NOT NULL, name STRING'; at byte {}, column {}: expected {}", at_,
        column_.empty() ? "(first)" : column_, what);
  }

  void SkipSpace() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  bool Accept(char symbol) {
    SkipSpace();
    if (at_ >= text_.size() || text_[at_] != symbol) return false;
    ++at_;
    return true;
  }
  std::string_view PeekWord() {
    SkipSpace();
    size_t end = at_;
    while (end < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[end])) || text_[end] == '_' ||
                                  static_cast<unsigned char>(text_[end]) >= 0x80)) {
      ++end;
    }
    return text_.substr(at_, end - at_);
  }
  bool AcceptWord(std::string_view word) {
    const std::string_view next = PeekWord();
    if (!EqualsIgnoringCase(next, word)) return false;
    at_ += next.size();
    return true;
  }

  Result<std::string> ReadName() {
    SkipSpace();
    if (at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '`')) {
      const char quote = text_[at_++];
      std::string name;
      while (at_ < text_.size()) {
        if (text_[at_] == quote) {
          ++at_;
          if (at_ >= text_.size() || text_[at_] != quote) return name;
        }
        name += text_[at_++];
      }
      return Expected("the end of a quoted name");
    }
    const std::string_view word = PeekWord();
    if (word.empty() || std::isdigit(static_cast<unsigned char>(word[0]))) return Expected("the name of a column");
    at_ += word.size();
    return std::string(word);
  }

  Result<std::string> ReadType(int depth) {
    if (depth > kTypeDepthMax) return Expected("fewer nested types");
    std::string type;
    if (AcceptWord("array")) {
      if (!Accept('<')) return Expected("ARRAY<type>");
      NL_ASSIGN_OR_RETURN(auto element, ReadType(depth + 1));
      if (!Accept('>')) return Expected("\">\"");
      type = element + "[]";
    } else if (AcceptWord("map")) {
      NL_ASSIGN_OR_RETURN(type, ReadMap(depth));
    } else if (AcceptWord("struct")) {
      NL_ASSIGN_OR_RETURN(type, ReadStruct(depth));
    } else {
      NL_ASSIGN_OR_RETURN(type, ReadSimple());
    }
    while (Accept('[')) {
      if (!Accept(']')) return Expected("\"]\"");
      type += "[]";
    }
    return type;
  }

  Result<char> Open() {
    if (Accept('<')) return '>';
    if (Accept('(')) return ')';
    return Expected("\"<\"");
  }

  Result<std::string> ReadMap(int depth) {
    NL_ASSIGN_OR_RETURN(const char close, Open());
    NL_ASSIGN_OR_RETURN(auto key, ReadType(depth + 1));
    if (!Accept(',')) return Expected("a comma");
    NL_ASSIGN_OR_RETURN(auto value, ReadType(depth + 1));
    if (!Accept(close)) return Expected("the end of the MAP");
    return fmt::format("MAP({}, {})", key, value);
  }

  Result<std::string> ReadStruct(int depth) {
    NL_ASSIGN_OR_RETURN(const char close, Open());
    std::string type = "STRUCT(";
    bool first = true;
    do {
      NL_ASSIGN_OR_RETURN(auto name, ReadName());
      Accept(':');
      NL_ASSIGN_OR_RETURN(auto field, ReadType(depth + 1));
      type += fmt::format("{}{} {}", first ? "" : ", ", QuoteIdentifier(name), field);
      first = false;
    } while (Accept(','));
    if (!Accept(close)) return Expected("the end of the STRUCT");
    return type + ")";
  }

  Result<std::string> ReadSimple() {
    const std::string word = LowerAscii(PeekWord());
    std::string_view type;
    for (const auto& [spelling, name] : kSimpleTypes) {
      if (spelling == word) type = name;
    }
    if (type.empty())
      return Expected("a type a table can hold, such as BIGINT, DOUBLE, DECIMAL(12,2), STRING, DATE, TIMESTAMP");
    at_ += word.size();
    if (type == "DOUBLE") AcceptWord("precision");
    if (type == "DECIMAL") return ReadDecimal();
    if (type == "VARCHAR" && Accept('(')) {
      NL_RETURN_IF_ERROR(ReadNumber(1, 1'000'000'000));
      if (!Accept(')')) return Expected("\")\"");
    }
    if (type == "TIMESTAMP" && (AcceptWord("with") || AcceptWord("without"))) return ReadZone();
    return std::string(type);
  }

  Result<std::string> ReadZone() {
    // Both words have been tried in this order, so the one before the cursor tells which it was.
    const bool with = text_[at_ - 1] != 't' && text_[at_ - 1] != 'T';
    if (!AcceptWord("time") || !AcceptWord("zone")) return Expected("TIME ZONE");
    return std::string(with ? "TIMESTAMP WITH TIME ZONE" : "TIMESTAMP");
  }

  Result<int> ReadNumber(int min, int max) {
    const std::string_view word = PeekWord();
    if (word.empty() || word.size() > 9 || word.find_first_not_of("0123456789") != std::string_view::npos) {
      return Expected("a number");
    }
    int value = 0;
    for (const char digit : word) value = value * 10 + (digit - '0');
    if (value < min || value > max) return Expected(fmt::format("a number from {} to {}", min, max));
    at_ += word.size();
    return value;
  }

  Result<std::string> ReadDecimal() {
    if (!Accept('(')) return std::string("DECIMAL(18,3)");
    NL_ASSIGN_OR_RETURN(const int precision, ReadNumber(1, 38));
    int scale = 0;
    if (Accept(',')) {
      NL_ASSIGN_OR_RETURN(scale, ReadNumber(0, precision));
    }
    if (!Accept(')')) return Expected("\")\"");
    return fmt::format("DECIMAL({},{})", precision, scale);
  }

  std::string_view text_;
  size_t at_ = 0;
  std::string column_;
};

}  // namespace

Result<std::vector<ColumnShape>> ParseSchemaText(std::string_view text) { return SchemaReader(text).Read(); }

bool IsIntegerType(std::string_view type) {
  return type == "TINYINT" || type == "SMALLINT" || type == "INTEGER" || type == "BIGINT";
}

bool IsTextType(std::string_view type) { return type == "VARCHAR"; }

bool IsTemporalType(std::string_view type) { return type == "DATE" || type.starts_with("TIMESTAMP"); }

bool IsScalarType(std::string_view type) {
  if (type.ends_with("]")) return false;
  return IsIntegerType(type) || IsTextType(type) || IsTemporalType(type) || type == "BOOLEAN" || type == "FLOAT" ||
         type == "DOUBLE" || type.starts_with("DECIMAL");
}

}  // namespace neurolake::query
