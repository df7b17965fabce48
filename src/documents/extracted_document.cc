#include "documents/extracted_document.h"

#include <algorithm>
#include <array>

#include "common/text.h"
#include "common/utf8.h"
#include "documents/internal/document_builder.h"

namespace neurolake::documents {
namespace {

struct Ending {
  std::string_view ending;
  DocumentFormat format;
};
constexpr std::array<Ending, 6> kEndings = {{{".md", DocumentFormat::kMarkdown},
                                             {".markdown", DocumentFormat::kMarkdown},
                                             {".txt", DocumentFormat::kMarkdown},
                                             {".html", DocumentFormat::kHtml},
                                             {".htm", DocumentFormat::kHtml},
                                             {".pdf", DocumentFormat::kPdf}}};
constexpr size_t kTitleBytesMax = 4096;

bool IsCleanUtf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    if (length == 0 || text[0] == '\0') return false;
    text.remove_prefix(length);
  }
  return true;
}

bool BeginsCharacter(const std::string& text, uint64_t at) {
  return at == text.size() || (static_cast<uint8_t>(text[at]) & 0xC0) != 0x80;
}

}  // namespace

std::string_view NameOf(DocumentFormat format) {
  switch (format) {
    case DocumentFormat::kMarkdown: return "markdown";
    case DocumentFormat::kHtml: return "html";
    case DocumentFormat::kPdf: return "pdf";
  }
  NL_UNREACHABLE();
}

Result<DocumentFormat> FormatOfFile(std::string_view file_name) {
  const std::string name = LowerAscii(file_name);
  for (const Ending& known : kEndings) {
    if (name.ends_with(known.ending)) return known.format;
  }
  return MakeError(ErrorCode::kNotSupported, "document must be .md, .markdown, .txt, .html, .htm or .pdf");
}

Result<void> CheckDocument(const ExtractedDocument& document, const ExtractLimits& limits) {
  const auto wrong = [](std::string_view what) {
    return MakeError(ErrorCode::kCorruption, "extracted document does not hold together: {}", what);
  };
  if (document.text.size() > limits.text_bytes_max * 3 || document.title.size() > kTitleBytesMax ||
      document.sections.size() > limits.sections_max + 1) {
    return wrong("it is larger than its limits");
  }
  if (!IsCleanUtf8(document.text) || !IsCleanUtf8(document.title)) return wrong("it is not UTF-8");
  uint64_t last = 0;
  for (const Section& section : document.sections) {
    if (section.begin < last || section.end < section.begin || section.end > document.text.size()) {
      return wrong("its sections are out of order");
    }
    if (!BeginsCharacter(document.text, section.begin) || !BeginsCharacter(document.text, section.end)) {
      return wrong("a section cuts a character");
    }
    if (section.heading.size() > limits.heading_bytes_max || !IsCleanUtf8(section.heading) || section.level > 6 ||
        section.page > limits.pages_max) {
      return wrong("a heading is out of bounds");
    }
    last = section.end;
  }
  return {};
}

}  // namespace neurolake::documents
