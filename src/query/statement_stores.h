#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/request_context.h"
#include "query/store_access.h"

namespace neurolake::query {

/// The object stores that one statement reaches, opened as their URLs come up and closed with the statement: what it
/// was given to open them is gone then. Thread-safe.
class StatementStores {
 public:
  /// How the place of a URL is reached, from whoever may say so.
  using Ask = std::function<Result<StoreAccess>(const std::string& url)>;
  using Open = std::function<Result<std::shared_ptr<storage::ObjectStore>>(const StoreAccess& access)>;

  /// `ctx`, which bounds every wait, may be null for work that belongs to no statement; it is borrowed until End.
  void Begin(const RequestContext* ctx, Ask ask, Open open);
  void End();
  /// Errors: of `ask` and `open`; kInternal outside of a statement.
  Result<std::shared_ptr<storage::ObjectStore>> StoreFor(const std::string& path);

 private:
  struct Opened {
    std::string prefix;
    std::shared_ptr<storage::ObjectStore> store;
  };
  std::shared_ptr<storage::ObjectStore> Find(const std::string& url) const;

  std::mutex mutex_;
  const RequestContext* ctx_ = nullptr;
  Ask ask_;
  Open open_;
  std::vector<Opened> opened_;
};

/// Local paths go to `local`, URLs to `stores`, both borrowed.
std::unique_ptr<storage::ObjectStore> NewStatementStore(storage::ObjectStore& local, StatementStores& stores);

}  // namespace neurolake::query
