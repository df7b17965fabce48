#include "query/copy_into_json.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>
#include <vector>

#include "common/text.h"
#include "query/copy_into_lines.h"
#include "query/copy_into_types.h"

namespace neurolake::query {
namespace {

constexpr int kTypeDepthMax = 32;

struct TypeNode {
  std::string text;
  bool list = false;
  bool structure = false;
  std::vector<std::pair<std::string, TypeNode>> fields;  ///< Of a structure; of a list, its one element.
};

// Where the part of `text` from `begin` ends: at a comma or at the end, outside of brackets and quotes.
size_t PartEnd(std::string_view text, size_t begin) {
  int depth = 0;
  bool quoted = false;
  for (size_t at = begin; at < text.size(); ++at) {
    const char byte = text[at];
    if (byte == '"') quoted = !quoted;
    if (quoted) continue;
    depth += byte == '(' ? 1 : byte == ')' ? -1 : 0;
    if (depth == 0 && byte == ',') return at;
  }
  return text.size();
}

std::optional<TypeNode> ParseType(std::string_view text, int depth);

// `name type` of a structure; the name may be quoted.
std::optional<std::pair<std::string, TypeNode>> ParseField(std::string_view text, int depth) {
  std::string name;
  size_t at = 0;
  if (!text.empty() && text[0] == '"') {
    for (at = 1; at < text.size(); ++at) {
      if (text[at] == '"' && (at + 1 >= text.size() || text[at + 1] != '"')) break;
      if (text[at] == '"') ++at;
      name += text[at];
    }
    ++at;
  } else {
    at = text.find(' ');
    if (at == std::string_view::npos) return std::nullopt;
    name = text.substr(0, at);
  }
  if (at >= text.size()) return std::nullopt;
  auto type = ParseType(Trim(text.substr(at)), depth + 1);
  if (!type.has_value()) return std::nullopt;
  return std::pair(std::move(name), std::move(*type));
}

std::optional<TypeNode> ParseType(std::string_view text, int depth) {
  if (depth > kTypeDepthMax || text.empty()) return std::nullopt;
  TypeNode node;
  node.text = text;
  if (text.ends_with("[]")) {
    auto element = ParseType(text.substr(0, text.size() - 2), depth + 1);
    if (!element.has_value()) return std::nullopt;
    node.list = true;
    node.fields.emplace_back("", std::move(*element));
    return node;
  }
  if (!text.starts_with("STRUCT(") || !text.ends_with(")")) return node;
  const std::string_view inner = text.substr(7, text.size() - 8);
  for (size_t begin = 0; begin < inner.size();) {
    const size_t end = PartEnd(inner, begin);
    auto field = ParseField(Trim(inner.substr(begin, end - begin)), depth);
    if (!field.has_value()) return std::nullopt;
    node.fields.push_back(std::move(*field));
    begin = end + 1;
  }
  node.structure = true;
  return node;
}

// `json` is an expression of type JSON.
std::string Value(const TypeNode& node, const std::string& json, int depth) {
  if (node.list) {
    const std::string element = fmt::format("nl_{}", depth);
    return fmt::format("list_transform(CAST({} AS JSON[]), lambda {}: {})", json, element,
                       Value(node.fields[0].second, element, depth + 1));
  }
  if (node.structure) {
    std::string fields;
    for (const auto& [name, type] : node.fields) {
      std::string path = "$.\"";
      for (const char byte : name) path += byte == '"' || byte == '\\' ? std::string{'\\', byte} : std::string{byte};
      fields +=
          fmt::format("{}{}: {}", fields.empty() ? "" : ", ", QuoteLiteral(name),
                      Value(type, fmt::format("json_extract({}, {})", json, QuoteLiteral(path + "\"")), depth + 1));
    }
    // What is not an object becomes malformed JSON, which no cast takes.
    return fmt::format(
        "CASE WHEN {0} IS NULL OR json_type({0}) = 'NULL' THEN NULL WHEN json_type({0}) = 'OBJECT' THEN CAST({{{1}}} "
        "AS {2}) ELSE "
        "CAST(CAST(concat('x', CAST({0} AS VARCHAR)) AS JSON) AS {2}) END",
        json, fields, node.text);
  }
  if (IsScalarType(node.text)) return fmt::format("CAST(json_extract_string({}, '$') AS {})", json, node.text);
  return fmt::format("CAST({} AS {})", json, node.text);
}

// The engine takes spellings of a key for columns of their own, and calls the second of "a" and "A" "A_1".
std::string KeyOf(const KeySpellings& spellings, const std::string& column) {
  const auto is_key = [&](const std::string& name) {
    const auto found = spellings.find(LowerAscii(name));
    return found != spellings.end() && std::ranges::find(found->second, name) != found->second.end();
  };
  // A third spelling that is taken itself gets a second number: "A_1_1".
  std::string name = column;
  while (!is_key(name)) {
    const size_t end = name.find_last_not_of("0123456789");
    const bool numbered = end != std::string::npos && end > 0 && end + 1 < name.size() && name[end] == '_';
    if (!numbered) return column;
    name.resize(end);
  }
  return name;
}

// What values of both types can be read as.
std::string TypeOfBoth(const std::string& a, const std::string& b) {
  if (a == b) return a;
  const auto number = [](const std::string& type) { return type == "BIGINT" || type == "DOUBLE"; };
  return number(a) && number(b) ? "DOUBLE" : "VARCHAR";
}

}  // namespace

std::string JsonValueSql(std::string_view type, const std::string& json) {
  const auto node = ParseType(type, 0);
  if (!node.has_value()) return fmt::format("CAST(CAST({} AS JSON) AS {})", json, type);
  return Value(*node, fmt::format("CAST({} AS JSON)", json), 0);
}

void AddSpellings(const std::vector<std::string>& keys, KeySpellings& spellings) {
  for (const std::string& key : keys) {
    if (key.find('\0') != std::string::npos || !IsValidUtf8(key)) continue;
    auto& known = spellings[LowerAscii(key)];
    if (std::ranges::find(known, key) == known.end()) known.push_back(key);
  }
}

void JoinSpellings(const KeySpellings& spellings, ProductSql::Rows& rows) {
  ProductSql::Rows joined;
  std::map<std::string, size_t> places;
  for (size_t i = 0; i < rows.columns.size(); ++i) {
    std::string name = KeyOf(spellings, rows.columns[i]);
    const auto [place, is_new] = places.emplace(LowerAscii(name), joined.columns.size());
    if (is_new) {
      joined.columns.push_back(std::move(name));
      joined.types.push_back(rows.types[i]);
    } else {
      joined.types[place->second] = TypeOfBoth(joined.types[place->second], rows.types[i]);
    }
  }
  rows = std::move(joined);
}

}  // namespace neurolake::query
