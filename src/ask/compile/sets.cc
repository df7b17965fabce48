#include <algorithm>

#include "ask/compile/internal/conditions.h"
#include "ask/compile/internal/fact_parts.h"
#include "ask/compile/internal/sql_text.h"
#include "common/text.h"

namespace neurolake::ask::compile {
namespace {

/// Rows of `related`, and the equalities that tie them to the outer row.
struct Tied {
  Relation inner;
  std::vector<std::string> where = {};
};

/// The ways between the two: from many `related` to one subject, or the other way round.
Result<std::pair<Path, bool>> WayBetween(Scope& scope, const semantic::Entity& subject, const semantic::Entity& related,
                                         const std::vector<std::string>& via) {
  auto up = FindPath(scope.model, related, subject, via);
  if (up.has_value() && !up->empty()) return std::pair(std::move(*up), true);
  if (!up.has_value() && !ToOnePaths(scope.model, related, subject).empty()) return std::unexpected(up.error());
  NL_ASSIGN_OR_RETURN(Path down, FindPath(scope.model, subject, related, via));
  if (down.empty()) {
    return MakeError(ErrorCode::kInvalidArgument, "an entity is kept by what another has, not by itself: {}",
                     subject.name);
  }
  return std::pair(std::move(down), false);
}

Result<Tied> Tie(Scope& scope, Relation& outer, const Path& to_subject, const SetCondition& set,
                 const semantic::Entity& subject, const semantic::Entity& related) {
  NL_ASSIGN_OR_RETURN(const auto way, WayBetween(scope, subject, related, set.related_via));
  const auto& [path, is_up] = way;
  if (is_up) {
    Tied tied{.inner = Relation(scope, related)};
    const Step& last = path.back();
    const Path before(path.begin(), path.end() - 1);
    for (size_t i = 0; i < last.from_columns.size(); ++i) {
      tied.where.push_back(tied.inner.Column(before, QuoteIdentifier(last.from_columns[i]), last.from_columns[i]) +
                           " = " + outer.Column(to_subject, QuoteIdentifier(last.to_columns[i]), last.to_columns[i]));
    }
    return tied;
  }
  // The subject belongs to one `related`: its row is found by the joins up to it, and the last one is the tie.
  Tied tied{.inner = Relation(scope, related)};
  Path before = to_subject;
  before.insert(before.end(), path.begin(), path.end() - 1);
  const Step& last = path.back();
  for (size_t i = 0; i < last.from_columns.size(); ++i) {
    tied.where.push_back(tied.inner.Column({}, QuoteIdentifier(last.to_columns[i]), last.to_columns[i]) + " = " +
                         outer.Column(before, QuoteIdentifier(last.from_columns[i]), last.from_columns[i]));
  }
  return tied;
}

Result<std::string> MetricSql(Scope& scope, Tied& tied, const SetCondition& set, const semantic::Entity& related) {
  MetricPlan plan;
  NL_RETURN_IF_ERROR(AddMetric(scope, *set.metric, plan));
  std::vector<std::string> values;
  FactRows rows{.relation = std::move(tied.inner), .where = std::move(tied.where)};
  for (const Leaf& leaf : plan.leaves) {
    if (leaf.entity != &related || leaf.mode != Leaf::Mode::kPlain) {
      return MakeError(ErrorCode::kInvalidArgument,
                       "the number that a set is kept by is a simple one of the entity that it has: {} of {}",
                       leaf.label, related.name);
    }
    std::string time;
    if (leaf.aggregation == Aggregation::kFirst || leaf.aggregation == Aggregation::kLast) {
      NL_ASSIGN_OR_RETURN(const FieldRef field, TimeFieldOf(scope, related, leaf.time));
      NL_ASSIGN_OR_RETURN(time, rows.relation.LocalTimeOf(field));
    }
    NL_ASSIGN_OR_RETURN(const LeafRow row, RowOf(scope, rows, leaf));
    NL_ASSIGN_OR_RETURN(std::string sql, AggregateSql(leaf, row.value, row.condition, time));
    values.push_back(std::move(sql));
  }
  const std::string value =
      semantic::FormulaSql(plan.formulas.front(), [&](const std::string& index) { return values[std::stoul(index)]; });
  return fmt::format("(SELECT {} FROM {} WHERE {})", value, rows.relation.FromSql(), JoinText(rows.where, " AND "));
}

}  // namespace

Result<std::string> SetSql(Scope& scope, Relation& relation, const SetCondition& set) {
  NL_ASSIGN_OR_RETURN(const semantic::Entity* subject, EntityOf(scope, set.subject));
  NL_ASSIGN_OR_RETURN(const semantic::Entity* related, EntityOf(scope, set.related));
  NL_ASSIGN_OR_RETURN(const Path to_subject, FindPath(scope.model, relation.root(), *subject, set.via));
  NL_ASSIGN_OR_RETURN(Tied tied, Tie(scope, relation, to_subject, set, *subject, *related));
  if (set.time.from || set.time.to) {
    FieldRef time = set.time_field;
    if (time.name.empty()) {
      NL_ASSIGN_OR_RETURN(time, TimeFieldOf(scope, *related, related->default_time));
    }
    NL_ASSIGN_OR_RETURN(const auto range, RangeSql(scope, tied.inner, time, set.time));
    tied.where.insert(tied.where.end(), range.begin(), range.end());
  }
  NL_ASSIGN_OR_RETURN(const auto filters, FiltersSql(scope, tied.inner, set.filters));
  tied.where.insert(tied.where.end(), filters.begin(), filters.end());
  if (set.metric) {
    NL_ASSIGN_OR_RETURN(const std::string value, MetricSql(scope, tied, set, *related));
    const std::string compared = CompareSql(value, set.op, set.operand, set.upper);
    return set.negated ? "(" + compared + ") IS NOT TRUE" : "(" + compared + ")";
  }
  return fmt::format("{}EXISTS (SELECT 1 FROM {} WHERE {})", set.negated ? "NOT " : "", tied.inner.FromSql(),
                     JoinText(tied.where, " AND "));
}

}  // namespace neurolake::ask::compile
