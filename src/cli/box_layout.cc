#include "cli/box_layout.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "cli/terminal.h"

namespace neurolake::cli {
namespace {

constexpr int kNarrowest = 8;  // A cut column keeps at least this many cells: fewer tell nothing.
constexpr int kPadding = 3;    // " x │"
constexpr std::string_view kDim = "\x1b[2m";
constexpr std::string_view kReset = "\x1b[0m";
constexpr std::string_view kNull = "NULL";

std::string Repeat(std::string_view text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

}  // namespace

bool IsNumericType(const std::string& sql_type) {
  static constexpr std::array<std::string_view, 13> kNumeric = {
      "TINYINT",  "SMALLINT", "INTEGER",  "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT",
      "UINTEGER", "UBIGINT",  "UHUGEINT", "FLOAT",  "REAL",    "DOUBLE"};
  if (sql_type.ends_with(']')) return false;
  return std::ranges::find(kNumeric, sql_type) != kNumeric.end() || sql_type.starts_with("DECIMAL");
}

BoxLayout::BoxLayout(std::vector<std::string> names, std::vector<std::string> types,
                     const std::vector<const BoxRow*>& sample, Options options)
    : names_(std::move(names)), types_(std::move(types)), options_(options) {
  for (size_t i = 0; i < names_.size(); ++i) {
    right_aligned_.push_back(IsNumericType(types_[i]));
    int width = std::max({DisplayWidth(names_[i]), DisplayWidth(types_[i]), 1});
    for (const BoxRow* row : sample) {
      width = std::max(width, (*row)[i] ? DisplayWidth(*(*row)[i]) : static_cast<int>(kNull.size()));
    }
    widths_.push_back(width);
    shown_.push_back(i);
  }
  if (options_.width > 0) FitWidth();
}

void BoxLayout::FitWidth() {
  const auto total = [&] {
    int cells = 1;
    for (const size_t column : shown_) cells += kPadding + (column == kGap ? 1 : widths_[column]);
    return cells;
  };
  while (total() > options_.width) {
    // Cut the widest shown column down to the next widest, or by what is too much.
    int widest = kNarrowest;
    int next = kNarrowest;
    for (const size_t column : shown_) {
      if (column == kGap) continue;
      if (widths_[column] > widest) {
        next = widest;
        widest = widths_[column];
      } else if (widths_[column] < widest) {
        next = std::max(next, widths_[column]);
      }
    }
    if (widest > kNarrowest) {
      const int target = std::max(next, widest - (total() - options_.width));
      for (const size_t column : shown_) {
        if (column != kGap && widths_[column] == widest && total() > options_.width) widths_[column] = target;
      }
      continue;
    }
    const auto gap = std::ranges::find(shown_, kGap);
    if (gap == shown_.end()) {
      if (shown_.size() <= 2) return;
      shown_[shown_.size() / 2] = kGap;
    } else if (shown_.size() <= 3) {
      return;  // First and last column stay, however narrow the terminal.
    } else {
      const auto before = gap - shown_.begin();
      const auto after = shown_.end() - gap - 1;
      shown_.erase(after > before ? gap + 1 : gap - 1);
    }
  }
}

size_t BoxLayout::shown_columns() const {
  return shown_.size() - static_cast<size_t>(std::ranges::count(shown_, kGap));
}

std::string BoxLayout::Border(const char* left, const char* middle, const char* right) const {
  std::string out = left;
  for (size_t i = 0; i < shown_.size(); ++i) {
    if (i > 0) out += middle;
    out += Repeat("─", (shown_[i] == kGap ? 1 : widths_[shown_[i]]) + 2);
  }
  return out + right + "\n";
}

std::string BoxLayout::Line(const std::vector<std::string>& cells, const std::vector<bool>& dim, bool align) const {
  std::string out = "│";
  for (size_t i = 0; i < shown_.size(); ++i) {
    const bool is_gap = shown_[i] == kGap;
    const int width = is_gap ? 1 : widths_[shown_[i]];
    std::string text = is_gap ? "…" : cells[shown_[i]];
    if (options_.width > 0) text = Shorten(text, width);
    const std::string padding(static_cast<size_t>(std::max(0, width - DisplayWidth(text))), ' ');
    if (options_.colour && !is_gap && dim[shown_[i]]) text = std::string(kDim) + text + std::string(kReset);
    const bool right = align && !is_gap && right_aligned_[shown_[i]];
    out += right ? " " + padding + text + " │" : " " + text + padding + " │";
  }
  return out + "\n";
}

std::string BoxLayout::Header() const {
  return Border("┌", "┬", "┐") + Line(names_, std::vector<bool>(names_.size(), false), true) +
         Line(types_, std::vector<bool>(types_.size(), true), true) + Border("├", "┼", "┤");
}

std::string BoxLayout::Row(const BoxRow& row) const {
  std::vector<std::string> cells;
  std::vector<bool> dim;
  for (const BoxCell& cell : row) {
    cells.push_back(cell ? *cell : std::string(kNull));
    dim.push_back(!cell);
  }
  return Line(cells, dim, true);
}

std::string BoxLayout::GapRow() const {
  return Line(std::vector<std::string>(names_.size(), "…"), std::vector<bool>(names_.size(), true), true);
}

std::string BoxLayout::Footer() const { return Border("└", "┴", "┘"); }

}  // namespace neurolake::cli
