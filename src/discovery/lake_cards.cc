#include "discovery/lake_cards.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "common/log.h"
#include "common/text.h"
#include "retrieval/terms.h"

namespace neurolake::discovery {
namespace {

/// A table whose words are none of the search's is found from this cosine on: between what the table of word embeddings
/// says of texts about the same and of texts about anything.
constexpr double kNearMin = 0.4;
constexpr double kNamePieceScore = 2;
constexpr double kTextPieceScore = 0.5;
/// Everything has it, and whose cards they are says who sees them.
const std::vector<std::string> kLabels = {"own"};

std::optional<WallTime> TimeOf(const std::string& text) {
  const auto time = ParseTimestamp(text);
  return time.has_value() ? std::optional(*time) : std::nullopt;
}

retrieval::ColumnCard& ColumnOf(retrieval::TableCard& card, const std::string& name) {
  const auto known =
      std::ranges::find_if(card.columns, [&](const auto& column) { return EqualsIgnoringCase(column.name, name); });
  if (known != card.columns.end()) return *known;
  card.columns.push_back({.name = name, .type = "", .description = ""});
  return card.columns.back();
}

/// What is compared with a search: names as they are and in words, and what was said of them.
std::string TextOf(const LakeCard& one) {
  std::string words = one.schema + " " + one.name;
  std::string columns;
  std::string tags = fmt::format("{}", fmt::join(one.card.tags, ", "));
  for (const auto& column : one.card.columns) {
    columns += (columns.empty() ? "" : ", ") + column.name;
    for (const std::string& tag : column.tags) tags += (tags.empty() ? "" : ", ") + tag;
  }
  std::string text = one.card.name + "\n" + words;
  for (const std::string& more : {one.card.description, columns, tags}) {
    if (!more.empty()) text += "\n" + more;
  }
  std::string plain = words + " " + columns;
  std::ranges::replace(plain, '_', ' ');
  return text + "\n" + plain;
}

/// The words of a search that may be pieces of names.
std::vector<std::string> WordsOf(std::string_view text) {
  std::vector<std::string> words;
  for (const std::string& term : retrieval::QuestionTermsOf(text)) words.push_back(LowerAscii(term));
  return words;
}

/// Of words that are pieces of names and texts, as people type who know half of a name.
double PiecesIn(const LakeCard& one, const std::string& text, const std::vector<std::string>& words) {
  const std::string name = LowerAscii(one.card.name);
  const std::string all = LowerAscii(text);
  double score = 0;
  for (const std::string& word : words) {
    if (name.contains(word)) score += kNamePieceScore;
    if (all.contains(word)) score += kTextPieceScore;
  }
  return score;
}

struct Nearness {
  double score = 0;  ///< Meaning and words.
  double meaning = 0;
};

/// Of each of `texts`, which are those of `cards`; zeros where it cannot be had. Errors: kCancelled, kDeadlineExceeded.
Result<std::vector<Nearness>> NearnessOf(const RequestContext& ctx, const std::vector<LakeCard>& cards,
                                         const std::vector<std::string>& texts, const std::string& text,
                                         retrieval::TextIndex* index) {
  std::vector<Nearness> near(cards.size());
  if (index == nullptr) return near;
  std::vector<retrieval::TextGroup> groups;
  std::vector<size_t> begins;  // Of groups, among the cards, which are by schema.
  for (size_t at = 0; at < cards.size(); ++at) {
    if (at == 0 || cards[at].schema != cards[at - 1].schema) {
      groups.push_back({.name = "catalogue:" + cards[at].schema, .texts = {}});
      begins.push_back(at);
    }
    groups.back().texts.push_back(texts[at]);
  }
  const auto hits = index->Rank(ctx, {.groups = groups, .text = text});
  if (!hits.has_value()) {
    NL_RETURN_IF_ERROR(ctx.CheckAlive());
    Log(LogLevel::kWarn, "tables are found by words alone", ctx.request_id(), {{"reason", hits.error().message()}});
    return near;
  }
  for (const auto& hit : *hits) near[begins[hit.group] + hit.index] = {hit.Score(), hit.meaning};
  return near;
}

}  // namespace

const std::string_view LakeCards::kSql =
    "SELECT schema_name, table_name AS name, 'table' AS what, '' AS part, coalesce(comment, '') AS text, '' AS low, '' "
    "AS high FROM system.tables "
    "UNION ALL SELECT schema_name, view_name, 'view', '', '', '', '' FROM system.views "
    "UNION ALL SELECT schema_name, table_name, 'tag', coalesce(column_name, ''), "
    "CASE WHEN coalesce(value, '') = '' THEN tag ELSE tag || ' = ' || value END, '', '' FROM system.tags "
    "UNION ALL SELECT DISTINCT schema_name, table_name, 'column', column_name, data_type, "
    "CASE WHEN lower(data_type) = 'date' OR starts_with(lower(data_type), 'timestamp') THEN coalesce(min, '') ELSE '' "
    "END, "
    "CASE WHEN lower(data_type) = 'date' OR starts_with(lower(data_type), 'timestamp') THEN coalesce(max, '') ELSE '' "
    "END "
    "FROM system.column_statistics "
    "UNION ALL SELECT schema_name, table_name, 'rows', '', coalesce(CAST(row_count AS VARCHAR), ''), '', '' "
    "FROM system.table_statistics";

Result<void> LakeCards::Add(std::span<const std::string> row) {
  if (row.size() != kColumns) return MakeError(ErrorCode::kInvalidArgument, "a row of a card has {} texts", kColumns);
  const std::pair<std::string, std::string> key(row[0], row[1]);
  LakeCard& one = cards_[key];
  const std::string& what = row[2];
  const std::string& part = row[3];
  const std::string& text = row[4];
  if (what == "table" || what == "view") {
    one.schema = row[0];
    one.name = row[1];
    one.is_view = what == "view";
    one.card.name = row[0] + "." + row[1];
    one.card.id = TableId(one.card.name);
    one.card.description = text;
    one.card.labels = kLabels;
  } else if (what == "tag") {
    (part.empty() ? one.card.tags : ColumnOf(one.card, part).tags).push_back(text);
  } else if (what == "column") {
    retrieval::ColumnCard& column = ColumnOf(one.card, part);
    column.type = text;
    const auto low = TimeOf(row[5]);
    const auto high = TimeOf(row[6]);
    if (low.has_value() && high.has_value()) column.time_range = {*low, *high};
  } else if (what == "rows") {
    int64_t count = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), count).ec == std::errc()) one.card.row_count = count;
  }
  return {};
}

