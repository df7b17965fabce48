#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "semantic/interchange.h"
#include "semantic/internal/yaml.h"

namespace neurolake::semantic {

/// The text of a member, empty if there is none or it is no text.
std::string TextIn(const YamlNode& node, std::string_view member);
/// The items of a list that are maps.
std::vector<const YamlNode*> MapsIn(const YamlNode& node, std::string_view member);
const YamlNode* MapIn(const YamlNode& node, std::string_view member);
/// name, label or title, description, each cut to what fits.
void DescribeFrom(const YamlNode& node, Described& described);
/// One tree of several documents: lists of one name are joined. Errors: as ParseYaml, with the document's number.
Result<YamlNode> ParseTogether(const std::vector<std::string>& documents);
/// Checks what was made of it by writing it and loading it again, which adds lines and implicit metrics.
Result<Import> Finished(SemanticModel model, std::vector<std::string> unmapped);

}  // namespace neurolake::semantic
