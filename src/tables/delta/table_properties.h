#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>

#include "common/result.h"
#include "tables/delta/schema.h"

namespace neurolake::tables::delta {

/// What TBLPROPERTIES ask for, in canonical spelling.
struct TableProperties {
  std::map<std::string, std::string> configuration;
  std::set<std::string> features;  ///< Of `delta.feature.<name> = 'supported'`; these are no properties of the table.
  bool widest = false;             ///< compatibility = 'widest'.

  std::string Get(const std::string& name) const {
    const auto found = configuration.find(name);
    return found == configuration.end() ? "" : found->second;
  }
};

/// Checks names and values. Properties outside of `delta.` and `neurolake.` are the user's own. Only what a statement
/// sets belongs here: a table may have got odd values from other writers. Errors: kInvalidArgument for a property that
/// is not known or has a value that it cannot have; kNotSupported for one that asks for what we do not do.
Result<TableProperties> ReadTableProperties(const std::map<std::string, std::string>& properties);

/// The canonical spelling of a property that can be unset. Errors: as above.
Result<std::string> PropertyName(const std::string& name);

/// Checks that the columns of delta.dataSkippingStatsColumns, if `configuration` has it, are in `schema`. Errors:
/// kInvalidArgument.
Result<void> CheckStatisticsColumns(const std::map<std::string, std::string>& configuration, const DataType& schema);

/// The leaf fields, by StatisticsPath, that delta.dataSkippingStatsColumns names: a struct stands for all that is in it.
/// Goes before delta.dataSkippingNumIndexedCols. nullopt if it is not set, or cannot be read, as it may have come through
/// another writer; names that `schema` does not have count for nothing.
std::optional<std::set<std::string>> StatisticsColumns(const std::map<std::string, std::string>& configuration,
                                                       const DataType& schema);

/// How data files are compressed, by Parquet's name in lower case: delta.parquet.compression.codec, else "snappy". A
/// codec that we do not write counts as not given: it came through another writer.
std::string ParquetCodec(const std::map<std::string, std::string>& configuration);

/// The features that a table with this schema and these properties makes use of.
std::set<std::string> FeaturesInUse(const DataType& schema, const std::map<std::string, std::string>& configuration);

}  // namespace neurolake::tables::delta
