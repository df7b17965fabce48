#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "query/copy_into.h"

namespace neurolake::query {

enum class SourceFormat : uint8_t { kCsv, kJsonLines, kParquet };
enum class OnError : uint8_t { kQuarantine, kAbort, kSkip };
enum class KeepDuplicate : uint8_t { kFirst, kLast };

/// Cleaning of one column, in the order it is applied.
struct CleaningRule {
  std::optional<bool> trim;
  std::vector<std::string> null_tokens;                     ///< After trimming; compare exactly.
  std::vector<std::pair<std::string, std::string>> values;  ///< "from" to "to"; what is not listed stays.
  std::vector<std::string> formats;  ///< strptime formats of a DATE or TIMESTAMP, tried in order.
  bool empty() const { return !trim.value_or(false) && null_tokens.empty() && values.empty() && formats.empty(); }
};

struct CopyIntoOptions {
  SourceFormat format = SourceFormat::kCsv;

  // FORMAT_OPTIONS
  bool header = true;
  bool header_given = false;      ///< Somebody said so, and it is not only assumed.
  std::optional<char> delimiter;  ///< Not given: found out from the first lines.
  std::string quote = "\"";       ///< One byte, or empty: there are no quotes.
  std::string escape;             ///< One byte; empty: the quote itself.
  std::string comment;
  std::string encoding = "utf-8";
  int64_t skip_lines = 0;
  std::vector<std::string> null_tokens;
  std::vector<std::string> date_formats;
  std::vector<std::string> timestamp_formats;
  int64_t line_size_max_bytes = 2'000'000;  ///< The reader takes 16 times as much memory for each buffer.
  bool strict = true;

  // COPY_OPTIONS
  std::vector<ColumnShape> schema;  ///< Empty: the table's, or inferred.
  bool by_name = false;             ///< Only columns both have; the rest is ignored, or NULL.
  bool ignore_extra = false;
  std::map<std::string, CleaningRule> rules;  ///< By lower-case column name; "*" for all.
  std::vector<std::string> key;
  KeepDuplicate keep = KeepDuplicate::kFirst;
  std::string order_by;
  bool dedupe_target = false;
  bool force = false;
  bool validate = false;                 ///< Look at the files, load nothing.
  std::optional<int64_t> validate_rows;  ///< Not given: all.
  bool exact_integers = true;
  OnError on_error = OnError::kQuarantine;
  std::optional<ObjectName> quarantine;
  std::optional<bool> lineage;  ///< Not given: for schema bronze, or when the table has the columns.
  std::string fingerprint;      ///< Of all options: two loads with the same one treat a file alike.

  /// The rule for a column: its own, else "*"'s, with the format's null tokens and date formats for its type.
  CleaningRule RuleFor(const ColumnShape& column) const;
};

/// Errors: kInvalidArgument naming the option and what is right.
Result<CopyIntoOptions> ParseCopyIntoOptions(const CopyInto& statement);

/// A pattern for a source that this name alone fits: of FILES, one that is not there must not stand for others.
std::string NameAsPattern(const std::string& name);

}  // namespace neurolake::query
