#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ask/propose/text_ranking.h"
#include "common/request_context.h"
#include "semantic/model.h"

namespace neurolake::ask {

/// How near the members of a model are to a question: by meaning (a table of word embeddings, or none) and by word,
/// over labels, synonyms and descriptions. Made of what one principal may see, so that nothing else moves a score.
/// Immutable and thread-safe; made in some microseconds a member.
class MemberRanking {
 public:
  struct Member {
    std::string name;  ///< Of the metric, or `entity.dimension`.
    std::string label;
    double score = 0;  ///< Of TextRanking.
  };

  /// `embedder` may be null. Borrows both.
  /// Errors: those of Embedder::Embed.
  static Result<std::unique_ptr<const MemberRanking>> Make(const RequestContext& ctx,
                                                           const semantic::SemanticModel& model,
                                                           const retrieval::Embedder* embedder);

  /// All members that are not hidden, nearest first; those of one score in the model's order.
  Result<std::vector<Member>> Rank(const RequestContext& ctx, std::string_view question) const;

 private:
  std::vector<Member> members_;
  std::unique_ptr<const TextRanking> texts_;
};

/// The part of `model` that fits into `bytes_max` of a prompt: metrics and dimensions, nearest first, with the entities
/// they need and the joins between those. A dimension that no chosen metric reaches is left out where a metric was
/// chosen. Pure.
semantic::SemanticModel PartOf(const semantic::SemanticModel& model, const std::vector<MemberRanking::Member>& ranked,
                               size_t bytes_max);

/// The model as a prompt says it: names and kinds as they are, and all that its author wrote in words quoted as the
/// data that it is. No value of any column.
std::string DescribeForPrompt(const semantic::SemanticModel& model);

}  // namespace neurolake::ask
