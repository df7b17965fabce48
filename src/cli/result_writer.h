#pragma once
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>

#include "arrow/batch.h"
#include "common/result.h"

namespace neurolake::cli {

enum class OutputFormat : uint8_t { kBox, kCsv, kJson, kNdjson, kMarkdown };

/// "box", "csv", "json", "ndjson", "markdown". Errors: kInvalidArgument listing them.
Result<OutputFormat> ParseOutputFormat(std::string_view name);
std::string_view OutputFormatName(OutputFormat format);

struct WriterOptions {
  OutputFormat format = OutputFormat::kBox;
  bool expanded = false;  ///< Box only: one line per column.
  int64_t rows_max = 0;   ///< Box only: more rows are counted but only the first and last shown; 0: all.
  int width = 0;          ///< Box only: cells of the terminal to fit into; 0: unlimited.
  bool colour = false;    ///< NULL and types in a dim colour.
};

/// Writes one result. Begin, then Write per batch, then End; memory stays bounded for every format.
/// Errors: kIoError when the output cannot be written (a full disk, a reader that went away).
class ResultWriter {
 public:
  virtual ~ResultWriter() = default;
  virtual Result<void> Begin(const arrow::Schema& schema) = 0;
  virtual Result<void> Write(const arrow::Batch& batch) = 0;
  virtual Result<void> End() = 0;
  virtual int64_t rows_written() const = 0;
};

/// Borrows `out`.
std::unique_ptr<ResultWriter> MakeResultWriter(const WriterOptions& options, std::ostream& out);

/// kIoError when `out` has failed.
Result<void> CheckOutput(std::ostream& out);

/// 336776 as "336,776", for people.
std::string WithThousands(int64_t number);

}  // namespace neurolake::cli
