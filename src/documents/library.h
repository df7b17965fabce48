#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "documents/chunker.h"
#include "documents/document_extractor.h"
#include "retrieval/corpus.h"

namespace neurolake::documents {

struct DocumentSource {
  std::string id;  ///< Of the document in the corpus: its path or address. Ingesting it again replaces it.
  DocumentFormat format = DocumentFormat::kMarkdown;
  std::string title;  ///< Empty: its own.
  /// Who sees all of them may find it. Never empty.
  std::vector<std::string> labels;
};

struct IngestReport {
  uint64_t chunks = 0;
  uint64_t text_bytes = 0;
};

/// Brings documents into a corpus, where they are governed by their labels: reads them in a sandbox, cuts them,
/// replaces what was known of them. The caller decides who may add a document and with which labels. Thread-safe.
class DocumentLibrary {
 public:
  /// Borrows all, which must outlive this.
  DocumentLibrary(const DocumentExtractor& extractor, retrieval::Corpus& corpus, ChunkOptions chunks = {})
      : extractor_(extractor), corpus_(corpus), chunks_(chunks) {}

  /// All or nothing: a document that cannot be read leaves what was known of it as it was.
  /// Errors: those of DocumentExtractor::Extract and Corpus::Replace; kInvalidArgument without an id, a label or any
  /// text.
  Result<IngestReport> Ingest(const RequestContext& ctx, const DocumentSource& source, std::string_view bytes);
  /// Errors: kNotFound when there is no such document.
  Result<void> Remove(const RequestContext& ctx, const std::string& id);

 private:
  const DocumentExtractor& extractor_;
  retrieval::Corpus& corpus_;
  const ChunkOptions chunks_;
};

}  // namespace neurolake::documents
