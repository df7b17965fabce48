#pragma once
#include <memory>
#include <string>

#include "storage/object_store_options.h"
#include "storage/tests/service_process.h"

namespace neurolake::storage {

/// Servers of the three protocols, each started when it is first asked for and ended with the test program.
struct RealService {
  std::unique_ptr<ServiceProcess> process;
  std::string endpoint;
  std::string problem;
};

/// SeaweedFS: checks signatures. Keys: "writer" / "writersecret"; "reader" / "readersecret" may only read.
/// The bucket "lake" is there.
RealService& Seaweed();
/// fake-gcs-server, with the bucket "lake".
RealService& FakeGcs();
/// Azurite with its well-known account, and the container "lake".
RealService& Azurite();

S3Options SeaweedOptions(const std::string& key = "writer", const std::string& secret = "writersecret");
GcsOptions FakeGcsOptions();
AzureOptions AzuriteOptions();

inline constexpr const char* kAzuriteAccount = "devstoreaccount1";
/// Published by Microsoft for its emulators; opens nothing else.
inline constexpr const char* kAzuriteKey =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

}  // namespace neurolake::storage
