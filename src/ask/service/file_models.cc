#include "ask/service/file_models.h"

#include <fstream>
#include <set>
#include <sstream>

#include "common/log.h"
#include "semantic/load.h"

namespace neurolake::ask {
namespace {

namespace fs = std::filesystem;

Result<semantic::SemanticModel> LoadFile(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  if (!stream) return MakeError(ErrorCode::kIoError, "cannot read the semantic model {}", file.filename().string());
  auto model = semantic::LoadModel(text.str());
  if (model.has_value()) return model;
  return MakeError(model.error().code(), "{}: {}", file.filename().string(), model.error().message());
}

}  // namespace

Result<std::unique_ptr<FileModels>> FileModels::Open(fs::path folder) {
  std::error_code problem;
  if (!fs::is_directory(folder, problem)) {
    return MakeError(ErrorCode::kInvalidArgument, "ask.models names no folder: {}", folder.string());
  }
  std::unique_ptr<FileModels> models(new FileModels(std::move(folder)));
  NL_RETURN_IF_ERROR(models->Refresh(/*strict=*/true));
  return models;
}

Result<void> FileModels::Refresh(bool strict) {
  std::map<fs::path, Loaded> now;
  std::set<std::string> names;
  std::error_code problem;
  for (const auto& entry : fs::directory_iterator(folder_, problem)) {
    if (entry.path().extension() != ".yaml" && entry.path().extension() != ".yml") continue;
    const auto written = entry.last_write_time(problem);
    const auto before = files_.find(entry.path());
    Loaded loaded{.written = written, .model = before == files_.end() ? nullptr : before->second.model};
    if (loaded.model == nullptr || before->second.written != written) {
      auto model = LoadFile(entry.path());
      if (!model.has_value() && strict) return std::unexpected(model.error());
      if (model.has_value()) loaded.model = std::make_shared<const semantic::SemanticModel>(std::move(*model));
      else Log(LogLevel::kWarn, "a semantic model was not taken", {}, {{"reason", model.error().message()}});
    }
    if (loaded.model == nullptr) continue;
    if (!names.insert(loaded.model->name).second) {
      if (strict)
        return MakeError(ErrorCode::kInvalidArgument, "two semantic models have the name {}", loaded.model->name);
      continue;
    }
    now.emplace(entry.path(), std::move(loaded));
  }
  if (problem)
    return MakeError(ErrorCode::kIoError, "cannot list the folder of semantic models: {}", problem.message());
  files_ = std::move(now);
  return {};
}

Result<std::shared_ptr<const semantic::SemanticModel>> FileModels::Find(const RequestContext&,
                                                                        const std::string& name) {
  const std::scoped_lock lock(mutex_);
  NL_RETURN_IF_ERROR(Refresh(/*strict=*/false));
  if (name.empty() && files_.size() == 1) return files_.begin()->second.model;
  for (const auto& [path, loaded] : files_) {
    if (loaded.model->name == name) return loaded.model;
  }
  if (!name.empty()) return MakeError(ErrorCode::kNotFound, "there is no semantic model {}", name);
  if (files_.empty())
    return MakeError(ErrorCode::kNotFound, "there is no semantic model: docs/ask.md says how to make one");
  return MakeError(ErrorCode::kNotFound, "there are several semantic models: name one of them as \"model\"");
}

}  // namespace neurolake::ask
