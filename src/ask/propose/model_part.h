#pragma once
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/request_context.h"
#include "retrieval/text_index.h"
#include "semantic/model.h"

namespace neurolake::ask {

/// How near the members of a model are to a question: by meaning and by word, over labels, synonyms and descriptions.
/// The model is as much as one principal may know, so that nothing else moves a score. Immutable and thread-safe.
class MemberRanking {
 public:
  struct Member {
    std::string name;  ///< Of the metric, or `entity.dimension`.
    std::string label;
    double score = 0;  ///< Of retrieval::TextHit.
  };

  /// Borrows `texts`, which may be null: then no member is nearer than another. Members of the entities `behind` come
  /// after all others.
  static std::shared_ptr<const MemberRanking> Make(const semantic::SemanticModel& model, retrieval::TextIndex* texts,
                                                   const std::set<std::string>& behind = {});

  /// All members that are not hidden, nearest first; those of one score in the model's order. An index that fails makes
  /// none nearer than another. Errors: kCancelled, kDeadlineExceeded.
  Result<std::vector<Member>> Rank(const RequestContext& ctx, std::string_view question) const;

 private:
  std::vector<Member> members_;
  std::vector<bool> is_behind_;  ///< Of each member.
  retrieval::TextGroup group_;   ///< Of their texts.
  retrieval::TextIndex* texts_ = nullptr;
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
