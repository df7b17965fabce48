#include "cli/lineage_graph.h"

#include <fmt/format.h>

#include <boost/json.hpp>

namespace neurolake::cli {
namespace {

namespace json = boost::json;

/// Mermaid's own escapes, with everything that could end a label or begin something in it.
std::string Label(const std::string& text) {
  std::string label;
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (std::string_view("\"#<>`&\\{}[]|;").find(c) != std::string_view::npos || code < ' ' || code == 0x7f) {
      label += fmt::format("#{};", static_cast<int>(code));
    } else {
      label += c;
    }
  }
  return "\"" + label + "\"";
}

std::string Shape(const LineageGraph::Node& node) {
  if (node.kind == "view") return "([" + Label(node.name) + "])";
  if (node.kind == "file") return "[/" + Label(node.name) + "/]";
  return "[" + Label(node.name) + "]";
}

std::string Joined(const std::set<std::string>& texts) { return fmt::format("{}", fmt::join(texts, ", ")); }

}  // namespace

void LineageGraph::AddEdge(const std::string& source, const std::string& target, const std::string& operation) {
  edges_[{source, target}].operations.insert(operation);
}

void LineageGraph::AddColumn(const std::string& source, const std::string& target, Column column) {
  // Both relations are read one after the other; an edge that came between is left out.
  const auto edge = edges_.find({source, target});
  if (edge != edges_.end()) edge->second.columns.insert(std::move(column));
}

void LineageGraph::Walk(const std::string& start, int64_t depth, bool up, LineageGraph& into) const {
  std::set<std::string> seen = {start}, border = {start};
  for (int64_t step = 0; !border.empty() && (depth == 0 || step < depth); ++step) {
    std::set<std::string> next;
    for (const auto& [ends, edge] : edges_) {
      const auto& [source, target] = ends;
      if (!border.contains(up ? target : source)) continue;
      into.edges_[ends] = edge;
      if (seen.insert(up ? source : target).second) next.insert(up ? source : target);
    }
    border = std::move(next);
  }
  for (const std::string& key : seen) into.nodes_[key] = nodes_.at(key);
}

LineageGraph LineageGraph::Around(const std::string& start, int64_t depth, bool up, bool down) const {
  LineageGraph part;
  part.nodes_[start] = nodes_.at(start);
  if (up) Walk(start, depth, true, part);
  if (down) Walk(start, depth, false, part);
  return part;
}

std::string LineageGraph::Mermaid(const std::string& start, bool columns) const {
  std::map<std::string, std::string> names;
  for (const auto& [key, node] : nodes_) names[key] = fmt::format("n{}", names.size());
  std::map<std::pair<std::string, std::string>, std::string> column_names;  // By node and column.
  std::string text = "flowchart LR\n";
  std::map<std::string, std::set<std::string>> of_node;
  for (const auto& [ends, edge] : edges_) {
    for (const auto& [source, target, dependence, subtype] : edge.columns) {
      of_node[ends.first].insert(source);
      if (!target.empty()) of_node[ends.second].insert(target);
    }
  }
  for (const auto& [key, node] : nodes_) {
    const auto found = of_node.find(key);
    if (!columns || found == of_node.end()) {
      text += fmt::format("  {}{}\n", names[key], Shape(node));
      continue;
    }
    text += fmt::format("  subgraph {}[{}]\n", names[key], Label(node.name));
    for (const std::string& column : found->second) {
      const std::string name = fmt::format("{}c{}", names[key], column_names.size());
      column_names[{key, column}] = name;
      text += fmt::format("    {}[{}]\n", name, Label(column));
    }
    text += "  end\n";
  }
  for (const auto& [ends, edge] : edges_) {
    if (!columns || edge.columns.empty()) {
      text += fmt::format("  {} -->|{}| {}\n", names[ends.first], Label(Joined(edge.operations)), names[ends.second]);
      continue;
    }
    // One arrow for two columns, whatever the kinds between them.
    std::map<std::tuple<std::string, std::string, bool>, std::set<std::string>> arrows;
    for (const auto& [source, target, dependence, subtype] : edge.columns) {
      arrows[{source, target, dependence == "DIRECT"}].insert(subtype);
    }
    for (const auto& [arrow, subtypes] : arrows) {
      const auto& [source, target, direct] = arrow;
      const std::string to = target.empty() ? names[ends.second] : column_names[{ends.second, target}];
      text += fmt::format("  {} {}|{}| {}\n", column_names[{ends.first, source}], direct ? "-->" : "-.->",
                          Label(Joined(subtypes)), to);
    }
  }
  return text + fmt::format("  style {} stroke-width:3px\n", names[start]);
}

std::string LineageGraph::Json(const std::string& start, bool columns) const {
  json::array nodes, edges;
  for (const auto& [key, node] : nodes_) nodes.push_back({{"id", key}, {"kind", node.kind}, {"name", node.name}});
  for (const auto& [ends, edge] : edges_) {
    json::object one{{"source", ends.first},
                     {"target", ends.second},
                     {"operations", json::array(edge.operations.begin(), edge.operations.end())}};
    if (columns) {
      json::array pairs;
      for (const auto& [source, target, dependence, subtype] : edge.columns) {
        pairs.push_back({{"source", source},
                         {"target", target.empty() ? json::value(nullptr) : json::value(target)},
                         {"dependence", dependence},
                         {"subtype", subtype}});
      }
      one["columns"] = std::move(pairs);
    }
    edges.push_back(std::move(one));
  }
  return json::serialize(json::object{{"table", start}, {"nodes", std::move(nodes)}, {"edges", std::move(edges)}}) +
         "\n";
}

}  // namespace neurolake::cli
