#pragma once
#include <memory>
#include <string>

#include "storage/tests/service_process.h"

namespace neurolake::retrieval {

/// PostgreSQL 16 with pgvector, of the test's own: as root, run by Debian's user postgres.
class PgvectorServer {
 public:
  static PgvectorServer& Get();
  ~PgvectorServer();
  /// Empty when it runs.
  const std::string& problem() const { return problem_; }
  std::string url() const;

 private:
  PgvectorServer();
  bool Run(const std::string& command);
  std::string directory_;
  std::string binaries_;
  uint16_t port_ = 0;
  std::string problem_;
};

/// A Chroma server of the test's own.
class ChromaServer {
 public:
  static ChromaServer& Get();
  const std::string& problem() const { return process_->problem(); }
  std::string url() const;

 private:
  ChromaServer();
  uint16_t port_ = 0;
  std::unique_ptr<storage::ServiceProcess> process_;
};

}  // namespace neurolake::retrieval
