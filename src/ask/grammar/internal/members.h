#pragma once
#include "common/text.h"
#include "semantic/model.h"

/// What the phrases ask of members of a model.
namespace neurolake::ask {

inline bool IsNumeric(const semantic::Dimension& dimension) {
  return dimension.type == semantic::DimensionType::kCategorical &&
         (dimension.value_type == semantic::ValueType::kInteger ||
          dimension.value_type == semantic::ValueType::kNumber);
}

/// The measure that a simple metric is; null: it is no such.
inline const semantic::Measure* MeasureOf(const semantic::SemanticModel& model, const semantic::Metric& metric) {
  if (metric.kind != semantic::MetricKind::kSimple) return nullptr;
  std::string entity_name = metric.entity;
  std::string measure_name = metric.measure;
  if (const size_t dot = measure_name.find('.'); dot != std::string::npos) {
    entity_name = measure_name.substr(0, dot);
    measure_name = measure_name.substr(dot + 1);
  }
  const semantic::Entity* entity = semantic::FindEntity(model, entity_name);
  return entity == nullptr ? nullptr : semantic::FindMeasure(*entity, measure_name);
}

inline bool IsCount(semantic::Aggregation aggregation) {
  return aggregation == semantic::Aggregation::kCount || aggregation == semantic::Aggregation::kCountDistinct;
}

/// Whether it only tells rows apart ("customer number"): nobody adds such up, nor is one of them larger.
bool IsKey(const semantic::SemanticModel& model, const semantic::Entity* entity, const semantic::Dimension& dimension);

}  // namespace neurolake::ask
