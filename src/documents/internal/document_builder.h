#pragma once
#include <string>
#include <string_view>

#include "documents/extracted_document.h"

namespace neurolake::documents {

/// Collects text and headings as a parser meets them: squeezes white space, keeps paragraphs apart, keeps the limits.
/// Once a limit is passed it takes nothing more and `overflowed` says so.
class DocumentBuilder {
 public:
  explicit DocumentBuilder(ExtractLimits limits) : limits_(limits) {}

  /// Text of a paragraph or, between BeginHeading and EndHeading, of a heading. White space counts as one space.
  void AddText(std::string_view text);
  /// Text whose lines stay (code).
  void AddLines(std::string_view text);
  void EndParagraph();
  void BeginHeading(uint32_t level);
  void EndHeading();
  void BeginPage(uint32_t page);
  void AddTitle(std::string_view text);
  bool overflowed() const { return overflowed_; }

  /// Errors: kPayloadTooLarge when a limit was passed.
  Result<ExtractedDocument> Finish();

 private:
  void Squeeze(std::string_view text, std::string& into, size_t start);
  void CloseSection();
  void OpenSection(Section section);

  ExtractLimits limits_;
  ExtractedDocument document_;
  Section open_;
  std::string heading_;
  bool in_heading_ = false;
  bool pending_break_ = false;
  bool overflowed_ = false;
};

/// `text` as valid UTF-8 without NUL and other controls than tab and newline; what is none becomes U+FFFD.
std::string CleanText(std::string_view text);

}  // namespace neurolake::documents
