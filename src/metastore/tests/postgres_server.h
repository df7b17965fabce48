#pragma once
#include <sys/types.h>

#include <memory>
#include <string>

#include "common/result.h"

namespace neurolake::metastore {

/// A real PostgreSQL 15 for tests: its own data in a temporary directory, on 127.0.0.1 and a free port, fsync off. Runs
/// as the user "postgres" when the test runs as root. Stops, and its data goes, with this object; when the test program
/// dies without destroying it the kernel stops the server (so start it from a thread that lives as long as it is
/// needed).
class PostgresServer {
 public:
  /// Errors: kNotFound when PostgreSQL is not installed: skip the test then.
  static Result<std::unique_ptr<PostgresServer>> Start();
  /// One server for the whole test program, started at the first call; stops when the program ends.
  static Result<PostgresServer*> Shared();
  ~PostgresServer();

  /// A new, empty database; returns its URL, which holds the password.
  std::string NewDatabase();
  /// Of the superuser of this server, in every URL.
  static std::string Password() { return "not-so-s3cret-%/@"; }

  /// SIGQUIT: every session is cut, as in a crash. Then `StartAgain` recovers on the same port.
  void Kill();
  Result<void> StartAgain();
  int port() const { return port_; }

 private:
  PostgresServer() = default;
  Result<void> Initialise();
  Result<void> Launch();
  std::string UrlOf(const std::string& database) const;

  std::string directory_;
  int port_ = 0;
  pid_t process_ = -1;
  int databases_ = 0;
};

}  // namespace neurolake::metastore
