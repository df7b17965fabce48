#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "semantic/model.h"

namespace neurolake::semantic {

/// A model made of another tool's, and what of it has no place here. What would change a number if it were left away (a
/// filter, a window) takes its metric with it, so that nothing is imported that means something else.
struct Import {
  SemanticModel model;
  std::vector<std::string> unmapped;  ///< "metric revenue_eu: its filter is a template", in the file's order.
};

/// dbt's `semantic_models:` and `metrics:` (the standalone YAML that MetricFlow reads), in one file or several that
/// name each other's members. Entities that share a name become joins; a model's `ref('x')` becomes the table x of
/// `schema`. Errors: kSyntaxError, kInvalidArgument with the line, and of several documents which one, as LoadModel;
/// also where nothing maps. Safe on hostile text.
Result<Import> ImportDbt(const std::vector<std::string>& documents, const std::string& name, const std::string& schema);

/// Cube's `cubes:`. Errors: as ImportDbt.
Result<Import> ImportCube(const std::vector<std::string>& documents, const std::string& name);

struct Export {
  std::string yaml;
  std::vector<std::string> unmapped;
};

/// For Open Semantic Interchange (Apache Ossie), core specification 0.2: datasets, fields, relationships from many to
/// one, metrics as SQL. What it has no words for is left out and told: semi-additive measures, cumulative and
/// conversion metrics.
Export ExportOpenSemanticInterchange(const SemanticModel& model);

}  // namespace neurolake::semantic
