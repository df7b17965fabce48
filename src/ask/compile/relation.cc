#include "ask/compile/internal/relation.h"

#include <algorithm>

#include "ask/compile/internal/sql_text.h"
#include "common/text.h"

namespace neurolake::ask::compile {

std::string LocalSql(const std::string& expression, const semantic::Dimension& dimension, const std::string& zone) {
  if (dimension.value_type != semantic::ValueType::kTimestampTz) return expression;
  return fmt::format("timezone({}, {})", QuoteLiteral(zone), expression);
}

Relation::Relation(Scope& scope, const semantic::Entity& root) : scope_(scope) {
  nodes_.push_back({.alias = scope.NextAlias(), .entity = &root, .path = ""});
  scope_.tables.insert(root.table);
}

std::string Relation::NameOnly(const std::string& column) { return column.substr(column.find("\".\"") + 2); }

std::string Relation::ColumnOf(size_t at, const std::string& expression, const std::string& name) {
  Node& node = nodes_[at];
  for (const auto& [known, alias] : node.columns) {
    if (known == expression) return QuoteIdentifier(node.alias) + "." + QuoteIdentifier(alias);
  }
  std::string alias = node.entity->name + "." + name;
  const auto taken = [&](const std::string& candidate) {
    return std::ranges::any_of(node.columns, [&](const auto& c) { return EqualsIgnoringCase(c.second, candidate); });
  };
  for (int number = 2; taken(alias); ++number) alias = fmt::format("{}.{}_{}", node.entity->name, name, number);
  node.columns.emplace_back(expression, alias);
  return QuoteIdentifier(node.alias) + "." + QuoteIdentifier(alias);
}

void Relation::CheckStep(const Step& step) {
  std::vector<std::string> on, missing, present, keys;
  for (size_t i = 0; i < step.from_columns.size(); ++i) {
    const std::string from = "\"f\"." + QuoteIdentifier(step.from_columns[i]);
    const std::string to = QuoteIdentifier(step.to_columns[i]);
    on.push_back(from + " = \"t\"." + to);
    present.push_back(from + " IS NOT NULL");
    keys.push_back(to);
  }
  const auto rows = [](const semantic::Entity& entity) {
    const std::string where = entity.filter.empty() ? "" : " WHERE (" + entity.filter + ")";
    return "(SELECT * FROM " + TableSql(entity.table) + where + ")";
  };
  scope_.Check(
      {.kind = CheckQuery::Kind::kDanglingKeys,
       .sql = fmt::format("SELECT count(*) AS problem_rows FROM {} AS \"f\" ANTI JOIN {} AS \"t\" ON {} WHERE {}",
                          rows(*step.from), rows(*step.to), JoinText(on, " AND "), JoinText(present, " AND ")),
       .meaning = fmt::format("rows of {} whose {} is not in {}: they count under no value of it", step.from->name,
                              JoinText(step.from_columns, ", "), step.to->name)});
  scope_.Check({.kind = CheckQuery::Kind::kDuplicateKeys,
                .sql = fmt::format(
                    "SELECT count(*) AS problem_rows FROM (SELECT {0} FROM {1} AS \"t\" GROUP BY {0} HAVING count(*) "
                    "> 1 AND {2})",
                    JoinText(keys, ", "), rows(*step.to), JoinText(keys, " IS NOT NULL AND ") + " IS NOT NULL"),
                .meaning = fmt::format("keys that {} has more than once ({}): rows of {} are counted more than once",
                                       step.to->name, JoinText(step.to_columns, ", "), step.from->name)});
}

size_t Relation::NodeAt(const Path& path) {
  size_t at = 0;
  Path walked;
  for (const Step& step : path) {
    walked.push_back(step);
    const std::string key = PathText(walked);
    const auto known = std::ranges::find(nodes_, key, &Node::path);
    if (known != nodes_.end()) {
      at = size_t(known - nodes_.begin());
      continue;
    }
    const std::string alias = scope_.NextAlias();
    nodes_.push_back({.alias = alias, .entity = step.to, .path = key});
    const size_t next = nodes_.size() - 1;
    std::vector<std::string> on;
    for (size_t i = 0; i < step.from_columns.size(); ++i) {
      on.push_back(ColumnOf(at, QuoteIdentifier(step.from_columns[i]), step.from_columns[i]) + " = " +
                   ColumnOf(next, QuoteIdentifier(step.to_columns[i]), step.to_columns[i]));
    }
    nodes_[next].on = JoinText(on, " AND ");
    scope_.tables.insert(step.to->table);
    CheckStep(step);
    at = next;
  }
  return at;
}

std::string Relation::Column(const Path& path, const std::string& expression, const std::string& name) {
  return ColumnOf(NodeAt(path), expression, name);
}

Result<std::string> Relation::Field(const FieldRef& field) {
  NL_ASSIGN_OR_RETURN(const semantic::Entity* entity, EntityOf(scope_, field.entity));
  NL_ASSIGN_OR_RETURN(const semantic::Dimension* dimension, DimensionOf(scope_, field));
  NL_ASSIGN_OR_RETURN(const Path path, FindPath(scope_.model, root(), *entity, field.via));
  return Column(path, dimension->expr, dimension->name);
}

Result<std::string> Relation::LocalTimeOf(const FieldRef& field) {
  NL_ASSIGN_OR_RETURN(const semantic::Dimension* dimension, DimensionOf(scope_, field));
  if (dimension->type != semantic::DimensionType::kTime) {
    return MakeError(ErrorCode::kInvalidArgument, "a dimension is used as a time and is none: {}.{}", field.entity,
                     field.name);
  }
  NL_ASSIGN_OR_RETURN(const std::string column, Field(field));
  return LocalSql(column, *dimension, scope_.zone);
}

std::string Relation::TableOf(const Node& node, bool is_root) const {
  std::vector<std::string> columns;
  for (const auto& [expression, name] : node.columns) columns.push_back(expression + " AS " + QuoteIdentifier(name));
  if (columns.empty()) columns.push_back("1 AS \"one\"");
  std::vector<std::string> conditions;
  if (!node.entity->filter.empty()) conditions.push_back("(" + node.entity->filter + ")");
  if (is_root) conditions.insert(conditions.end(), root_conditions_.begin(), root_conditions_.end());
  std::string sql = "SELECT " + JoinText(columns, ", ") + " FROM " + TableSql(node.entity->table);
  if (!conditions.empty()) sql += " WHERE " + JoinText(conditions, " AND ");
  if (is_root && !root_extensions_.empty()) {
    sql = "SELECT \"b\".*, " + JoinText(root_extensions_, ", ") + " FROM (" + sql + ") AS \"b\"";
  }
  return "(" + sql + ") AS " + QuoteIdentifier(node.alias);
}

std::string Relation::FromSql() const {
  std::string sql = TableOf(nodes_.front(), true);
  for (size_t i = 1; i < nodes_.size(); ++i) sql += " LEFT JOIN " + TableOf(nodes_[i], false) + " ON " + nodes_[i].on;
  return sql;
}

}  // namespace neurolake::ask::compile
