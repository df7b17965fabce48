#pragma once
// One table with a column of every type the doors speak: a row of values, then a row of NULLs.
#include "arrow/tests/batch_builder.h"

namespace neurolake::arrow {

inline std::function<void(ArrowArray*)> IntegerThenNull(int64_t value) {
  return [value](ArrowArray* array) {
    NL_CHECK(ArrowArrayAppendInt(array, value) == 0);
    NL_CHECK(ArrowArrayAppendNull(array, 1) == 0);
  };
}

inline std::function<void(ArrowArray*)> BytesThenNull(std::string value) {
  return [value](ArrowArray* array) {
    ArrowBufferView view;
    view.data.as_char = value.data();
    view.size_bytes = static_cast<int64_t>(value.size());
    NL_CHECK(ArrowArrayAppendBytes(array, view) == 0);
    NL_CHECK(ArrowArrayAppendNull(array, 1) == 0);
  };
}

inline std::function<void(ArrowSchema*)> Timed(ArrowType type, ArrowTimeUnit unit, const char* zone = nullptr) {
  return [=](ArrowSchema* schema) { NL_CHECK(ArrowSchemaSetTypeDateTime(schema, type, unit, zone) == 0); };
}

inline void AddNested(std::vector<TestColumn>& columns) {
  const auto list = [](ArrowType type) {
    return [type](ArrowSchema* schema) {
      if (type == NANOARROW_TYPE_FIXED_SIZE_LIST) {
        NL_CHECK(ArrowSchemaSetTypeFixedSize(schema, type, 2) == 0);
      } else {
        NL_CHECK(ArrowSchemaSetType(schema, type) == 0);
      }
      NL_CHECK(ArrowSchemaSetType(schema->children[0], NANOARROW_TYPE_INT32) == 0);
    };
  };
  const auto two_elements = [](ArrowArray* array) {
    NL_CHECK(ArrowArrayAppendInt(array->children[0], 1) == 0);
    NL_CHECK(ArrowArrayAppendNull(array->children[0], 1) == 0);
    NL_CHECK(ArrowArrayFinishElement(array) == 0);
    NL_CHECK(ArrowArrayAppendNull(array, 1) == 0);
  };
  columns.push_back({"list", list(NANOARROW_TYPE_LIST), two_elements});
  columns.push_back({"large_list", list(NANOARROW_TYPE_LARGE_LIST), two_elements});
  columns.push_back({"fixed_list", list(NANOARROW_TYPE_FIXED_SIZE_LIST), two_elements});
  columns.push_back({"struct",
                     [](ArrowSchema* schema) {
                       NL_CHECK(ArrowSchemaSetTypeStruct(schema, 2) == 0);
                       NL_CHECK(ArrowSchemaSetType(schema->children[0], NANOARROW_TYPE_INT32) == 0);
                       NL_CHECK(ArrowSchemaSetName(schema->children[0], "a") == 0);
                       NL_CHECK(ArrowSchemaSetType(schema->children[1], NANOARROW_TYPE_STRING) == 0);
                       NL_CHECK(ArrowSchemaSetName(schema->children[1], "B c") == 0);
                     },
                     [](ArrowArray* array) {
                       NL_CHECK(ArrowArrayAppendInt(array->children[0], 7) == 0);
                       NL_CHECK(ArrowArrayAppendString(array->children[1], ArrowCharView("x")) == 0);
                       NL_CHECK(ArrowArrayFinishElement(array) == 0);
                       NL_CHECK(ArrowArrayAppendNull(array, 1) == 0);
                     }});
  const auto map = [](ArrowType key) {
    return [key](ArrowSchema* schema) {
      NL_CHECK(ArrowSchemaSetType(schema, NANOARROW_TYPE_MAP) == 0);
      NL_CHECK(ArrowSchemaSetType(schema->children[0]->children[0], key) == 0);
      NL_CHECK(ArrowSchemaSetType(schema->children[0]->children[1], NANOARROW_TYPE_INT32) == 0);
    };
  };
  const auto finish_map = [](ArrowArray* array, int64_t value) {
    NL_CHECK(ArrowArrayAppendInt(array->children[0]->children[1], value) == 0);
    NL_CHECK(ArrowArrayFinishElement(array->children[0]) == 0);
    NL_CHECK(ArrowArrayFinishElement(array) == 0);
    NL_CHECK(ArrowArrayAppendNull(array, 1) == 0);
  };
  columns.push_back({"map", map(NANOARROW_TYPE_STRING), [finish_map](ArrowArray* array) {
                       NL_CHECK(ArrowArrayAppendString(array->children[0]->children[0], ArrowCharView("k")) == 0);
                       finish_map(array, 1);
                     }});
  columns.push_back({"integer_map", map(NANOARROW_TYPE_INT32), [finish_map](ArrowArray* array) {
                       NL_CHECK(ArrowArrayAppendInt(array->children[0]->children[0], 5) == 0);
                       finish_map(array, 6);
                     }});
}

inline TestTable EveryType() {
  std::vector<TestColumn> columns;
  columns.push_back(
      Simple("null", NANOARROW_TYPE_NA, [](ArrowArray* a) { NL_CHECK(ArrowArrayAppendNull(a, 2) == 0); }));
  columns.push_back(Simple("bool", NANOARROW_TYPE_BOOL, IntegerThenNull(1)));
  columns.push_back(Simple("int8", NANOARROW_TYPE_INT8, IntegerThenNull(-8)));
  columns.push_back(Simple("int16", NANOARROW_TYPE_INT16, IntegerThenNull(-16)));
  columns.push_back(Simple("int32", NANOARROW_TYPE_INT32, IntegerThenNull(-32)));
  columns.push_back(Simple("int64", NANOARROW_TYPE_INT64, IntegerThenNull(INT64_MIN)));
  columns.push_back(Simple("uint8", NANOARROW_TYPE_UINT8, IntegerThenNull(255)));
  columns.push_back(Simple("uint16", NANOARROW_TYPE_UINT16, IntegerThenNull(65535)));
  columns.push_back(Simple("uint32", NANOARROW_TYPE_UINT32, IntegerThenNull(4294967295)));
  columns.push_back(Simple("uint64", NANOARROW_TYPE_UINT64, [](ArrowArray* array) {
    NL_CHECK(ArrowArrayAppendUInt(array, UINT64_MAX) == 0);
    NL_CHECK(ArrowArrayAppendNull(array, 1) == 0);
  }));
  const auto number = [](ArrowArray* array) {
    NL_CHECK(ArrowArrayAppendDouble(array, 0.5) == 0);
    NL_CHECK(ArrowArrayAppendNull(array, 1) == 0);
  };
  columns.push_back(Simple("float", NANOARROW_TYPE_FLOAT, number));
  columns.push_back(Simple("double", NANOARROW_TYPE_DOUBLE, number));
  columns.push_back(
      {"decimal",
       [](ArrowSchema* schema) { NL_CHECK(ArrowSchemaSetTypeDecimal(schema, NANOARROW_TYPE_DECIMAL128, 38, 3) == 0); },
       [](ArrowArray* array) {
         ArrowDecimal value;
         ArrowDecimalInit(&value, 128, 38, 3);
         NL_CHECK(ArrowDecimalSetDigits(&value, ArrowCharView("-12345678901234567890123456789012345678")) == 0);
         NL_CHECK(ArrowArrayAppendDecimal(array, &value) == 0);
         NL_CHECK(ArrowArrayAppendNull(array, 1) == 0);
       }});
  columns.push_back(Simple("date", NANOARROW_TYPE_DATE32, IntegerThenNull(15'736)));
  columns.push_back({"time", Timed(NANOARROW_TYPE_TIME64, NANOARROW_TIME_UNIT_MICRO), IntegerThenNull(86'399'500'000)});
  const auto stamp = [&](const char* name, ArrowTimeUnit unit, int64_t ticks, const char* zone = nullptr) {
    columns.push_back({name, Timed(NANOARROW_TYPE_TIMESTAMP, unit, zone), IntegerThenNull(ticks)});
  };
  stamp("ts_s", NANOARROW_TIME_UNIT_SECOND, 1'359'676'799);
  stamp("ts_ms", NANOARROW_TIME_UNIT_MILLI, 1'359'676'799'001);
  stamp("ts_us", NANOARROW_TIME_UNIT_MICRO, -1);
  stamp("ts_ns", NANOARROW_TIME_UNIT_NANO, 1'359'676'799'000'000'001);
  stamp("ts_tz", NANOARROW_TIME_UNIT_MICRO, 1'359'676'799'000'000, "Europe/Berlin");
  columns.push_back(Simple("interval", NANOARROW_TYPE_INTERVAL_MONTH_DAY_NANO, [](ArrowArray* array) {
    ArrowInterval value;
    ArrowIntervalInit(&value, NANOARROW_TYPE_INTERVAL_MONTH_DAY_NANO);
    value.months = 14;
    value.days = 3;
    value.ns = 14'706'500'000'000;
    NL_CHECK(ArrowArrayAppendInterval(array, &value) == 0);
    NL_CHECK(ArrowArrayAppendNull(array, 1) == 0);
  }));
  columns.push_back(Simple("string", NANOARROW_TYPE_STRING, BytesThenNull("a,\"b\"\n")));
  columns.push_back(Simple("large_string", NANOARROW_TYPE_LARGE_STRING, BytesThenNull("")));
  columns.push_back(Simple("string_view", NANOARROW_TYPE_STRING_VIEW, BytesThenNull("longer than twelve bytes")));
  columns.push_back(Simple("binary", NANOARROW_TYPE_BINARY, BytesThenNull(std::string("\0\xFF", 2))));
  columns.push_back(Simple("large_binary", NANOARROW_TYPE_LARGE_BINARY, BytesThenNull("ab")));
  AddNested(columns);
  return BuildTable(columns, 2);
}

}  // namespace neurolake::arrow
