#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <thread>

#include "common/ids.h"
#include "storage/internal/cloud_core.h"

namespace neurolake::storage::internal {
namespace {

/// A list of more pages than this is a service that never ends its list.
constexpr int kPagesMax = 100'000;
constexpr int64_t kReadPieceBytes = 8 << 20;
constexpr size_t kDeletesAtOnce = 8;

std::string WithoutSlash(std::string directory) {
  while (directory.ends_with('/') && !directory.ends_with("://")) directory.pop_back();
  return directory;
}

class CloudReader final : public ObjectReader {
 public:
  CloudReader(std::shared_ptr<CloudCore> core, RequestContext request, ObjectLocation at, int64_t size_bytes)
      : core_(std::move(core)), request_(std::move(request)), at_(std::move(at)), size_bytes_(size_bytes) {}

  Result<std::string> Read(int64_t limit_bytes) override {
    const int64_t wanted = std::min({limit_bytes, kReadPieceBytes, size_bytes_ - offset_bytes_});
    if (wanted <= 0) return std::string();
    NL_ASSIGN_OR_RETURN(std::string bytes, core_->Retry<std::string>(request_, [&](const RequestContext& ctx) {
      return core_->service->Get(ctx, at_, ByteRange{offset_bytes_, wanted});
    }));
    if (static_cast<int64_t>(bytes.size()) != wanted) {
      return MakeError(ErrorCode::kIoError, "the object became shorter while it was read: {}", at_.key);
    }
    offset_bytes_ += wanted;
    return bytes;
  }

 private:
  std::shared_ptr<CloudCore> core_;
  RequestContext request_;
  ObjectLocation at_;
  int64_t size_bytes_;
  int64_t offset_bytes_ = 0;
};

/// Asks `enter` once per directory. Lists come in order, but nothing here rests on it.
class EnteredDirectories {
 public:
  explicit EnteredDirectories(const std::function<bool(const std::string&)>& enter) : enter_(enter) {}

  /// `relative`: of an object.
  bool Allow(const std::string& relative) {
    for (size_t slash = relative.find('/'); slash != std::string::npos; slash = relative.find('/', slash + 1)) {
      const auto [known, is_new] = known_.try_emplace(relative.substr(0, slash), false);
      if (is_new) known->second = enter_(known->first);
      if (!known->second) return false;
    }
    return true;
  }

 private:
  const std::function<bool(const std::string&)>& enter_;
  std::unordered_map<std::string, bool> known_;
};

class CloudStore final : public ObjectStore {
 public:
  CloudStore(std::shared_ptr<CloudCore> core, RequestContext request)
      : core_(std::move(core)), request_(std::move(request)) {}

  Result<std::string> Read(const std::string& path) override {
    NL_ASSIGN_OR_RETURN(const ObjectLocation at, core_->Locate(path));
    return core_->Retry<std::string>(
        request_, [&](const RequestContext& ctx) { return core_->service->Get(ctx, at, std::nullopt); });
  }

  Result<std::string> ReadRange(const std::string& path, int64_t offset_bytes, int64_t length_bytes) override {
    if (offset_bytes < 0 || length_bytes < 0) {
      return MakeError(ErrorCode::kInvalidArgument, "a range must not be negative: {} {}", offset_bytes, length_bytes);
    }
    NL_ASSIGN_OR_RETURN(const ObjectLocation at, core_->Locate(path));
    if (length_bytes == 0) {
      NL_RETURN_IF_ERROR(Head(path));  // There is no empty range; what is not there is still kNotFound.
      return std::string();
    }
    return core_->Retry<std::string>(request_, [&](const RequestContext& ctx) {
      return core_->service->Get(ctx, at, ByteRange{offset_bytes, length_bytes});
    });
  }

  Result<ObjectInfo> Head(const std::string& path) override {
    NL_ASSIGN_OR_RETURN(const ObjectLocation at, core_->Locate(path));
    NL_ASSIGN_OR_RETURN(const BlobInfo info, core_->Retry<BlobInfo>(request_, [&](const RequestContext& ctx) {
      return core_->service->Head(ctx, at);
    }));
    // VACUUM and log clean-up judge by it: what has none must not look older than everything.
    if (info.modified == WallTime{}) {
      return MakeError(ErrorCode::kIoError, "the object store gave no time of the object: {}", path);
    }
    return ObjectInfo{.path = path, .size_bytes = info.size_bytes, .modified = info.modified};
  }