std::vector<LakeCard> LakeCards::Take() {
  std::vector<LakeCard> taken;
  for (auto& [key, one] : cards_) {
    if (!one.schema.empty()) taken.push_back(std::move(one));
  }
  cards_.clear();
  return taken;
}

std::vector<const LakeCard*> Picked(const std::vector<LakeCard>& cards, const retrieval::TableConstraint& constraint) {
  retrieval::TableIndex index;
  for (const LakeCard& one : cards) (void)index.Put(one.card);
  std::set<std::string> names;
  for (const auto& card : index.Select(retrieval::Viewer({kLabels.begin(), kLabels.end()}), constraint))
    names.insert(card.name);
  std::vector<const LakeCard*> picked;
  for (const LakeCard& one : cards) {
    if (names.contains(one.card.name)) picked.push_back(&one);
  }
  return picked;
}

Result<std::vector<const LakeCard*>> FindTables(const RequestContext& ctx, const std::vector<LakeCard>& cards,
                                                const TableSearch& search, retrieval::TextIndex* texts) {
  std::vector<const LakeCard*> picked = Picked(cards, search.constraint);
  const std::vector<std::string> words = WordsOf(search.text);
  if (words.empty()) return picked;
  // All cards are ranked, picked or not: so what is kept of them does not hang on the search.
  std::vector<std::string> all;
  for (const LakeCard& one : cards) all.push_back(TextOf(one));
  NL_ASSIGN_OR_RETURN(const auto near, NearnessOf(ctx, cards, all, search.text, texts));
  struct Found {
    const LakeCard* card = nullptr;
    double score = 0;
  };
  std::vector<Found> found;
  for (const LakeCard* one : picked) {
    const auto at = static_cast<size_t>(one - cards.data());
    const double pieces = PiecesIn(*one, all[at], words);
    const bool has_words = pieces > 0 || near[at].score > near[at].meaning;
    if (!has_words && near[at].meaning < kNearMin) continue;
    found.push_back({one, near[at].score + 0.1 * pieces});
  }
  // Of equal ones the order of names stays.
  std::ranges::stable_sort(found, std::greater<>(), &Found::score);
  picked.clear();
  for (const Found& one : found) picked.push_back(one.card);
  return picked;
}

}  // namespace neurolake::discovery
