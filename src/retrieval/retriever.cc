#include "retrieval/retriever.h"

#include <algorithm>
#include <map>

namespace neurolake::retrieval {
namespace {

constexpr double kUnmentioned = -1;
/// Of a table's descriptions more than one may be among the best.
constexpr size_t kPassagesPerTable = 8;
constexpr size_t kDescriptionsMax = 1000;

}  // namespace

Result<TwoStageResult> Retriever::Find(const RequestContext& ctx, const Viewer& viewer,
                                       const TwoStageQuery& query) const {
  TwoStageResult result;
  std::map<std::string, double, std::less<>> best;
  for (TableCard& card : tables_.Select(viewer, query.constraint)) {
    best.emplace(card.id.value(), kUnmentioned);
    result.tables.push_back({std::move(card), kUnmentioned});
  }
  const auto chosen = [&](std::string_view subject) { return best.contains(subject); };
  NL_ASSIGN_OR_RETURN(const std::vector<PassageHit> descriptions,
                      corpus_.Search(ctx, viewer,
                                     {.text = query.text,
                                      .limit = std::min(kDescriptionsMax, query.tables_max * kPassagesPerTable),
                                      .kinds = {PassageKind::kDescription},
                                      .subject = chosen}));
  for (const PassageHit& hit : descriptions) {
    double& score = best.find(hit.passage.subject)->second;
    score = std::max(score, hit.score);
  }
  for (TableHit& table : result.tables) table.score = best.find(table.card.id.value())->second;
  // Select gave them by name.
  std::ranges::stable_sort(result.tables, std::greater<>(), &TableHit::score);
  if (result.tables.size() > query.tables_max) result.tables.resize(query.tables_max);
  NL_ASSIGN_OR_RETURN(
      result.passages,
      corpus_.Search(ctx, viewer,
                     {.text = query.text,
                      .limit = query.passages_max,
                      .kinds = {PassageKind::kDocument, PassageKind::kMetric, PassageKind::kQuestion}}));
  std::erase_if(best, [&](const auto& entry) {
    return std::ranges::none_of(result.tables, [&](const TableHit& t) { return t.card.id.value() == entry.first; });
  });
  for (const PassageHit& hit : descriptions) {
    if (best.contains(hit.passage.subject)) result.passages.push_back(hit);
  }
  std::ranges::sort(result.passages, [](const PassageHit& a, const PassageHit& b) {
    return a.score != b.score ? a.score > b.score : a.passage.id < b.passage.id;
  });
  if (result.passages.size() > query.passages_max) result.passages.resize(query.passages_max);
  return result;
}

}  // namespace neurolake::retrieval
