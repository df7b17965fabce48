#pragma once
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "governance/rego/bundle.h"

namespace neurolake::governance {

/// The bundle that lies in a directory.
inline std::vector<BundleFile> FilesBelow(const std::string& directory) {
  std::vector<BundleFile> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    files.push_back({std::filesystem::relative(entry.path(), directory).string(),
                     std::string(std::istreambuf_iterator<char>(in), {})});
  }
  return files;
}

}  // namespace neurolake::governance
