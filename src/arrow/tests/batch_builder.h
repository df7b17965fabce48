#pragma once
// Builds batches for tests from JSON-like rows of C++ values, one column at a time.
#include <functional>
#include <string>
#include <vector>

#include "arrow/batch.h"
#include "common/check.h"

namespace neurolake::arrow {

struct TestColumn {
  std::string name;
  /// Sets type (and children) on an initialised schema.
  std::function<void(ArrowSchema*)> type;
  /// Appends the rows with nanoarrow's appenders.
  std::function<void(ArrowArray*)> rows;
};

inline TestColumn Simple(std::string name, ArrowType type, std::function<void(ArrowArray*)> rows) {
  return {std::move(name), [type](ArrowSchema* schema) { NL_CHECK(ArrowSchemaSetType(schema, type) == 0); },
          std::move(rows)};
}

inline TestColumn Strings(std::string name, std::vector<const char*> values) {
  return Simple(std::move(name), NANOARROW_TYPE_STRING, [values](ArrowArray* array) {
    for (const char* value : values) {
      NL_CHECK((value == nullptr ? ArrowArrayAppendNull(array, 1)
                                 : ArrowArrayAppendString(array, ArrowCharView(value))) == 0);
    }
  });
}

inline TestColumn Integers(std::string name, std::vector<int64_t> values, ArrowType type = NANOARROW_TYPE_INT64) {
  return Simple(std::move(name), type, [values](ArrowArray* array) {
    for (const int64_t value : values) NL_CHECK(ArrowArrayAppendInt(array, value) == 0);
  });
}

struct TestTable {
  Schema schema;
  Batch batch;
};

inline TestTable BuildTable(const std::vector<TestColumn>& columns, int64_t row_count) {
  TestTable table;
  ArrowSchemaInit(table.schema.get());
  NL_CHECK(ArrowSchemaSetTypeStruct(table.schema.get(), static_cast<int64_t>(columns.size())) == 0);
  for (size_t i = 0; i < columns.size(); ++i) {
    columns[i].type(table.schema.get()->children[i]);
    NL_CHECK(ArrowSchemaSetName(table.schema.get()->children[i], columns[i].name.c_str()) == 0);
  }
  NL_CHECK(ArrowArrayInitFromSchema(table.batch.get(), table.schema.get(), nullptr) == 0);
  NL_CHECK(ArrowArrayStartAppending(table.batch.get()) == 0);
  for (size_t i = 0; i < columns.size(); ++i) columns[i].rows(table.batch.get()->children[i]);
  table.batch.get()->length = row_count;
  NL_CHECK(ArrowArrayFinishBuildingDefault(table.batch.get(), nullptr) == 0);
  return table;
}

}  // namespace neurolake::arrow
