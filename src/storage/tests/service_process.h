#pragma once
#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace neurolake::storage {

/// A server that a test starts and that ends with it, whatever happens: in a directory of its own, which goes with it.
class ServiceProcess {
 public:
  struct Command {
    std::string name;
    std::vector<std::string> arguments;
    /// GET on this path of 127.0.0.1:`port` is answered, with whatever status, once the server is ready.
    uint16_t port = 0;
    std::string ready_path = "/";
    /// If not zero: this status is waited for.
    int ready_status = 0;
  };
  ServiceProcess(const std::string& directory, Command command);
  ~ServiceProcess();
  ServiceProcess(const ServiceProcess&) = delete;
  ServiceProcess& operator=(const ServiceProcess&) = delete;

  /// Empty when it runs; else what went wrong, with the end of its log.
  const std::string& problem() const { return problem_; }

 private:
  bool Answers(const Command& command) const;
  std::string LogEnd() const;

  std::string directory_;
  pid_t pid_ = -1;
  std::string problem_;
};

/// A port of 127.0.0.1 that is free now.
uint16_t FreePort();
/// A new directory below the system's place for temporary files.
std::string NewTemporaryDirectory();

}  // namespace neurolake::storage
