#include "query/statement_stores.h"

#include "storage/object_store_options.h"
#include "storage/path.h"

namespace neurolake::query {
namespace {

/// A client and the same bound to a request, which borrows the client.
struct BoundStore {
  std::shared_ptr<storage::ObjectStore> client;
  std::unique_ptr<storage::ObjectStore> bound;
};

}  // namespace

void StatementStores::Begin(const RequestContext* ctx, Ask ask, Open open) {
  std::lock_guard lock(mutex_);
  ctx_ = ctx;
  ask_ = std::move(ask);
  open_ = std::move(open);
  opened_.clear();
}

void StatementStores::End() {
  std::lock_guard lock(mutex_);
  ctx_ = nullptr;
  ask_ = nullptr;
  open_ = nullptr;
  opened_.clear();
}

std::shared_ptr<storage::ObjectStore> StatementStores::Find(const std::string& url) const {
  const Opened* best = nullptr;
  for (const Opened& opened : opened_) {
    if (!storage::IsBelow(url, opened.prefix)) continue;
    if (best == nullptr || opened.prefix.size() > best->prefix.size()) best = &opened;
  }
  return best == nullptr ? nullptr : best->store;
}

Result<std::shared_ptr<storage::ObjectStore>> StatementStores::StoreFor(const std::string& path) {
  NL_ASSIGN_OR_RETURN(const std::string url, storage::NormalUrl(path));
  std::lock_guard lock(mutex_);
  if (ask_ == nullptr) return MakeError(ErrorCode::kInternal, "an object store was reached for outside of a statement");
  if (auto known = Find(url)) return known;
  NL_ASSIGN_OR_RETURN(const StoreAccess access, ask_(url));
  if (!storage::IsBelow(url, access.prefix)) {
    return MakeError(ErrorCode::kInternal, "the way to an object store is that of another place");
  }
  auto both = std::make_shared<BoundStore>();
  NL_ASSIGN_OR_RETURN(both->client, open_(access));
  std::shared_ptr<storage::ObjectStore> store = both->client;
  if (ctx_ != nullptr) {
    both->bound = both->client->For(*ctx_);
    store = std::shared_ptr<storage::ObjectStore>(both, both->bound.get());
  }
  opened_.push_back({access.prefix, store});
  return store;
}

std::unique_ptr<storage::ObjectStore> NewStatementStore(storage::ObjectStore& local, StatementStores& stores) {
  // Borrowed: nothing to delete.
  const std::shared_ptr<storage::ObjectStore> borrowed(&local, [](storage::ObjectStore*) {});
  return storage::NewRoutingStore(
      borrowed, [&stores](const storage::ObjectLocation&, const std::string& path) { return stores.StoreFor(path); });
}

}  // namespace neurolake::query
