#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/url.h"
#include "storage/internal/blob_service.h"

namespace neurolake::storage::internal {

/// Requests of the S3 protocol, signed with AWS Signature Version 4.
/// Source: Amazon S3 API reference, version 2006-03-01.
class S3Service final : public BlobService {
 public:
  S3Service(S3Options options, net::Url endpoint, bool path_style, std::shared_ptr<Transport> transport);

  Attempt<std::string> Get(const RequestContext& ctx, const ObjectLocation& at,
                           std::optional<ByteRange> range) override;
  Attempt<BlobInfo> Head(const RequestContext& ctx, const ObjectLocation& at) override;
  Attempt<void> Put(const RequestContext& ctx, const ObjectLocation& at, std::string_view bytes,
                    const WriteMark& mark) override;
  Attempt<BlobPage> List(const RequestContext& ctx, const ListRequest& request) override;
  Attempt<void> Delete(const RequestContext& ctx, const ObjectLocation& at) override;
  int delete_batch_max() const override { return 1'000; }
  Attempt<void> DeleteBatch(const RequestContext& ctx, const ObjectLocation& container,
                            std::span<const std::string> keys) override;
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

  /// Any answer of the service, signed for.
  Attempt<Answer> Exchange(const RequestContext& ctx, const ObjectLocation& at, Call call,
                           const Transport::ChooseLimit& choose_limit);
  /// Answers that are no success become a Failure.
  Attempt<Answer> Ask(const RequestContext& ctx, const ObjectLocation& at, Call call,
                      const Transport::ChooseLimit& choose_limit);
  Attempt<Answer> Ask(const RequestContext& ctx, const ObjectLocation& at, Call call);
  Failure Refusal(const Answer& answer, const ObjectLocation& at) const;
  /// `code`: of the service's error list. An empty one is told by the status alone (answers to HEAD have no text).
  Failure RefusalOf(int status, const std::string& code, const ObjectLocation& at) const;
  net::Url ServerOf(const ObjectLocation& at) const;
  std::string PathOf(const ObjectLocation& at) const;

  S3Options options_;
  net::Url endpoint_;
  bool path_style_;
  std::shared_ptr<Transport> transport_;
};

}  // namespace neurolake::storage::internal
