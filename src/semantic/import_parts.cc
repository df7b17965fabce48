#include "semantic/internal/import_parts.h"

#include <algorithm>
#include <iterator>

#include "semantic/internal/load_parts.h"
#include "semantic/load.h"

namespace neurolake::semantic {

std::string TextIn(const YamlNode& node, std::string_view member) {
  const YamlNode* found = node.Find(member);
  return found == nullptr || found->IsNull() || found->kind != YamlNode::Kind::kScalar ? "" : found->scalar;
}

std::vector<const YamlNode*> MapsIn(const YamlNode& node, std::string_view member) {
  std::vector<const YamlNode*> maps;
  const YamlNode* found = node.Find(member);
  if (found == nullptr) return maps;
  for (const YamlNode& item : found->items) {
    if (item.kind == YamlNode::Kind::kMap) maps.push_back(&item);
  }
  return maps;
}

const YamlNode* MapIn(const YamlNode& node, std::string_view member) {
  const YamlNode* found = node.Find(member);
  return found != nullptr && found->kind == YamlNode::Kind::kMap ? found : nullptr;
}

void DescribeFrom(const YamlNode& node, Described& described) {
  described.name = TextIn(node, "name");
  described.label = TextIn(node, "label").substr(0, 256);
  if (described.label.empty()) described.label = TextIn(node, "title").substr(0, 256);
  if (described.label.empty()) described.label = LabelOf(described.name);
  described.description = TextIn(node, "description").substr(0, 4096);
  described.line = node.line;
}

Result<Import> Finished(SemanticModel model, std::vector<std::string> unmapped) {
  NL_ASSIGN_OR_RETURN(model, LoadModel(SaveModel(model)));
  return Import{.model = std::move(model), .unmapped = std::move(unmapped)};
}

Result<YamlNode> ParseTogether(const std::vector<std::string>& documents) {
  YamlNode whole;
  whole.kind = YamlNode::Kind::kMap;
  for (size_t i = 0; i < documents.size(); ++i) {
    auto document = ParseYaml(documents[i]);
    if (!document && documents.size() > 1) {
      return std::unexpected(
          Error(document.error().code(), fmt::format("document {}: {}", i + 1, document.error().message())));
    }
    if (!document) return std::unexpected(document.error());
    if (documents.size() == 1) return document;
    for (auto& [name, value] : document->members) {
      const auto known = std::ranges::find(whole.members, name, &std::pair<std::string, YamlNode>::first);
      const bool joins = known != whole.members.end() && value.kind == YamlNode::Kind::kSequence &&
                         known->second.kind == YamlNode::Kind::kSequence;
      if (joins) std::ranges::move(value.items, std::back_inserter(known->second.items));
      else if (known == whole.members.end()) whole.members.emplace_back(name, std::move(value));
    }
  }
  return whole;
}

}  // namespace neurolake::semantic
