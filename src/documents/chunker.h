#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "documents/extracted_document.h"

namespace neurolake::documents {

struct ChunkOptions {
  size_t bytes_max = 1200;  ///< Some 300 tokens. At least 64.
  size_t bytes_min = 200;   ///< A shorter last piece of a section joins the piece before it, up to 1.5 × bytes_max.
};

/// A piece of one section: bytes [begin, end) of the document's text, cut at the end of a paragraph, else of a
/// sentence, else between words, else between characters. Without white space at its ends.
struct Chunk {
  std::vector<std::string> headings;  ///< Outermost first.
  uint64_t begin = 0;
  uint64_t end = 0;
  uint32_t page = 0;
};

/// All text of `document` but white space is in exactly one chunk. Chunks do not overlap: the headings say where one
/// stands.
std::vector<Chunk> CutIntoChunks(const ExtractedDocument& document, const ChunkOptions& options);

}  // namespace neurolake::documents
