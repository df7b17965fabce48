#include <libxml/HTMLparser.h>
#include <libxml/entities.h>

#include <charconv>

#include "common/text.h"
#include "common/utf8.h"
#include "documents/extractors.h"
#include "documents/internal/document_builder.h"
#include "documents/internal/entities.h"

namespace neurolake::documents {
namespace {

/// Fed in pieces, so that a document that passes a limit is not read to its end.
constexpr size_t kPieceBytes = 64 * 1024;

std::string_view View(const xmlChar* text) { return text == nullptr ? "" : reinterpret_cast<const char*>(text); }

bool IsOneOf(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

bool IsUnread(std::string_view name) {
  return IsOneOf(name, {"script", "style", "template", "noscript", "svg", "math", "iframe", "object", "head"});
}

bool IsBlock(std::string_view name) {
  return IsOneOf(name, {"p",       "div",        "li",     "ul",    "ol",         "tr", "table", "section",
                        "article", "header",     "footer", "main",  "blockquote", "dd", "dt",    "dl",
                        "figure",  "figcaption", "nav",    "aside", "form",       "hr", "body"});
}

uint32_t HeadingLevel(std::string_view name) {
  const bool heading = name.size() == 2 && name[0] == 'h' && name[1] >= '1' && name[1] <= '6';
  return heading ? static_cast<uint32_t>(name[1] - '0') : 0;
}

/// Elements without an end, which must not open a region that is left out.
bool IsVoid(std::string_view name) {
  return IsOneOf(
      name, {"br", "hr", "img", "input", "meta", "link", "area", "base", "col", "embed", "source", "track", "wbr"});
}

struct Reader {
  DocumentBuilder builder;
  xmlParserCtxtPtr context = nullptr;
  std::string skipped_name;  ///< The element whose content is left out until it ends; empty: none.
  int skipped_depth = 0;
  bool in_title = false;
  bool in_pre = false;

  void Start(std::string_view name, const xmlChar** attributes) {
    if (name == "title" && (skipped_name.empty() || skipped_name == "head")) in_title = true;
    if (!skipped_name.empty()) {
      skipped_depth += name == skipped_name ? 1 : 0;
      // A body ends the head, whether the head was closed or not.
      if (skipped_name != "head" || name != "body") return;
      skipped_name.clear();
    }
    bool hidden = false;
    for (const xmlChar** at = attributes; at != nullptr && *at != nullptr; at += 2) hidden |= View(*at) == "hidden";
    if ((IsUnread(name) || hidden) && !IsVoid(name)) {
      skipped_name = name;
      skipped_depth = 1;
      return;
    }
    if (const uint32_t level = HeadingLevel(name); level > 0) builder.BeginHeading(level);
    if (name == "pre") in_pre = true;
    if (name == "br") builder.AddText(" ");
    if (IsBlock(name)) builder.EndParagraph();
  }

  void End(std::string_view name) {
    if (name == "title") in_title = false;
    if (!skipped_name.empty()) {
      if (name == skipped_name && --skipped_depth == 0) skipped_name.clear();
      return;
    }
    if (HeadingLevel(name) > 0) builder.EndHeading();
    if (name == "pre") in_pre = false;
    if (name == "td" || name == "th") builder.AddText(" | ");
    if (IsBlock(name) || name == "pre") builder.EndParagraph();
  }

  void Text(std::string_view text) {
    if (in_title) builder.AddTitle(text);
    if (in_title || !skipped_name.empty()) return;
    if (in_pre) {
      builder.AddLines(text);
    } else {
      builder.AddText(text);
    }
    if (builder.overflowed()) xmlStopParser(context);
  }
};

void OnStart(void* data, const xmlChar* name, const xmlChar** attributes) {
  static_cast<Reader*>(data)->Start(View(name), attributes);
}
void OnEnd(void* data, const xmlChar* name) { static_cast<Reader*>(data)->End(View(name)); }
void OnText(void* data, const xmlChar* text, int length) {
  static_cast<Reader*>(data)->Text({reinterpret_cast<const char*>(text), static_cast<size_t>(length)});
}
void OnCData(void*, const xmlChar*, int) {}
void OnError(void*, const char*, ...) {}

struct ContextDeleter {
  void operator()(xmlParserCtxtPtr context) const {
    if (context->myDoc != nullptr) xmlFreeDoc(context->myDoc);
    context->myDoc = nullptr;
    htmlFreeParserCtxt(context);
  }
};

/// Without a declared one, a document is in UTF-8 if it can be.
xmlCharEncoding EncodingOf(std::string_view bytes) {
  const std::string head = LowerAscii(bytes.substr(0, 1024));
  if (head.contains("charset")) return XML_CHAR_ENCODING_NONE;
  return XML_CHAR_ENCODING_UTF8;
}

std::string Utf8Of(uint32_t point) {
  std::string text;
  AppendUtf8(text, point);
  return text;
}

}  // namespace

std::string DecodeEntity(std::string_view entity) {
  const std::string as_it_is(entity);
  if (entity.size() < 3 || entity.front() != '&' || entity.back() != ';') return as_it_is;
  const std::string_view name = entity.substr(1, entity.size() - 2);
  if (name[0] != '#') {
    const htmlEntityDesc* known = htmlEntityLookup(reinterpret_cast<const xmlChar*>(std::string(name).c_str()));
    return known == nullptr ? as_it_is : Utf8Of(known->value);
  }
  const bool hexadecimal = name.size() > 1 && (name[1] == 'x' || name[1] == 'X');
  const std::string_view digits = name.substr(hexadecimal ? 2 : 1);
  uint32_t point = 0;
  const auto [end, failure] =
      std::from_chars(digits.data(), digits.data() + digits.size(), point, hexadecimal ? 16 : 10);
  const bool whole = failure == std::errc() && end == digits.data() + digits.size() && !digits.empty();
  const bool valid = whole && point > 0 && point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF);
  return valid ? Utf8Of(point) : std::string(kReplacementCharacter);
}

Result<ExtractedDocument> ExtractHtml(std::string_view bytes, const ExtractLimits& limits) {
  if (bytes.size() > limits.input_bytes_max) {
    return MakeError(ErrorCode::kPayloadTooLarge, "document is larger than {} bytes", limits.input_bytes_max);
  }
  Reader reader{.builder = DocumentBuilder(limits)};
  htmlSAXHandler handler{};
  handler.startElement = OnStart;
  handler.endElement = OnEnd;
  handler.characters = OnText;
  handler.ignorableWhitespace = OnText;
  // What HTML gives as CDATA is the content of scripts and styles.
  handler.cdataBlock = OnCData;
  handler.warning = OnError;
  handler.error = OnError;
  const std::unique_ptr<xmlParserCtxt, ContextDeleter> context(
      htmlCreatePushParserCtxt(&handler, &reader, nullptr, 0, nullptr, EncodingOf(bytes)));
  if (context == nullptr) return MakeError(ErrorCode::kOutOfMemory, "not enough memory to read an HTML document");
  reader.context = context.get();
  // Not without implied elements: the parser would end a document without a body at its first paragraph's end.
  htmlCtxtUseOptions(context.get(), HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET |
                                        HTML_PARSE_NODEFDTD);
  while (!bytes.empty() && !reader.builder.overflowed()) {
    const std::string_view piece = bytes.substr(0, kPieceBytes);
    htmlParseChunk(context.get(), piece.data(), static_cast<int>(piece.size()), 0);
    bytes.remove_prefix(piece.size());
  }
  htmlParseChunk(context.get(), nullptr, 0, 1);
  return reader.builder.Finish();
}

}  // namespace neurolake::documents
