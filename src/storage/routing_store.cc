#include "storage/object_store_options.h"

namespace neurolake::storage {
namespace {

/// Passes every call on to the store of its path. Bound to a request, it binds the stores it finds.
class RoutingStore final : public ObjectStore {
 public:
  RoutingStore(std::shared_ptr<ObjectStore> local, StoreResolver resolve, std::optional<RequestContext> request = {})
      : local_(std::move(local)), resolve_(std::move(resolve)), request_(std::move(request)) {}

  Result<std::string> Read(const std::string& path) override {
    return With(path, [&](ObjectStore& store) { return store.Read(path); });
  }
  Result<std::string> ReadRange(const std::string& path, int64_t offset_bytes, int64_t length_bytes) override {
    return With(path, [&](ObjectStore& store) { return store.ReadRange(path, offset_bytes, length_bytes); });
  }
  Result<ObjectInfo> Head(const std::string& path) override {
    return With(path, [&](ObjectStore& store) { return store.Head(path); });
  }
  Result<void> PutIfAbsent(const std::string& path, std::string_view bytes) override {
    return With(path, [&](ObjectStore& store) { return store.PutIfAbsent(path, bytes); });
  }
  Result<void> Put(const std::string& path, std::string_view bytes) override {
    return With(path, [&](ObjectStore& store) { return store.Put(path, bytes); });
  }
  Result<std::unique_ptr<ObjectWriter>> NewUpload(const std::string& path, UploadOptions options) override {
    return With(path, [&](ObjectStore& store) { return store.NewUpload(path, options); });
  }
  Result<std::vector<ObjectInfo>> List(const std::string& directory, const std::string& start_after) override {
    return With(directory, [&](ObjectStore& store) { return store.List(directory, start_after); });
  }
  Result<void> Walk(const std::string& directory, const std::function<bool(const std::string&)>& enter,
                    const std::function<Result<void>(const ObjectInfo&)>& visit) override {
    return With(directory, [&](ObjectStore& store) { return store.Walk(directory, enter, visit); });
  }
  Result<void> Delete(const std::string& path) override {
    return With(path, [&](ObjectStore& store) { return store.Delete(path); });
  }

  Result<void> DeleteMany(const std::vector<std::string>& paths) override {
    Result<void> outcome;
    std::map<ObjectStore*, std::pair<std::shared_ptr<ObjectStore>, std::vector<std::string>>> by_store;
    for (const std::string& path : paths) {
      auto store = Route(path);
      if (!store.has_value()) {
        if (outcome.has_value()) outcome = std::unexpected(store.error());
        continue;
      }
      auto& [owner, of_store] = by_store[store->get()];
      owner = *store;
      of_store.push_back(path);
    }
    for (const auto& [key, group] : by_store) {
      ObjectStore& store = *group.first;
      auto deleted = request_ ? store.For(*request_)->DeleteMany(group.second) : store.DeleteMany(group.second);
      if (outcome.has_value()) outcome = std::move(deleted);
    }
    return outcome;
  }

  Result<void> MakeDirectory(const std::string& path) override {
    return With(path, [&](ObjectStore& store) { return store.MakeDirectory(path); });
  }
  Result<std::unique_ptr<ObjectReader>> OpenBelow(const std::string& directory, const std::string& path) override {
    return With(directory, [&](ObjectStore& store) { return store.OpenBelow(directory, path); });
  }
  Result<void> DeleteBelow(const std::string& directory, const std::string& path) override {
    return With(directory, [&](ObjectStore& store) { return store.DeleteBelow(directory, path); });
  }
  Result<bool> LeadsThroughLink(const std::string& directory, const std::string& path) override {
    return With(directory, [&](ObjectStore& store) { return store.LeadsThroughLink(directory, path); });
  }
  std::unique_ptr<ObjectStore> For(const RequestContext& ctx) override {
    return std::make_unique<RoutingStore>(local_, resolve_, ctx);
  }

 private:
  Result<std::shared_ptr<ObjectStore>> Route(const std::string& path) const {
    NL_ASSIGN_OR_RETURN(const ObjectLocation location, ParseObjectLocation(path));
    if (location.kind == ObjectLocation::Kind::kLocal) return local_;
    NL_ASSIGN_OR_RETURN(auto store, resolve_(location, path));
    if (store == nullptr) {
      return MakeError(ErrorCode::kNotSupported, "no object store is configured for {}://", location.scheme);
    }
    return store;
  }

  /// Readers and writers outlive the call: stores give them what they need of their own.
  template <typename Action>
  auto With(const std::string& path, Action action) -> decltype(action(std::declval<ObjectStore&>())) {
    NL_ASSIGN_OR_RETURN(const auto store, Route(path));
    if (!request_.has_value()) return action(*store);
    return action(*store->For(*request_));
  }

  std::shared_ptr<ObjectStore> local_;
  StoreResolver resolve_;
  std::optional<RequestContext> request_;
};

}  // namespace

std::unique_ptr<ObjectStore> NewRoutingStore(std::shared_ptr<ObjectStore> local, StoreResolver resolve) {
  return std::make_unique<RoutingStore>(std::move(local), std::move(resolve));
}

StoreResolver ResolveByScheme(StoresByScheme stores) {
  return [stores = std::move(stores)](const ObjectLocation& location,
                                      const std::string&) -> Result<std::shared_ptr<ObjectStore>> {
    switch (location.kind) {
      case ObjectLocation::Kind::kLocal: return nullptr;
      case ObjectLocation::Kind::kS3: return stores.s3;
      case ObjectLocation::Kind::kGcs: return stores.gcs;
      case ObjectLocation::Kind::kAzure: return stores.azure;
    }
    NL_UNREACHABLE();
  };
}

}  // namespace neurolake::storage
