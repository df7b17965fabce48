#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/url.h"
#include "storage/internal/blob_service.h"

namespace neurolake::storage::internal {

/// Requests of Google Cloud Storage's JSON API, version 1.
class GcsService final : public BlobService {
 public:
  GcsService(GcsOptions options, net::Url endpoint, std::shared_ptr<Transport> transport);

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
  bool last_part_completes() const override { return true; }
  Attempt<void> CompleteUpload(const RequestContext& ctx, const ObjectLocation& at, const std::string& upload,
                               const std::vector<std::string>& parts, const WriteMark& mark) override;
  Attempt<void> AbortUpload(const RequestContext& ctx, const ObjectLocation& at, const std::string& upload) override;
  void RenewCredentials() override;

 private:
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  struct Call {
    std::string method = "GET";
    std::string path;
    Pairs query;
    Pairs headers;
    std::string body;
  };

  Attempt<Answer> Exchange(const RequestContext& ctx, Call call, const Transport::ChooseLimit& choose_limit);
  /// Answers that are no success become a Failure.
  Attempt<Answer> Ask(const RequestContext& ctx, const ObjectLocation& at, Call call);
  Attempt<Answer> AskToWrite(const RequestContext& ctx, const ObjectLocation& at, Call call);
  Failure Refusal(const Answer& answer, const ObjectLocation& at) const;
  std::string ObjectPath(const ObjectLocation& at) const;
  Call UploadCall(const ObjectLocation& at, std::string_view kind, const WriteMark& mark) const;
  Call SessionCall(const ObjectLocation& at, std::string method, const std::string& upload) const;

  GcsOptions options_;
  net::Url endpoint_;
  std::shared_ptr<Transport> transport_;
};

}  // namespace neurolake::storage::internal
