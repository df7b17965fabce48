#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "audit/audit_log.h"

namespace neurolake::audit {

/// A log in a directory of its own, with segments of eight records.
class AuditLogTest : public testing::Test {
 protected:
  AuditLogTest() : directory_(testing::TempDir() + "/nl_audit_" + std::to_string(::getpid())) {
    std::filesystem::remove_all(directory_);
    options_.directory = directory_ + "/audit";
    options_.records_per_segment = 8;
  }
  ~AuditLogTest() override { std::filesystem::remove_all(directory_); }

  std::unique_ptr<AuditLog> OpenLog() {
    auto opened = AuditLog::Open(options_, clock_);
    EXPECT_TRUE(opened) << opened.error().message();
    return opened ? std::move(opened->log) : nullptr;
  }
  ErrorCode OpenError() {
    auto opened = AuditLog::Open(options_, clock_);
    EXPECT_FALSE(opened);
    return opened ? ErrorCode::kInternal : opened.error().code();
  }
  Record Named(const std::string& principal) const { return {.time = clock_.Now(), .principal = principal}; }
  void AppendMany(AuditLog& log, int count) {
    for (int i = 0; i < count; ++i) ASSERT_TRUE(log.Append(Named("p" + std::to_string(i))));
  }
  std::string Path(const std::string& name) const { return options_.directory + "/" + name; }
  static std::string Slurp(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  static void Spill(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  }

  const std::string directory_;
  AuditLog::Options options_;
  FakeClock clock_;
};

}  // namespace neurolake::audit
