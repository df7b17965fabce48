#pragma once
#include <simdjson.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace neurolake::tables::delta::internal {

/// Reads members of a JSON object that somebody else wrote. The first member that is missing or of the wrong type is
/// remembered and everything after it gives defaults, so a caller reads all it wants and asks once at the end.
/// An absent member and a null are the same.
class JsonObject {
 public:
  explicit JsonObject(simdjson::dom::object object) : object_(object) {}

  std::string Text(std::string_view key) { return OptionalText(key, /*required=*/true).value_or(""); }
  std::optional<std::string> OptionalText(std::string_view key) { return OptionalText(key, /*required=*/false); }
  int64_t Number(std::string_view key) { return OptionalNumber(key, /*required=*/true).value_or(0); }
  std::optional<int64_t> OptionalNumber(std::string_view key) { return OptionalNumber(key, /*required=*/false); }
  std::optional<bool> OptionalBoolean(std::string_view key);
  std::vector<std::string> TextArray(std::string_view key);
  /// Values that are null become nullopt.
  std::map<std::string, std::optional<std::string>> NullableTextMap(std::string_view key);
  /// Values that are null are left out.
  std::map<std::string, std::string> TextMap(std::string_view key);
  std::optional<simdjson::dom::object> OptionalObject(std::string_view key);

  void Fail(std::string_view key) {
    if (wrong_member_.empty()) wrong_member_ = key;
  }
  /// The first member that was not as it must be, "" if all were.
  const std::string& wrong_member() const { return wrong_member_; }

 private:
  std::optional<simdjson::dom::element> Find(std::string_view key, bool required);
  std::optional<std::string> OptionalText(std::string_view key, bool required);
  std::optional<int64_t> OptionalNumber(std::string_view key, bool required);

  simdjson::dom::object object_;
  std::string wrong_member_;
};

}  // namespace neurolake::tables::delta::internal
