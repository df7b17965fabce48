#pragma once
#include <filesystem>
#include <string>

#include "common/request_context.h"
#include "storage/tests/service_process.h"

namespace neurolake::privacy {

/// A directory that goes with the test, and a request that waits long enough for anything.
class KeyFixture : public testing::Test {
 protected:
  KeyFixture() : directory_(storage::NewTemporaryDirectory()) {}
  ~KeyFixture() override { std::filesystem::remove_all(directory_); }
  std::string File(const std::string& name) const { return directory_ + "/" + name; }

  const std::string directory_;
  FakeClock clock_;
  const RequestContext ctx_{{}, "", "", clock_, SteadyTime::max()};
};

}  // namespace neurolake::privacy
