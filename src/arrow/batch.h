#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "nanoarrow/nanoarrow.h"

namespace neurolake::arrow {

/// Owns an ArrowSchema. Move-only.
class Schema {
 public:
  Schema() { schema_.release = nullptr; }
  ~Schema() {
    if (schema_.release != nullptr) schema_.release(&schema_);
  }
  Schema(Schema&& other) noexcept : schema_(other.schema_) { other.schema_.release = nullptr; }
  Schema& operator=(Schema&& other) noexcept {
    if (this != &other) {
      if (schema_.release != nullptr) schema_.release(&schema_);
      schema_ = other.schema_;
      other.schema_.release = nullptr;
    }
    return *this;
  }
  ArrowSchema* get() { return &schema_; }
  const ArrowSchema* get() const { return &schema_; }
  int64_t column_count() const { return schema_.n_children; }

 private:
  ArrowSchema schema_{};
};

/// Owns an ArrowArray: a struct array, one child per column. Move-only.
class Batch {
 public:
  Batch() { array_.release = nullptr; }
  ~Batch() {
    if (array_.release != nullptr) array_.release(&array_);
  }
  Batch(Batch&& other) noexcept : array_(other.array_) { other.array_.release = nullptr; }
  Batch& operator=(Batch&& other) noexcept {
    if (this != &other) {
      if (array_.release != nullptr) array_.release(&array_);
      array_ = other.array_;
      other.array_.release = nullptr;
    }
    return *this;
  }
  ArrowArray* get() { return &array_; }
  const ArrowArray* get() const { return &array_; }
  int64_t row_count() const { return array_.length; }

 private:
  ArrowArray array_{};
};

/// Rows in batches. Not thread-safe; a stream has one reader.
class BatchStream {
 public:
  virtual ~BatchStream() = default;
  virtual const Schema& schema() const = 0;
  /// The next batch, or nullopt at the end; an error ends the stream.
  virtual Result<std::optional<Batch>> Next() = 0;
};

}  // namespace neurolake::arrow
