#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "semantic/infer.h"

namespace neurolake::cli {

using SurveyRows = std::vector<std::vector<std::string>>;

int64_t WholeOf(const std::string& text);
bool IsWholeType(std::string_view type);
bool IsTextType(std::string_view type);
bool IsNestedType(std::string_view type);
/// A table's quoted name.
std::string QuotedTable(const std::vector<std::string>& table);

/// Finds out which numbers and texts of a table are times, and which of its times end what others begin.
class SurveyForms {
 public:
  /// Rows of a statement with so many columns about a table; nullopt where it may not be run.
  using Ask = std::function<Result<std::optional<SurveyRows>>(const std::string& sql, size_t columns,
                                                              const std::string& table)>;
  explicit SurveyForms(Ask ask) : ask_(std::move(ask)) {}

  /// After its values were counted. Errors: what `Ask` gives.
  Result<void> Find(semantic::KnownTable& table) const;
  /// After its forms were found. Errors: what `Ask` gives.
  Result<void> MeasureSpans(semantic::KnownTable& table) const;
  /// Codes of a status that rows have just where they have a time. After its values were listed. Errors: what `Ask`
  /// gives.
  Result<void> FindOutcomes(semantic::KnownTable& table) const;

 private:
  Result<void> FindInNumbers(semantic::KnownTable& table) const;
  Result<void> FindInTexts(semantic::KnownTable& table) const;
  Result<void> FindPattern(const semantic::KnownTable& table, semantic::KnownColumn& column) const;

  Ask ask_;
};

}  // namespace neurolake::cli
