#pragma once
#include <memory>
#include <string_view>

#include <pugixml.hpp>

#include "common/result.h"

namespace neurolake::storage::internal {

/// A service's answer. Errors: kIoError for what is no XML, has a document type (entities of its own), another root or
/// more elements than any answer has; nothing of the text is repeated.
Result<std::unique_ptr<pugi::xml_document>> ParseXml(std::string_view text, std::string_view root);

}  // namespace neurolake::storage::internal
