#include "cli/lineage.h"

#include <iostream>

#include "cli/copy_into.h"
#include "cli/lineage_graph.h"
#include "common/text.h"

namespace neurolake::cli {
namespace {

/// More edges than a drawing can show.
constexpr int64_t kRowsMax = 1'000'000;

/// Files have no id.
constexpr const char* kEnds =
    "coalesce(source_id, 'file:' || source), source_kind, source, target_id, target_kind, target";

/// Edges go from table to table, past the views that the statement went through; `via` names those. One of each to the
/// target, too: in a JSON list a name is a string. Of several views of a name, one after the other, the last is meant.
constexpr const char* kEdgesOfViews =
    "SELECT DISTINCT v.id, 'view', v.name, e.target_id, e.target_kind, e.target, e.operation "
    "FROM system.lineage AS e JOIN (SELECT target AS name, arg_max(target_id, recorded_at) AS id FROM system.lineage "
    "WHERE target_kind = 'view' AND target_id IS NOT NULL GROUP BY target) AS v "
    "ON contains(e.via, chr(34) || replace(replace(v.name, chr(92), chr(92) || chr(92)), chr(34), chr(92) || chr(34)) "
    "|| chr(34)) WHERE e.target_id IS NOT NULL AND e.target_id <> v.id";

Result<LineageGraph> ReadGraph(bool columns, StatementRunner& runner) {
  LineageGraph graph;
  NL_ASSIGN_OR_RETURN(const auto edges,
                      runner.Collect(fmt::format("SELECT DISTINCT {}, operation FROM system.lineage "
                                                 "WHERE source IS NOT NULL AND target_id IS NOT NULL UNION ALL {}",
                                                 kEnds, kEdgesOfViews),
                                     7, kRowsMax));
  for (const auto& row : edges) {
    graph.AddNode(row[0], {row[1], row[2]});
    graph.AddNode(row[3], {row[4], row[5]});
    graph.AddEdge(row[0], row[3], row[6]);
  }
  if (!columns) return graph;
  NL_ASSIGN_OR_RETURN(
      const auto pairs,
      runner.Collect(fmt::format("SELECT DISTINCT {}, source_column, target_column, dependence, subtype "
                                 "FROM system.column_lineage WHERE source IS NOT NULL AND target_id IS NOT NULL",
                                 kEnds),
                     10, kRowsMax));
  for (const auto& row : pairs) graph.AddColumn(row[0], row[3], {row[6], row[7], row[8], row[9]});
  return graph;
}

/// The id of what has the name now, else of what had it last.
Result<std::string> FindStart(const std::string& name, LineageGraph& graph, StatementRunner& runner) {
  const std::vector<std::string> parts = Split(name, '.');
  const std::string full = LowerAscii(parts.size() == 1 ? "main." + name : name);
  NL_ASSIGN_OR_RETURN(
      const auto tables,
      runner.Collect(
          fmt::format("SELECT id FROM system.tables WHERE schema_name || '.' || table_name = {}", QuoteLiteral(full)),
          1));
  if (!tables.empty()) {
    graph.AddNode(tables[0][0], {"table", full});
    return tables[0][0];
  }
  NL_ASSIGN_OR_RETURN(
      const auto known,
      runner.Collect(
          fmt::format(
              "SELECT id, kind FROM (SELECT source_id AS id, source_kind AS kind, source AS name, recorded_at "
              "FROM system.lineage UNION ALL SELECT target_id, target_kind, target, recorded_at FROM system.lineage) "
              "WHERE name = {} AND id IS NOT NULL ORDER BY recorded_at DESC LIMIT 1",
              QuoteLiteral(full)),
          2));
  if (known.empty()) {
    return MakeError(ErrorCode::kNotFound, "no table or view of this name has a lineage that you may see: {}", full);
  }
  graph.AddNode(known[0][0], {known[0][1], full});
  return known[0][0];
}

}  // namespace

int RunLineage(const LineageArguments& lineage, StatementRunner& runner) {
  auto graph = ReadGraph(lineage.columns, runner);
  if (!graph) return runner.Report(graph.error());
  const auto start = FindStart(lineage.table, *graph, runner);
  if (!start) return runner.Report(start.error());
  const LineageGraph part =
      graph->Around(*start, lineage.depth, lineage.direction != "down", lineage.direction != "up");
  std::ostream& out = runner.console().out;
  out << (lineage.format == "json" ? part.Json(*start, lineage.columns) : part.Mermaid(*start, lineage.columns))
      << std::flush;
  const auto written = CheckOutput(out);
  return written ? kExitOk : runner.Report(written.error());
}

}  // namespace neurolake::cli
