#include "ask/service/document_shelf.h"

#include "common/text.h"

namespace neurolake::ask {
namespace {

constexpr size_t kExcerptBytesMax = 600;
/// Below this a passage that shares a word is about something else.
constexpr double kMeaningMin = 0.3;

/// The cell as text; NULL and others: empty.
std::string TextOf(const Cell& cell) {
  const auto* text = std::get_if<std::string>(&cell);
  return text == nullptr ? "" : *text;
}

/// The first bytes, cut between characters.
std::string Excerpt(std::string text) {
  if (text.size() <= kExcerptBytesMax) return text;
  size_t end = kExcerptBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text + "…";
}

}  // namespace

Result<DocumentShelf> DocumentShelf::Open(const std::string& table, retrieval::TextIndex& texts) {
  if (table.empty()) return DocumentShelf("", "", texts);
  const std::vector<std::string> parts = Split(table, '.');
  if (parts.size() != 2 || parts[0].empty() || parts[1].empty())
    return MakeError(ErrorCode::kInvalidArgument, "ask.documents names a table as schema.table, not: {}", table);
  return DocumentShelf(
      table,
      fmt::format("SELECT document, title, section, page, body FROM {}.{} ORDER BY document, position LIMIT {}",
                  QuoteIdentifier(parts[0]), QuoteIdentifier(parts[1]), kPassagesMax),
      texts);
}

Result<std::vector<Citation>> DocumentShelf::Find(const RequestContext& ctx, QueryRunner& runner,
                                                  const std::string& text) const {
  std::vector<Citation> found;
  if (sql_.empty()) return found;
  const auto read = runner.Run(ctx, sql_, kPassagesMax);
  if (!read.has_value()) {
    NL_RETURN_IF_ERROR(ctx.CheckAlive());
    return found;
  }
  // A group for each document: one that is changed leaves the others as they are.
  std::vector<retrieval::TextGroup> documents;
  std::vector<size_t> begins;
  for (size_t at = 0; at < read->rows.size(); ++at) {
    const auto& row = read->rows[at];
    const std::string name = "document:" + table_ + ":" + TextOf(row[0]);
    if (documents.empty() || documents.back().name != name) {
      documents.push_back({.name = name, .texts = {}, .kind = retrieval::PassageKind::kDocument});
      begins.push_back(at);
    }
    documents.back().texts.push_back(TextOf(row[1]) + "\n" + TextOf(row[2]) + "\n" + TextOf(row[4]));
  }
  // Rows can be erased, and what was made of them has to go with them: nothing of it gets onto the disk.
  const auto hits = texts_.Rank(ctx, {.groups = documents, .text = text, .lasting = false});
  if (!hits.has_value()) {
    NL_RETURN_IF_ERROR(ctx.CheckAlive());
    return found;
  }
  for (const auto& hit : *hits) {
    if (found.size() >= kCitationsMax) break;
    if (hit.words <= 0 || (texts_.has_meaning() && hit.meaning < kMeaningMin)) continue;
    const auto& row = read->rows[begins[hit.group] + hit.index];
    const auto* page = std::get_if<int64_t>(&row[3]);
    found.push_back({.document = TextOf(row[0]),
                     .title = TextOf(row[1]),
                     .section = TextOf(row[2]),
                     .page = page == nullptr ? 0 : *page,
                     .text = Excerpt(TextOf(row[4]))});
  }
  return found;
}

}  // namespace neurolake::ask
