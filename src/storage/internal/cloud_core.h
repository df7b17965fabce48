#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "storage/internal/blob_service.h"

namespace neurolake::storage::internal {

/// What a store over the network and everything it hands out share.
struct CloudCore {
  ObjectLocation::Kind kind;
  std::shared_ptr<Transport> transport;
  std::unique_ptr<BlobService> service;

  template <typename T>
  Result<T> Retry(const RequestContext& request,
                  const std::function<Attempt<T>(const RequestContext&)>& attempt) const {
    auto result = transport->Retry<T>(request, attempt, [this] { service->RenewCredentials(); });
    // At a door that code would say that the caller's own token is bad.
    if (!result.has_value() && result.error().code() == ErrorCode::kUnauthenticated) {
      return MakeError(ErrorCode::kPermissionDenied, "{}", result.error().message());
    }
    return result;
  }
  /// Errors: kInvalidArgument for a path of another service, or without a key.
  Result<ObjectLocation> Locate(const std::string& path) const;
};

/// Runs a write whose answer may get lost until it is known what became of it.
/// Errors: kAlreadyExists when somebody else's object is there; kCommitUnknown when the request may have had its effect
///   and the store does not tell (it cannot be reached, or nothing is there yet and the request may still be on its
///   way).
/// `write`: one attempt, safe to repeat; `mark.writer` must be new.
Result<void> WriteSettled(const CloudCore& core, const RequestContext& request, const ObjectLocation& at,
                          const std::string& path, const WriteMark& mark,
                          const std::function<Attempt<void>(const RequestContext&)>& write);

/// An upload in parts that starts with its second part: an object that fits into one is simply put.
std::unique_ptr<ObjectWriter> NewCloudWriter(std::shared_ptr<CloudCore> core, RequestContext request, ObjectLocation at,
                                             std::string path, UploadOptions options);

}  // namespace neurolake::storage::internal
