#pragma once
#include <boost/json/array.hpp>
#include <cstdint>
#include <memory>
#include <vector>

#include "catalog/catalog.h"
#include "governance/effective_policy.h"
#include "plan/table_policy.h"

namespace neurolake::query {

/// Policies go by what a table's files call a column and say what it was called when they were made. What it is called
/// now stands in the table's log, which workers read: the server's answers about policies have, under "names", where
/// they name columns, as [row, cell, is_text, schema, table, name, physical]. Of a text the cell says more than the
/// name; else it is the name.
struct NamedCells {
  int64_t row = 0;
  int64_t column = -1;  ///< The cell that is the name of what a mask hides; -1: none.
  int64_t text = -1;    ///< The cell that is the policy as it was written.
};

/// Adds where a row of SHOW POLICIES names columns of `table`.
void AddNames(const governance::PolicyRule& rule, const catalog::TableRecord& table, const NamedCells& cells,
              boost::json::array& names);

/// The same of the rows of SHOW EFFECTIVE POLICY, [applies, policy, column, expression]. `policy` may be null.
boost::json::array NamesOfEffective(const boost::json::array& rows,
                                    const std::shared_ptr<const plan::TablePolicy>& policy,
                                    const std::vector<catalog::PolicyRecord>& records,
                                    const catalog::TableRecord& table);

}  // namespace neurolake::query
