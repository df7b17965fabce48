#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/url.h"
#include "storage/internal/blob_service.h"

namespace neurolake::storage::internal {

/// Requests of Azure Blob Storage's REST API, version 2021-12-02; block blobs.
class AzureService final : public BlobService {
 public:
  /// `shared_key`: decoded; empty when another way to sign is used.
  AzureService(AzureOptions options, std::string shared_key, std::shared_ptr<Transport> transport);

  Attempt<std::string> Get(const RequestContext& ctx, const ObjectLocation& at,
                           std::optional<ByteRange> range) override;
  Attempt<BlobInfo> Head(const RequestContext& ctx, const ObjectLocation& at) override;
  Attempt<void> Put(const RequestContext& ctx, const ObjectLocation& at, std::string_view bytes,
                    const WriteMark& mark) override;
  Attempt<BlobPage> List(const RequestContext& ctx, const ListRequest& request) override;
  Attempt<void> Delete(const RequestContext& ctx, const ObjectLocation& at) override;
  Attempt<std::string> StartUpload(const RequestContext& ctx, const ObjectLocation& at, const WriteMark& mark) override;
  Attempt<std::string> SendPart(const RequestContext& ctx, const ObjectLocation& at, const std::string& upload,
                                const UploadPart& part) override;
  Attempt<void> CompleteUpload(const RequestContext& ctx, const ObjectLocation& at, const std::string& upload,
                               const std::vector<std::string>& parts, const WriteMark& mark) override;
  Attempt<void> AbortUpload(const RequestContext& ctx, const ObjectLocation& at, const std::string& upload) override;
  void RenewCredentials() override;

 private:
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  struct Call {
    std::string method = "GET";
    Pairs query;
    Pairs headers;
    std::string body;
  };

  Attempt<Answer> Exchange(const RequestContext& ctx, const ObjectLocation& at, Call call,
                           const Transport::ChooseLimit& choose_limit);
  /// Answers that are no success become a Failure.
  Attempt<Answer> Ask(const RequestContext& ctx, const ObjectLocation& at, Call call);
  Failure Refusal(const Answer& answer, const ObjectLocation& at) const;
  /// Errors: kInvalidArgument for a path that names another account than the options.
  Result<net::Url> ServerOf(const ObjectLocation& at) const;

  AzureOptions options_;
  std::string shared_key_;
  Pairs sas_;  ///< Decoded.
  std::shared_ptr<Transport> transport_;
};

/// What is signed of a request with an account's key. Source: "Authorize with Shared Key", version 2015-02-21 and
/// later. `path`: as sent, with what the endpoint has before it.
std::string AzureStringToSign(const std::string& account, const std::string& method, const std::string& path,
                              const std::vector<std::pair<std::string, std::string>>& query,
                              const std::vector<std::pair<std::string, std::string>>& headers, size_t body_bytes);

}  // namespace neurolake::storage::internal
