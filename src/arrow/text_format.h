#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "arrow/batch.h"

namespace neurolake::arrow {

/// SQL name of a column's type as users know it: "BIGINT", "DECIMAL(10,2)", "TIMESTAMP WITH TIME ZONE",
/// "STRUCT(a INTEGER, b VARCHAR)", "VARCHAR[]", "MAP(VARCHAR, INTEGER)".
std::string SqlTypeName(const ArrowSchema* column);

/// Turns batches into text, row by row, appending to `out`. Values: integers and floats as JSON numbers (integers
/// beyond 2^53, decimals, NaN and infinities as strings), dates and timestamps as ISO 8601 strings (zoned ones in UTC
/// with "Z"), binary as base64 in JSON and \x hex in text, lists and structs as JSON arrays and objects, maps as
/// objects when keys are strings and else as arrays of {"key","value"}.
class RowFormatter {
 public:
  /// Errors: kNotSupported naming a column whose type has no text form.
  static Result<RowFormatter> Make(const Schema& schema);
  RowFormatter(RowFormatter&&) noexcept;
  ~RowFormatter();

  Result<void> SetBatch(const Batch& batch);
  /// `[1,"a",null]`
  void AppendJsonArray(int64_t row, std::string& out) const;
  /// `{"id":1,"name":"a"}`; a second column "id" becomes "id_2".
  void AppendJsonObject(int64_t row, std::string& out) const;
  /// RFC 4180, without the line end; NULL is an empty unquoted field, the empty string is "".
  void AppendCsv(int64_t row, std::string& out) const;
  /// One cell for people: no quotes around strings; NULL gives false and leaves `out` alone.
  bool AppendText(int64_t row, int64_t column, std::string& out) const;
  const std::vector<std::string>& column_names() const;
  const std::vector<std::string>& column_types() const;

 private:
  struct State;
  explicit RowFormatter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Appends `text` as a JSON string with quotes; invalid UTF-8 becomes U+FFFD.
void AppendJsonString(std::string_view text, std::string& out);

/// Appends `text` as one CSV field, quoted when it is empty or needs it (a header's names, for one).
void AppendCsvField(std::string_view text, std::string& out);

}  // namespace neurolake::arrow
