#include "query/lineage_recorder.h"

#include <set>

#include "common/log.h"
#include "common/text.h"
#include "query/lineage_edges.h"
#include "query/lineage_messages.h"

namespace neurolake::query {
namespace {

using catalog::StatementRecord;
using plan::LineageDigest;

/// A statement has a plan or two; a script of thousands inside one transaction keeps its first ones.
constexpr size_t kNotesMax = 1000;

std::string FirstWord(const std::string& sql) {
  const auto is_letter = [](unsigned char c) { return std::isalpha(c) != 0; };
  const auto begin = std::ranges::find_if(sql, is_letter);
  return LowerAscii(std::string(begin, std::find_if_not(begin, sql.end(), is_letter)));
}

/// By its kind, and where it failed before that was known, by how it begins.
bool OnlyReads(const StatementRecord& statement) {
  static const std::set<std::string> kKinds = {"SELECT", "EXPLAIN", "EXPLAIN ANALYZE", "DESCRIBE", "SHOW"};
  static const std::set<std::string> kWords = {"",     "select",   "with", "from",  "values",  "table",
                                               "show", "describe", "desc", "pivot", "explain", "unpivot"};
  return statement.kind.empty() ? kWords.contains(FirstWord(statement.text)) : kKinds.contains(statement.kind);
}

RunState EndState(const StatementRecord& statement) {
  if (statement.state == "succeeded") return RunState::kComplete;
  return statement.state == "cancelled" ? RunState::kAbort : RunState::kFail;
}

}  // namespace

bool LineageRecorder::Emits(const StatementRecord& statement) const {
  return events_ != nullptr && (events_->queries || !OnlyReads(statement));
}

void LineageRecorder::Emit(RunEvent event) {
  // Events of one moment are sent in the order of their ids.
  const char* order = event.state == RunState::kStart ? "0" : "1";
  events_->outbox->Add({.id = event.statement.id.value() + ":" + order,
                        .created = event.at,
                        .body = MakeRunEvent(events_->settings, event)});
}

void LineageRecorder::Run::Started(const StatementRecord& statement) {
  if (started_ || !recorder_.Emits(statement)) return;
  started_ = true;
  job_ = JobName(statement);
  recorder_.Emit({.state = RunState::kStart, .statement = statement, .at = statement.started, .job = job_});
}

void LineageRecorder::Run::Note(std::string payload) {
  if (notes_.size() < kNotesMax) notes_.push_back(std::move(payload));
}

void LineageRecorder::Run::Ended(const StatementRecord& statement, const StatementEffects& effects) {
  const bool emits = recorder_.Emits(statement);
  const bool took_effect = !effects.published.empty() || !effects.created_views.empty();
  std::vector<LineageDigest> digests;
  if (statement.state == "succeeded" && (took_effect || emits)) {
    for (const std::string& note : notes_) {
      auto digest = DecodeLineage(note);
      if (digest.has_value()) digests.push_back(std::move(*digest));
      else Log(LogLevel::kWarn, "a worker's lineage cannot be read", {}, {{"statement", statement.id.value()}});
    }
  }
  if (took_effect && !digests.empty()) {
    auto edges = MakeEdges(statement, digests, effects);
    for (auto& edge : edges) {
      if (edge.target.kind != "view") continue;
      const auto dot = edge.target.name.find('.');
      const auto view = recorder_.catalog_.FindView(edge.target.name.substr(0, dot), edge.target.name.substr(dot + 1));
      if (view.has_value() && *view) edge.target.id = (*view)->id;
    }
    if (auto kept = recorder_.catalog_.AddLineage(edges); !kept) {
      Log(LogLevel::kError, "cannot store the lineage of a statement", {},
          {{"statement", statement.id.value()}, {"reason", kept.error().message()}});
    }
  }
  if (!emits) return;
  // One that was never planned begins and ends here.
  Started(statement);
  recorder_.Emit({.state = EndState(statement),
                  .statement = statement,
                  .at = statement.ended.value_or(statement.started),
                  .job = job_,
                  .digests = &digests,
                  .effects = &effects});
}

}  // namespace neurolake::query
