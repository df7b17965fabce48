#include "documents/internal/document_builder.h"

#include <algorithm>

#include "common/text.h"
#include "common/utf8.h"

namespace neurolake::documents {
namespace {

constexpr size_t kTitleBytesMax = 512;

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }

/// At most `limit` bytes of `text`, ending between characters.
std::string CutAt(std::string text, size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<uint8_t>(text[limit]) & 0xC0) == 0x80) --limit;
  text.resize(limit);
  return text;
}

}  // namespace

std::string CleanText(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    const auto first = static_cast<uint8_t>(text[0]);
    const bool control = (first < 0x20 && !IsSpace(text[0])) || first == 0x7F;
    if (length == 0 || first == 0) {
      clean += kReplacementCharacter;
    } else if (!control) {
      clean += text.substr(0, length);
    }
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return clean;
}

void DocumentBuilder::Squeeze(std::string_view text, std::string& into, size_t start) {
  for (const char c : text) {
    if (!IsSpace(c)) {
      into += c;
    } else if (into.size() > start && !IsSpace(into.back())) {
      into += ' ';
    }
  }
}

void DocumentBuilder::AddText(std::string_view text) {
  if (overflowed_) return;
  if (in_heading_) {
    if (heading_.size() < limits_.heading_bytes_max) {
      Squeeze(CleanText(text.substr(0, limits_.heading_bytes_max)), heading_, 0);
    }
    return;
  }
  if (document_.text.size() + text.size() > limits_.text_bytes_max) {
    overflowed_ = true;
    return;
  }
  std::string& all = document_.text;
  if (pending_break_ && !Trim(text).empty()) {
    if (all.size() > open_.begin) all += "\n\n";
    pending_break_ = false;
  }
  if (!pending_break_) Squeeze(CleanText(text), all, open_.begin);
}

void DocumentBuilder::AddLines(std::string_view text) {
  if (in_heading_) return AddText(text);
  if (overflowed_) return;
  if (document_.text.size() + text.size() + 2 > limits_.text_bytes_max) {
    overflowed_ = true;
    return;
  }
  std::string& all = document_.text;
  if (pending_break_ && all.size() > open_.begin) all += "\n\n";
  pending_break_ = false;
  all += CleanText(text);
}

void DocumentBuilder::EndParagraph() {
  if (in_heading_) return AddText(" ");
  std::string& all = document_.text;
  while (all.size() > open_.begin && IsSpace(all.back())) all.pop_back();
  pending_break_ = true;
}

void DocumentBuilder::CloseSection() {
  EndParagraph();
  pending_break_ = false;
  open_.end = document_.text.size();
  // The run before the first heading is no section when there is nothing in it.
  if (open_.end > open_.begin || !open_.heading.empty()) document_.sections.push_back(open_);
  if (document_.sections.size() > limits_.sections_max) overflowed_ = true;
}

void DocumentBuilder::OpenSection(Section section) {
  CloseSection();
  if (!document_.text.empty() && !document_.text.ends_with("\n\n")) document_.text += "\n\n";
  section.begin = document_.text.size();
  open_ = std::move(section);
}

void DocumentBuilder::BeginHeading(uint32_t level) {
  if (overflowed_) return;
  if (in_heading_) EndHeading();
  OpenSection({.level = level, .heading = {}, .begin = 0, .end = 0, .page = open_.page});
  heading_.clear();
  in_heading_ = true;
}

void DocumentBuilder::EndHeading() {
  if (!in_heading_) return;
  in_heading_ = false;
  open_.heading = CutAt(std::string(Trim(heading_)), limits_.heading_bytes_max);
  if (document_.title.empty() && open_.level == 1) document_.title = open_.heading;
}

void DocumentBuilder::BeginPage(uint32_t page) {
  if (overflowed_) return;
  OpenSection({.level = 0, .heading = {}, .begin = 0, .end = 0, .page = page});
}

void DocumentBuilder::AddTitle(std::string_view text) {
  if (document_.title.size() >= kTitleBytesMax) return;
  Squeeze(CleanText(text.substr(0, kTitleBytesMax)), document_.title, 0);
}

Result<ExtractedDocument> DocumentBuilder::Finish() {
  EndHeading();
  CloseSection();
  if (overflowed_) {
    return MakeError(ErrorCode::kPayloadTooLarge, "document has more than {} bytes of text or {} sections",
                     limits_.text_bytes_max, limits_.sections_max);
  }
  // Cleaning replaces a byte by three.
  if (document_.text.size() > limits_.text_bytes_max * 3) {
    return MakeError(ErrorCode::kPayloadTooLarge, "document has more than {} bytes of text", limits_.text_bytes_max);
  }
  document_.title = CutAt(std::string(Trim(document_.title)), kTitleBytesMax);
  return std::move(document_);
}

}  // namespace neurolake::documents
