#include <dlfcn.h>

#include "common/descriptor.h"
#include "common/utf8.h"
#include "documents/extractors.h"
#include "documents/internal/document_builder.h"

namespace neurolake::documents {
namespace {

/// Of PDFium's public headers fpdfview.h, fpdf_text.h, fpdf_doc.h, which the package does not hold; its C interface is
/// stable.
using Document = void*;
using Page = void*;
using TextPage = void*;
constexpr unsigned long kErrorPassword = 4;  // FPDF_ERR_PASSWORD
constexpr size_t kCharactersPerPageMax = 1 << 20;
constexpr size_t kTitleUnitsMax = 512;

struct Interface {
  void (*init)() = nullptr;
  Document (*load)(const void*, size_t, const char*) = nullptr;
  void (*close)(Document) = nullptr;
  unsigned long (*last_error)() = nullptr;
  int (*page_count)(Document) = nullptr;
  Page (*load_page)(Document, int) = nullptr;
  void (*close_page)(Page) = nullptr;
  unsigned long (*meta_text)(Document, const char*, void*, unsigned long) = nullptr;
  TextPage (*load_text)(Page) = nullptr;
  void (*close_text)(TextPage) = nullptr;
  int (*count_chars)(TextPage) = nullptr;
  int (*get_text)(TextPage, int, int, unsigned short*) = nullptr;
};

template <typename Function>
bool Find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, name));
  return function != nullptr;
}

/// UTF-16 as UTF-8; halves without their other half become U+FFFD.
std::string FromUtf16(std::span<const unsigned short> units) {
  std::string text;
  for (size_t at = 0; at < units.size(); ++at) {
    const uint32_t unit = units[at];
    const bool high = unit >= 0xD800 && unit < 0xDC00;
    const bool paired = high && at + 1 < units.size() && units[at + 1] >= 0xDC00 && units[at + 1] < 0xE000;
    if (paired) {
      AppendUtf8(text, 0x10000 + ((unit - 0xD800) << 10) + (units[++at] - 0xDC00u));
    } else {
      AppendUtf8(text, unit >= 0xD800 && unit < 0xE000 ? 0xFFFD : unit);
    }
  }
  return text;
}

/// Lines end in CR LF; an empty one parts paragraphs. A hyphen that PDFium found at a line's end is U+FFFE or U+0002.
void AddPage(const std::string& text, DocumentBuilder& builder) {
  std::string_view rest = text;
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == std::string_view::npos) {
      builder.EndParagraph();
    } else if (line.ends_with("\x02") || line.ends_with("\xEF\xBF\xBE")) {
      builder.AddText(line.substr(0, line.size() - (line.back() == '\x02' ? 1 : 3)));
    } else {
      builder.AddText(line);
      builder.AddText(" ");
    }
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
}

}  // namespace

struct PdfLibrary::Functions : Interface {};

Result<PdfLibrary> PdfLibrary::Load(const std::string& path) {
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return MakeError(ErrorCode::kNotFound, "PDF library cannot be loaded: {}", path);
  static Functions functions;
  const bool all =
      Find(library, "FPDF_InitLibrary", functions.init) && Find(library, "FPDF_LoadMemDocument64", functions.load) &&
      Find(library, "FPDF_CloseDocument", functions.close) &&
      Find(library, "FPDF_GetLastError", functions.last_error) &&
      Find(library, "FPDF_GetPageCount", functions.page_count) && Find(library, "FPDF_LoadPage", functions.load_page) &&
      Find(library, "FPDF_ClosePage", functions.close_page) && Find(library, "FPDF_GetMetaText", functions.meta_text) &&
      Find(library, "FPDFText_LoadPage", functions.load_text) &&
      Find(library, "FPDFText_ClosePage", functions.close_text) &&
      Find(library, "FPDFText_CountChars", functions.count_chars) &&
      Find(library, "FPDFText_GetText", functions.get_text);
  if (!all) return MakeError(ErrorCode::kNotFound, "PDF library lacks functions of PDFium: {}", path);
  functions.init();
  return PdfLibrary(&functions);
}

Result<ExtractedDocument> PdfLibrary::Extract(std::string_view bytes, const ExtractLimits& limits) const {
  if (bytes.size() > limits.input_bytes_max) {
    return MakeError(ErrorCode::kPayloadTooLarge, "document is larger than {} bytes", limits.input_bytes_max);
  }
  const Functions& pdf = *functions_;
  const std::unique_ptr<void, void (*)(Document)> document(pdf.load(bytes.data(), bytes.size(), nullptr), pdf.close);
  if (document == nullptr) {
    if (pdf.last_error() == kErrorPassword) {
      return MakeError(ErrorCode::kPermissionDenied, "PDF wants a password");
    }
    return MakeError(ErrorCode::kInvalidArgument, "document cannot be read as PDF");
  }
  const int pages = pdf.page_count(document.get());
  if (pages > static_cast<int>(limits.pages_max)) {
    return MakeError(ErrorCode::kPayloadTooLarge, "PDF has more than {} pages", limits.pages_max);
  }
  DocumentBuilder builder(limits);
  std::vector<unsigned short> units(kTitleUnitsMax);
  const unsigned long title_bytes = pdf.meta_text(document.get(), "Title", units.data(), kTitleUnitsMax * 2);
  if (title_bytes > 2 && title_bytes <= kTitleUnitsMax * 2) {
    builder.AddTitle(FromUtf16(std::span(units).first(title_bytes / 2 - 1)));
  }
  for (int number = 0; number < pages && !builder.overflowed(); ++number) {
    const std::unique_ptr<void, void (*)(Page)> page(pdf.load_page(document.get(), number), pdf.close_page);
    if (page == nullptr) continue;  // A damaged page among good ones.
    const std::unique_ptr<void, void (*)(TextPage)> text(pdf.load_text(page.get()), pdf.close_text);
    const int count = text == nullptr ? 0 : pdf.count_chars(text.get());
    builder.BeginPage(static_cast<uint32_t>(number) + 1);
    if (count <= 0) continue;
    if (static_cast<size_t>(count) > kCharactersPerPageMax) {
      return MakeError(ErrorCode::kPayloadTooLarge, "PDF has a page of more than {} characters", kCharactersPerPageMax);
    }
    // A character may take two units.
    units.assign(static_cast<size_t>(count) * 2 + 1, 0);
    const int written = pdf.get_text(text.get(), 0, count, units.data());
    if (written > 1) AddPage(FromUtf16(std::span(units).first(static_cast<size_t>(written) - 1)), builder);
  }
  return builder.Finish();
}

}  // namespace neurolake::documents
