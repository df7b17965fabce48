#include "storage/tests/service_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "net/http_client.h"

namespace neurolake::storage {
namespace {

constexpr std::chrono::seconds kStartTime{120};
const SystemClock kClock;

bool IsFree(uint16_t port) {
  const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const bool free = ::bind(probe, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  ::close(probe);
  return free;
}

}  // namespace

uint16_t FreePort() {
  // As tests/support/ports.py: not of the range that a system gives to outgoing connections, which would take a port
  // between the moment it was found free and the service's start; and twice as far below, as SeaweedFS adds 10,000 to
  // some.
  constexpr uint16_t kFirst = 11'000;
  constexpr uint16_t kLast = 21'999;
  constexpr uint16_t kBeside = 10'000;
  std::random_device chance;
  std::uniform_int_distribution<uint16_t> any(kFirst, kLast);
  for (;;) {
    const uint16_t port = any(chance);
    if (IsFree(port) && IsFree(port + kBeside)) return port;
  }
}

std::string NewTemporaryDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "nl-store-XXXXXX").string();
  return ::mkdtemp(pattern.data());
}

ServiceProcess::ServiceProcess(const std::string& directory, Command command) : directory_(directory) {
  std::vector<char*> arguments;
  for (std::string& argument : command.arguments) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  const std::string log = directory_ + "/" + command.name + ".log";
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::setpgid(0, 0);
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    ::dup2(out, 1);
    ::dup2(out, 2);
    if (::chdir(directory_.c_str()) == 0) ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  const auto until = kClock.SteadyNow() + kStartTime;
  while (!Answers(command)) {
    int status = 0;
    const bool ended = ::waitpid(pid_, &status, WNOHANG) == pid_;
    if (ended) pid_ = -1;
    if (ended || kClock.SteadyNow() > until) {
      problem_ = fmt::format("{} did not start; is it installed (scripts/bootstrap.sh --tests)? {}\n{}", command.name,
                             command.arguments[0], LogEnd());
      return;
    }
    ::usleep(50'000);
  }
}

ServiceProcess::~ServiceProcess() {
  if (pid_ > 0) {
    ::kill(-pid_, SIGKILL);
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

bool ServiceProcess::Answers(const Command& command) const {
  const auto url = net::ParseUrl(fmt::format("http://127.0.0.1:{}", command.port));
  const auto client = net::HttpClient::Make(*url, {});
  const RequestContext ctx({}, "", "", kClock, kClock.SteadyNow() + std::chrono::seconds(2));
  const auto response = (*client)->Send(ctx, {.target = command.ready_path});
  return response.has_value() && (command.ready_status == 0 || (*response)->status() == command.ready_status);
}

std::string ServiceProcess::LogEnd() const {
  std::string text;
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    if (entry.path().extension() != ".log") continue;
    std::ifstream stream(entry.path());
    text += std::string(std::istreambuf_iterator<char>(stream), {});
  }
  return text.size() > 2000 ? text.substr(text.size() - 2000) : text;
}

}  // namespace neurolake::storage
