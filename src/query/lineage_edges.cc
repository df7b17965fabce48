#include "query/lineage_edges.h"

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <set>
#include <tuple>

#include "common/text.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using catalog::LineageEdge;
using catalog::LineageEnd;
using plan::DependenceKind;
using plan::LineageDigest;
using plan::LineageSource;

/// More files than this are one source, named by what their names begin with.
constexpr size_t kFilesMax = 100;
constexpr size_t kColumnRowsMax = 100'000;

/// Source column, target column (nullopt: the choice of rows), dependence.
using ColumnRow = std::tuple<std::string, std::optional<std::string>, int>;

struct Collected {
  LineageEdge edge;
  std::set<std::string> via;
  std::set<ColumnRow> columns;
  bool direct = false;
};

void Collect(const LineageDigest& digest, const std::vector<LineageSource>& sources,
             const std::optional<std::string>& target, uint32_t relation, Collected& into) {
  for (const LineageSource& source : sources) {
    if (source.relation != relation) continue;
    for (int kind = 0; kind < plan::kDependenceKinds; ++kind) {
      if ((source.kinds & (1U << kind)) == 0 || into.columns.size() >= kColumnRowsMax) continue;
      into.columns.emplace(digest.relations[relation].fields[source.field], target, kind);
      into.direct = into.direct || IsDirect(static_cast<DependenceKind>(kind));
    }
  }
}

std::string ColumnsJson(const std::set<ColumnRow>& rows) {
  json::array array;
  for (const auto& [source, target, kind] : rows) {
    const auto dependence = static_cast<DependenceKind>(kind);
    array.push_back({source, target ? json::value(*target) : json::value(nullptr),
                     IsDirect(dependence) ? "DIRECT" : "INDIRECT", DependenceName(dependence)});
  }
  return json::serialize(array);
}

std::string CommonPrefix(const std::vector<std::string>& names) {
  std::string prefix = names.front();
  for (const std::string& name : names) {
    const auto end = std::ranges::mismatch(prefix, name).in1;
    prefix.erase(end, prefix.end());
  }
  return prefix;
}

}  // namespace

const char* DependenceName(DependenceKind kind) {
  switch (kind) {
    case DependenceKind::kIdentity: return "IDENTITY";
    case DependenceKind::kTransformation: return "TRANSFORMATION";
    case DependenceKind::kAggregation: return "AGGREGATION";
    case DependenceKind::kJoin: return "JOIN";
    case DependenceKind::kGroupBy: return "GROUP_BY";
    case DependenceKind::kFilter: return "FILTER";
    case DependenceKind::kSort: return "SORT";
    case DependenceKind::kWindow: return "WINDOW";
    case DependenceKind::kConditional: return "CONDITIONAL";
  }
  NL_UNREACHABLE();
}

bool IsDirect(DependenceKind kind) { return kind <= DependenceKind::kAggregation; }

std::optional<LineageEnd> FindTarget(const LineageDigest& digest, const StatementEffects& effects) {
  const std::string name = LowerAscii(digest.target_schema) + "." + LowerAscii(digest.target_name);
  if (digest.target_kind == "view") {
    if (!effects.created_views.contains(name)) return std::nullopt;
    return LineageEnd{.kind = "view", .id = {}, .name = name};
  }
  const auto is_target = [&](const auto& publication) {
    return digest.target.empty() ? publication.name == name : publication.table == digest.target;
  };
  // The first that has rows: a table may be made empty by one version and get its files with the next.
  auto published = std::ranges::find_if(
      effects.published, [&](const auto& publication) { return is_target(publication) && publication.files > 0; });
  if (published == effects.published.end()) published = std::ranges::find_if(effects.published, is_target);
  if (published == effects.published.end()) return std::nullopt;
  return LineageEnd{"table", published->table.value(), published->name, published->version};
}

std::vector<LineageEnd> FindSources(const plan::LineageRelation& relation, const StatementEffects& effects) {
  if (relation.kind == "table") {
    const auto found = effects.found.find(relation.id);
    if (found == effects.found.end()) return {};
    return {LineageEnd{"table", relation.id.value(), found->second, relation.version}};
  }
  if (relation.kind != "files" || relation.files.empty()) return {};
  if (relation.files.size() > kFilesMax) {
    return {LineageEnd{.kind = "file", .id = {}, .name = CommonPrefix(relation.files) + "*"}};
  }
  std::vector<LineageEnd> ends;
  for (const std::string& file : relation.files) ends.push_back({.kind = "file", .id = {}, .name = file});
  return ends;
}

std::vector<LineageEdge> MakeEdges(const catalog::StatementRecord& statement, const std::vector<LineageDigest>& digests,
                                   const StatementEffects& effects) {
  std::map<std::pair<std::string, std::string>, Collected> edges;
  const auto key = [](const LineageEnd& end) { return end.kind + ":" + (end.id.empty() ? end.name : end.id); };
  for (const LineageDigest& digest : digests) {
    const auto target = FindTarget(digest, effects);
    if (!target) continue;
    for (uint32_t relation = 0; relation < digest.relations.size(); ++relation) {
      for (const LineageEnd& source : FindSources(digest.relations[relation], effects)) {
        Collected& collected = edges[{key(source), key(*target)}];
        LineageEdge& edge = collected.edge;
        const int64_t version = std::max(edge.source.version, source.version);
        edge.source = source;
        edge.source.version = version;
        edge.target = *target;
        edge.operation = statement.kind == "TRANSACTION" ? digest.operation : statement.kind;
        collected.via.insert(digest.relations[relation].via.begin(), digest.relations[relation].via.end());
        for (const auto& column : digest.columns) Collect(digest, column.sources, column.name, relation, collected);
        Collect(digest, digest.rows, std::nullopt, relation, collected);
      }
    }
  }
  std::vector<LineageEdge> made;
  for (auto& [ends, collected] : edges) {
    LineageEdge& edge = collected.edge;
    const bool itself = edge.source.kind == edge.target.kind && edge.source.id == edge.target.id;
    if (itself && !collected.direct) continue;
    edge.statement = statement.id;
    edge.at = statement.ended.value_or(statement.started);
    edge.principal = statement.principal;
    edge.via_json = json::serialize(json::array(collected.via.begin(), collected.via.end()));
    edge.columns_json = ColumnsJson(collected.columns);
    made.push_back(std::move(edge));
  }
  return made;
}

}  // namespace neurolake::query
