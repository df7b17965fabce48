#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace neurolake::documents {

enum class DocumentFormat : uint8_t { kMarkdown, kHtml, kPdf };
/// "markdown", "html", "pdf".
std::string_view NameOf(DocumentFormat format);
/// By a file's ending: .md, .markdown, .txt, .html, .htm, .pdf. Errors: kNotSupported for another, naming those.
Result<DocumentFormat> FormatOfFile(std::string_view file_name);

/// A run of text under one heading. Sections follow each other and may be empty (a heading over headings).
struct Section {
  uint32_t level = 0;  ///< Of the heading, from 1; 0: before the first heading, or a PDF's page.
  std::string heading;
  uint64_t begin = 0;  ///< Bytes in the document's text: [begin, end), without the heading.
  uint64_t end = 0;
  uint32_t page = 0;  ///< Of a PDF, from 1.
};

/// What was read out of a file: text in UTF-8 without NUL, paragraphs parted by an empty line.
struct ExtractedDocument {
  std::string title;
  std::string text;
  std::vector<Section> sections;
};

struct ExtractLimits {
  size_t input_bytes_max = 64 << 20;
  size_t text_bytes_max = 16 << 20;
  size_t sections_max = 20'000;
  size_t pages_max = 5'000;
  size_t heading_bytes_max = 512;
};

/// kCorruption unless sections are in order, within the text, and all of it is UTF-8 within the limits: for documents
/// that come out of another process.
Result<void> CheckDocument(const ExtractedDocument& document, const ExtractLimits& limits);

}  // namespace neurolake::documents
