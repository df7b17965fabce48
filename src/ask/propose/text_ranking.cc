#include "ask/propose/text_ranking.h"

#include <algorithm>
#include <span>

#include "retrieval/terms.h"

namespace neurolake::ask {

Result<std::unique_ptr<const TextRanking>> TextRanking::Make(const RequestContext& ctx,
                                                             const std::vector<std::string>& texts,
                                                             const retrieval::Embedder* embedder) {
  std::unique_ptr<TextRanking> ranking(new TextRanking(embedder));
  ranking->size_ = texts.size();
  for (size_t i = 0; i < texts.size(); ++i) ranking->words_.Add(i, 0, retrieval::TermsOf(texts[i]));
  if (embedder == nullptr || texts.empty()) return ranking;
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  NL_ASSIGN_OR_RETURN(const auto batch, embedder->Embed(ctx, views));
  for (size_t i = 0; i < batch.size(); ++i) ranking->vectors_.emplace_back(batch[i].begin(), batch[i].end());
  return ranking;
}

Result<std::vector<TextRanking::Hit>> TextRanking::Rank(const RequestContext& ctx, std::string_view question) const {
  std::vector<Hit> hits(size_);
  for (size_t i = 0; i < size_; ++i) hits[i].index = i;
  for (const auto& hit : words_.Search(retrieval::QuestionTermsOf(question), {true}, size_, nullptr))
    hits[hit.key].words = hit.score;
  if (!vectors_.empty()) {
    const std::string text = retrieval::WithoutIdentifiers(question);
    const std::string_view view = text;
    NL_ASSIGN_OR_RETURN(const auto batch, embedder_->Embed(ctx, std::span(&view, 1)));
    for (size_t i = 0; i < size_; ++i)
      hits[i].meaning = static_cast<double>(retrieval::InnerProduct(batch[0], vectors_[i]));
  }
  std::ranges::stable_sort(hits, std::greater<>(), &Hit::Score);
  return hits;
}

}  // namespace neurolake::ask
