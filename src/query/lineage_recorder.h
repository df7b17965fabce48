#pragma once
#include <memory>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "query/event_outbox.h"
#include "query/openlineage_event.h"
#include "query/statement_effects.h"

namespace neurolake::query {

/// Keeps what statements did: edges in the catalogue, and run events where they were asked for. Thread-safe.
class LineageRecorder {
 public:
  struct Events {
    EventSettings settings;
    bool queries = false;  ///< Of statements that change nothing too.
    std::unique_ptr<EventOutbox> outbox;
  };

  /// Borrows `catalog`. Without `events` only edges are kept.
  LineageRecorder(catalog::Catalog& catalog, std::unique_ptr<Events> events)
      : catalog_(catalog), events_(std::move(events)) {}

  /// A statement's way through here: one object for each.
  class Run {
   public:
    explicit Run(LineageRecorder& recorder) : recorder_(recorder) {}
    /// The statement was planned: what it is and which tables it names are known.
    void Started(const catalog::StatementRecord& statement);
    /// A worker's word about one plan, which counts as far as `effects` bear it out.
    void Note(std::string payload);
    /// After the statement ended, and before its client hears of it. Failing to keep lineage is logged and fails
    /// nothing.
    void Ended(const catalog::StatementRecord& statement, const StatementEffects& effects);

   private:
    LineageRecorder& recorder_;
    std::vector<std::string> notes_;
    std::string job_;
    bool started_ = false;
  };

 private:
  bool Emits(const catalog::StatementRecord& statement) const;
  void Emit(RunEvent event);

  catalog::Catalog& catalog_;
  const std::unique_ptr<Events> events_;
};

}  // namespace neurolake::query
