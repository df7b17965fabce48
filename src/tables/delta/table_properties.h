#pragma once
#include <map>
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

/// Checks names and values. Properties outside of `delta.` are the user's own. Errors: kInvalidArgument for a `delta.`
/// property that is not known or has a value that it cannot have; kNotSupported for one that asks for what we do not
/// do.
Result<TableProperties> ReadTableProperties(const std::map<std::string, std::string>& properties);

/// The canonical spelling of a property that can be unset. Errors: as above.
Result<std::string> PropertyName(const std::string& name);

/// The features that a table with this schema and these properties makes use of.
std::set<std::string> FeaturesInUse(const DataType& schema, const std::map<std::string, std::string>& configuration);

}  // namespace neurolake::tables::delta
