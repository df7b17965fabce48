#include "server/http/internal/json.h"

#include <boost/json/parse.hpp>
#include <boost/json/stream_parser.hpp>
#include <boost/json/value_to.hpp>

#include "arrow/text_format.h"

namespace neurolake::server {
namespace {

constexpr size_t kDepthMax = 32;

std::unexpected<Error> NotJson(std::string_view why, size_t position) {
  return std::unexpected(Error(ErrorCode::kInvalidArgument, fmt::format("the request body {}", why))
                             .With("position", std::to_string(position)));
}

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// Steps through JSON that is known to be valid.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  char Peek() {
    while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  void Take() { ++at_; }

  std::string_view Value() {
    const char first = Peek();
    const size_t begin = at_;
    if (first == '"') {
      SkipString();
    } else if (first == '{' || first == '[') {
      SkipNested();
    } else {
      while (at_ < text_.size() && !IsSpace(text_[at_]) && text_[at_] != ',' && text_[at_] != '}' &&
             text_[at_] != ']') {
        ++at_;
      }
    }
    return text_.substr(begin, at_ - begin);
  }

 private:
  void SkipString() {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\') ++at_;
    }
    ++at_;
  }
  void SkipNested() {
    int depth = 0;
    do {
      const char c = Peek();
      if (c == '"') {
        SkipString();
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      ++at_;
    } while (depth > 0 && at_ < text_.size());
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

Result<JsonObject> ParseJsonObject(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = kDepthMax;
  boost::json::stream_parser parser({}, options);
  boost::json::error_code code;
  const size_t count = parser.write_some(text.data(), text.size(), code);
  if (!code && count < text.size()) {
    for (size_t i = count; i < text.size(); ++i) {
      if (!IsSpace(text[i])) return NotJson("has text behind its JSON value", i);
    }
  }
  if (!code && !parser.done()) return NotJson("ends inside its JSON value", text.size());
  if (code == boost::json::error::too_deep) return NotJson(fmt::format("is nested deeper than {}", kDepthMax), count);
  if (code) return NotJson(fmt::format("is not valid JSON: {}", code.message()), count);
  boost::json::value value = parser.release();
  if (!value.is_object()) return NotJson("must be a JSON object", 0);
  JsonObject object{std::move(value.as_object()), {}};
  for (auto& [name, member] : MemberTexts(text)) {
    if (!object.texts.emplace(name, std::move(member)).second) {
      return MakeError(ErrorCode::kInvalidArgument, "the request body repeats the member \"{}\"", name);
    }
  }
  return object;
}

std::vector<std::pair<std::string, std::string>> MemberTexts(std::string_view object) {
  std::vector<std::pair<std::string, std::string>> members;
  Scanner scanner(object);
  if (scanner.Peek() != '{') return members;
  do {
    scanner.Take();  // "{" or ",".
    if (scanner.Peek() != '"') break;
    const std::string_view name = scanner.Value();
    scanner.Peek();
    scanner.Take();  // ":".
    const std::string_view value = scanner.Value();
    members.emplace_back(boost::json::value_to<std::string>(boost::json::parse(boost::json::string_view(name))), value);
  } while (scanner.Peek() == ',');
  return members;
}

std::vector<std::string> ElementTexts(std::string_view array) {
  std::vector<std::string> elements;
  Scanner scanner(array);
  if (scanner.Peek() != '[') return elements;
  do {
    scanner.Take();
    if (scanner.Peek() == ']') break;
    elements.emplace_back(scanner.Value());
  } while (scanner.Peek() == ',');
  return elements;
}

Result<void> CheckMembers(const JsonObject& object, const std::vector<std::string_view>& known) {
  for (const auto& [name, text] : object.texts) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return MakeError(ErrorCode::kInvalidArgument, "the request body has an unknown member \"{}\"; known are: {}",
                       name, fmt::join(known, ", "));
    }
  }
  return {};
}

Result<std::vector<std::string>> TextsMember(const JsonObject& object, std::string_view name) {
  constexpr size_t kTextsMax = 100;
  std::vector<std::string> texts;
  const auto* value = object.values.if_contains(boost::json::string_view(name));
  if (value == nullptr) return texts;
  bool good = value->is_array() && value->get_array().size() <= kTextsMax;
  if (good) {
    for (const auto& one : value->get_array()) {
      good = good && one.is_string();
      if (one.is_string()) texts.emplace_back(one.get_string());
    }
  }
  if (!good) {
    return MakeError(ErrorCode::kInvalidArgument, "the member \"{}\" must be an array of at most {} strings", name,
                     kTextsMax);
  }
  return texts;
}

std::string TextsJson(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) {
    if (out.size() > 1) out.push_back(',');
    arrow::AppendJsonString(text, out);
  }
  return out + "]";
}

Result<std::string> StringMember(const JsonObject& object, std::string_view name) {
  const auto* value = object.values.if_contains(boost::json::string_view(name));
  if (value == nullptr || value->is_null()) return std::string();
  if (!value->is_string()) return MakeError(ErrorCode::kInvalidArgument, "the member \"{}\" must be a string", name);
  return std::string(value->as_string());
}

ObjectWriter& ObjectWriter::Key(std::string_view name) {
  if (!std::exchange(first_, false)) out_.push_back(',');
  arrow::AppendJsonString(name, out_);
  out_.push_back(':');
  return *this;
}

ObjectWriter& ObjectWriter::Text(std::string_view name, std::string_view value) {
  Key(name);
  arrow::AppendJsonString(value, out_);
  return *this;
}

ObjectWriter& ObjectWriter::Integer(std::string_view name, int64_t value) { return Json(name, fmt::to_string(value)); }

ObjectWriter& ObjectWriter::Json(std::string_view name, std::string_view json) {
  Key(name);
  out_ += json;
  return *this;
}

}  // namespace neurolake::server
