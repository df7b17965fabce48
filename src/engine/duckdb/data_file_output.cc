#include "engine/duckdb/internal/data_file_output.h"

#include <fcntl.h>

#include <system_error>

#include "engine/duckdb/internal/lake_catalog.h"
#include "engine/duckdb/internal/lake_transaction.h"
#include "storage/path.h"

namespace neurolake::engine::duckdb {
namespace {

constexpr size_t kWriteBytes = size_t{4} << 20;

}  // namespace

DataFileOutput::DataFileOutput(native::ClientContext& context, std::string path) : path_(std::move(path)) {
  // Remembered first, so that none is left behind by a statement that fails.
  LakeTransaction::Get(context, native::Catalog::GetCatalog(context, LakeCatalog::kName)).RememberFile(path_);
  file_ = native::FileSystem::GetFileSystem(context).OpenFile(
      path_, native::FileFlags::FILE_FLAGS_WRITE | native::FileFlags::FILE_FLAGS_FILE_CREATE_NEW);
}

void DataFileOutput::Append(std::string_view bytes) {
  buffer_.Append(bytes.data(), bytes.size());
  if (buffer_.size() >= kWriteBytes) WriteBlocks();
}

void DataFileOutput::Finish() {
  Settle();
  Write(buffer_, 0);
  file_->Close();
  file_.reset();
}

void DataFileOutput::WriteBlocks() {
  Settle();
  if (!std::exchange(tried_direct_, true) && !storage::IsUrl(path_)) {
    direct_ = Descriptor(::open(path_.c_str(), O_WRONLY | O_DIRECT | O_CLOEXEC));
  }
  if (!direct_.valid()) return Write(buffer_, 0);
  std::swap(buffer_, flying_);
  const size_t whole = flying_.size() / parquet::ByteBuffer::kAlignment * parquet::ByteBuffer::kAlignment;
  buffer_.Append(flying_.data() + whole, flying_.size() - whole);
  flying_.Truncate(whole);
  try {
    writing_ = std::async(std::launch::async, [this] { return WriteDirect(); });
  } catch (const std::system_error&) {  // No thread can be had.
    Write(flying_, WriteDirect());
  }
}

void DataFileOutput::Settle() {
  if (writing_.valid()) Write(flying_, writing_.get());
}

void DataFileOutput::Write(parquet::ByteBuffer& bytes, size_t done) {
  if (done < bytes.size()) {
    // What went wrong past the cache is either no matter here, or the engine says what it is. A part of a block leaves
    // what comes after it where it cannot be written that way.
    direct_ = Descriptor();
    file_->Write(native::QueryContext(), bytes.data() + done, bytes.size() - done, written_ + done);
  }
  written_ += bytes.size();
  bytes.Clear();
}

size_t DataFileOutput::WriteDirect() {
  size_t done = 0;
  while (done < flying_.size()) {
    const ssize_t written =
        ::pwrite(direct_.get(), flying_.data() + done, flying_.size() - done, static_cast<off_t>(written_ + done));
    if (written < 0 && errno == EINTR) continue;
    if (written > 0) done += static_cast<size_t>(written);
    if (written <= 0 || written % static_cast<ssize_t>(parquet::ByteBuffer::kAlignment) != 0) break;
  }
  return done;
}

}  // namespace neurolake::engine::duckdb
