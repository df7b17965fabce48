#include "cli/result_writer.h"

#include <ostream>

#include "arrow/text_format.h"
#include "cli/box_layout.h"
#include "cli/box_writer.h"
#include "cli/terminal.h"

namespace neurolake::cli {
namespace {

constexpr size_t kFlushBytes = 64 * 1024;

/// What the streaming formats share: rows go to a buffer, the buffer goes out when it is large, and at the end of each
/// batch, so that a reader of a slow statement sees its rows as they come.
class StreamingWriter : public ResultWriter {
 public:
  explicit StreamingWriter(std::ostream& out) : out_(out) {}

  Result<void> Begin(const arrow::Schema& schema) final {
    NL_ASSIGN_OR_RETURN(auto formatter, arrow::RowFormatter::Make(schema));
    formatter_.emplace(std::move(formatter));
    AppendBegin();
    return Flush();
  }

  Result<void> Write(const arrow::Batch& batch) final {
    NL_RETURN_IF_ERROR(formatter_->SetBatch(batch));
    for (int64_t row = 0; row < batch.row_count(); ++row) {
      AppendRow(row);
      ++rows_written_;
      if (buffer_.size() >= kFlushBytes) NL_RETURN_IF_ERROR(Flush());
    }
    return Flush();
  }

  Result<void> End() final {
    AppendEnd();
    return Flush();
  }

  int64_t rows_written() const final { return rows_written_; }

 protected:
  virtual void AppendBegin() {}
  virtual void AppendRow(int64_t row) = 0;
  virtual void AppendEnd() {}
  const arrow::RowFormatter& formatter() const { return *formatter_; }
  std::string& buffer() { return buffer_; }

 private:
  Result<void> Flush() {
    out_.write(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
    out_.flush();
    buffer_.clear();
    return CheckOutput(out_);
  }

  std::ostream& out_;
  std::optional<arrow::RowFormatter> formatter_;
  std::string buffer_;
  int64_t rows_written_ = 0;
};

class CsvWriter final : public StreamingWriter {
 public:
  using StreamingWriter::StreamingWriter;

 private:
  void AppendBegin() override {
    const auto& names = formatter().column_names();
    for (size_t i = 0; i < names.size(); ++i) {
      if (i > 0) buffer() += ',';
      AppendName(names[i]);
    }
    if (!names.empty()) buffer() += '\n';
  }
  void AppendName(const std::string& name) {
    if (!name.empty() && name.find_first_of(",\"\r\n") == std::string::npos) {
      buffer() += name;
      return;
    }
    buffer() += '"';
    for (const char c : name) {
      if (c == '"') buffer() += '"';
      buffer() += c;
    }
    buffer() += '"';
  }
  void AppendRow(int64_t row) override {
    formatter().AppendCsv(row, buffer());
    buffer() += '\n';
  }
};

class NdjsonWriter final : public StreamingWriter {
 public:
  using StreamingWriter::StreamingWriter;

 private:
  void AppendRow(int64_t row) override {
    formatter().AppendJsonObject(row, buffer());
    buffer() += '\n';
  }
};

/// One array of objects, a row per line.
class JsonWriter final : public StreamingWriter {
 public:
  using StreamingWriter::StreamingWriter;

 private:
  void AppendBegin() override { buffer() += '['; }
  void AppendRow(int64_t row) override {
    buffer() += first_ ? "\n" : ",\n";
    first_ = false;
    formatter().AppendJsonObject(row, buffer());
  }
  void AppendEnd() override { buffer() += first_ ? "]\n" : "\n]\n"; }
  bool first_ = true;
};

class MarkdownWriter final : public StreamingWriter {
 public:
  using StreamingWriter::StreamingWriter;

 private:
  void AppendCell(std::string_view text) {
    buffer() += ' ';
    for (const char c : PrintableText(text)) {
      if (c == '|' || c == '\\') buffer() += '\\';
      buffer() += c;
    }
    buffer() += " |";
  }
  void AppendBegin() override {
    if (formatter().column_names().empty()) return;
    buffer() += '|';
    for (const std::string& name : formatter().column_names()) AppendCell(name);
    buffer() += "\n|";
    for (const std::string& type : formatter().column_types()) buffer() += IsNumericType(type) ? " ---: |" : " --- |";
    buffer() += '\n';
  }
  void AppendRow(int64_t row) override {
    buffer() += '|';
    std::string text;
    for (size_t column = 0; column < formatter().column_names().size(); ++column) {
      text.clear();
      if (!formatter().AppendText(row, static_cast<int64_t>(column), text)) text = "NULL";
      AppendCell(text);
    }
    buffer() += '\n';
  }
};

struct NamedFormat {
  std::string_view name;
  OutputFormat format;
};
constexpr NamedFormat kFormats[] = {{"box", OutputFormat::kBox},
                                    {"csv", OutputFormat::kCsv},
                                    {"json", OutputFormat::kJson},
                                    {"ndjson", OutputFormat::kNdjson},
                                    {"markdown", OutputFormat::kMarkdown}};

}  // namespace

Result<OutputFormat> ParseOutputFormat(std::string_view name) {
  for (const NamedFormat& known : kFormats) {
    if (known.name == name) return known.format;
  }
  return MakeError(ErrorCode::kInvalidArgument, "format must be box, csv, json, ndjson or markdown, not: {}", name);
}

std::string_view OutputFormatName(OutputFormat format) {
  for (const NamedFormat& known : kFormats) {
    if (known.format == format) return known.name;
  }
  NL_UNREACHABLE();
}

std::unique_ptr<ResultWriter> MakeResultWriter(const WriterOptions& options, std::ostream& out) {
  switch (options.format) {
    case OutputFormat::kBox: return MakeBoxWriter(options, out);
    case OutputFormat::kCsv: return std::make_unique<CsvWriter>(out);
    case OutputFormat::kJson: return std::make_unique<JsonWriter>(out);
    case OutputFormat::kNdjson: return std::make_unique<NdjsonWriter>(out);
    case OutputFormat::kMarkdown: return std::make_unique<MarkdownWriter>(out);
  }
  NL_UNREACHABLE();
}

Result<void> CheckOutput(std::ostream& out) {
  if (out.good()) return {};
  return MakeError(ErrorCode::kIoError, "the output could not be written: it is full or nobody reads it");
}

std::string WithThousands(int64_t number) {
  std::string digits = std::to_string(number);
  const size_t first = number < 0 ? 1 : 0;
  for (size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

}  // namespace neurolake::cli
