#pragma once
#include <future>
#include <string>
#include <string_view>

#include "common/descriptor.h"
#include "engine/duckdb/internal/native.h"
#include "engine/duckdb/internal/parquet_pages.h"

namespace neurolake::engine::duckdb {

/// Writes a data file from its beginning to its end. A large one on a local disk goes past the page cache where the
/// file system can: a table that is written anew would push out of memory what is being read, and would be copied once
/// more. Such writes go on beside the caller, one at a time. For one thread.
class DataFileOutput {
 public:
  /// Opens the file, which the statement's transaction then knows of. Asks the catalogue: for one thread at a time.
  DataFileOutput(native::ClientContext& context, std::string path);
  DataFileOutput(const DataFileOutput&) = delete;
  DataFileOutput& operator=(const DataFileOutput&) = delete;

  void Append(std::string_view bytes);
  /// Closes the file. It is as durable as any that was written: who needs it on disk syncs it.
  void Finish();

  const std::string& path() const { return path_; }
  int64_t bytes() const { return static_cast<int64_t>(written_ + flying_.size() + buffer_.size()); }

 private:
  /// Hands the buffer's whole blocks over to a thread that writes them past the page cache, or writes them where that
  /// cannot be done.
  void WriteBlocks();
  /// Waits for what is being written, and writes through the engine what could not be written past the page cache.
  void Settle();
  void Write(parquet::ByteBuffer& bytes, size_t done);
  /// How many bytes of `flying_` were written.
  size_t WriteDirect();

  const std::string path_;
  native::unique_ptr<native::FileHandle> file_;
  bool tried_direct_ = false;
  Descriptor direct_;
  parquet::ByteBuffer buffer_, flying_;
  size_t written_ = 0;
  std::future<size_t> writing_;  ///< Of `flying_`, if valid. The last member: its end is waited for before the others'.
};

}  // namespace neurolake::engine::duckdb
