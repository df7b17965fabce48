#pragma once
#include <string>
#include <vector>

#include "arrow/batch.h"

namespace neurolake::arrow {

/// One column's type, compiled once per statement, and the buffers of the batch at hand.
struct Column {
  ArrowType type = NANOARROW_TYPE_NA;
  ArrowTimeUnit unit = NANOARROW_TIME_UNIT_MICRO;
  int32_t scale = 0;
  int32_t fixed_size = 0;
  bool zoned = false;
  bool string_keys = false;  ///< Of a map.
  std::string name;
  /// Of a struct, per child: `{"a":`, `,"b":`, ready to append.
  std::vector<std::string> keys;
  std::vector<Column> children;

  const uint8_t* validity = nullptr;
  const uint8_t* data = nullptr;   ///< Second buffer: values, offsets or views.
  const uint8_t* bytes = nullptr;  ///< Third buffer: characters.
  const void** buffers = nullptr;  ///< All of them, for string views.
  int64_t offset = 0;

  bool IsNull(int64_t row) const {
    if (validity == nullptr) return type == NANOARROW_TYPE_NA;
    const int64_t index = offset + row;
    return (validity[index / 8] >> (index % 8) & 1) == 0;
  }
};

/// Errors: kNotSupported naming a column whose type has no text form.
Result<Column> CompileColumn(const ArrowSchema* schema);
/// Errors: kInternal when the array's shape is not the column's.
Result<void> BindColumn(Column& column, const ArrowArray* array);

/// The value as JSON: `null`, `1`, `"a"`, `[…]`, `{…}`.
void AppendJsonValue(const Column& column, int64_t row, std::string& out);
/// The value, which is not NULL, as plain text; nested values as JSON.
void AppendTextValue(const Column& column, int64_t row, std::string& out);
/// Bytes of a string or binary value that is not NULL.
std::string_view StringValue(const Column& column, int64_t row);
bool IsString(ArrowType type);

}  // namespace neurolake::arrow
