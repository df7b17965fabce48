#include "cli/eval_questions.h"

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "ask/answer/table.h"
#include "common/text.h"

namespace neurolake::cli {
namespace {

namespace json = boost::json;

constexpr std::string_view kMembers[] = {"id", "class", "question", "as_of", "follows", "expect", "gold_sql"};

std::unexpected<Error> Wrong(size_t line, const std::string& what) {
  return MakeError(ErrorCode::kInvalidArgument, "line {}: {}", line, what);
}

/// The text of a member; a number as an id may stand without quotes.
Result<std::string> Text(const json::object& object, std::string_view name, size_t line) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || value->is_null()) return std::string();
  if (value->is_string()) return std::string(value->get_string());
  if (value->is_int64() && (name == "id" || name == "follows")) return std::to_string(value->get_int64());
  return Wrong(line, fmt::format("\"{}\" must be a text", name));
}

Result<std::vector<std::string>> Gold(const json::object& object, size_t line) {
  std::vector<std::string> gold;
  const auto* value = object.if_contains("gold_sql");
  if (value == nullptr || value->is_null()) return gold;
  const auto add = [&](const json::value& one) {
    if (!one.is_string() || Trim(std::string_view(one.get_string())).empty()) return false;
    gold.emplace_back(one.get_string());
    return true;
  };
  bool is_right = value->is_array() || add(*value);
  if (value->is_array()) is_right = std::ranges::all_of(value->get_array(), add);
  if (!is_right) return Wrong(line, "\"gold_sql\" must be a query or a list of queries");
  return gold;
}

Result<EvalQuestion> ParseLine(std::string_view text, size_t line) {
  boost::system::error_code problem;
  const auto value = json::parse(text, problem);
  if (problem || !value.is_object()) return Wrong(line, "it is not a JSON object");
  const auto& object = value.get_object();
  for (const auto& [name, member] : object) {
    if (std::ranges::find(kMembers, std::string_view(name)) == std::end(kMembers)) {
      return Wrong(line, fmt::format("there is no member \"{}\"; known are {}", std::string_view(name),
                                     fmt::join(kMembers, ", ")));
    }
  }
  EvalQuestion question{.line = line};
  NL_ASSIGN_OR_RETURN(question.id, Text(object, "id", line));
  NL_ASSIGN_OR_RETURN(question.kind, Text(object, "class", line));
  NL_ASSIGN_OR_RETURN(question.text, Text(object, "question", line));
  NL_ASSIGN_OR_RETURN(question.as_of, Text(object, "as_of", line));
  NL_ASSIGN_OR_RETURN(question.follows, Text(object, "follows", line));
  NL_ASSIGN_OR_RETURN(question.expect, Text(object, "expect", line));
  NL_ASSIGN_OR_RETURN(question.gold, Gold(object, line));
  if (question.id.empty()) return Wrong(line, "a question has an \"id\"");
  if (Trim(question.text).empty()) return Wrong(line, "a question has a \"question\"");
  if (question.expect.empty()) question.expect = "answer";
  if (question.expect != "answer" && question.expect != "clarify" && question.expect != "refuse") {
    return Wrong(line, "\"expect\" is answer, clarify or refuse");
  }
  if (!question.as_of.empty() && !ask::ParseSqlTime(question.as_of)) {
    return Wrong(line, "\"as_of\" must be a date such as 2025-04-02, or a date and a time");
  }
  return question;
}

}  // namespace

Result<std::vector<EvalQuestion>> ParseQuestions(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::vector<EvalQuestion> questions;
  std::set<std::string> ids;
  size_t number = 0;
  for (const std::string& line : Split(text, '\n')) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    NL_ASSIGN_OR_RETURN(auto question, ParseLine(line, number));
    if (!question.follows.empty() && !ids.contains(question.follows)) {
      return Wrong(number, fmt::format("it follows \"{}\", which stands in no line before it", question.follows));
    }
    if (!ids.insert(question.id).second) return Wrong(number, fmt::format("the id \"{}\" stands twice", question.id));
    questions.push_back(std::move(question));
  }
  if (questions.empty()) return MakeError(ErrorCode::kInvalidArgument, "there is no question in the file");
  return questions;
}

bool AsksForOrder(const EvalQuestion& question, const std::string& gold) {
  const std::string said = LowerAscii(question.text), query = LowerAscii(gold);
  if (query.find("order by") == std::string::npos) return false;
  static constexpr std::string_view kWords[] = {"sorted",     "sort by",    "ordered by", "order by",   "ascending",
                                                "descending", "alphabetic", "in order",   "ranked by",  "ranking",
                                                "highest to", "lowest to",  "largest to", "smallest to"};
  return std::ranges::any_of(kWords, [&](std::string_view word) { return said.find(word) != std::string::npos; });
}

}  // namespace neurolake::cli
