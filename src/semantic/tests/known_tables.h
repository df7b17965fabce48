#pragma once
#include <gtest/gtest.h>

#include <algorithm>

#include "semantic/infer.h"

// Tables as a survey finds them, and what a draft says of them.
namespace neurolake::semantic {

inline KnownColumn Column(std::string name, std::string type, int64_t distinct, std::vector<std::string> values = {}) {
  return {
      .name = std::move(name), .type = std::move(type), .distinct = distinct, .nulls = 0, .values = std::move(values)};
}

inline KnownColumn Open(KnownColumn column, int64_t nulls) {
  column.nulls = nulls;
  return column;
}

inline KnownTable Table(std::string name, int64_t rows, std::vector<KnownColumn> columns) {
  return {.name = {"s", std::move(name)}, .rows = rows, .columns = std::move(columns)};
}

inline SemanticModel ModelOf(const std::vector<KnownTable>& tables,
                             const std::vector<KnownReference>& references = {}) {
  auto inference = InferModel("m", tables, references);
  EXPECT_TRUE(inference.has_value()) << inference.error().message();
  return std::move(inference->model);
}

inline bool Says(const Described& described, const std::string& word) {
  return described.label == word || std::ranges::find(described.synonyms, word) != described.synonyms.end();
}

}  // namespace neurolake::semantic
