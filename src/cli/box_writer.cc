#include "cli/box_writer.h"

#include <deque>
#include <ostream>

#include "arrow/text_format.h"
#include "cli/box_layout.h"
#include "cli/terminal.h"

namespace neurolake::cli {
namespace {

/// Rows the widths of an unlimited table come from; later rows may stick out.
constexpr size_t kSampleRows = 10'000;

class BoxWriter final : public ResultWriter {
 public:
  BoxWriter(const WriterOptions& options, std::ostream& out) : options_(options), out_(out) {}

  Result<void> Begin(const arrow::Schema& schema) override {
    NL_ASSIGN_OR_RETURN(auto formatter, arrow::RowFormatter::Make(schema));
    formatter_.emplace(std::move(formatter));
    for (const std::string& name : formatter_->column_names()) names_.push_back(PrintableText(name));
    for (const std::string& type : formatter_->column_types()) types_.push_back(PrintableText(type));
    return {};
  }

  Result<void> Write(const arrow::Batch& batch) override {
    NL_RETURN_IF_ERROR(formatter_->SetBatch(batch));
    const int64_t rows = batch.row_count();
    for (int64_t row = 0; row < rows; ++row) {
      const bool in_head = static_cast<int64_t>(head_.size()) < HeadRows();
      // Of what the tail will drop anyway nothing needs to be formatted.
      if (in_head || rows - row <= TailRows()) Keep(ReadRow(row), in_head);
    }
    rows_written_ += rows;
    return CheckOutput(out_);
  }

  Result<void> End() override {
    if (names_.empty()) return {};
    if (options_.expanded) {
      WriteExpanded();
    } else {
      WriteHeaderOnce();
      // Exactly the rows that neither end shows are replaced by one row of dots.
      for (const BoxRow& row : head_) out_ << layout_->Row(row);
      if (rows_written_ > Shown()) out_ << layout_->GapRow();
      for (const BoxRow& row : tail_) out_ << layout_->Row(row);
      out_ << layout_->Footer();
    }
    WriteCount();
    return CheckOutput(out_);
  }

  int64_t rows_written() const override { return rows_written_; }

 private:
  int64_t HeadRows() const { return options_.rows_max == 0 ? INT64_MAX : (options_.rows_max + 1) / 2; }
  int64_t TailRows() const { return options_.rows_max == 0 ? 0 : options_.rows_max / 2; }
  int64_t Shown() const { return streamed_ + static_cast<int64_t>(head_.size() + tail_.size()); }

  BoxRow ReadRow(int64_t row) {
    BoxRow cells(names_.size());
    for (size_t column = 0; column < names_.size(); ++column) {
      text_.clear();
      if (formatter_->AppendText(row, static_cast<int64_t>(column), text_)) cells[column] = PrintableText(text_);
    }
    return cells;
  }

  void Keep(BoxRow row, bool in_head) {
    if (!in_head) {
      tail_.push_back(std::move(row));
      if (static_cast<int64_t>(tail_.size()) > TailRows()) tail_.pop_front();
      return;
    }
    head_.push_back(std::move(row));
    if (options_.rows_max == 0 && head_.size() >= kSampleRows) StreamHead();
  }

  /// Unlimited: what was kept goes out, so that memory stays bounded.
  void StreamHead() {
    if (options_.expanded) {
      for (const BoxRow& row : head_) WriteExpandedRow(row);
    } else {
      WriteHeaderOnce();
      for (const BoxRow& row : head_) out_ << layout_->Row(row);
    }
    streamed_ += static_cast<int64_t>(head_.size());
    head_.clear();
  }

  void WriteHeaderOnce() {
    if (layout_) return;
    std::vector<const BoxRow*> sample;
    for (const BoxRow& row : head_) sample.push_back(&row);
    for (const BoxRow& row : tail_) sample.push_back(&row);
    layout_.emplace(names_, types_, sample, BoxLayout::Options{.width = options_.width, .colour = options_.colour});
    out_ << layout_->Header();
  }

  void WriteExpandedRow(const BoxRow& row) {
    int widest = 0;
    for (const std::string& name : names_) widest = std::max(widest, DisplayWidth(name));
    out_ << fmt::format("─[ row {} ]─\n", ++expanded_row_);
    for (size_t i = 0; i < names_.size(); ++i) {
      out_ << names_[i] << std::string(static_cast<size_t>(widest - DisplayWidth(names_[i])), ' ') << " │ "
           << (row[i]            ? *row[i]
               : options_.colour ? std::string("\x1b[2mNULL\x1b[0m")
                                 : std::string("NULL"))
           << '\n';
    }
  }

  void WriteExpanded() {
    for (const BoxRow& row : head_) WriteExpandedRow(row);
    const int64_t left_out = rows_written_ - Shown();
    if (left_out > 0) out_ << fmt::format("… {} rows …\n", WithThousands(left_out));
    expanded_row_ += left_out;
    for (const BoxRow& row : tail_) WriteExpandedRow(row);
  }

  void WriteCount() {
    std::string text = fmt::format("{} {}", WithThousands(rows_written_), rows_written_ == 1 ? "row" : "rows");
    if (Shown() < rows_written_) text += fmt::format(" ({} shown)", WithThousands(Shown()));
    if (layout_ && layout_->shown_columns() < names_.size()) {
      text += fmt::format(", {} columns ({} shown)", names_.size(), layout_->shown_columns());
    }
    out_ << text << '\n';
  }

  const WriterOptions options_;
  std::ostream& out_;
  std::optional<arrow::RowFormatter> formatter_;
  std::vector<std::string> names_;
  std::vector<std::string> types_;
  std::vector<BoxRow> head_;
  std::deque<BoxRow> tail_;
  std::optional<BoxLayout> layout_;
  std::string text_;
  int64_t rows_written_ = 0;
  int64_t streamed_ = 0;
  int64_t expanded_row_ = 0;
};

}  // namespace

std::unique_ptr<ResultWriter> MakeBoxWriter(const WriterOptions& options, std::ostream& out) {
  return std::make_unique<BoxWriter>(options, out);
}

}  // namespace neurolake::cli
