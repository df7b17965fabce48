#pragma once
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace neurolake::server {

/// A JSON object from a client: parsed, and each member's text as it was sent, because parsing would round numbers.
struct JsonObject {
  boost::json::object values;
  std::map<std::string, std::string, std::less<>> texts;
};

/// Errors: kInvalidArgument with the detail "position" (bytes before the offending one) for what is no JSON, is deeper
/// than 32, is not UTF-8, is not an object, or repeats a member.
Result<JsonObject> ParseJsonObject(std::string_view text);
/// The members of a valid object's text, and the elements of a valid array's, as sent. Depth one only.
std::vector<std::pair<std::string, std::string>> MemberTexts(std::string_view object);
std::vector<std::string> ElementTexts(std::string_view array);

/// Errors: kInvalidArgument naming a member that is not among `known`.
Result<void> CheckMembers(const JsonObject& object, const std::vector<std::string_view>& known);
/// The member as a string; empty when absent or null. Errors: kInvalidArgument when it is something else.
Result<std::string> StringMember(const JsonObject& object, std::string_view name);
/// The member's texts; none when absent. Errors: kInvalidArgument unless it is an array of at most 100 texts.
Result<std::vector<std::string>> TextsMember(const JsonObject& object, std::string_view name);
/// The other way.
std::string TextsJson(const std::vector<std::string>& texts);

/// Writes one JSON object into a string.
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string& out) : out_(out) { out_.push_back('{'); }
  ObjectWriter& Text(std::string_view name, std::string_view value);
  ObjectWriter& Integer(std::string_view name, int64_t value);
  ObjectWriter& Boolean(std::string_view name, bool value) { return Json(name, value ? "true" : "false"); }
  ObjectWriter& Null(std::string_view name) { return Json(name, "null"); }
  /// `json` is a JSON value of ours.
  ObjectWriter& Json(std::string_view name, std::string_view json);
  /// Starts a member whose value the caller appends.
  ObjectWriter& Key(std::string_view name);
  void End() { out_.push_back('}'); }

 private:
  std::string& out_;
  bool first_ = true;
};

}  // namespace neurolake::server
