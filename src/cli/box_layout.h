#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace neurolake::cli {

/// A cell as it is shown (printable); nullopt is NULL.
using BoxCell = std::optional<std::string>;
using BoxRow = std::vector<BoxCell>;

/// Which columns of a table are shown, and how wide, so that it fits a terminal.
class BoxLayout {
 public:
  struct Options {
    int width = 0;  ///< Cells to fit into; 0: unlimited.
    bool colour = false;
  };

  /// Widths from the names, types and `sample`. Too wide a table first gets its widest columns cut, then loses columns
  /// from the middle.
  BoxLayout(std::vector<std::string> names, std::vector<std::string> types, const std::vector<const BoxRow*>& sample,
            Options options);

  std::string Header() const;  ///< Top border, names, types, rule.
  std::string Row(const BoxRow& row) const;
  std::string GapRow() const;  ///< A row of dots: rows were left out here.
  std::string Footer() const;  ///< Bottom border.
  size_t shown_columns() const;

 private:
  static constexpr size_t kGap = static_cast<size_t>(-1);  ///< Stands for the columns left out.
  void FitWidth();
  std::string Border(const char* left, const char* middle, const char* right) const;
  std::string Line(const std::vector<std::string>& cells, const std::vector<bool>& dim, bool align) const;

  std::vector<std::string> names_;
  std::vector<std::string> types_;
  std::vector<bool> right_aligned_;
  std::vector<int> widths_;
  std::vector<size_t> shown_;
  Options options_;
};

/// Right-aligned types: numbers.
bool IsNumericType(const std::string& sql_type);

}  // namespace neurolake::cli
