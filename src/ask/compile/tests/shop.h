#pragma once
#include <duckdb.h>

#include <string>
#include <vector>

#include "semantic/model.h"

namespace neurolake::ask::compile {

/// A small shop: few rows, so that every answer can be worked out by hand.
const semantic::SemanticModel& ShopModel();

/// An engine in memory with the shop's tables. Not thread-safe.
class ShopDatabase {
 public:
  ShopDatabase();
  ~ShopDatabase();
  ShopDatabase(const ShopDatabase&) = delete;
  ShopDatabase& operator=(const ShopDatabase&) = delete;

  /// Rows as `a|b|c`, NULL as `-`; one text starting with "error: " if it does not run.
  std::vector<std::string> Rows(const std::string& sql);

 private:
  duckdb_database database_ = nullptr;
  duckdb_connection connection_ = nullptr;
};

}  // namespace neurolake::ask::compile
