#include <md4c.h>

#include "common/utf8.h"
#include "documents/extractors.h"
#include "documents/internal/document_builder.h"
#include "documents/internal/entities.h"

namespace neurolake::documents {
namespace {

struct Reader {
  DocumentBuilder builder;
  int code_depth = 0;
};

int EnterBlock(MD_BLOCKTYPE type, void* detail, void* data) {
  Reader& reader = *static_cast<Reader*>(data);
  if (type == MD_BLOCK_H) reader.builder.BeginHeading(static_cast<MD_BLOCK_H_DETAIL*>(detail)->level);
  if (type == MD_BLOCK_CODE) ++reader.code_depth;
  return reader.builder.overflowed() ? 1 : 0;
}

int LeaveBlock(MD_BLOCKTYPE type, void*, void* data) {
  Reader& reader = *static_cast<Reader*>(data);
  switch (type) {
    case MD_BLOCK_H: reader.builder.EndHeading(); break;
    case MD_BLOCK_CODE: --reader.code_depth; [[fallthrough]];
    case MD_BLOCK_P:
    case MD_BLOCK_LI:
    case MD_BLOCK_TR:
    case MD_BLOCK_TABLE:
    case MD_BLOCK_HTML: reader.builder.EndParagraph(); break;
    // Cells of one row stand in one line.
    case MD_BLOCK_TH:
    case MD_BLOCK_TD: reader.builder.AddText(" | "); break;
    default: break;
  }
  return reader.builder.overflowed() ? 1 : 0;
}

int Span(MD_SPANTYPE, void*, void*) { return 0; }

int Text(MD_TEXTTYPE type, const MD_CHAR* text, MD_SIZE size, void* data) {
  Reader& reader = *static_cast<Reader*>(data);
  const std::string_view piece(text, size);
  switch (type) {
    case MD_TEXT_HTML: break;
    case MD_TEXT_BR:
    case MD_TEXT_SOFTBR: reader.builder.AddText(" "); break;
    case MD_TEXT_NULLCHAR: reader.builder.AddText(kReplacementCharacter); break;
    case MD_TEXT_ENTITY: reader.builder.AddText(DecodeEntity(piece)); break;
    case MD_TEXT_CODE:
      if (reader.code_depth > 0) {
        reader.builder.AddLines(piece);
        break;
      }
      [[fallthrough]];
    default: reader.builder.AddText(piece);
  }
  return reader.builder.overflowed() ? 1 : 0;
}

}  // namespace

Result<ExtractedDocument> ExtractMarkdown(std::string_view bytes, const ExtractLimits& limits) {
  if (bytes.size() > limits.input_bytes_max) {
    return MakeError(ErrorCode::kPayloadTooLarge, "document is larger than {} bytes", limits.input_bytes_max);
  }
  Reader reader{.builder = DocumentBuilder(limits)};
  const MD_PARSER parser{.abi_version = 0,
                         .flags = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH,
                         .enter_block = EnterBlock,
                         .leave_block = LeaveBlock,
                         .enter_span = Span,
                         .leave_span = Span,
                         .text = Text,
                         .debug_log = nullptr,
                         .syntax = nullptr};
  const int failed = md_parse(bytes.data(), static_cast<MD_SIZE>(bytes.size()), &parser, &reader);
  if (failed != 0 && !reader.builder.overflowed()) {
    return MakeError(ErrorCode::kInvalidArgument, "document cannot be read as Markdown");
  }
  return reader.builder.Finish();
}

}  // namespace neurolake::documents
