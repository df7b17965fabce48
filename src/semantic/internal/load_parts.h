#pragma once
#include "semantic/internal/fields.h"
#include "semantic/model.h"

namespace neurolake::semantic {

Result<Entity> LoadEntity(const YamlNode& node);
Result<Join> LoadJoin(const YamlNode& node);
Result<Metric> LoadMetric(const YamlNode& node);

/// name, label, description, synonyms.
void LoadDescribed(Fields& fields, Described& described);
void LoadFormat(Fields& fields, Format& format);
/// "order_date" as "Order date".
std::string LabelOf(std::string_view name);

}  // namespace neurolake::semantic