  Result<void> PutIfAbsent(const std::string& path, std::string_view bytes) override {
    NL_ASSIGN_OR_RETURN(const ObjectLocation at, core_->Locate(path));
    const WriteMark mark{.if_absent = true, .writer = NewUuid()};
    return WriteSettled(*core_, request_, at, path, mark,
                        [&](const RequestContext& ctx) { return core_->service->Put(ctx, at, bytes, mark); });
  }

  Result<void> Put(const std::string& path, std::string_view bytes) override {
    NL_ASSIGN_OR_RETURN(const ObjectLocation at, core_->Locate(path));
    return core_->Retry<void>(request_,
                              [&](const RequestContext& ctx) { return core_->service->Put(ctx, at, bytes, {}); });
  }

  Result<std::unique_ptr<ObjectWriter>> NewUpload(const std::string& path, UploadOptions options) override {
    NL_ASSIGN_OR_RETURN(ObjectLocation at, core_->Locate(path));
    return NewCloudWriter(core_, request_, std::move(at), path, options);
  }

  Result<std::vector<ObjectInfo>> List(const std::string& directory, const std::string& start_after) override {
    const std::string base = WithoutSlash(directory);
    std::vector<ObjectInfo> objects;
    NL_RETURN_IF_ERROR(ForEach(base, /*one_level=*/true, start_after, [&](const std::string& name, BlobInfo& blob) {
      if (name > start_after && !name.contains('/')) {
        objects.push_back({.path = base + "/" + name, .size_bytes = blob.size_bytes, .modified = blob.modified});
      }
      return Result<void>();
    }));
    std::ranges::sort(objects, {}, &ObjectInfo::path);
    return objects;
  }

  Result<void> Walk(const std::string& directory, const std::function<bool(const std::string&)>& enter,
                    const std::function<Result<void>(const ObjectInfo&)>& visit) override {
    const std::string base = WithoutSlash(directory);
    EnteredDirectories entered(enter);
    return ForEach(base, /*one_level=*/false, "", [&](const std::string& name, BlobInfo& blob) -> Result<void> {
      if (!entered.Allow(name)) return {};
      return visit({.path = base + "/" + name, .size_bytes = blob.size_bytes, .modified = blob.modified});
    });
  }

  Result<void> Delete(const std::string& path) override {
    NL_ASSIGN_OR_RETURN(const ObjectLocation at, core_->Locate(path));
    return DeleteOne(at);
  }

  Result<void> DeleteMany(const std::vector<std::string>& paths) override {
    Result<void> outcome;
    const auto note = [&](Result<void> result) {
      if (outcome.has_value()) outcome = std::move(result);
    };
    std::map<std::pair<std::string, std::string>, std::pair<ObjectLocation, std::vector<std::string>>> by_container;
    for (const std::string& path : paths) {
      auto at = core_->Locate(path);
      if (!at.has_value()) {
        note(std::unexpected(std::move(at).error()));
        continue;
      }
      auto& [container, keys] = by_container[{at->account, at->container}];
      container = *at;
      keys.push_back(std::move(at->key));
    }
    for (auto& [name, group] : by_container) note(DeleteKeys(group.first, group.second));
    return outcome;
  }

  Result<void> MakeDirectory(const std::string& path) override {
    NL_ASSIGN_OR_RETURN(const ObjectLocation at, ParseObjectLocation(path));
    return CheckKind(at);
  }

  Result<std::unique_ptr<ObjectReader>> OpenBelow(const std::string& directory, const std::string& path) override {
    // The base checks the path; its reader would outlive this view.
    NL_RETURN_IF_ERROR(LeadsThroughLink(directory, path));
    NL_ASSIGN_OR_RETURN(const ObjectInfo info, Head(path));
    NL_ASSIGN_OR_RETURN(ObjectLocation at, core_->Locate(path));
    return std::make_unique<CloudReader>(core_, request_, std::move(at), info.size_bytes);
  }

  std::unique_ptr<ObjectStore> For(const RequestContext& ctx) override {
    return std::make_unique<CloudStore>(core_, ctx);
  }

