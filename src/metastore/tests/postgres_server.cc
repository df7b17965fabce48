#include "metastore/tests/postgres_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace neurolake::metastore {
namespace {

constexpr const char* kPrograms = "/usr/lib/postgresql/15/bin";
constexpr int kStartAttempts = 3;
constexpr int kReadyPolls = 600;

// Where "postgres" and everybody else may go: TMPDIR may be below a directory that is closed to others.
constexpr const char* kTemplate = "/tmp/neurolake-postgres-XXXXXX";

int FreePort() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  const bool bound = ::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 &&
                     ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length) == 0;
  ::close(socket);
  return bound ? ntohs(address.sin_port) : 0;
}

// Runs a program as a user that PostgreSQL accepts, its output in `log`; returns its process id.
pid_t Spawn(const std::vector<std::string>& command, const std::string& directory) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const std::string log = directory + "/log";
  const passwd* user = ::geteuid() == 0 ? ::getpwnam("postgres") : nullptr;
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child != 0) return child;
  if (user != nullptr && (::setgroups(0, nullptr) != 0 || ::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0)) {
    ::_exit(126);
  }
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);  // After setuid, which clears it.
  if (::getppid() != parent) ::_exit(125);
  ::setpgid(0, 0);  // A Ctrl-C in the terminal goes to the test, which stops us.
  const int output = ::open(log.c_str(), O_CREAT | O_APPEND | O_WRONLY, 0600);
  const int input = ::open("/dev/null", O_RDONLY);
  ::dup2(input, 0);
  ::dup2(output, 1);
  ::dup2(output, 2);
  ::setenv("LC_ALL", "C.UTF-8", 1);
  if (::chdir(directory.c_str()) != 0) ::_exit(124);
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

int WaitFor(pid_t process) {
  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

Result<std::unique_ptr<PostgresServer>> PostgresServer::Start() {
  if (::access((std::string(kPrograms) + "/initdb").c_str(), X_OK) != 0) {
    return MakeError(ErrorCode::kNotFound, "PostgreSQL 15 is not installed");
  }
  std::unique_ptr<PostgresServer> server(new PostgresServer());
  NL_RETURN_IF_ERROR(server->Initialise());
  NL_RETURN_IF_ERROR(server->StartAgain());
  return server;
}

Result<PostgresServer*> PostgresServer::Shared() {
  static auto server = Start();
  if (!server.has_value()) return std::unexpected(server.error());
  return server->get();
}

Result<void> PostgresServer::Initialise() {
  std::string directory = kTemplate;
  if (::mkdtemp(directory.data()) == nullptr) return MakeError(ErrorCode::kIoError, "no temporary directory");
  directory_ = directory;
  const std::string password_file = directory_ + "/password";
  std::ofstream(password_file) << Password() << "\n";
  if (::geteuid() == 0) {
    const passwd* user = ::getpwnam("postgres");
    if (user == nullptr) return MakeError(ErrorCode::kNotFound, "there is no user \"postgres\" to run the server as");
    for (const std::string& path : {directory_, password_file}) {
      if (::chown(path.c_str(), user->pw_uid, user->pw_gid) != 0) return MakeError(ErrorCode::kIoError, "chown failed");
    }
  }
  const pid_t initdb = Spawn({std::string(kPrograms) + "/initdb", "-D", directory_ + "/data", "-U", "neuro lake", "-E",
                              "UTF8", "--locale=C.UTF-8", "-A", "scram-sha-256", "--pwfile", password_file, "-N"},
                             directory_);
  if (initdb < 0 || WaitFor(initdb) != 0)
    return MakeError(ErrorCode::kIoError, "initdb failed, see {}/log", directory_);
  return {};
}

Result<void> PostgresServer::StartAgain() {
  for (int attempt = 0; attempt < kStartAttempts; ++attempt) {
    // The port stays the same after a restart; only a first start may choose another when it was taken meanwhile.
    if (port_ == 0 || (databases_ == 0 && attempt > 0)) port_ = FreePort();
    if (Launch().has_value()) return {};
  }
  return MakeError(ErrorCode::kUnavailable, "PostgreSQL did not start, see {}/log", directory_);
}

Result<void> PostgresServer::Launch() {
  process_ = Spawn({std::string(kPrograms) + "/postgres", "-D", directory_ + "/data", "-p", std::to_string(port_), "-c",
                    "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off", "-c",
                    "full_page_writes=off", "-c", "shared_buffers=32MB", "-c", "max_connections=60"},
                   directory_);
  for (int poll = 0; poll < kReadyPolls; ++poll) {
    PGconn* connection = PQconnectdb(UrlOf("postgres").c_str());
    const bool ready = PQstatus(connection) == CONNECTION_OK;
    PQfinish(connection);
    if (ready) return {};
    int status = 0;
    if (::waitpid(process_, &status, WNOHANG) == process_) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  Kill();
  return MakeError(ErrorCode::kUnavailable, "PostgreSQL did not answer");
}

void PostgresServer::Kill() {
  if (process_ <= 0) return;
  if (::kill(process_, SIGQUIT) == 0) WaitFor(process_);
  process_ = -1;
}

PostgresServer::~PostgresServer() {
  Kill();
  std::error_code ignored;
  if (!directory_.empty()) std::filesystem::remove_all(directory_, ignored);
}

std::string PostgresServer::UrlOf(const std::string& database) const {
  // The password as it must stand in a URL.
  std::string password;
  for (const char byte : Password()) {
    password += byte == '%' || byte == '/' || byte == '@' ? fmt::format("%{:02X}", static_cast<int>(byte))
                                                          : std::string(1, byte);
  }
  return fmt::format("postgresql://neuro%20lake:{}@127.0.0.1:{}/{}", password, port_, database);
}

std::string PostgresServer::NewDatabase() {
  const std::string name = fmt::format("lake_{}", ++databases_);
  PGconn* connection = PQconnectdb(UrlOf("postgres").c_str());
  PQclear(PQexec(connection, fmt::format("CREATE DATABASE {} TEMPLATE template0", name).c_str()));
  PQfinish(connection);
  return UrlOf(name);
}

}  // namespace neurolake::metastore
