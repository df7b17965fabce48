#include "tables/delta/log_file_parts.h"

#include <algorithm>
#include <utility>

namespace neurolake::tables::delta {

Result<std::optional<LogFileParts::Part>> LogFileParts::Next() {
  Part part{.lines = std::exchange(rest_, {}), .lines_before = lines_};
  while (left_bytes_ > 0) {
    NL_ASSIGN_OR_RETURN(const std::string bytes, store_.ReadRange(path_, offset_, std::min(left_bytes_, kPartBytes)));
    if (bytes.empty()) return MakeError(ErrorCode::kCorruption, "the log file ends too early: {}", path_);
    part.lines += bytes;
    offset_ += static_cast<int64_t>(bytes.size());
    left_bytes_ -= static_cast<int64_t>(bytes.size());
    const size_t newline = part.lines.rfind('\n');
    if (left_bytes_ == 0 || newline == std::string::npos) continue;
    rest_ = part.lines.substr(newline + 1);
    part.lines.resize(newline + 1);
    break;
  }
  if (part.lines.empty()) return std::nullopt;
  lines_ += std::ranges::count(part.lines, '\n');
  return part;
}

}  // namespace neurolake::tables::delta
