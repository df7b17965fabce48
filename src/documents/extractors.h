#pragma once
#include <string>
#include <string_view>

#include "documents/extracted_document.h"

namespace neurolake::documents {

/// The parsers themselves, without a sandbox: to be called by the program neurolake-extract, which has one, and by
/// tests. Everything else goes through DocumentExtractor. Errors of all: kInvalidArgument for what cannot be read as
/// such a file; kPayloadTooLarge beyond the limits.

/// CommonMark with tables, by md4c. HTML inside is dropped, its text stays.
Result<ExtractedDocument> ExtractMarkdown(std::string_view bytes, const ExtractLimits& limits);
/// HTML of any age by libxml2's parser, as a stream of events: no tree is built, so nesting costs nothing. Scripts,
/// styles, templates and what is hidden by the attribute `hidden` are left out.
Result<ExtractedDocument> ExtractHtml(std::string_view bytes, const ExtractLimits& limits);

/// PDFium, loaded before the sandbox closes.
class PdfLibrary {
 public:
  /// Errors: kNotFound when the library is not at `path` or is another one.
  static Result<PdfLibrary> Load(const std::string& path);
  /// Text page by page; a page is a section. Errors besides: kPermissionDenied for a file that wants a password.
  Result<ExtractedDocument> Extract(std::string_view bytes, const ExtractLimits& limits) const;

 private:
  struct Functions;
  explicit PdfLibrary(const Functions* functions) : functions_(functions) {}
  const Functions* functions_;  ///< For the process's life, as the library is.
};

}  // namespace neurolake::documents
