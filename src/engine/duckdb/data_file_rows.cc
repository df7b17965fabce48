#include "engine/duckdb/internal/data_file_rows.h"

#include "common/text.h"

namespace neurolake::engine::duckdb {

native::unique_ptr<native::QueryResult> ReadDataFile(native::Connection& connection, const WriteTarget& target,
                                                     const std::string& path) {
  const std::string source =
      fmt::format("read_parquet({}, file_row_number = true, hive_partitioning = false)", QuoteLiteral(path));
  auto prepared = connection.Prepare("SELECT * FROM " + source);
  if (prepared->HasError()) prepared->GetErrorObject().Throw();
  const auto& present = prepared->GetNames();
  const auto names = DataFileWriter::Names(target);
  const auto types = DataFileWriter::Types(target);
  std::string select = "SELECT ";
  for (size_t i = 0; i < names.size(); ++i) {
    const auto found =
        std::ranges::find_if(present, [&](const auto& name) { return EqualsIgnoringCase(name, names[i]); });
    select += fmt::format("CAST({} AS {}), ", found == present.end() ? "NULL" : QuoteIdentifier(names[i]),
                          types[i].ToString());
  }
  auto result = connection.SendQuery(select + "file_row_number FROM " + source);
  if (result->HasError()) result->GetErrorObject().Throw();
  return result;
}

}  // namespace neurolake::engine::duckdb
