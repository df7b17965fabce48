#include "tables/delta/internal/json_object.h"

namespace neurolake::tables::delta::internal {

std::optional<simdjson::dom::element> JsonObject::Find(std::string_view key, bool required) {
  simdjson::dom::element element;
  if (object_.at_key(key).get(element) == simdjson::SUCCESS && !element.is_null()) return element;
  if (required) Fail(key);
  return std::nullopt;
}

std::optional<std::string> JsonObject::OptionalText(std::string_view key, bool required) {
  auto element = Find(key, required);
  if (!element.has_value()) return std::nullopt;
  std::string_view text;
  if (element->get_string().get(text) != simdjson::SUCCESS) {
    Fail(key);
    return std::nullopt;
  }
  return std::string(text);
}

std::optional<int64_t> JsonObject::OptionalNumber(std::string_view key, bool required) {
  auto element = Find(key, required);
  if (!element.has_value()) return std::nullopt;
  int64_t number = 0;
  if (element->get_int64().get(number) != simdjson::SUCCESS) {
    Fail(key);
    return std::nullopt;
  }
  return number;
}

std::optional<bool> JsonObject::OptionalBoolean(std::string_view key) {
  auto element = Find(key, false);
  if (!element.has_value()) return std::nullopt;
  bool value = false;
  if (element->get_bool().get(value) != simdjson::SUCCESS) {
    Fail(key);
    return std::nullopt;
  }
  return value;
}

std::vector<std::string> JsonObject::TextArray(std::string_view key) {
  std::vector<std::string> texts;
  auto element = Find(key, false);
  if (!element.has_value()) return texts;
  simdjson::dom::array array;
  if (element->get_array().get(array) != simdjson::SUCCESS) {
    Fail(key);
    return texts;
  }
  for (simdjson::dom::element item : array) {
    std::string_view text;
    if (item.get_string().get(text) != simdjson::SUCCESS) {
      Fail(key);
      return texts;
    }
    texts.emplace_back(text);
  }
  return texts;
}

std::map<std::string, std::optional<std::string>> JsonObject::NullableTextMap(std::string_view key) {
  std::map<std::string, std::optional<std::string>> map;
  auto object = OptionalObject(key);
  if (!object.has_value()) return map;
  for (auto [name, value] : *object) {
    std::string_view text;
    if (value.is_null()) {
      map.insert_or_assign(std::string(name), std::nullopt);
    } else if (value.get_string().get(text) == simdjson::SUCCESS) {
      map.insert_or_assign(std::string(name), std::string(text));
    } else {
      Fail(key);
    }
  }
  return map;
}

std::map<std::string, std::string> JsonObject::TextMap(std::string_view key) {
  std::map<std::string, std::string> map;
  for (auto& [name, value] : NullableTextMap(key)) {
    if (value.has_value()) map.emplace(name, std::move(*value));
  }
  return map;
}

std::optional<simdjson::dom::object> JsonObject::OptionalObject(std::string_view key) {
  auto element = Find(key, false);
  if (!element.has_value()) return std::nullopt;
  simdjson::dom::object object;
  if (element->get_object().get(object) != simdjson::SUCCESS) {
    Fail(key);
    return std::nullopt;
  }
  return object;
}

}  // namespace neurolake::tables::delta::internal
