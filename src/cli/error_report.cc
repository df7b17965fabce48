#include "cli/error_report.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <ostream>

#include "cli/terminal.h"
#include "common/result.h"

namespace neurolake::cli {
namespace {

constexpr int kContextCells = 60;  // Shown on either side of the caret, of lines longer than a terminal.

std::optional<size_t> PositionOf(const Error& error) {
  for (const auto& [key, value] : error.details()) {
    size_t position = 0;
    const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), position);
    if (key == "position" && failure == std::errc() && end == value.data() + value.size()) return position;
  }
  return std::nullopt;
}

/// The line of `sql` that `position` (a byte offset) is on, cut around it, and a caret below.
void ReportPosition(std::ostream& err, std::string_view sql, size_t position) {
  if (sql.empty() || position > sql.size()) return;
  const size_t previous = position == 0 ? std::string_view::npos : sql.rfind('\n', position - 1);
  const size_t begin = previous == std::string_view::npos ? 0 : previous + 1;
  const std::string_view line = sql.substr(begin, sql.find('\n', position) - begin);
  std::string before = PrintableText(line.substr(0, position - begin));
  std::string after = PrintableText(line.substr(position - begin));
  bool cut = false;
  while (DisplayWidth(before) > kContextCells) {
    // Whole code points: cutting between the bytes of one would show as U+FFFD.
    size_t step = 1;
    while (step < before.size() && (static_cast<unsigned char>(before[step]) & 0xC0) == 0x80) ++step;
    before.erase(0, step);
    cut = true;
  }
  after = Shorten(after, kContextCells);
  err << "  " << (cut ? "…" : "") << before << after << '\n'
      << std::string(static_cast<size_t>(DisplayWidth(before)) + (cut ? 3 : 2), ' ') << "^\n";
}

std::string_view AdviceFor(ErrorCode code) {
  switch (RetryAdviceFor(code)) {
    case RetryAdvice::kRetry: return "the same statement may succeed when it is run again";
    case RetryAdvice::kReadBeforeRetry: return "the statement may have taken effect: look before running it again";
    case RetryAdvice::kNoRetry: return "";
  }
  NL_UNREACHABLE();
}

}  // namespace

ExitCode ExitCodeFor(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUnavailable:
    case ErrorCode::kTooManyRequests: return kExitUnavailable;
    case ErrorCode::kUnauthenticated:
    case ErrorCode::kPermissionDenied: return kExitDenied;
    case ErrorCode::kConflict: return kExitConflict;
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kSyntaxError:
    case ErrorCode::kBindError:
    case ErrorCode::kTypeMismatch:
    case ErrorCode::kConversionFailed:
    case ErrorCode::kNumericOutOfRange:
    case ErrorCode::kDivisionByZero:
    case ErrorCode::kNotNullViolation:
    case ErrorCode::kCheckViolation:
    case ErrorCode::kNotSupported:
    case ErrorCode::kNotFound:
    case ErrorCode::kSchemaNotFound:
    case ErrorCode::kColumnNotFound:
    case ErrorCode::kFunctionNotFound:
    case ErrorCode::kVersionNotFound:
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kDependentObjects:
    case ErrorCode::kCommitUnknown:
    case ErrorCode::kPayloadTooLarge:
    case ErrorCode::kRowLimitExceeded:
    case ErrorCode::kOutOfMemory:
    case ErrorCode::kDiskFull:
    case ErrorCode::kCancelled:
    case ErrorCode::kDeadlineExceeded:
    case ErrorCode::kWorkerLost:
    case ErrorCode::kReadOnly:
    case ErrorCode::kIoError:
    case ErrorCode::kCorruption:
    case ErrorCode::kInternal: return kExitFailed;
  }
  NL_UNREACHABLE();
}

void ReportError(std::ostream& err, const Error& error, const ErrorReportOptions& options) {
  const std::string_view on = options.colour ? "\x1b[1;31m" : "";
  const std::string_view off = options.colour ? "\x1b[0m" : "";
  if (!options.source.empty()) err << options.source << ": ";
  // The message comes from another process: it gets no more trust than data.
  err << on << "error:" << off << ' ' << PrintableText(error.message()) << '\n';
  if (const auto position = PositionOf(error)) ReportPosition(err, options.sql, *position);
  err << fmt::format("{}, SQLSTATE {}\n", ErrorName(error.code()), SqlState(error.code()));
  std::string hint(AdviceFor(error.code()));
  for (const auto& [key, value] : error.details()) {
    if (key == "hint") hint = PrintableText(value);
  }
  if (!hint.empty()) err << "hint: " << hint << '\n';
  err.flush();
}

}  // namespace neurolake::cli
