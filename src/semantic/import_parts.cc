#include "semantic/internal/import_parts.h"

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

}  // namespace neurolake::semantic
