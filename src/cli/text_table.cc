#include "cli/text_table.h"

namespace neurolake::cli {

Result<OwnTable> MakeTextTable(const std::vector<std::string>& columns,
                               const std::vector<std::vector<std::string>>& rows) {
  OwnTable table;
  ArrowSchema* const schema = table.schema.get();
  ArrowArray* const batch = table.batch.get();
  ArrowSchemaInit(schema);
  bool made = ArrowSchemaSetTypeStruct(schema, static_cast<int64_t>(columns.size())) == NANOARROW_OK;
  for (size_t i = 0; made && i < columns.size(); ++i) {
    made = ArrowSchemaSetType(schema->children[i], NANOARROW_TYPE_STRING) == NANOARROW_OK &&
           ArrowSchemaSetName(schema->children[i], columns[i].c_str()) == NANOARROW_OK;
  }
  made = made && ArrowArrayInitFromSchema(batch, schema, nullptr) == NANOARROW_OK &&
         ArrowArrayStartAppending(batch) == NANOARROW_OK;
  for (size_t row = 0; made && row < rows.size(); ++row) {
    NL_CHECK(rows[row].size() == columns.size());
    for (size_t i = 0; made && i < columns.size(); ++i) {
      const ArrowStringView text{rows[row][i].data(), static_cast<int64_t>(rows[row][i].size())};
      made = ArrowArrayAppendString(batch->children[i], text) == NANOARROW_OK;
    }
    made = made && ArrowArrayFinishElement(batch) == NANOARROW_OK;
  }
  if (!made || ArrowArrayFinishBuildingDefault(batch, nullptr) != NANOARROW_OK) {
    return MakeError(ErrorCode::kOutOfMemory, "out of memory for a table of text");
  }
  return table;
}

Result<void> PrintTable(const OwnTable& table, OutputFormat format, Console& console) {
  const auto writer =
      MakeResultWriter({.format = format, .width = console.width, .colour = console.out_is_terminal}, console.out);
  NL_RETURN_IF_ERROR(writer->Begin(table.schema));
  NL_RETURN_IF_ERROR(writer->Write(table.batch));
  NL_RETURN_IF_ERROR(writer->End());
  console.out.flush();
  return CheckOutput(console.out);
}

Result<void> PrintTextTable(const std::vector<std::string>& columns, const std::vector<std::vector<std::string>>& rows,
                            OutputFormat format, Console& console) {
  NL_ASSIGN_OR_RETURN(const auto table, MakeTextTable(columns, rows));
  return PrintTable(table, format, console);
}

}  // namespace neurolake::cli
