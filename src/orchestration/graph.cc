#include "orchestration/graph.h"

namespace neurolake::orchestration {

void Graph::Add(const std::string& name, Node node, Resumes resumes) {
  nodes_.insert_or_assign(name, std::move(node));
  if (resumes == Resumes::kEarlier) from_earlier_.insert(name);
}

const Node* Graph::FindNode(const std::string& name) const {
  const auto found = nodes_.find(name);
  return found == nodes_.end() ? nullptr : &found->second;
}

const Fork* Graph::FindFork(const std::string& name) const {
  const auto found = forks_.find(name);
  return found == forks_.end() ? nullptr : &found->second;
}

Result<void> Graph::Check() const {
  const auto is_there = [&](const std::string& name) { return FindNode(name) != nullptr || FindFork(name) != nullptr; };
  const auto missing = [&](const std::string& name) {
    return MakeError(ErrorCode::kInvalidArgument, "the graph {} has no node {}", name_, name);
  };
  if (!is_there(entry_)) return missing(entry_);
  for (const auto& [name, fork] : forks_) {
    if (nodes_.contains(name) || fork.nodes.empty()) {
      return MakeError(ErrorCode::kInvalidArgument, "the graph {} has branches that are none: {}", name_, name);
    }
    for (const std::string& node : fork.nodes) {
      if (!is_there(node)) return missing(node);
    }
    if (!fork.next.empty() && !is_there(fork.next)) return missing(fork.next);
  }
  return {};
}

}  // namespace neurolake::orchestration
