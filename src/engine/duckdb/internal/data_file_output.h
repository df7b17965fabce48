#pragma once
#include <string>
#include <string_view>

#include "common/descriptor.h"
#include "engine/duckdb/internal/native.h"
#include "engine/duckdb/internal/parquet_pages.h"

namespace neurolake::engine::duckdb {

/// Writes a data file from its beginning to its end. A large one on a local disk goes past the page cache where the
/// file system can: a table that is written anew would push out of memory what is being read, and would be copied once
/// more. For one thread.
class DataFileOutput {
 public:
  /// Opens the file, which the statement's transaction then knows of. Asks the catalogue: for one thread at a time.
  DataFileOutput(native::ClientContext& context, std::string path);

  void Append(std::string_view bytes);
  /// Closes the file. It is as durable as any that was written: who needs it on disk syncs it.
  void Finish();

  const std::string& path() const { return path_; }
  int64_t bytes() const { return static_cast<int64_t>(written_ + buffer_.size()); }

 private:
  void Write(size_t count);
  size_t WriteDirect(size_t count);

  const std::string path_;
  native::unique_ptr<native::FileHandle> file_;
  bool tried_direct_ = false;
  Descriptor direct_;
  parquet::ByteBuffer buffer_;
  size_t written_ = 0;
};

}  // namespace neurolake::engine::duckdb
