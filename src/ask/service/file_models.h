#pragma once
#include <chrono>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>

#include "ask/service/ask_service.h"

namespace neurolake::ask {

/// The models of a folder: each `*.yaml` in it is one, named as it says itself. A file that changes is read again with
/// the next question; one that became wrong keeps the last right version, and the log says why. Thread-safe.
class FileModels final : public ModelSource {
 public:
  /// Reads all of them. Errors: those of LoadModel with the file's name; kInvalidArgument for a folder that is not
  /// there or two models of one name.
  static Result<std::unique_ptr<FileModels>> Open(std::filesystem::path folder);

  Result<std::shared_ptr<const semantic::SemanticModel>> Find(const RequestContext& ctx,
                                                              const std::string& name) override;

 private:
  struct Loaded {
    std::filesystem::file_time_type written;
    std::shared_ptr<const semantic::SemanticModel> model;
  };
  explicit FileModels(std::filesystem::path folder) : folder_(std::move(folder)) {}
  /// What is on the disk now; `strict`: the first wrong file is an error.
  Result<void> Refresh(bool strict);

  const std::filesystem::path folder_;
  std::mutex mutex_;
  std::map<std::filesystem::path, Loaded> files_;
};

}  // namespace neurolake::ask
