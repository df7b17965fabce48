#include "query/commands/subject_texts.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "query/lower_text.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using tables::delta::DataType;

constexpr size_t kNumberDigitsMin = 4;

void AddText(std::string_view text, std::set<std::string>& texts) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return;
  const auto is_digit = [](unsigned char c) { return std::isdigit(c) != 0; };
  const bool number =
      std::ranges::all_of(text, [&](char c) { return is_digit(c) || c == '.' || c == '-' || c == '+'; });
  // Small ones are everybody's.
  if (number && std::ranges::count_if(text, is_digit) < static_cast<std::ptrdiff_t>(kNumberDigitsMin)) return;
  texts.insert(LowerText(text));
}

void AddInside(const json::value& value, std::set<std::string>& texts) {
  if (value.is_string()) {
    AddText(std::string_view(value.get_string()), texts);
  } else if (value.is_array()) {
    for (const auto& one : value.get_array()) AddInside(one, texts);
  } else if (value.is_object()) {
    for (const auto& member : value.get_object()) AddInside(member.value(), texts);
  } else if (value.is_number()) {
    AddText(json::serialize(value), texts);
  }
}

}  // namespace

bool IsTextOfMany(const DataType& type) {
  return type.kind == DataType::Kind::kStruct || type.kind == DataType::Kind::kArray ||
         type.kind == DataType::Kind::kMap;
}

std::string TextSql(const std::string& column, const DataType& type) {
  if (type.kind == DataType::Kind::kBoolean || type.kind == DataType::Kind::kBinary) return {};
  return fmt::format("CAST({} AS VARCHAR)", IsTextOfMany(type) ? "to_json(" + column + ")" : column);
}

void AddTexts(std::string_view value, bool json, std::set<std::string>& texts) {
  boost::system::error_code problem;
  const json::value parsed = json ? json::parse(value, problem) : json::value(nullptr);
  if (!json || problem) return AddText(value, texts);
  AddInside(parsed, texts);
}

}  // namespace neurolake::query
