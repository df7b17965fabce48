#include "net/url.h"
#include "storage/internal/http_answers.h"
#include "storage/internal/s3_service.h"
#include "storage/object_store_options.h"

namespace neurolake::storage {
namespace {

std::string AmazonEndpoint(const std::string& region) {
  const bool china = region.starts_with("cn-");
  return fmt::format("https://s3.{}.amazonaws.com{}", region, china ? ".cn" : "");
}

}  // namespace

Result<std::unique_ptr<ObjectStore>> NewS3Store(S3Options options) {
  if (!internal::IsRegionName(options.region)) {
    return MakeError(ErrorCode::kInvalidArgument, "the region is not a name like us-east-1");
  }
  const bool custom = !options.endpoint.empty();
  NL_ASSIGN_OR_RETURN(net::Url endpoint, net::ParseUrl(custom ? options.endpoint : AmazonEndpoint(options.region)));
  const bool path_style = options.path_style.value_or(custom);
  auto transport = std::make_shared<internal::Transport>(options.transport);
  auto service = std::make_unique<internal::S3Service>(std::move(options), std::move(endpoint), path_style, transport);
  return internal::NewCloudStore(ObjectLocation::Kind::kS3, std::move(transport), std::move(service));
}

}  // namespace neurolake::storage
