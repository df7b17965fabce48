#include "ask/compile/internal/rows.h"

#include <algorithm>

#include "ask/compile/internal/conditions.h"
#include "ask/compile/internal/sql_text.h"
#include "common/text.h"

namespace neurolake::ask::compile {
namespace {

Result<std::vector<std::string>> Conditions(Scope& scope, Relation& relation, const Intent& intent) {
  std::vector<std::string> conditions;
  if (intent.time.range.from || intent.time.range.to) {
    FieldRef time = intent.time.field;
    if (time.name.empty()) {
      NL_ASSIGN_OR_RETURN(time, TimeFieldOf(scope, relation.root(), relation.root().default_time));
      scope.Assume("time.field", fmt::format("{} by {}", relation.root().label, time.name));
    }
    NL_ASSIGN_OR_RETURN(conditions, RangeSql(scope, relation, time, intent.time.range));
  }
  NL_ASSIGN_OR_RETURN(const auto filters, FiltersSql(scope, relation, intent.filters));
  conditions.insert(conditions.end(), filters.begin(), filters.end());
  for (const SetCondition& set : intent.sets) {
    NL_ASSIGN_OR_RETURN(std::string condition, SetSql(scope, relation, set));
    conditions.push_back(std::move(condition));
  }
  return conditions;
}

bool IsMasked(const Intent& intent, const FieldRef& field) {
  return std::ranges::any_of(intent.privacy.masked, [&](const FieldRef& masked) {
    return EqualsIgnoringCase(masked.entity, field.entity) && EqualsIgnoringCase(masked.name, field.name);
  });
}

/// A column of the answer, before it is named.
Result<std::string> ValueOf(Scope& scope, Relation& relation, const DimensionUse& use) {
  if (!use.grain && !use.part) return relation.Field(use.field);
  NL_ASSIGN_OR_RETURN(const std::string local, relation.LocalTimeOf(use.field));
  return use.part ? PartSql(local, *use.part) : TruncateSql(local, *use.grain, scope.model.calendar);
}

std::vector<DimensionUse> ShownDimensions(const Intent& intent, const semantic::Entity& entity) {
  if (!intent.dimensions.empty()) return intent.dimensions;
  std::vector<DimensionUse> all;
  for (const semantic::Dimension& dimension : entity.dimensions) {
    if (!dimension.hidden) all.push_back({.field = {entity.name, dimension.name, {}}});
  }
  return all;
}

/// Name and SQL of each column, privacy applied.
Result<std::vector<std::string>> Select(Scope& scope, Relation& relation, const Intent& intent,
                                        const std::vector<DimensionUse>& uses, std::vector<OutputColumn>& columns,
                                        std::vector<std::string>& values) {
  std::vector<std::string> select;
  for (uint32_t i = 0; i < uses.size(); ++i) {
    NL_ASSIGN_OR_RETURN(const semantic::Dimension* dimension, DimensionOf(scope, uses[i].field));
    NL_ASSIGN_OR_RETURN(std::string value, ValueOf(scope, relation, uses[i]));
    values.push_back(value);
    if (intent.privacy.remove_personal && !dimension->personal.empty()) {
      scope.Assume("privacy.remove_personal", fmt::format("{} is left out as personal", dimension->label));
      continue;
    }
    if (IsMasked(intent, uses[i].field)) value = "CASE WHEN " + value + " IS NULL THEN NULL ELSE '***' END";
    OutputColumn column{.name = dimension->name, .label = dimension->label, .role = OutputColumn::Role::kDimension};
    if (!uses[i].field.via.empty()) column.name = LowerAscii(uses[i].field.via.back()) + "_" + column.name;
    const std::string wanted = column.name;
    const auto taken = [&](const OutputColumn& other) { return EqualsIgnoringCase(other.name, column.name); };
    for (int number = 2; std::ranges::any_of(columns, taken); ++number)
      column.name = fmt::format("{}_{}", wanted, number);
    column.member = uses[i].field.entity + "." + dimension->name;
    column.grain = uses[i].grain;
    column.format = dimension->format;
    if (!intent.dimensions.empty()) column.index = i;
    select.push_back(value + " AS " + QuoteIdentifier(column.name));
    columns.push_back(std::move(column));
  }
  if (select.empty()) {
    return MakeError(ErrorCode::kInvalidArgument, "nothing is left to show: every column asked for is personal");
  }
  return select;
}

/// What rows are ordered by, ending with what tells any two apart: as far as possible the key.
Result<std::vector<std::string>> Order(Scope& scope, Relation& relation, const Intent& intent,
                                       const std::vector<std::string>& values) {
  std::vector<std::string> order;
  for (const SortKey& key : intent.order) {
    if (!key.dimension || *key.dimension == SortKey::kTimeAxis || *key.dimension >= intent.dimensions.size()) {
      FieldRef time = intent.time.field;
      if (time.name.empty()) {
        NL_ASSIGN_OR_RETURN(time, TimeFieldOf(scope, relation.root(), relation.root().default_time));
      }
      if (!key.dimension || *key.dimension != SortKey::kTimeAxis) {
        return MakeError(ErrorCode::kInvalidArgument, "rows are ordered by their columns or by time");
      }
      NL_ASSIGN_OR_RETURN(const std::string column, relation.LocalTimeOf(time));
      order.push_back(column + (key.descending ? " DESC" : " ASC") + " NULLS LAST");
      continue;
    }
    order.push_back(values[*key.dimension] + (key.descending ? " DESC" : " ASC") + " NULLS LAST");
  }
  return order;
}

std::string RankSql(const Intent& intent, const std::vector<std::string>& order, const std::vector<std::string>& all,
                    const std::vector<std::string>& values) {
  const Rank& rank = *intent.rank;
  std::vector<std::string> partition;
  for (const uint32_t dimension : rank.per) partition.push_back(values[dimension]);
  const bool breaks = rank.ties == Ties::kBreak;
  const std::string_view function = breaks ? "row_number()" : rank.nth_only ? "dense_rank()" : "rank()";
  return fmt::format(" QUALIFY {} OVER ({}{}ORDER BY {}) {} {}", function,
                     partition.empty() ? "" : "PARTITION BY " + JoinText(partition, ", "), partition.empty() ? "" : " ",
                     JoinText(breaks ? all : order, ", "), rank.nth_only ? "=" : "<=", rank.n);
}

}  // namespace

Result<RowsSql> ListRows(Scope& scope, const Intent& intent) {
  NL_ASSIGN_OR_RETURN(const semantic::Entity* entity, EntityOf(scope, intent.entity));
  Relation relation(scope, *entity);
  const std::vector<DimensionUse> uses = ShownDimensions(intent, *entity);
  RowsSql result;
  std::vector<std::string> values;
  NL_ASSIGN_OR_RETURN(const auto select, Select(scope, relation, intent, uses, result.columns, values));
  NL_ASSIGN_OR_RETURN(const auto conditions, Conditions(scope, relation, intent));
  NL_ASSIGN_OR_RETURN(const auto order, Order(scope, relation, intent, values));
  std::vector<std::string> all = order;
  if (entity->primary_key.empty()) {
    for (const std::string& value : values) all.push_back(value + " ASC NULLS LAST");
  }
  for (const std::string& column : entity->primary_key) {
    all.push_back(relation.Column({}, QuoteIdentifier(column), column) + " ASC NULLS LAST");
  }
  if (intent.rank && order.empty()) {
    return MakeError(ErrorCode::kInvalidArgument, "the first rows of a list go by its order, and it has none (order)");
  }
  result.sql = "SELECT " + JoinText(select, ", ") + " FROM " + relation.FromSql();
  if (!conditions.empty()) result.sql += " WHERE " + JoinText(conditions, " AND ");
  if (intent.rank) result.sql += RankSql(intent, order, all, values);
  std::vector<std::string> presented;
  if (intent.rank) {
    for (const uint32_t dimension : intent.rank->per) presented.push_back(values[dimension] + " ASC NULLS LAST");
  }
  presented.insert(presented.end(), all.begin(), all.end());
  result.sql += " ORDER BY " + JoinText(presented, ", ") + fmt::format(" LIMIT {}", intent.row_limit + 1);
  return result;
}

Result<RowsSql> DistinctValues(Scope& scope, const Intent& intent) {
  if (intent.dimensions.empty()) {
    return MakeError(ErrorCode::kInvalidArgument, "a table has at least one metric or dimension");
  }
  const semantic::Entity* root = nullptr;
  std::vector<std::string> candidates{intent.entity};
  if (intent.entity.empty()) candidates.clear();
  for (const DimensionUse& use : intent.dimensions) {
    if (intent.entity.empty()) candidates.push_back(use.field.entity);
  }
  for (const std::string& name : candidates) {
    NL_ASSIGN_OR_RETURN(const semantic::Entity* entity, EntityOf(scope, name));
    const auto reached = [&](const DimensionUse& use) {
      const semantic::Entity* to = FindEntity(scope.model, use.field.entity);
      return to != nullptr && !ToOnePaths(scope.model, *entity, *to).empty();
    };
    if (std::ranges::all_of(intent.dimensions, reached)) {
      root = entity;
      break;
    }
  }
  if (root == nullptr) {
    return MakeError(ErrorCode::kBindError, "the dimensions belong to no rows in common; name a metric or an entity");
  }
  Relation relation(scope, *root);
  RowsSql result;
  std::vector<std::string> values;
  NL_ASSIGN_OR_RETURN(const auto select, Select(scope, relation, intent, intent.dimensions, result.columns, values));
  NL_ASSIGN_OR_RETURN(const auto conditions, Conditions(scope, relation, intent));
  std::vector<std::string> order;
  for (const SortKey& key : intent.order) {
    if (!key.dimension || *key.dimension >= intent.dimensions.size()) continue;
    for (size_t i = 0; i < result.columns.size(); ++i) {
      if (result.columns[i].index != *key.dimension) continue;
      order.push_back(QuoteIdentifier(result.columns[i].name) + (key.descending ? " DESC" : " ASC") + " NULLS LAST");
    }
  }
  for (const OutputColumn& column : result.columns) order.push_back(QuoteIdentifier(column.name) + " ASC NULLS LAST");
  std::string inner = "SELECT DISTINCT " + JoinText(select, ", ") + " FROM " + relation.FromSql();
  if (!conditions.empty()) inner += " WHERE " + JoinText(conditions, " AND ");
  result.sql = fmt::format("SELECT * FROM ({}) AS \"s\" ORDER BY {} LIMIT {}", inner, JoinText(order, ", "),
                           intent.row_limit + 1);
  return result;
}

Result<RowsSql> Exists(Scope& scope, const Intent& intent) {
  NL_ASSIGN_OR_RETURN(const semantic::Entity* entity, EntityOf(scope, intent.entity));
  Relation relation(scope, *entity);
  NL_ASSIGN_OR_RETURN(const auto conditions, Conditions(scope, relation, intent));
  RowsSql result;
  result.columns.push_back({.name = "exists", .label = "exists", .role = OutputColumn::Role::kExists});
  result.sql = "SELECT EXISTS (SELECT 1 FROM " + relation.FromSql() +
               (conditions.empty() ? "" : " WHERE " + JoinText(conditions, " AND ")) + ") AS \"exists\"";
  return result;
}

}  // namespace neurolake::ask::compile
