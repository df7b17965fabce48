#include "ask/service/file_models.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "common/log.h"
#include "common/text.h"
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

bool MayAsk(const Principal& principal) { return principal.Has(Right::kRead) || principal.Has(Right::kAsk); }

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

bool FileModels::HasChanged() const {
  std::error_code problem;
  if (fs::last_write_time(folder_, problem) != listed_ || problem) return true;
  return std::any_of(files_.begin(), files_.end(), [&](const auto& file) {
    return fs::last_write_time(file.first, problem) != file.second.written || problem;
  });
}

Result<void> FileModels::Refresh(bool strict) {
  if (!strict && !HasChanged()) return {};
  std::map<fs::path, Loaded> now;
  std::set<std::string> names;
  std::error_code problem;
  // Before it is listed: what comes meanwhile makes it another.
  const auto listed = fs::last_write_time(folder_, problem);
  for (const auto& entry : fs::directory_iterator(folder_, problem)) {
    if (entry.path().extension() != ".yaml" && entry.path().extension() != ".yml") continue;
    const auto before = files_.find(entry.path());
    Loaded loaded = before == files_.end() ? Loaded() : before->second;
    const auto written = entry.last_write_time(problem);
    if (before == files_.end() || loaded.written != written) {
      auto model = LoadFile(entry.path());
      if (!model.has_value() && strict) return std::unexpected(model.error());
      if (!model.has_value())
        Log(LogLevel::kWarn, "a semantic model was not taken", {}, {{"reason", model.error().message()}});
      if (model.has_value()) {
        loaded.model = std::make_shared<const semantic::SemanticModel>(std::move(*model));
        loaded.key = fmt::format("file\n{}\n{}", ++loads_, entry.path().string());
      }
      loaded.written = written;
    }
    if (loaded.model != nullptr && !names.insert(LowerAscii(loaded.model->name)).second) {
      if (strict)
        return MakeError(ErrorCode::kInvalidArgument, "two semantic models have the name {}", loaded.model->name);
      Log(LogLevel::kWarn, "a semantic model was not taken", {}, {{"reason", "its name is another file's"}});
      loaded.model = nullptr;
    }
    now.emplace(entry.path(), std::move(loaded));
  }
  if (problem)
    return MakeError(ErrorCode::kIoError, "cannot list the folder of semantic models: {}", problem.message());
  files_ = std::move(now);
  listed_ = listed;
  return {};
}

Result<std::optional<FoundModel>> FileModels::Find(const RequestContext& ctx, const std::string& name) {
  if (!MayAsk(ctx.principal())) return std::nullopt;
  const std::scoped_lock lock(mutex_);
  NL_RETURN_IF_ERROR(Refresh(/*strict=*/false));
  for (const auto& [path, loaded] : files_) {
    if (loaded.model != nullptr && EqualsIgnoringCase(loaded.model->name, name)) {
      return FoundModel{.model = loaded.model, .key = loaded.key};
    }
  }
  return std::nullopt;
}

Result<std::vector<ModelEntry>> FileModels::List(const RequestContext& ctx) {
  std::vector<ModelEntry> entries;
  if (!MayAsk(ctx.principal())) return entries;
  const std::scoped_lock lock(mutex_);
  NL_RETURN_IF_ERROR(Refresh(/*strict=*/false));
  for (const auto& [path, loaded] : files_) {
    if (loaded.model == nullptr) continue;
    const auto& model = *loaded.model;
    entries.push_back({.name = model.name, .schema = {}, .label = model.label, .description = model.description});
  }
  return entries;
}

Result<void> FileModels::CheckReview(const RequestContext& ctx, const std::string&) {
  if (ctx.principal().Has(Right::kManage)) return {};
  return MakeError(ErrorCode::kPermissionDenied, "what questions mean is said by who manages the lake");
}

}  // namespace neurolake::ask
