#include "cli/arrow_stream_reader.h"

#include <cstring>

#include "nanoarrow/nanoarrow_ipc.h"

namespace neurolake::cli {
namespace {

constexpr size_t kPrefixBytes = 8;  // Continuation marker and metadata length.
constexpr uint32_t kContinuation = 0xFFFFFFFF;
constexpr int64_t kMetadataBytesMax = 64LL << 20;
constexpr int64_t kBodyBytesMax = 2LL << 30;  // One batch; far above what a server sends.

std::unexpected<Error> Broken(std::string_view what) {
  return MakeError(ErrorCode::kCorruption, "the server's answer is not a valid Arrow stream: {}", what);
}

/// Bytes of the body that follows a message's header. Errors: kCorruption for a header that does not verify.
Result<int64_t> BodyBytes(std::string_view header) {
  ArrowIpcDecoder decoder;
  if (ArrowIpcDecoderInit(&decoder) != NANOARROW_OK) return MakeError(ErrorCode::kOutOfMemory, "out of memory");
  ArrowBufferView view;
  view.data.data = header.data();
  view.size_bytes = static_cast<int64_t>(header.size());
  ArrowError error;
  const bool valid = ArrowIpcDecoderVerifyHeader(&decoder, view, &error) == NANOARROW_OK;
  const int64_t bytes = decoder.body_size_bytes;
  ArrowIpcDecoderReset(&decoder);
  if (!valid) return Broken("a message's header does not verify");
  if (bytes < 0 || bytes > kBodyBytesMax) return Broken("a message's length is out of range");
  return bytes;
}

}  // namespace

Result<void> ArrowStreamReader::Fill(size_t bytes) {
  while (buffer_.size() < bytes) {
    NL_ASSIGN_OR_RETURN(const auto piece, source_());
    if (!piece) return Broken("it ends too early");
    buffer_ += *piece;
  }
  return {};
}

Result<std::optional<std::string>> ArrowStreamReader::ReadMessage() {
  if (ended_) return std::nullopt;
  NL_RETURN_IF_ERROR(Fill(kPrefixBytes));
  uint32_t marker = 0;
  int32_t metadata_bytes = 0;
  std::memcpy(&marker, buffer_.data(), sizeof(marker));
  std::memcpy(&metadata_bytes, buffer_.data() + sizeof(marker), sizeof(metadata_bytes));
  if (marker != kContinuation) return Broken("a message does not begin with its marker");
  if (metadata_bytes == 0) {
    ended_ = true;
    return std::nullopt;
  }
  if (metadata_bytes < 0 || metadata_bytes > kMetadataBytesMax) return Broken("a header's length is out of range");
  const size_t header_bytes = kPrefixBytes + static_cast<size_t>(metadata_bytes);
  NL_RETURN_IF_ERROR(Fill(header_bytes));
  NL_ASSIGN_OR_RETURN(const int64_t body_bytes, BodyBytes(std::string_view(buffer_).substr(0, header_bytes)));
  const size_t message_bytes = header_bytes + static_cast<size_t>(body_bytes);
  NL_RETURN_IF_ERROR(Fill(message_bytes));
  std::string rest = buffer_.substr(message_bytes);
  buffer_.resize(message_bytes);
  return std::exchange(buffer_, std::move(rest));
}

Result<arrow::Schema> ArrowStreamReader::ReadSchema() {
  NL_ASSIGN_OR_RETURN(const auto message, ReadMessage());
  if (!message) return Broken("it has no schema");
  return decoder_.DecodeSchema(*message);
}

Result<std::optional<arrow::Batch>> ArrowStreamReader::ReadBatch() {
  NL_ASSIGN_OR_RETURN(const auto message, ReadMessage());
  if (!message) return std::nullopt;
  NL_ASSIGN_OR_RETURN(auto batch, decoder_.DecodeBatch(*message));
  return batch;
}

}  // namespace neurolake::cli