 private:
  Result<void> CheckKind(const ObjectLocation& at) const {
    if (at.kind == core_->kind) return {};
    return MakeError(ErrorCode::kInvalidArgument, "the path does not belong to this object store: {}://{}", at.scheme,
                     at.container);
  }

  Result<void> DeleteOne(const ObjectLocation& at) {
    return core_->Retry<void>(request_, [&](const RequestContext& ctx) { return core_->service->Delete(ctx, at); });
  }

  Result<void> DeleteKeys(const ObjectLocation& container, const std::vector<std::string>& keys) {
    const auto batch_max = static_cast<size_t>(core_->service->delete_batch_max());
    if (batch_max == 1) return DeleteEach(container, keys);
    Result<void> outcome;
    for (size_t first = 0; first < keys.size(); first += batch_max) {
      const auto batch = std::span(keys).subspan(first, std::min(batch_max, keys.size() - first));
      auto deleted = core_->Retry<void>(
          request_, [&](const RequestContext& ctx) { return core_->service->DeleteBatch(ctx, container, batch); });
      if (outcome.has_value()) outcome = std::move(deleted);
    }
    return outcome;
  }

  /// One request per object, several at a time.
  Result<void> DeleteEach(const ObjectLocation& container, const std::vector<std::string>& keys) {
    Result<void> outcome;
    std::mutex mutex;
    std::atomic<size_t> next = 0;
    const auto work = [&] {
      ObjectLocation at = container;
      for (size_t i = next++; i < keys.size(); i = next++) {
        at.key = keys[i];
        auto deleted = DeleteOne(at);
        if (deleted.has_value()) continue;
        std::lock_guard lock(mutex);
        if (outcome.has_value()) outcome = std::move(deleted);
      }
    };
    {
      std::vector<std::jthread> threads;
      for (size_t i = 1; i < std::min(kDeletesAtOnce, keys.size()); ++i) threads.emplace_back(work);
      work();
    }
    return outcome;
  }

  /// Every object below `base`, page by page, with its name below it. Markers of directories are none.
  template <typename Visit>
  Result<void> ForEach(const std::string& base, bool one_level, const std::string& start_after, const Visit& visit) {
    NL_ASSIGN_OR_RETURN(const ObjectLocation at, ParseObjectLocation(base));
    NL_RETURN_IF_ERROR(CheckKind(at));
    ListRequest request{.container = at.container,
                        .account = at.account,
                        .prefix = at.key.empty() ? "" : at.key + "/",
                        .one_level = one_level};
    if (!start_after.empty()) request.start_after = request.prefix + start_after;
    for (int page_number = 0; page_number < kPagesMax; ++page_number) {
      NL_ASSIGN_OR_RETURN(BlobPage page, core_->Retry<BlobPage>(request_, [&](const RequestContext& ctx) {
        return core_->service->List(ctx, request);
      }));
      for (BlobInfo& blob : page.blobs) {
        if (!blob.key.starts_with(request.prefix) || blob.key.ends_with('/')) continue;
        NL_RETURN_IF_ERROR(visit(blob.key.substr(request.prefix.size()), blob));
      }
      if (page.next.empty()) return {};
      if (page.next == request.next) break;
      request.next = std::move(page.next);
    }
    return MakeError(ErrorCode::kIoError, "the object store's list does not end: {}", base);
  }

  std::shared_ptr<CloudCore> core_;
  RequestContext request_;
};

}  // namespace

Result<ObjectLocation> CloudCore::Locate(const std::string& path) const {
  NL_ASSIGN_OR_RETURN(ObjectLocation at, ParseObjectLocation(path));
  if (at.kind != kind) {
    return MakeError(ErrorCode::kInvalidArgument, "the path does not belong to this object store: {}", path);
  }
  if (at.key.empty() || at.key.ends_with('/')) {
    return MakeError(ErrorCode::kInvalidArgument, "the path names a directory, not an object: {}", path);
  }
  return at;
}

std::unique_ptr<ObjectStore> NewCloudStore(ObjectLocation::Kind kind, std::shared_ptr<Transport> transport,
                                           std::unique_ptr<BlobService> service) {
  const RequestContext unbound = UnboundContext(transport->options());
  auto core = std::make_shared<CloudCore>(
      CloudCore{.kind = kind, .transport = std::move(transport), .service = std::move(service)});
  return std::make_unique<CloudStore>(std::move(core), unbound);
}

}  // namespace neurolake::storage::internal
