#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace neurolake::cli {

/// What came from where, as far as it was asked for. Pure.
class LineageGraph {
 public:
  struct Node {
    std::string kind;  ///< "table", "view" or "file".
    std::string name;
  };
  /// Source column, target column ("" for the choice of rows), dependence, subtype.
  using Column = std::tuple<std::string, std::string, std::string, std::string>;

  /// `key` tells nodes apart: an id, or a file's name.
  void AddNode(const std::string& key, Node node) { nodes_[key] = std::move(node); }
  void AddEdge(const std::string& source, const std::string& target, const std::string& operation);
  void AddColumn(const std::string& source, const std::string& target, Column column);

  /// The part that can be reached from `start` within `depth` steps (0: any), against the arrows, with them, or both.
  LineageGraph Around(const std::string& start, int64_t depth, bool up, bool down) const;

  /// A flow chart in Mermaid's language. Names are quoted so that none can be anything but a label.
  /// Source: https://mermaid.js.org/syntax/flowchart.html
  std::string Mermaid(const std::string& start, bool columns) const;
  std::string Json(const std::string& start, bool columns) const;

 private:
  struct Edge {
    std::set<std::string> operations;
    std::set<Column> columns;
  };
  void Walk(const std::string& start, int64_t depth, bool up, LineageGraph& into) const;

  std::map<std::string, Node> nodes_;
  std::map<std::pair<std::string, std::string>, Edge> edges_;
};

}  // namespace neurolake::cli
