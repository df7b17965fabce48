#pragma once
#include <functional>
#include <optional>
#include <vector>

#include "engine/duckdb/internal/native.h"
#include "plan/table_policy.h"
#include "tables/delta/schema.h"

namespace neurolake::engine::duckdb {

/// A field of a STRUCT, as a policy knows it: it outlives renames.
struct FieldStep {
  std::string name;
  std::string physical;  ///< What the table's files call it.
};

/// A mask of a field inside of a column.
struct FieldMask {
  std::vector<FieldStep> path;  ///< From the column, outermost first; not empty.
  const plan::ColumnMask* mask = nullptr;
};

/// The way that a mask made elsewhere ("address.street") means, if the table has no column of that name and a column
/// with such a field: its column, and the rest.
std::optional<std::pair<size_t, std::vector<FieldStep>>> FindDottedField(const tables::delta::DataType& schema,
                                                                         const std::string& name);

/// What is seen in the place of column `column` of `schema`, of a type that has fields: itself with each masked field
/// replaced, at any depth, and NULL where it is NULL. Refers to columns as BindPolicyExpression does. A field is meant
/// by what files call it, and by its name too. Where two masks meet, or the way leads into what is no STRUCT any more,
/// or into a list or map, or to a value that the mask is not made for, all that lies there is NULL.
native::unique_ptr<native::Expression> BindFieldMasks(native::ClientContext& context, const plan::PolicyContext& who,
                                                      const std::vector<FieldMask>& masks,
                                                      const tables::delta::DataType& schema, size_t column);

/// A field that a policy by tag means in a row.
struct FieldValue {
  tables::delta::DataType type;
  native::unique_ptr<native::Expression> value;  ///< Refers to columns as BindPolicyExpression does.
};

/// What lies at the way of `column` (plan/field_path.h), each step found by what files call it and else by its name;
/// nullopt: nothing does, or there may be several, inside of a list or map.
std::optional<FieldValue> FindFieldValue(native::ClientContext& context, const tables::delta::DataType& schema,
                                         const plan::PolicyColumn& column);

/// Puts `replacement` of i in the place of what refers to column `first` + i, behind the table's own.
void ReplaceBehind(native::unique_ptr<native::Expression>& expression, size_t first,
                   const std::function<native::unique_ptr<native::Expression>(size_t)>& replacement);

}  // namespace neurolake::engine::duckdb
