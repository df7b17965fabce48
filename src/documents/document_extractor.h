#pragma once
#include <chrono>
#include <string>
#include <string_view>

#include "common/request_context.h"
#include "common/result.h"
#include "documents/extracted_document.h"

namespace neurolake::documents {

struct ExtractorOptions {
  std::string program;      ///< Of neurolake-extract.
  std::string pdf_library;  ///< libpdfium.so; empty: PDF is kNotSupported.
  ExtractLimits limits;
  size_t memory_bytes_max = size_t{1} << 30;
  std::chrono::seconds time_max{30};
};

/// Reads documents, each in a process of its own without rights: no files, no network, no other programs, bounded
/// memory and time (common/sandbox.h). A file that crashes, hangs or fills its process costs that file an error and
/// nothing else. What comes back is checked as if the process were hostile. Thread-safe.
class DocumentExtractor {
 public:
  explicit DocumentExtractor(ExtractorOptions options) : options_(std::move(options)) {}

  /// Errors: kInvalidArgument for what cannot be read as this format, or made its process crash; kPayloadTooLarge
  /// beyond the limits of size, memory or time; kPermissionDenied for a PDF with a password; kNotSupported without the
  /// PDF library or where the kernel has no sandbox; kUnavailable when the program cannot be started; kCancelled,
  /// kDeadlineExceeded.
  Result<ExtractedDocument> Extract(const RequestContext& ctx, DocumentFormat format, std::string_view bytes) const;

 private:
  const ExtractorOptions options_;
};

}  // namespace neurolake::documents
