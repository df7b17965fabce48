#include "arrow/ipc.h"

#include <cstring>

#include "arrow/internal/plain.h"
#include "nanoarrow/nanoarrow_ipc.h"

namespace neurolake::arrow {
namespace {

// More elements than this in one array of one message is no batch of ours; it also keeps every size computation on
// lengths from a hostile message inside 64 bits.
constexpr int64_t kElementsMax = int64_t{1} << 28;
// The same for arrays without any buffer (NULL columns, tables without columns), which cost a sender nothing.
constexpr int64_t kBufferlessElementsMax = int64_t{1} << 24;
constexpr uint32_t kContinuation = 0xFFFFFFFF;
constexpr size_t kPrefixBytes = 8;

class Encoder {
 public:
  Encoder() { NL_CHECK(ArrowIpcEncoderInit(&encoder_) == NANOARROW_OK); }
  ~Encoder() { ArrowIpcEncoderReset(&encoder_); }
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;
  ArrowIpcEncoder* get() { return &encoder_; }

 private:
  ArrowIpcEncoder encoder_{};
};

class Buffer {
 public:
  Buffer() { ArrowBufferInit(&buffer_); }
  ~Buffer() { ArrowBufferReset(&buffer_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ArrowBuffer* get() { return &buffer_; }
  std::string_view bytes() const {
    return {reinterpret_cast<const char*>(buffer_.data), static_cast<size_t>(buffer_.size_bytes)};
  }

 private:
  ArrowBuffer buffer_{};
};

Result<std::string> Finish(Encoder& encoder, std::string_view body) {
  Buffer header;
  if (ArrowIpcEncoderFinalizeBuffer(encoder.get(), 1, header.get()) != NANOARROW_OK) {
    return MakeError(ErrorCode::kOutOfMemory, "memory ran out while encoding an Arrow message");
  }
  std::string message;
  message.reserve(header.bytes().size() + body.size());
  message.append(header.bytes());
  message.append(body);
  return message;
}

// Readers other than nanoarrow refuse "unknown" in a field node.
void CountNulls(ArrowArrayView* view) {
  if (view->null_count < 0) view->null_count = ArrowArrayViewComputeNullCount(view);
  for (int64_t i = 0; i < view->n_children; ++i) CountNulls(view->children[i]);
}

Result<std::string> EncodePlainBatch(const Schema& schema, const Batch& batch) {
  ArrayView view;
  ArrowError error{};
  if (ArrowArrayViewInitFromSchema(view.get(), schema.get(), &error) != NANOARROW_OK ||
      ArrowArrayViewSetArray(view.get(), batch.get(), &error) != NANOARROW_OK) {
    return MakeError(ErrorCode::kInternal, "an Arrow batch does not fit its schema: {}", error.message);
  }
  CountNulls(view.get());
  Encoder encoder;
  Buffer body;
  if (ArrowIpcEncoderEncodeSimpleRecordBatch(encoder.get(), view.get(), body.get(), &error) != NANOARROW_OK) {
    return MakeError(ErrorCode::kInternal, "an Arrow batch could not be encoded: {}", error.message);
  }
  return Finish(encoder, body.bytes());
}

std::unexpected<Error> Malformed(std::string_view why) {
  return MakeError(ErrorCode::kCorruption, "malformed Arrow message: {}", why);
}

bool HasBytes(const ArrowArrayView* view) {
  for (const ArrowBufferView& buffer : view->buffer_views) {
    if (buffer.size_bytes > 0) return true;
  }
  return false;
}

// nanoarrow trusts the signs of lengths it has not seen yet (a negative buffer length means "unknown" to it), so they
// are judged here, before it touches a buffer.
Result<void> CheckLengths(const ArrowArrayView* view, std::string_view body) {
  if (view->length < 0 || view->length > kElementsMax) return Malformed("an array's length is out of range");
  if (view->null_count < -1 || view->null_count > view->length) return Malformed("a null count is out of range");
  for (const ArrowBufferView& buffer : view->buffer_views) {
    if (buffer.size_bytes == 0) continue;
    // Compared as integers: the pointer itself may already be out of range.
    const auto begin = reinterpret_cast<uintptr_t>(buffer.data.data);
    const auto body_begin = reinterpret_cast<uintptr_t>(body.data());
    if (buffer.size_bytes < 0 || begin < body_begin || begin - body_begin > body.size() ||
        static_cast<size_t>(buffer.size_bytes) > body.size() - (begin - body_begin)) {
      return Malformed("a buffer lies outside the message");
    }
    if ((begin - body_begin) % 8 != 0) return Malformed("a buffer is not aligned");
  }
  if (!HasBytes(view) && view->length > kBufferlessElementsMax) return Malformed("an array without data is too long");
  for (int64_t i = 0; i < view->n_children; ++i) NL_RETURN_IF_ERROR(CheckLengths(view->children[i], body));
  return {};
}

}  // namespace

Result<std::string> EncodeSchema(const Schema& schema) {
  NL_RETURN_IF_ERROR(CheckTypes(schema.get()));
  NL_ASSIGN_OR_RETURN(Schema plain, MakePlain(schema));
  Encoder encoder;
  ArrowError error{};
  if (ArrowIpcEncoderEncodeSchema(encoder.get(), plain.get(), &error) != NANOARROW_OK) {
    return MakeError(ErrorCode::kNotSupported, "an Arrow schema could not be encoded: {}", error.message);
  }
  return Finish(encoder, {});
}

Result<std::string> EncodeBatch(const Schema& schema, const Batch& batch) {
  const bool plain = IsPlain(schema.get());
  if (plain && StartsAtZero(batch.get())) return EncodePlainBatch(schema, batch);
  NL_RETURN_IF_ERROR(CheckTypes(schema.get()));
  NL_ASSIGN_OR_RETURN(Schema plain_schema, MakePlain(schema));
  NL_ASSIGN_OR_RETURN(Batch copy, CopyPlain(schema, plain_schema, batch));
  return EncodePlainBatch(plain_schema, copy);
}

std::string EncodeEndOfStream() { return {"\xFF\xFF\xFF\xFF\0\0\0\0", kPrefixBytes}; }

struct MessageDecoder::State {
  State() { NL_CHECK(ArrowIpcDecoderInit(&decoder) == NANOARROW_OK); }
  ~State() { ArrowIpcDecoderReset(&decoder); }

