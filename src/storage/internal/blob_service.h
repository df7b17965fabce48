#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/internal/transport.h"
#include "storage/object_store_options.h"

namespace neurolake::storage::internal {

struct ByteRange {
  int64_t offset_bytes = 0;
  int64_t length_bytes = 0;
};

struct BlobInfo {
  std::string key;
  int64_t size_bytes = 0;
  WallTime modified;
  /// Who wrote it (WriteMark::writer); empty when the object does not say. Only from Head.
  std::string writer;
};

struct BlobPage {
  std::vector<BlobInfo> blobs;
  std::string next;  ///< Empty at the end.
};

struct ListRequest {
  std::string container;
  std::string account;
  std::string prefix;
  bool one_level = false;   ///< Leaves out what has another "/" after the prefix.
  std::string start_after;  ///< A whole key; services that cannot start there give what lies before as well.
  std::string next;
};

/// How an object is to be written.
struct WriteMark {
  bool if_absent = false;
  /// Kept with the object as metadata: after a lost answer it tells our own object from another's.
  std::string writer;
};

struct UploadPart {
  int number = 1;  ///< From 1.
  int64_t offset_bytes = 0;
  std::string_view bytes;
  bool last = false;
};

/// What differs between S3, Google Cloud Storage and Azure: single requests, each one attempt. An object that is there
/// where `if_absent` forbids is kAlreadyExists, what is not there kNotFound. Thread-safe.
class BlobService {
 public:
  virtual ~BlobService() = default;
  /// Without a range the whole object.
  virtual Attempt<std::string> Get(const RequestContext& ctx, const ObjectLocation& at,
                                   std::optional<ByteRange> range) = 0;
  virtual Attempt<BlobInfo> Head(const RequestContext& ctx, const ObjectLocation& at) = 0;
  virtual Attempt<void> Put(const RequestContext& ctx, const ObjectLocation& at, std::string_view bytes,
                            const WriteMark& mark) = 0;
  virtual Attempt<BlobPage> List(const RequestContext& ctx, const ListRequest& request) = 0;
  virtual Attempt<void> Delete(const RequestContext& ctx, const ObjectLocation& at) = 0;
  /// At most `delete_batch_max` keys of one container; 1: there is no such request, Delete is used.
  virtual int delete_batch_max() const { return 1; }
  virtual Attempt<void> DeleteBatch(const RequestContext& ctx, const ObjectLocation& container,
                                    std::span<const std::string> keys) {
    ObjectLocation at = container;
    for (const std::string& key : keys) {
      at.key = key;
      auto deleted = Delete(ctx, at);
      if (!deleted.has_value()) return deleted;
    }
    return {};
  }

  /// An upload in parts: its id for the calls that follow.
  virtual Attempt<std::string> StartUpload(const RequestContext& ctx, const ObjectLocation& at,
                                           const WriteMark& mark) = 0;
  /// What CompleteUpload wants to know of the part. Sending a part again replaces it.
  virtual Attempt<std::string> SendPart(const RequestContext& ctx, const ObjectLocation& at, const std::string& upload,
                                        const UploadPart& part) = 0;
  /// Whether the last part makes the object visible, and CompleteUpload only confirms it.
  virtual bool last_part_completes() const { return false; }
  virtual Attempt<void> CompleteUpload(const RequestContext& ctx, const ObjectLocation& at, const std::string& upload,
                                       const std::vector<std::string>& parts, const WriteMark& mark) = 0;
  virtual Attempt<void> AbortUpload(const RequestContext& ctx, const ObjectLocation& at, const std::string& upload) = 0;
  /// The service called the credentials expired.
  virtual void RenewCredentials() = 0;
};

/// The store on top: paths, retries, what may have happened, uploads, lists.
/// `kind`: of the paths it serves.
std::unique_ptr<ObjectStore> NewCloudStore(ObjectLocation::Kind kind, std::shared_ptr<Transport> transport,
                                           std::unique_ptr<BlobService> service);

}  // namespace neurolake::storage::internal
