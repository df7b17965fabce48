#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "common/request_context.h"
#include "query/subject_mentions.h"

namespace neurolake::query {

/// A place of a semantic model that names a subject and means something: an expression, a name.
struct ModelMention {
  std::string model;   ///< Its name; its id where the name is such a place.
  std::string places;  ///< "entities.orders.filter, metrics.revenue.filter", the first few.
  int64_t count = 0;
};

/// What FORGET SUBJECT found in semantic models.
struct ModelTraces {
  int64_t texts = 0;  ///< Versions and comments of models that held an identifier in what can be taken out.
  std::vector<ModelMention> left = {};
};

/// Takes what names a subject out of semantic models: descriptions become "[erased]", synonyms, values, labels and
/// verified questions go. The newest version becomes another one without it, written anew without its author's
/// comments; older ones that hold any go. What a model means is its owner's to change: it is told. Of entities over
/// `table_names` ("schema.name") a value counts that is an identifier, however short. Again it finds nothing but what
/// is left. Errors: kConflict for a model that was replaced meanwhile; those of the catalogue.
Result<ModelTraces> EraseInModels(const RequestContext& ctx, catalog::Catalog& catalog, const SubjectMentions& mentions,
                                  const std::vector<std::string>& table_names, bool erase);

}  // namespace neurolake::query
