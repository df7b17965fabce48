#pragma once
#include <string>
#include <vector>

#include "engine/duckdb/internal/native.h"
#include "plan/table_policy.h"
#include "tables/delta/schema.h"

namespace neurolake::engine::duckdb {

/// Position in `schema` of the column that a policy means: the one that files call so; where there is none, the one of
/// its name, as in a table that was replaced. nullopt: the table has no such column any more.
std::optional<size_t> FindPolicyColumn(const tables::delta::DataType& schema, const plan::PolicyColumn& column);

/// Binds a policy's expression over the table's columns, which it refers to as BoundReference by position in `schema`.
/// current_principal(), current_purpose(), principal_attribute() and is_member() are replaced by what `who` says before
/// anything is looked up; all other functions go through the statement's gate. Throws kPermissionDenied, naming the
/// policy alone, if it does not fit the table: then nothing of the table can be read.
native::unique_ptr<native::Expression> BindPolicyExpression(native::ClientContext& context,
                                                            const plan::PolicyContext& who,
                                                            const plan::PolicyExpression& expression,
                                                            const tables::delta::DataType& schema,
                                                            const native::LogicalType& type);

/// What is seen in the place of a column of type `type`: a mask of a tag that does not fit it is NULL.
native::unique_ptr<native::Expression> BindMask(native::ClientContext& context, const plan::PolicyContext& who,
                                                const plan::ColumnMask& mask, const tables::delta::DataType& schema,
                                                const native::LogicalType& type);

/// Binds SQL of ours over columns called `names`, in the order of `schema`.
native::unique_ptr<native::Expression> BindOverColumns(native::ClientContext& context, const std::string& sql,
                                                       const tables::delta::DataType& schema,
                                                       const std::vector<std::string>& names,
                                                       const native::LogicalType& type);

/// `schema` and behind it the field, of `type`, that a mask is of: its expression calls that `value`.
tables::delta::DataType WithMaskedValue(const tables::delta::DataType& schema, const tables::delta::DataType& type);

/// Groups of conditions of each of which one has to be true.
using Alternatives = std::vector<std::vector<plan::PolicyExpression>>;

/// All of a filter or of a check in one condition; null if it is true for every row.
native::unique_ptr<native::Expression> BindPolicyCondition(native::ClientContext& context,
                                                           const plan::PolicyContext& who,
                                                           const std::vector<plan::PolicyExpression>& permissive,
                                                           const std::vector<plan::PolicyExpression>& restrictive,
                                                           const Alternatives& any_of,
                                                           const tables::delta::DataType& schema);

/// For the making of a policy: binds `sql` over the columns of `schema` by their own names and gives those that it
/// needs, and the keys that its masks name, which need not be there. `mask_of` empty: a condition, which must be
/// BOOLEAN of itself; else the mask of that column, which must be of its type or go into it without loss. `value_of`
/// not empty: the expression is over that column alone, called `value`. Both may be the way to a field that is in no
/// list or map, by names (plan/field_path.h); with `mask_of` alone the field is called `value`, and the columns by
/// their names. Throws kBindError and its kin; kNotSupported for sub-queries and aggregates; kTypeMismatch;
/// kInvalidArgument for what depends on chance.
plan::PolicyNeeds CheckPolicyExpression(native::ClientContext& context, const std::string& sql,
                                        const tables::delta::DataType& schema, const std::string& mask_of,
                                        const std::string& value_of);

}  // namespace neurolake::engine::duckdb
