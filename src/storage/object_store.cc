#include "storage/object_store.h"

#include <algorithm>

#include "common/ids.h"
#include "storage/object_store_options.h"

namespace neurolake::storage {
namespace {

constexpr int64_t kReadAheadBytes = 8 << 20;

/// For stores without uploads of their own: collects, then puts.
class CollectingWriter final : public ObjectWriter {
 public:
  CollectingWriter(ObjectStore& store, std::string path, bool if_absent)
      : store_(store), path_(std::move(path)), if_absent_(if_absent) {}

  Result<void> Append(std::string_view bytes) override {
    bytes_ += bytes;
    return {};
  }
  Result<void> Finish() override { return if_absent_ ? store_.PutIfAbsent(path_, bytes_) : store_.Put(path_, bytes_); }
  void Abort() override { bytes_.clear(); }

 private:
  ObjectStore& store_;
  std::string path_;
  bool if_absent_;
  std::string bytes_;
};

class RangeReader final : public ObjectReader {
 public:
  RangeReader(ObjectStore& store, ObjectInfo info) : store_(store), info_(std::move(info)) {}

  Result<std::string> Read(int64_t limit_bytes) override {
    const int64_t left = info_.size_bytes - offset_bytes_;
    const int64_t wanted = std::min({limit_bytes, kReadAheadBytes, left});
    if (wanted <= 0) return std::string();
    NL_ASSIGN_OR_RETURN(std::string bytes, store_.ReadRange(info_.path, offset_bytes_, wanted));
    if (static_cast<int64_t>(bytes.size()) != wanted) {
      return MakeError(ErrorCode::kIoError, "the object became shorter while it was read: {}", info_.path);
    }
    offset_bytes_ += wanted;
    return bytes;
  }

 private:
  ObjectStore& store_;
  ObjectInfo info_;
  int64_t offset_bytes_ = 0;
};

/// Where there are no links the text of a path says where it leads.
Result<void> CheckBelow(std::string_view directory, std::string_view path) {
  while (directory.ends_with('/')) directory.remove_suffix(1);
  bool below = path.starts_with(directory) && path.substr(directory.size()).starts_with('/');
  std::string_view rest = below ? path.substr(directory.size() + 1) : "";
  below = below && !rest.empty() && !rest.ends_with('/') && !rest.contains('\0');
  while (below && !rest.empty()) {
    const size_t slash = std::min(rest.find('/'), rest.size());
    below = rest.substr(0, slash) != "..";
    rest.remove_prefix(std::min(slash + 1, rest.size()));
  }
  if (below) return {};
  return MakeError(ErrorCode::kPermissionDenied, "a file of the table is behind a link or outside its directory");
}

/// What For gives where nothing waits on a network.
class PassingStore final : public ObjectStore {
 public:
  explicit PassingStore(ObjectStore& inner) : inner_(inner) {}
  Result<std::string> Read(const std::string& path) override { return inner_.Read(path); }
  Result<std::string> ReadRange(const std::string& path, int64_t offset_bytes, int64_t length_bytes) override {
    return inner_.ReadRange(path, offset_bytes, length_bytes);
  }
  Result<ObjectInfo> Head(const std::string& path) override { return inner_.Head(path); }
  Result<void> PutIfAbsent(const std::string& path, std::string_view bytes) override {
    return inner_.PutIfAbsent(path, bytes);
  }
  Result<void> Put(const std::string& path, std::string_view bytes) override { return inner_.Put(path, bytes); }
  Result<std::unique_ptr<ObjectWriter>> NewUpload(const std::string& path, UploadOptions options) override {
    return inner_.NewUpload(path, options);
  }
  Result<std::vector<ObjectInfo>> List(const std::string& directory, const std::string& start_after) override {
    return inner_.List(directory, start_after);
  }
  Result<void> Walk(const std::string& directory, const std::function<bool(const std::string&)>& enter,
                    const std::function<Result<void>(const ObjectInfo&)>& visit) override {
    return inner_.Walk(directory, enter, visit);
  }
  Result<void> Delete(const std::string& path) override { return inner_.Delete(path); }
  Result<void> DeleteMany(const std::vector<std::string>& paths) override { return inner_.DeleteMany(paths); }
  Result<void> MakeDirectory(const std::string& path) override { return inner_.MakeDirectory(path); }
  Result<std::unique_ptr<ObjectReader>> OpenBelow(const std::string& directory, const std::string& path) override {
    return inner_.OpenBelow(directory, path);
  }
  Result<void> DeleteBelow(const std::string& directory, const std::string& path) override {
    return inner_.DeleteBelow(directory, path);
  }
  Result<bool> LeadsThroughLink(const std::string& directory, const std::string& path) override {
    return inner_.LeadsThroughLink(directory, path);
  }
  std::unique_ptr<ObjectStore> For(const RequestContext& ctx) override { return inner_.For(ctx); }

 private:
  ObjectStore& inner_;
};

}  // namespace

Result<std::unique_ptr<ObjectWriter>> ObjectStore::NewUpload(const std::string& path, UploadOptions options) {
  return std::make_unique<CollectingWriter>(*this, path, options.if_absent);
}

Result<void> ObjectStore::Walk(const std::string& directory, const std::function<bool(const std::string&)>&,
                               const std::function<Result<void>(const ObjectInfo&)>&) {
  return MakeError(ErrorCode::kNotSupported, "this store cannot list what is below a directory: {}", directory);
}

Result<void> ObjectStore::DeleteMany(const std::vector<std::string>& paths) {
  Result<void> outcome;
  for (const std::string& path : paths) {
    auto deleted = Delete(path);
    if (outcome.has_value()) outcome = std::move(deleted);
  }
  return outcome;
}

Result<std::unique_ptr<ObjectReader>> ObjectStore::OpenBelow(const std::string& directory, const std::string& path) {
  NL_RETURN_IF_ERROR(CheckBelow(directory, path));
  NL_ASSIGN_OR_RETURN(ObjectInfo info, Head(path));
  return std::make_unique<RangeReader>(*this, std::move(info));
}

Result<void> ObjectStore::DeleteBelow(const std::string& directory, const std::string& path) {
  NL_RETURN_IF_ERROR(CheckBelow(directory, path));
  return Delete(path);
}

Result<bool> ObjectStore::LeadsThroughLink(const std::string& directory, const std::string& path) {
  NL_RETURN_IF_ERROR(CheckBelow(directory, path));
  return false;
}

Result<void> CheckConditionalWrites(ObjectStore& store, const std::string& directory) {
  const std::string path =
      fmt::format("{}{}_neurolake_probe_{}", directory, directory.ends_with('/') ? "" : "/", NewUuid());
  NL_RETURN_IF_ERROR(store.PutIfAbsent(path, "first"));
  const auto second = store.PutIfAbsent(path, "second");
  auto deleted = store.Delete(path);
  if (second.has_value()) {
    return MakeError(ErrorCode::kNotSupported,
                     "the object store creates an object that is there already, so that it would lose commits: {}",
                     directory);
  }
  if (second.error().code() != ErrorCode::kAlreadyExists) return second;
  return deleted;
}

std::unique_ptr<ObjectStore> ObjectStore::For(const RequestContext&) { return std::make_unique<PassingStore>(*this); }

}  // namespace neurolake::storage
