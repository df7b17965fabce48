#include "documents/library.h"

namespace neurolake::documents {
namespace {

/// Apart from the subjects of tables and metrics.
std::string SubjectOf(const std::string& id) { return "document:" + id; }

}  // namespace

Result<IngestReport> DocumentLibrary::Ingest(const RequestContext& ctx, const DocumentSource& source,
                                             std::string_view bytes) {
  if (source.id.empty()) return MakeError(ErrorCode::kInvalidArgument, "document needs an id");
  if (source.labels.empty()) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "document has no label: nobody could be allowed to see it (give one that everybody has)");
  }
  NL_ASSIGN_OR_RETURN(const ExtractedDocument document, extractor_.Extract(ctx, source.format, bytes));
  const std::vector<Chunk> chunks = CutIntoChunks(document, chunks_);
  if (chunks.empty()) {
    return MakeError(ErrorCode::kInvalidArgument, "document has no text (scanned pages must be recognised before)");
  }
  std::vector<retrieval::Passage> passages;
  for (size_t at = 0; at < chunks.size(); ++at) {
    const Chunk& chunk = chunks[at];
    passages.push_back({.id = fmt::format("{}#{:05}", SubjectOf(source.id), at + 1),
                        .kind = retrieval::PassageKind::kDocument,
                        .subject = SubjectOf(source.id),
                        .title = source.title.empty() ? document.title : source.title,
                        .headings = chunk.headings,
                        .text = UntrustedText(document.text.substr(chunk.begin, chunk.end - chunk.begin)),
                        .begin = chunk.begin,
                        .end = chunk.end,
                        .page = chunk.page,
                        .labels = source.labels});
  }
  NL_RETURN_IF_ERROR(corpus_.Replace(ctx, SubjectOf(source.id), std::move(passages)));
  return IngestReport{.chunks = chunks.size(), .text_bytes = document.text.size()};
}

Result<void> DocumentLibrary::Remove(const RequestContext& ctx, const std::string& id) {
  NL_ASSIGN_OR_RETURN(const uint64_t removed, corpus_.RemoveSubject(ctx, SubjectOf(id)));
  if (removed == 0) return MakeError(ErrorCode::kNotFound, "there is no such document: {}", id);
  return {};
}

}  // namespace neurolake::documents
