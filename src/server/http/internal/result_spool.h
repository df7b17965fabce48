#pragma once
#include <mutex>
#include <string>
#include <vector>

#include "arrow/batch.h"
#include "arrow/ipc.h"
#include "privacy/piece_cipher.h"

namespace neurolake::server {

/// The space all results share. Thread-safe.
class SpoolBudget {
 public:
  explicit SpoolBudget(int64_t bytes_max) : bytes_max_(bytes_max) {}
  bool Take(int64_t bytes);
  void Give(int64_t bytes) { bytes_used_ -= bytes; }

 private:
  const int64_t bytes_max_;
  std::atomic<int64_t> bytes_used_{0};
};

/// One statement's rows in a file of Arrow IPC messages, each behind its length (8 bytes, little-endian) and encrypted
/// under a key that is in this process's memory alone. The file goes with the object; readers that are open keep their
/// view. One writer; readers may come once it is complete.
class ResultSpool {
 public:
  /// Errors: kIoError; kDiskFull.
  static Result<std::unique_ptr<ResultSpool>> Create(const std::string& path, SpoolBudget& budget,
                                                     const arrow::Schema& schema);
  ~ResultSpool();
  ResultSpool(const ResultSpool&) = delete;
  ResultSpool& operator=(const ResultSpool&) = delete;

  /// Errors: kDiskFull when the disk or results.bytes_max is full.
  Result<void> Append(const arrow::Schema& schema, const arrow::Batch& batch);
  int64_t row_count() const { return row_count_; }
  int64_t bytes() const { return bytes_; }

  /// Reads `count` rows from row `begin` on; the batches at both ends are cut to fit.
  Result<std::unique_ptr<arrow::BatchStream>> Read(int64_t begin, int64_t count) const;

 private:
  struct Piece {
    int64_t first_row;
    int64_t row_count;
    int64_t offset;  ///< Of the length prefix.
  };
  class Reader;
  ResultSpool(std::string path, int descriptor, SpoolBudget& budget);
  Result<int64_t> WriteMessage(std::string message);

  std::string path_;
  int descriptor_;
  SpoolBudget& budget_;
  const std::shared_ptr<const privacy::PieceCipher> cipher_;  ///< Also of readers, which may outlive this.
  int64_t bytes_ = 0;
  int64_t row_count_ = 0;
  std::vector<Piece> pieces_;
};

}  // namespace neurolake::server
