#pragma once
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "common/request_context.h"
#include "common/result.h"

namespace neurolake::query {

/// The questions of one statement, or other piece of work, to the catalogue's judge. What is known of who asks is read
/// once, and only where a judge is in force.
class JudgedAccess {
 public:
  using Verdict = catalog::AccessJudge::Verdict;
  /// Borrows both.
  JudgedAccess(catalog::Catalog& catalog, const RequestContext& ctx) : catalog_(catalog), ctx_(ctx) {}

  /// What is said of doing `action` ("select" or "modify") to the object; all of it holds. Of an agent, of it and of
  /// whom it acts for. Empty: no such policies are in force. Errors: those of the judge and the catalogue.
  Result<std::vector<std::shared_ptr<const Verdict>>> Ask(std::string_view action,
                                                          const catalog::AccessJudge::Object& object);

 private:
  struct Asker {
    RequestContext ctx;
    catalog::AccessJudge::Subject subject;
  };
  Result<void> ReadAskers();

  catalog::Catalog& catalog_;
  const RequestContext& ctx_;
  std::vector<Asker> askers_;
};

}  // namespace neurolake::query
