#pragma once
#include <filesystem>
#include <map>
#include <mutex>
#include <string>

#include "ask/service/model_source.h"

namespace neurolake::ask {

/// The models of a folder: each `*.yaml` in it is one, named as it says itself, for whoever may read the lake. A file
/// that changes is read again with the next question; one that became wrong keeps the last right version, and the log
/// says why. The folder is listed again when something in it came or went. Thread-safe.
class FileModels final : public ModelSource {
 public:
  /// Reads all of them. Errors: those of LoadModel with the file's name; kInvalidArgument for a folder that is not
  /// there or two models of one name.
  static Result<std::unique_ptr<FileModels>> Open(std::filesystem::path folder);

  Result<std::optional<FoundModel>> Find(const RequestContext& ctx, const std::string& name) override;
  Result<std::vector<ModelEntry>> List(const RequestContext& ctx) override;
  Result<void> CheckReview(const RequestContext& ctx, const std::string& name) override;

 private:
  struct Loaded {
    std::filesystem::file_time_type written;
    std::shared_ptr<const semantic::SemanticModel> model;
    std::string key;
  };
  explicit FileModels(std::filesystem::path folder) : folder_(std::move(folder)) {}
  /// Whether files of the folder, or the list of them, are others than were read.
  bool HasChanged() const;
  /// What is on the disk now; `strict`: the first wrong file is an error.
  Result<void> Refresh(bool strict);

  const std::filesystem::path folder_;
  std::mutex mutex_;
  std::filesystem::file_time_type listed_;
  std::map<std::filesystem::path, Loaded> files_;
  int64_t loads_ = 0;  ///< So that no two versions of a file have one key.
};

}  // namespace neurolake::ask