  // Verifies the header and returns the body. flatcc and our reads of buffers want 8-byte alignment, so a message that
  // starts elsewhere is copied first; frames cut at multiples of 8 never pay for it.
  Result<std::string_view> ReadHeader(std::string_view message) {
    if (reinterpret_cast<uintptr_t>(message.data()) % 8 != 0) {
      aligned.assign(message.begin(), message.end());
      message = {aligned.data(), aligned.size()};
    }
    if (message.size() < kPrefixBytes) return Malformed("it is shorter than its prefix");
    uint32_t continuation = 0;
    uint32_t header_bytes = 0;
    std::memcpy(&continuation, message.data(), sizeof continuation);
    std::memcpy(&header_bytes, message.data() + 4, sizeof header_bytes);
    if (continuation != kContinuation) return Malformed("it does not start with the continuation marker");
    if (header_bytes == 0 || header_bytes > message.size() - kPrefixBytes || header_bytes % 8 != 0) {
      return Malformed("its header length is wrong");
    }
    ArrowBufferView view;
    view.data.data = message.data();
    view.size_bytes = static_cast<int64_t>(message.size());
    ArrowError error{};
    if (ArrowIpcDecoderVerifyHeader(&decoder, view, &error) != NANOARROW_OK ||
        ArrowIpcDecoderDecodeHeader(&decoder, view, &error) != NANOARROW_OK) {
      return Malformed(error.message);
    }
    std::string_view body = message.substr(kPrefixBytes + header_bytes);
    if (decoder.body_size_bytes < 0 || static_cast<uint64_t>(decoder.body_size_bytes) != body.size()) {
      return Malformed("its body length is wrong");
    }
    return body;
  }

  ArrowIpcDecoder decoder{};
  Schema schema;
  std::vector<char> aligned;
};

MessageDecoder::MessageDecoder() : state_(std::make_unique<State>()) {}
MessageDecoder::~MessageDecoder() = default;

Result<Schema> MessageDecoder::DecodeSchema(std::string_view message) {
  NL_RETURN_IF_ERROR(state_->ReadHeader(message));
  ArrowIpcDecoder& decoder = state_->decoder;
  if (decoder.message_type != NANOARROW_IPC_MESSAGE_TYPE_SCHEMA) return Malformed("it is not a schema");
  if (decoder.endianness != NANOARROW_IPC_ENDIANNESS_LITTLE) return Malformed("it is not little-endian");
  ArrowError error{};
  Schema schema;
  if (ArrowIpcDecoderDecodeSchema(&decoder, schema.get(), &error) != NANOARROW_OK) return Malformed(error.message);
  if (auto checked = CheckTypes(schema.get()); !checked.has_value()) return Malformed(checked.error().message());
  if (!IsPlain(schema.get())) return Malformed("it has a type that is never sent");
  if (ArrowSchemaDeepCopy(schema.get(), state_->schema.get()) != NANOARROW_OK) {
    return MakeError(ErrorCode::kOutOfMemory, "memory ran out while reading an Arrow schema");
  }
  if (ArrowIpcDecoderSetSchema(&decoder, state_->schema.get(), &error) != NANOARROW_OK) return Malformed(error.message);
  return schema;
}

Result<Batch> MessageDecoder::DecodeBatch(std::string_view message) {
  NL_CHECK(state_->schema.get()->release != nullptr);
  NL_ASSIGN_OR_RETURN(const std::string_view body, state_->ReadHeader(message));
  ArrowIpcDecoder& decoder = state_->decoder;
  if (decoder.message_type != NANOARROW_IPC_MESSAGE_TYPE_RECORD_BATCH) return Malformed("it is not a record batch");
  if (decoder.codec != NANOARROW_IPC_COMPRESSION_TYPE_NONE) return Malformed("it is compressed");
  ArrowBufferView bytes;
  bytes.data.data = body.data();
  bytes.size_bytes = static_cast<int64_t>(body.size());
  ArrowError error{};
  ArrowArrayView* view = nullptr;
  if (ArrowIpcDecoderDecodeArrayView(&decoder, bytes, -1, &view, &error) != NANOARROW_OK) {
    return Malformed(error.message);
  }
  NL_RETURN_IF_ERROR(CheckLengths(view, body));
  Batch batch;
  // Full: every offset is checked, as the readers of the batch do not check any.
  if (ArrowIpcDecoderDecodeArray(&decoder, bytes, -1, batch.get(), NANOARROW_VALIDATION_LEVEL_FULL, &error) !=
      NANOARROW_OK) {
    return Malformed(error.message);
  }
  return batch;
}

}  // namespace neurolake::arrow
