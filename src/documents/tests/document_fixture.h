#pragma once
#include <string>

#include "common/clock.h"
#include "documents/document_extractor.h"

namespace neurolake::documents {

/// The program beside bin/neurolake.
inline std::string ExtractProgram() {
  const std::string binary = NL_BINARY;
  return binary.substr(0, binary.rfind('/')) + "/neurolake-extract";
}

inline ExtractorOptions TestOptions() {
  return {.program = ExtractProgram(),
          .pdf_library = std::string(NL_CACHE_DIR) + "/pdfium/libpdfium.so",
          .limits = {},
          .memory_bytes_max = size_t{1} << 30,
          .time_max = std::chrono::seconds(20)};
}

inline RequestContext TestContext() {
  static const SystemClock clock;
  return RequestContext({}, "test", "test", clock, clock.SteadyNow() + std::chrono::seconds(60));
}

}  // namespace neurolake::documents
