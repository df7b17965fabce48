#pragma once
#include <span>
#include <string>
#include <string_view>

#include "arrow/batch.h"

namespace neurolake::arrow {

// Encapsulated messages of the Arrow IPC streaming format (Arrow columnar format 1.x, "Encapsulated message format").
// A stream is one schema message, then record batches, then EncodeEndOfStream().

/// Errors: kNotSupported for a type IPC cannot carry (dictionaries; cast before).
Result<std::string> EncodeSchema(const Schema& schema);
Result<std::string> EncodeBatch(const Schema& schema, const Batch& batch);
std::string EncodeEndOfStream();

/// Decodes what the functions above made, one message at a time. Validates lengths and offsets: bytes from a worker
/// are not trusted. Errors: kCorruption.
class MessageDecoder {
 public:
  MessageDecoder();
  ~MessageDecoder();
  /// Must be called once, first.
  Result<Schema> DecodeSchema(std::string_view message);
  Result<Batch> DecodeBatch(std::string_view message);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace neurolake::arrow
