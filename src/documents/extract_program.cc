/// neurolake-extract FORMAT [PDF-LIBRARY] [TEXT-BYTES-MAX MEMORY-BYTES-MAX CPU-SECONDS-MAX]: reads one document from
/// its standard input and writes what is in it to its standard output (internal/document_json.h), inside a sandbox that
/// it closes before it looks at the first byte. Started by DocumentExtractor; not meant to be used by hand.
#include <unistd.h>

#include <charconv>
#include <cstring>

#include "common/sandbox.h"
#include "documents/extractors.h"
#include "documents/internal/document_json.h"

namespace neurolake::documents {
namespace {

struct Arguments {
  std::string format;
  std::string library;
  ExtractLimits limits;
  SandboxLimits sandbox;
};

size_t NumberOr(const char* text, size_t otherwise) {
  size_t number = otherwise;
  std::from_chars(text, text + std::strlen(text), number);
  return number;
}

Result<std::string> ReadInput(size_t limit) {
  std::string bytes;
  char piece[64 * 1024];
  while (true) {
    const ssize_t count = ::read(0, piece, sizeof(piece));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return MakeError(ErrorCode::kIoError, "document cannot be read from the pipe");
    if (count == 0) return bytes;
    if (bytes.size() + static_cast<size_t>(count) > limit) {
      return MakeError(ErrorCode::kPayloadTooLarge, "document is larger than {} bytes", limit);
    }
    bytes.append(piece, static_cast<size_t>(count));
  }
}

Result<ExtractedDocument> Extract(const Arguments& arguments) {
  std::optional<PdfLibrary> pdf;
  if (arguments.format == "pdf") {
    NL_ASSIGN_OR_RETURN(pdf, PdfLibrary::Load(arguments.library));
  }
  NL_RETURN_IF_ERROR(EnterSandbox(arguments.sandbox));
  NL_ASSIGN_OR_RETURN(const std::string bytes, ReadInput(arguments.limits.input_bytes_max));
  if (pdf) return pdf->Extract(bytes, arguments.limits);
  if (arguments.format == "html") return ExtractHtml(bytes, arguments.limits);
  if (arguments.format == "markdown") return ExtractMarkdown(bytes, arguments.limits);
  return MakeError(ErrorCode::kInvalidArgument, "format must be markdown, html or pdf");
}

int Run(int count, char** values) {
  Arguments arguments;
  if (count > 1) arguments.format = values[1];
  if (count > 2) arguments.library = values[2];
  if (count > 3) arguments.limits.text_bytes_max = NumberOr(values[3], arguments.limits.text_bytes_max);
  if (count > 4) arguments.sandbox.memory_bytes = NumberOr(values[4], arguments.sandbox.memory_bytes);
  if (count > 5) arguments.sandbox.cpu_seconds = static_cast<unsigned>(NumberOr(values[5], 20));
  const std::string answer = ToJson(Extract(arguments));
  std::string_view rest = answer;
  while (!rest.empty()) {
    const ssize_t written = ::write(1, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return 1;
    rest.remove_prefix(static_cast<size_t>(written));
  }
  // Without destructors: what a hostile document made of the heap is not walked again.
  ::_exit(0);
}

}  // namespace
}  // namespace neurolake::documents

int main(int count, char** values) { return neurolake::documents::Run(count, values); }
