#include "ask/service/document_shelf.h"

#include "ask/propose/text_ranking.h"
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

Result<DocumentShelf> DocumentShelf::Open(const std::string& table, const retrieval::Embedder* embedder) {
  if (table.empty()) return DocumentShelf("", embedder);
  const std::vector<std::string> parts = Split(table, '.');
  if (parts.size() != 2 || parts[0].empty() || parts[1].empty())
    return MakeError(ErrorCode::kInvalidArgument, "ask.documents names a table as schema.table, not: {}", table);
  return DocumentShelf(
      fmt::format("SELECT document, title, section, page, body FROM {}.{} ORDER BY document, position LIMIT {}",
                  QuoteIdentifier(parts[0]), QuoteIdentifier(parts[1]), kPassagesMax),
      embedder);
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
  std::vector<std::string> texts;
  for (const auto& row : read->rows) texts.push_back(TextOf(row[1]) + "\n" + TextOf(row[2]) + "\n" + TextOf(row[4]));
  NL_ASSIGN_OR_RETURN(const auto ranking, TextRanking::Make(ctx, texts, embedder_));
  NL_ASSIGN_OR_RETURN(const auto hits, ranking->Rank(ctx, text));
  for (const auto& hit : hits) {
    if (found.size() >= kCitationsMax) break;
    if (hit.words <= 0 || (embedder_ != nullptr && hit.meaning < kMeaningMin)) continue;
    const auto& row = read->rows[hit.index];
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
