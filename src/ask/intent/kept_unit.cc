#include "ask/intent/kept_unit.h"

namespace neurolake::ask {

std::string KeptUnit(const semantic::SemanticModel& model, const MetricUse& use) {
  const bool counts = use.aggregation == Aggregation::kCount || use.aggregation == Aggregation::kCountDistinct;
  if (counts || use.aggregation == Aggregation::kVariance) return "";
  if (const semantic::Metric* metric = semantic::FindMetric(model, use.metric)) return metric->format.unit;
  const semantic::Entity* entity = semantic::FindEntity(model, use.field.entity);
  const semantic::Dimension* dimension = entity == nullptr ? nullptr : semantic::FindDimension(*entity, use.field.name);
  return dimension == nullptr ? "" : dimension->format.unit;
}

}  // namespace neurolake::ask
