#pragma once
#include <string>
#include <vector>

namespace neurolake::documents {

/// A PDF with one page per text; lines are parted by "\n". Letters of ASCII without parentheses and backslashes.
std::string MakePdf(const std::vector<std::string>& pages, const std::string& title = "");
/// A PDF whose only page has a stream that grows to `bytes` of text operators when it is unpacked.
std::string MakePdfBomb(size_t bytes);

}  // namespace neurolake::documents
