#include "engine/duckdb/internal/data_file_output.h"

#include <fcntl.h>

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
  if (buffer_.size() >= kWriteBytes)
    Write(buffer_.size() / parquet::ByteBuffer::kAlignment * parquet::ByteBuffer::kAlignment);
}

void DataFileOutput::Finish() {
  Write(buffer_.size());
  file_->Close();
  file_.reset();
}

void DataFileOutput::Write(size_t count) {
  size_t done = count % parquet::ByteBuffer::kAlignment == 0 ? WriteDirect(count) : 0;
  if (done < count) {
    // What went wrong there is either no matter here, or the engine says what it is.
    file_->Write(native::QueryContext(), buffer_.data() + done, count - done, written_ + done);
  }
  written_ += count;
  buffer_.DropFront(count);
}

size_t DataFileOutput::WriteDirect(size_t count) {
  if (!std::exchange(tried_direct_, true) && !storage::IsUrl(path_)) {
    direct_ = Descriptor(::open(path_.c_str(), O_WRONLY | O_DIRECT | O_CLOEXEC));
  }
  size_t done = 0;
  while (direct_.valid() && done < count) {
    const ssize_t written =
        ::pwrite(direct_.get(), buffer_.data() + done, count - done, static_cast<off_t>(written_ + done));
    if (written < 0 && errno == EINTR) continue;
    // A part of a block leaves the rest where it cannot be written this way.
    if (written <= 0 || written % static_cast<ssize_t>(parquet::ByteBuffer::kAlignment) != 0) direct_ = Descriptor();
    if (written > 0) done += static_cast<size_t>(written);
  }
  return done;
}

}  // namespace neurolake::engine::duckdb
