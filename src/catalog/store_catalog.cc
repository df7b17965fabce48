#include "catalog/internal/store_catalog.h"

#include <sodium.h>

namespace neurolake::catalog {

std::unique_ptr<Catalog> NewCatalog(metastore::Store& store, const Clock& clock, std::string lake_directory) {
  NL_CHECK(sodium_init() >= 0);
  return std::make_unique<StoreCatalog>(store, clock, std::move(lake_directory));
}

}  // namespace neurolake::catalog
