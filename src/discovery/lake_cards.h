#pragma once
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "retrieval/table_card.h"
#include "retrieval/text_index.h"

namespace neurolake::discovery {

/// A table or view, as much of it as one principal may know.
struct LakeCard {
  std::string schema;
  std::string name;
  bool is_view = false;
  retrieval::TableCard card;  ///< Its tags are "NAME" or "NAME = VALUE", and those of columns are the columns'.
};

/// What the relations of a lake say of its tables and views, put together. Not thread-safe.
class LakeCards {
 public:
  /// Has a row of seven texts for each fact: run as the principal whose cards they become. Of what ANALYZE TABLE found
  /// it has row counts, and columns with the bounds of dates and times, for those who may see all of a table.
  static const std::string_view kSql;
  static constexpr size_t kColumns = 7;

  /// A row of it. Errors: kInvalidArgument for another number of texts.
  Result<void> Add(std::span<const std::string> row);
  /// By schema and name; those of which the relations have no more than tags or columns, as they are gone, left out.
  std::vector<LakeCard> Take();

 private:
  std::map<std::pair<std::string, std::string>, LakeCard> cards_;
};

struct TableSearch {
  std::string text;  ///< Empty: all that meet the constraint, by name.
  retrieval::TableConstraint constraint = {};
};

/// The two stages over `cards`: the constraint picks, then meaning and words rank, where the search has any. A text
/// that says nothing of a table (no word, no piece of its name, no near meaning) does not find it. Best first, those of
/// one score by name; pointers into `cards`. `texts` may be null: then words alone count. Errors: those of
/// TextIndex::Rank; an embedder that does not answer is none: then words alone count.
Result<std::vector<const LakeCard*>> FindTables(const RequestContext& ctx, const std::vector<LakeCard>& cards,
                                                const TableSearch& search, retrieval::TextIndex* texts);

/// Those of `cards` that meet the constraint, by name. Pure.
std::vector<const LakeCard*> Picked(const std::vector<LakeCard>& cards, const retrieval::TableConstraint& constraint);

}  // namespace neurolake::discovery
