#pragma once
#include <string>
#include <string_view>

#include "documents/extracted_document.h"

namespace neurolake::documents {

/// What neurolake-extract writes: one JSON object, {"title", "text", "sections": [[level, heading, begin, end, page],
/// …]} or
/// {"error": name, "message"}.
std::string ToJson(const Result<ExtractedDocument>& result);
/// And back, from a process that is not trusted: checked by CheckDocument. Errors: the one in it; kCorruption.
Result<ExtractedDocument> FromJson(std::string_view text, const ExtractLimits& limits);

}  // namespace neurolake::documents
