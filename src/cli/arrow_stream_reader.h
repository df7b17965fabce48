#pragma once
#include <functional>
#include <optional>
#include <string>

#include "arrow/batch.h"
#include "arrow/ipc.h"
#include "common/result.h"

namespace neurolake::cli {

/// Cuts a byte stream in the Arrow IPC streaming format into messages and decodes them. Memory: one message.
/// Every length is checked before memory is taken for it: the bytes come from another machine.
class ArrowStreamReader {
 public:
  /// The next bytes of the stream, in pieces of any size; nullopt at the end.
  using Source = std::function<Result<std::optional<std::string>>()>;

  explicit ArrowStreamReader(Source source) : source_(std::move(source)) {}

  /// Once, first. Errors: kCorruption; the source's.
  Result<arrow::Schema> ReadSchema();
  /// nullopt after the end-of-stream marker. Errors: kCorruption, also when bytes end before that marker, which is how
  /// a cut stream shows; the source's.
  Result<std::optional<arrow::Batch>> ReadBatch();

 private:
  Result<void> Fill(size_t bytes);
  Result<std::optional<std::string>> ReadMessage();

  Source source_;
  arrow::MessageDecoder decoder_;
  std::string buffer_;
  bool ended_ = false;
};

}  // namespace neurolake::cli
