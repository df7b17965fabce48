#include "net/url.h"
#include "storage/internal/credential_request.h"
#include "storage/internal/gcs_service.h"
#include "storage/object_store_options.h"

namespace neurolake::storage {

Result<std::unique_ptr<ObjectStore>> NewGcsStore(GcsOptions options) {
  NL_ASSIGN_OR_RETURN(
      net::Url endpoint,
      net::ParseUrl(options.endpoint.empty() ? std::string("https://storage.googleapis.com") : options.endpoint));
  if (options.credentials != nullptr && !internal::IsSafeForSecrets(endpoint)) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "tokens are sent over https only: the endpoint must start with https://");
  }
  auto transport = std::make_shared<internal::Transport>(options.transport);
  auto service = std::make_unique<internal::GcsService>(std::move(options), std::move(endpoint), transport);
  return internal::NewCloudStore(ObjectLocation::Kind::kGcs, std::move(transport), std::move(service));
}

}  // namespace neurolake::storage
