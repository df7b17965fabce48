#include "retrieval/tests/vector_servers.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace neurolake::retrieval {

PgvectorServer& PgvectorServer::Get() {
  static PgvectorServer server;
  return server;
}

bool PgvectorServer::Run(const std::string& command) {
  const std::string user = ::geteuid() == 0 ? "runuser -u postgres -- " : "";
  const std::string line =
      fmt::format("cd {} && {}{}/{} >>{}/log 2>&1", directory_, user, binaries_, command, directory_);
  return std::system(line.c_str()) == 0;
}

PgvectorServer::PgvectorServer() : directory_(storage::NewTemporaryDirectory()), port_(storage::FreePort()) {
  // The user postgres may not read the cache of another user: it gets a copy.
  const std::string source = std::string(NL_CACHE_DIR) + "/pgvector";
  std::error_code failure;
  std::filesystem::copy(source, directory_ + "/server", std::filesystem::copy_options::recursive, failure);
  if (failure) {
    problem_ = "PostgreSQL with pgvector is not there (scripts/bootstrap.sh --tests)";
    return;
  }
  binaries_ = directory_ + "/server/pgserver/pginstall/bin";
  if (::geteuid() == 0) {
    std::system(fmt::format("chown -R postgres {}", directory_).c_str());
  }
  const std::string options =
      fmt::format("-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories={} -c fsync=off", port_, directory_);
  if (!Run(fmt::format("initdb -D {}/data -A trust -U lake -E UTF8 --locale=C.UTF-8 -N", directory_)) ||
      !Run(fmt::format("pg_ctl -w -D {0}/data -l {0}/server.log -o '{1}' start", directory_, options))) {
    problem_ = "PostgreSQL did not start, see " + directory_;
  }
}

PgvectorServer::~PgvectorServer() {
  if (!binaries_.empty()) Run(fmt::format("pg_ctl -D {}/data -m immediate stop", directory_));
  std::error_code ignored;
  if (problem_.empty()) std::filesystem::remove_all(directory_, ignored);
}

std::string PgvectorServer::url() const { return fmt::format("postgresql://lake@127.0.0.1:{}/postgres", port_); }

ChromaServer& ChromaServer::Get() {
  static ChromaServer server;
  return server;
}

ChromaServer::ChromaServer() : port_(storage::FreePort()) {
  const std::string directory = storage::NewTemporaryDirectory();
  // The package's Rust part is the server; the rest of it is for clients in Python and is not installed.
  const std::string program = fmt::format(
      "import sys; sys.path.insert(0, {:?}); import chromadb_rust_bindings as b; "
      "b.cli(['chroma', 'run', '--host', '127.0.0.1', '--port', '{}', '--path', {:?}])",
      std::string(NL_CACHE_DIR) + "/chroma", port_, directory + "/data");
  process_ = std::make_unique<storage::ServiceProcess>(
      directory, storage::ServiceProcess::Command{.name = "chroma",
                                                  .arguments = {"python3", "-c", program},
                                                  .port = port_,
                                                  .ready_path = "/api/v2/heartbeat",
                                                  .ready_status = 200});
}

std::string ChromaServer::url() const { return fmt::format("http://127.0.0.1:{}", port_); }

}  // namespace neurolake::retrieval
