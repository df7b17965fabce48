#include "storage/internal/xml.h"

#include <algorithm>

namespace neurolake::storage::internal {
namespace {

/// A page of 5,000 objects has some 300,000 tags; an element costs 64 bytes however short it is.
constexpr int64_t kTagsMax = 1'000'000;

}  // namespace

Result<std::unique_ptr<pugi::xml_document>> ParseXml(std::string_view text, std::string_view root) {
  if (std::ranges::count(text, '<') > kTagsMax) {
    return MakeError(ErrorCode::kIoError, "the object store's answer has too many elements");
  }
  auto document = std::make_unique<pugi::xml_document>();
  constexpr unsigned int kOptions = pugi::parse_escapes | pugi::parse_cdata | pugi::parse_doctype;
  const auto parsed = document->load_buffer(text.data(), text.size(), kOptions, pugi::encoding_utf8);
  if (!parsed) return MakeError(ErrorCode::kIoError, "the object store's answer is not XML");
  for (const pugi::xml_node node : document->children()) {
    if (node.type() == pugi::node_doctype) {
      return MakeError(ErrorCode::kIoError, "the object store's answer has a document type, which is refused");
    }
  }
  if (std::string_view(document->document_element().name()) != root) {
    return MakeError(ErrorCode::kIoError, "the object store's answer is not the one expected: {}", root);
  }
  return document;
}

}  // namespace neurolake::storage::internal
