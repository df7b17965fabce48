#pragma once
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "ask/link/linker.h"
#include "ask/link/value_index.h"
#include "ask/service/model_source.h"
#include "ask/service/query_runner.h"
#include "common/clock.h"
#include "semantic/model.h"

namespace neurolake::ask {

/// As much of a model as one principal may know, and the values of its dimensions that it may see.
struct VisibleModel {
  std::shared_ptr<const semantic::SemanticModel> model;
  std::shared_ptr<const ValueIndex> values;
  std::shared_ptr<const Linker> linker;  ///< Borrows both.
};

/// Finds out what a principal may know of a model by asking the pipeline as that principal: a member is visible if a
/// query with it can be run, a value if a query returns it. Kept for the next question of the same principal, purpose
/// and version of the model: until the pipeline says that it may no longer see all that was shown (a policy or a right
/// has changed), or until kAgeMax, as tables go on.
///
/// Values are not read of dimensions that are hidden, personal, times or numbers, nor of those with more than
/// kValuesMax. Thread-safe; two first questions at once may both find out.
class VisibleModels {
 public:
  static constexpr size_t kValuesMax = 2'000;  ///< Of one dimension.
  static constexpr size_t kEntriesMax = 64;    ///< Principals times models.
  static constexpr std::chrono::minutes kAgeMax{5};

  VisibleModels(query::StatementService& service, const Clock& clock) : service_(service), clock_(clock) {}

  /// Errors: kCancelled, kDeadlineExceeded, kUnavailable, kOutOfMemory; whatever else keeps a member from being read
  /// leaves it out.
  Result<VisibleModel> For(const RequestContext& ctx, QueryRunner& runner, const std::string& purpose,
                           const FoundModel& found_model);

 private:
  struct Entry {
    std::string principal;
    std::string purpose;
    std::string key;  ///< FoundModel::key.
    SteadyTime read_at;
    std::vector<std::shared_ptr<const query::ShownTables>> shown;
    VisibleModel visible;
  };
  std::optional<Entry> Kept(const std::string& principal, const std::string& purpose, const std::string& key);
  void Keep(Entry entry);

  query::StatementService& service_;
  const Clock& clock_;
  std::mutex mutex_;
  std::list<Entry> entries_;  ///< Latest used first.
};

}  // namespace neurolake::ask
