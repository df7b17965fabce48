#include <algorithm>

#include "common/ids.h"
#include "storage/internal/cloud_core.h"

namespace neurolake::storage::internal {
namespace {

/// Services take 10,000 parts (S3) or more; what is left is for objects that grew beyond what was expected.
constexpr int64_t kPartsPlanned = 8'000;
/// After so many parts each is twice as large: an unknown size ends far above what services store.
constexpr int kPartsPerDoubling = 1'000;
constexpr int64_t kPartUnit = 1 << 20;
constexpr std::chrono::milliseconds kAbortTime{10'000};

class CloudWriter final : public ObjectWriter {
 public:
  CloudWriter(std::shared_ptr<CloudCore> core, RequestContext request, ObjectLocation at, std::string path,
              UploadOptions options)
      : core_(std::move(core)),
        request_(std::move(request)),
        at_(std::move(at)),
        path_(std::move(path)),
        mark_{.if_absent = options.if_absent, .writer = NewUuid()},
        part_bytes_(PartBytes(core_->transport->options(), options)) {}

  ~CloudWriter() override { Abort(); }

  Result<void> Append(std::string_view bytes) override {
    if (ended_) return Ended();
    while (!bytes.empty()) {
      // A full part waits until something follows: the last one must be known as the last.
      if (static_cast<int64_t>(buffer_.size()) == part_bytes_) NL_RETURN_IF_ERROR(SendPart(/*last=*/false));
      const auto room = static_cast<size_t>(part_bytes_) - buffer_.size();
      const std::string_view taken = bytes.substr(0, room);
      buffer_ += taken;
      bytes.remove_prefix(taken.size());
    }
    return {};
  }

  Result<void> Finish() override {
    if (ended_) return Ended();
    Result<void> outcome = upload_.empty() ? PutWhole() : Complete();
    // What may have become an object must not be taken apart; what certainly did not is cleared away.
    const bool unknown = !outcome.has_value() && outcome.error().code() == ErrorCode::kCommitUnknown;
    if (outcome.has_value() || unknown) upload_.clear();
    Abort();
    return outcome;
  }

  void Abort() override {
    ended_ = true;
    buffer_ = {};
    if (upload_.empty()) return;
    // In time of its own, as the request may be why this is given up. A service drops what remains by its own rules.
    const Clock& clock = core_->transport->clock();
    const RequestContext own({}, "", "", clock, clock.SteadyNow() + kAbortTime);
    (void)core_->Retry<void>(own,
                             [&](const RequestContext& ctx) { return core_->service->AbortUpload(ctx, at_, upload_); });
    upload_.clear();
  }

 private:
  static int64_t PartBytes(const TransportOptions& options, const UploadOptions& upload) {
    const int64_t wanted = std::max(options.upload_part_bytes, upload.expected_bytes / kPartsPlanned);
    return std::max<int64_t>((wanted + kPartUnit - 1) / kPartUnit, 1) * kPartUnit;
  }

  std::unexpected<Error> Ended() const {
    return MakeError(ErrorCode::kInternal, "the upload has ended already: {}", path_);
  }

  Result<void> PutWhole() {
    return WriteSettled(*core_, request_, at_, path_, mark_,
                        [&](const RequestContext& ctx) { return core_->service->Put(ctx, at_, buffer_, mark_); });
  }

  UploadPart Part(bool last) const {
    return {.number = static_cast<int>(parts_.size()) + 1, .offset_bytes = sent_bytes_, .bytes = buffer_, .last = last};
  }

  Result<void> SendPart(bool last) {
    if (upload_.empty()) {
      NL_ASSIGN_OR_RETURN(upload_, core_->Retry<std::string>(request_, [&](const RequestContext& ctx) {
        return core_->service->StartUpload(ctx, at_, mark_);
      }));
    }
    NL_ASSIGN_OR_RETURN(std::string tag, core_->Retry<std::string>(request_, [&](const RequestContext& ctx) {
      return core_->service->SendPart(ctx, at_, upload_, Part(last));
    }));
    parts_.push_back(std::move(tag));
    sent_bytes_ += static_cast<int64_t>(buffer_.size());
    buffer_.clear();
    if (parts_.size() % kPartsPerDoubling == 0) part_bytes_ *= 2;
    return {};
  }

  /// The last part belongs to it: some services make the object visible with that.
  Result<void> Complete() {
    std::optional<std::string> last;
    return WriteSettled(*core_, request_, at_, path_, mark_, [&](const RequestContext& ctx) -> Attempt<void> {
      if (!last.has_value()) {
        auto sent = core_->service->SendPart(ctx, at_, upload_, Part(/*last=*/true));
        if (!sent.has_value()) {
          Failure failure = std::move(sent).error();
          failure.may_have_happened = failure.may_have_happened && core_->service->last_part_completes();
          return std::unexpected(std::move(failure));
        }
        last = std::move(*sent);
        parts_.push_back(*last);
      }
      return core_->service->CompleteUpload(ctx, at_, upload_, parts_, mark_);
    });
  }

  std::shared_ptr<CloudCore> core_;
  RequestContext request_;
  ObjectLocation at_;
  std::string path_;
  WriteMark mark_;
  int64_t part_bytes_;
  std::string buffer_;
  std::string upload_;  ///< Empty before the first part is sent.
  std::vector<std::string> parts_;
  int64_t sent_bytes_ = 0;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<ObjectWriter> NewCloudWriter(std::shared_ptr<CloudCore> core, RequestContext request, ObjectLocation at,
                                             std::string path, UploadOptions options) {
  return std::make_unique<CloudWriter>(std::move(core), std::move(request), std::move(at), std::move(path), options);
}

}  // namespace neurolake::storage::internal
