#include "server/http/internal/result_spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace neurolake::server {
namespace {

// A message of a worker is never near it; a length beyond it is a damaged file.
constexpr uint64_t kMessageBytesMax = uint64_t{8} << 30;

std::unexpected<Error> FileError() {
  if (errno == ENOSPC || errno == EDQUOT) {
    return MakeError(ErrorCode::kDiskFull, "no space is left for the result of the statement");
  }
  return MakeError(ErrorCode::kIoError, "the spooled result of the statement cannot be read or written");
}

Result<void> WriteAll(int descriptor, const char* data, size_t size, int64_t offset) {
  while (size > 0) {
    const ssize_t count = pwrite(descriptor, data, size, offset);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return FileError();
    data += count;
    offset += count;
    size -= static_cast<size_t>(count);
  }
  return {};
}

Result<void> ReadAll(int descriptor, char* data, size_t size, int64_t offset) {
  while (size > 0) {
    const ssize_t count = pread(descriptor, data, size, offset);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return FileError();
    data += count;
    offset += count;
    size -= static_cast<size_t>(count);
  }
  return {};
}

// A message's place is where it begins: each has its own.
Result<std::string> ReadMessage(int descriptor, const privacy::PieceCipher& cipher, int64_t offset) {
  uint64_t length = 0;
  NL_RETURN_IF_ERROR(ReadAll(descriptor, reinterpret_cast<char*>(&length), sizeof length, offset));
  if (length > kMessageBytesMax) return MakeError(ErrorCode::kCorruption, "a spooled result is damaged");
  std::string message(length, '\0');
  NL_RETURN_IF_ERROR(ReadAll(descriptor, message.data(), length, offset + 8));
  if (!cipher.Open(static_cast<uint64_t>(offset), message)) {
    return MakeError(ErrorCode::kCorruption, "a spooled result is damaged");
  }
  return message;
}

}  // namespace

bool SpoolBudget::Take(int64_t bytes) {
  if (bytes_used_.fetch_add(bytes) + bytes <= bytes_max_) return true;
  bytes_used_ -= bytes;
  return false;
}

class ResultSpool::Reader final : public arrow::BatchStream {
 public:
  Reader(int descriptor, std::shared_ptr<const privacy::PieceCipher> cipher, std::vector<Piece> pieces, int64_t begin,
         int64_t end)
      : descriptor_(descriptor), cipher_(std::move(cipher)), pieces_(std::move(pieces)), begin_(begin), end_(end) {}
  ~Reader() override { close(descriptor_); }

  Result<void> Open() {
    NL_ASSIGN_OR_RETURN(const std::string message, ReadMessage(descriptor_, *cipher_, 0));
    NL_ASSIGN_OR_RETURN(schema_, decoder_.DecodeSchema(message));
    return {};
  }
  const arrow::Schema& schema() const override { return schema_; }

  Result<std::optional<arrow::Batch>> Next() override {
    while (next_ < pieces_.size()) {
      const Piece& piece = pieces_[next_++];
      const int64_t begin = std::max(begin_, piece.first_row);
      const int64_t end = std::min(end_, piece.first_row + piece.row_count);
      if (begin >= end) continue;
      NL_ASSIGN_OR_RETURN(const std::string message, ReadMessage(descriptor_, *cipher_, piece.offset));
      NL_ASSIGN_OR_RETURN(arrow::Batch batch, decoder_.DecodeBatch(message));
      if (batch.row_count() != piece.row_count) return MakeError(ErrorCode::kCorruption, "a spooled result is damaged");
      batch.get()->offset = begin - piece.first_row;
      batch.get()->length = end - begin;
      return std::optional<arrow::Batch>(std::move(batch));
    }
    return std::optional<arrow::Batch>();
  }

 private:
  int descriptor_;
  std::shared_ptr<const privacy::PieceCipher> cipher_;
  std::vector<Piece> pieces_;
  int64_t begin_;
  int64_t end_;
  size_t next_ = 0;
  arrow::MessageDecoder decoder_;
  arrow::Schema schema_;
};

ResultSpool::ResultSpool(std::string path, int descriptor, SpoolBudget& budget)
    : path_(std::move(path)),
      descriptor_(descriptor),
      budget_(budget),
      cipher_(std::make_shared<const privacy::PieceCipher>()) {}

ResultSpool::~ResultSpool() {
  close(descriptor_);
  unlink(path_.c_str());
  budget_.Give(bytes_);
}

Result<std::unique_ptr<ResultSpool>> ResultSpool::Create(const std::string& path, SpoolBudget& budget,
                                                         const arrow::Schema& schema) {
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) return FileError();
  std::unique_ptr<ResultSpool> spool(new ResultSpool(path, descriptor, budget));
  NL_ASSIGN_OR_RETURN(std::string message, arrow::EncodeSchema(schema));
  NL_RETURN_IF_ERROR(spool->WriteMessage(std::move(message)));
  return spool;
}

Result<int64_t> ResultSpool::WriteMessage(std::string message) {
  const uint64_t length = message.size() + privacy::PieceCipher::kOverheadBytes;
  const auto total = static_cast<int64_t>(length + sizeof length);
  if (!budget_.Take(total)) {
    return MakeError(ErrorCode::kDiskFull,
                     "the space for the results of asynchronous statements (results.bytes_max) is used up");
  }
  const int64_t offset = bytes_;
  bytes_ += total;
  cipher_->Seal(static_cast<uint64_t>(offset), message);
  NL_RETURN_IF_ERROR(WriteAll(descriptor_, reinterpret_cast<const char*>(&length), sizeof length, offset));
  NL_RETURN_IF_ERROR(WriteAll(descriptor_, message.data(), message.size(), offset + 8));
  return offset;
}

Result<void> ResultSpool::Append(const arrow::Schema& schema, const arrow::Batch& batch) {
  if (batch.row_count() == 0) return {};
  NL_ASSIGN_OR_RETURN(std::string message, arrow::EncodeBatch(schema, batch));
  NL_ASSIGN_OR_RETURN(const int64_t offset, WriteMessage(std::move(message)));
  pieces_.push_back({row_count_, batch.row_count(), offset});
  row_count_ += batch.row_count();
  return {};
}

Result<std::unique_ptr<arrow::BatchStream>> ResultSpool::Read(int64_t begin, int64_t count) const {
  const int descriptor = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return FileError();
  const int64_t end = count > row_count_ - begin ? row_count_ : begin + count;
  auto reader = std::make_unique<Reader>(descriptor, cipher_, pieces_, begin, end);
  NL_RETURN_IF_ERROR(reader->Open());
  return reader;
}

}  // namespace neurolake::server
