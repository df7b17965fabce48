#include "documents/internal/document_json.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "documents/internal/document_builder.h"

namespace neurolake::documents {
namespace {

namespace json = boost::json;

constexpr size_t kSectionFields = 5;
constexpr size_t kMessageBytesMax = 300;

std::unexpected<Error> Broken() {
  return MakeError(ErrorCode::kCorruption, "extracted document is not what an extractor writes");
}

std::optional<Section> SectionOf(const json::value& value) {
  const json::array* fields = value.if_array();
  if (fields == nullptr || fields->size() != kSectionFields || !(*fields)[1].is_string()) return std::nullopt;
  for (const size_t number : {0, 2, 3, 4}) {
    if (!(*fields)[number].is_int64() || (*fields)[number].get_int64() < 0) return std::nullopt;
  }
  return Section{.level = static_cast<uint32_t>(std::min<int64_t>((*fields)[0].get_int64(), UINT32_MAX)),
                 .heading = std::string((*fields)[1].get_string()),
                 .begin = static_cast<uint64_t>((*fields)[2].get_int64()),
                 .end = static_cast<uint64_t>((*fields)[3].get_int64()),
                 .page = static_cast<uint32_t>(std::min<int64_t>((*fields)[4].get_int64(), UINT32_MAX))};
}

}  // namespace

std::string ToJson(const Result<ExtractedDocument>& result) {
  if (!result.has_value()) {
    return json::serialize(
        json::object{{"error", ErrorName(result.error().code())}, {"message", result.error().message()}});
  }
  json::array sections;
  for (const Section& section : result->sections) {
    sections.emplace_back(json::array{section.level, section.heading, section.begin, section.end, section.page});
  }
  return json::serialize(json::object{{"title", result->title}, {"text", result->text}, {"sections", sections}});
}

Result<ExtractedDocument> FromJson(std::string_view text, const ExtractLimits& limits) {
  boost::system::error_code failure;
  const json::value value = json::parse(text, failure);
  const json::object* object = failure ? nullptr : value.if_object();
  if (object == nullptr) return Broken();
  if (const json::value* error = object->if_contains("error"); error != nullptr && error->is_string()) {
    const json::value* message = object->if_contains("message");
    // The message is shown: from a process that read somebody's file it may hold anything.
    const std::string shown = message != nullptr && message->is_string()
                                  ? CleanText(std::string_view(message->get_string()).substr(0, kMessageBytesMax))
                                  : std::string("document cannot be read");
    return std::unexpected(Error(ErrorCodeFromName(std::string_view(error->get_string())), shown));
  }
  const json::value* title = object->if_contains("title");
  const json::value* body = object->if_contains("text");
  const json::value* sections = object->if_contains("sections");
  if (title == nullptr || !title->is_string() || body == nullptr || !body->is_string() || sections == nullptr ||
      !sections->is_array()) {
    return Broken();
  }
  ExtractedDocument document{
      .title = std::string(title->get_string()), .text = std::string(body->get_string()), .sections = {}};
  for (const json::value& item : sections->get_array()) {
    std::optional<Section> section = SectionOf(item);
    if (!section) return Broken();
    document.sections.push_back(std::move(*section));
  }
  NL_RETURN_IF_ERROR(CheckDocument(document, limits));
  return document;
}

}  // namespace neurolake::documents
