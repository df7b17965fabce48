#include "ask/conversation/verified_questions.h"

#include <algorithm>
#include <set>

#include "ask/answer/table.h"
#include "ask/compile/compile.h"
#include "ask/conversation/move_times.h"
#include "ask/intent/intent_json.h"
#include "ask/language/words.h"
#include "common/log.h"

namespace neurolake::ask {
namespace {

using semantic::SemanticModel;

constexpr size_t kModelsMax = 256;
/// Of questions that are compared by meaning: each is compiled for who asks.
constexpr size_t kRankedMax = 200;
/// Below this a question is about something else: by the table of word embeddings "income" is at 0.36 from "Revenue",
/// "weather" at 0.
constexpr double kNearMin = 0.35;

std::vector<const Filter*> FiltersOf(const Intent& intent) {
  std::vector<const Filter*> filters;
  const auto add = [&](const std::vector<FilterGroup>& groups) {
    for (const auto& group : groups) {
      for (const auto& filter : group.any_of) filters.push_back(&filter);
    }
  };
  add(intent.filters);
  for (const auto& metric : intent.metrics) add(metric.filters);
  for (const auto& set : intent.sets) {
    add(set.filters);
    if (set.metric.has_value()) add(set.metric->filters);
  }
  return filters;
}

/// Whether the words of `value` stand in the question, one after the other.
bool Says(std::span<const Token> question, const std::string& value) {
  const auto words = TokenizeName(value);
  return !words.empty() &&
         std::search(question.begin(), question.end(), words.begin(), words.end(),
                     [](const Token& a, const Token& b) { return a.word == b.word; }) != question.end();
}

bool IsVisible(const FieldRef& field, const std::string& value, const VisibleModel& visible) {
  const auto words = TokenizeName(value);
  const auto matches = visible.values == nullptr ? std::vector<ValueMatch>() : visible.values->Find(words);
  return std::ranges::any_of(matches, [&](const ValueMatch& match) {
    return match.field.entity == field.entity && match.field.name == field.name && match.value == Literal(value);
  });
}

bool MayKnowValues(const Filter& filter, std::span<const Token> question, const VisibleModel& visible) {
  // Recurring parts of a time, and borders of numbers, are nobody's data: they say what words mean.
  const bool lists = filter.op == FilterOperator::kIn || filter.op == FilterOperator::kNotIn;
  if (filter.part.has_value()) return true;
  return std::ranges::all_of(filter.values, [&](const Literal& literal) {
    if (const auto* text = std::get_if<std::string>(&literal)) {
      return Says(question, *text) || IsVisible(filter.field, *text, visible);
    }
    if (std::holds_alternative<bool>(literal) || !lists) return true;
    const std::string number = std::holds_alternative<int64_t>(literal) ? fmt::to_string(std::get<int64_t>(literal))
                                                                        : fmt::to_string(std::get<double>(literal));
    return Says(question, number);
  });
}

}  // namespace

std::string QuestionKey(std::string_view question) {
  const auto tokens = Tokenize(question);
  if (!tokens.has_value()) return {};
  std::string key;
  for (const Token& token : *tokens) {
    const bool is_sign = token.kind == TokenKind::kSymbol &&
                         (token.word == "?" || token.word == "." || token.word == "!" || token.word == ",");
    if (!is_sign) key += (key.empty() ? "" : " ") + token.word;
  }
  return key;
}

bool MayKnow(const Intent& intent, const std::string& question, const VisibleModel& visible) {
  const bool has_sql = intent.output != OutputKind::kDescribe && intent.output != OutputKind::kListAskable;
  if (!has_sql || !CompileIntent(intent, *visible.model).has_value()) return false;
  const auto tokens = Tokenize(question);
  if (!tokens.has_value()) return false;
  return std::ranges::all_of(FiltersOf(intent),
                             [&](const Filter* filter) { return MayKnowValues(*filter, *tokens, visible); });
}

std::shared_ptr<const VerifiedQuestions::Index> VerifiedQuestions::IndexOf(
    const std::shared_ptr<const SemanticModel>& whole) {
  static const auto kNone = std::make_shared<const std::vector<catalog::AskFeedback>>();
  const auto approved = records_ == nullptr ? Result<std::shared_ptr<const std::vector<catalog::AskFeedback>>>(kNone)
                                            : records_->Verified(whole->name);
  if (!approved.has_value()) {
    Log(LogLevel::kWarn, "verified questions cannot be read", {}, {{"reason", approved.error().message()}});
    return nullptr;
  }
  const std::scoped_lock lock(mutex_);
  auto& kept = indexes_[whole->name];
  if (kept != nullptr && kept->whole == whole && kept->approved == *approved) return kept;
  auto index =
      std::make_shared<Index>(Index{.whole = whole, .approved = *approved, .entries = {}, .metric_shares = {}});
  for (const auto& verified : whole->verified_questions) {
    auto intent = DecodeIntent(verified.intent);
    const std::string key = QuestionKey(verified.question);
    if (!intent.has_value() || key.empty()) continue;
    index->entries[key] = {.question = verified.question, .intent = std::move(*intent), .as_of = std::nullopt};
  }
  auto latest_last = **approved;
  std::ranges::stable_sort(latest_last, {},
                           [](const catalog::AskFeedback& one) { return std::tuple(one.decided, one.id); });
  for (const auto& one : latest_last) {
    auto intent = DecodeIntent(one.meant);
    const std::string key = QuestionKey(one.question);
    if (!intent.has_value() || key.empty()) continue;
    index->entries[key] = {.question = one.question, .intent = std::move(*intent), .as_of = ParseSqlTime(one.as_of)};
  }
  for (const auto& [key, entry] : index->entries) {
    std::set<std::string> metrics;
    for (const auto& use : entry.intent.metrics) metrics.insert(use.metric);
    for (const auto& metric : metrics) index->metric_shares[metric] += 1.0 / static_cast<double>(index->entries.size());
  }
  if (indexes_.size() > kModelsMax) indexes_.clear();
  indexes_[whole->name] = index;
  return index;
}

std::optional<Intent> VerifiedQuestions::IntentNow(const Entry& entry, const std::string& question,
                                                   const VisibleModel& visible, const TimeContext& time) {
  TimeContext then = time;
  then.now = entry.as_of.value_or(time.now);
  auto intent = MoveTimes(entry.question, entry.intent, then, time);
  if (!intent.has_value() || !MayKnow(*intent, question, visible)) return std::nullopt;
  return Canonical(*intent, *visible.model);
}

void VerifiedQuestions::Recall(const std::string& question, const std::shared_ptr<const SemanticModel>& whole,
                               const VisibleModel& visible, const TimeContext& time, Understanding& understood) {
  // Words that change the question before mean something else each time.
  const bool follows = std::ranges::any_of(understood.readings, [](const Reading& one) { return one.follow_up; });
  if (follows) return;
  const auto index = IndexOf(whole);
  if (index == nullptr) return;
  const auto found = index->entries.find(QuestionKey(question));
  if (found == index->entries.end()) return;
  auto intent = IntentNow(found->second, question, visible, time);
  if (!intent.has_value()) return;
  Reading reading{.intent = std::move(*intent), .confidence = 1};
  reading.text = Restate(reading.intent, *visible.model);
  reading.assumptions = {"read as somebody reviewed it: " + reading.text};
  understood = {.status = Status::kAnswered, .readings = {std::move(reading)}};
}

Usage VerifiedQuestions::UsageOf(const std::shared_ptr<const SemanticModel>& whole) {
  const auto index = IndexOf(whole);
  if (index == nullptr || index->entries.empty()) return nullptr;
  return [index](std::string_view member) {
    const auto found = index->metric_shares.find(member);
    return found == index->metric_shares.end() ? 0.0 : found->second;
  };
}

void VerifiedQuestions::AddNear(const RequestContext& ctx, const std::string& question, const Index& index,
                                const VisibleModel& visible, const TimeContext& time, size_t limit,
                                std::vector<std::string>& nearest) const {
  if (texts_ == nullptr || !texts_->has_meaning() || nearest.size() >= limit) return;
  // Only what may be asked is ranked, and as it would be said.
  retrieval::TextGroup group{
      .name = "questions:" + index.whole->name, .texts = {}, .kind = retrieval::PassageKind::kQuestion};
  for (const auto& [key, entry] : index.entries) {
    if (group.texts.size() >= kRankedMax) break;
    const auto intent = IntentNow(entry, "", visible, time);
    if (intent.has_value()) group.texts.push_back(Restate(*intent, *visible.model));
  }
  // Values are in them, which can be erased: nothing of it gets onto the disk.
  const auto hits = texts_->Rank(ctx, {.groups = std::span(&group, 1), .text = question, .lasting = false});
  if (!hits.has_value()) return;
  for (const auto& hit : *hits) {
    if (nearest.size() >= limit || hit.meaning < kNearMin) break;
    std::string& words = group.texts[hit.index];
    if (std::ranges::find(nearest, words) == nearest.end()) nearest.push_back(std::move(words));
  }
}

std::vector<std::string> VerifiedQuestions::Nearest(const RequestContext& ctx, const std::string& question,
                                                    const std::shared_ptr<const SemanticModel>& whole,
                                                    const VisibleModel& visible, const TimeContext& time,
                                                    size_t limit) {
  const auto index = IndexOf(whole);
  const auto tokens = Tokenize(question);
  if (index == nullptr || !tokens.has_value()) return {};
  std::set<std::string> stems;
  for (const Token& token : *tokens) {
    if (token.kind == TokenKind::kWord && !IsCommonWord(token.word)) stems.insert(Stem(token.word));
  }
  std::vector<std::pair<int, const Entry*>> scored;
  for (const auto& [key, entry] : index->entries) {
    int shared = 0;
    for (const Token& token : TokenizeName(entry.question)) shared += stems.contains(Stem(token.word)) ? 1 : 0;
    if (shared > 0) scored.emplace_back(-shared, &entry);
  }
  std::ranges::stable_sort(scored, {}, [](const auto& one) { return one.first; });
  std::vector<std::string> nearest;
  for (const auto& [points, entry] : scored) {
    if (nearest.size() >= limit) break;
    // The words of who asked first count for nothing here: only values that are visible may be in it.
    const auto intent = IntentNow(*entry, "", visible, time);
    if (!intent.has_value()) continue;
    auto words = Restate(*intent, *visible.model);
    if (std::ranges::find(nearest, words) == nearest.end()) nearest.push_back(std::move(words));
  }
  AddNear(ctx, question, *index, visible, time, limit, nearest);
  return nearest;
}

}  // namespace neurolake::ask
