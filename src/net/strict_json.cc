#include "net/strict_json.h"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>
#include <set>
#include <vector>

namespace neurolake::net {
namespace {

namespace json = boost::json;

/// Looks for members that an object has twice: the parser that makes values keeps the last one without a word.
struct MemberWatcher {
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  std::vector<std::set<std::string, std::less<>>> open;
  std::string key;

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) {
    open.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t, json::error_code&) {
    open.pop_back();
    return true;
  }
  bool on_array_begin(json::error_code&) { return true; }
  bool on_array_end(std::size_t, json::error_code&) { return true; }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    key.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, std::size_t, json::error_code& code) {
    key.append(part.data(), part.size());
    const bool is_new = open.back().insert(std::move(key)).second;
    key.clear();
    if (!is_new) code = json::error::extra_data;
    return is_new;
  }
  bool on_string_part(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_string(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, json::error_code&) { return true; }
  bool on_uint64(std::uint64_t, json::string_view, json::error_code&) { return true; }
  bool on_double(double, json::string_view, json::error_code&) { return true; }
  bool on_bool(bool, json::error_code&) { return true; }
  bool on_null(json::error_code&) { return true; }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }
};

}  // namespace

Result<json::object> ParseStrictObject(std::string_view text, std::string_view what, size_t depth_max) {
  json::parse_options options;
  options.max_depth = depth_max;
  json::error_code code;
  json::value value = json::parse(json::string_view(text.data(), text.size()), code, {}, options);
  if (code) return MakeError(ErrorCode::kInvalidArgument, "{} is not JSON, or too deep", what);
  if (!value.is_object()) return MakeError(ErrorCode::kInvalidArgument, "{} is not a JSON object", what);
  json::basic_parser<MemberWatcher> watcher(options);
  watcher.write_some(false, text.data(), text.size(), code);
  if (code) return MakeError(ErrorCode::kInvalidArgument, "{} has a member twice", what);
  return std::move(value.get_object());
}

std::string TextMember(const json::object& object, std::string_view name) {
  const json::value* member = object.if_contains(json::string_view(name.data(), name.size()));
  return member != nullptr && member->is_string() ? std::string(member->get_string()) : std::string();
}

}  // namespace neurolake::net
