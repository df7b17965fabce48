#pragma once
#include <string>
#include <string_view>

namespace neurolake::documents {

/// The character that "&amp;", "&#38;" or "&#x26;" stands for, as UTF-8; as it is when it stands for none.
std::string DecodeEntity(std::string_view entity);

}  // namespace neurolake::documents
