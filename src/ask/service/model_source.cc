#include "ask/service/model_source.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "common/text.h"

namespace neurolake::ask {

namespace {

std::unexpected<Error> NoSuchModel(const std::string& name) {
  return MakeError(ErrorCode::kNotFound, "semantic model does not exist or may not be used: {}", name);
}

}  // namespace

Result<std::vector<std::string>> ModelSource::Names(const RequestContext& ctx) {
  NL_ASSIGN_OR_RETURN(const auto entries, List(ctx));
  std::vector<std::string> names;
  for (const ModelEntry& entry : entries) names.push_back(entry.name);
  return names;
}

Result<std::optional<FoundModel>> ModelSources::Find(const RequestContext& ctx, const std::string& name) {
  for (const auto& source : sources_) {
    NL_ASSIGN_OR_RETURN(auto found, source->Find(ctx, name));
    if (found.has_value()) return found;
  }
  return std::nullopt;
}

Result<std::vector<ModelEntry>> ModelSources::List(const RequestContext& ctx) {
  std::vector<ModelEntry> all;
  for (const auto& source : sources_) {
    NL_ASSIGN_OR_RETURN(auto entries, source->List(ctx));
    for (ModelEntry& entry : entries) {
      const auto is_same = [&](const ModelEntry& other) { return EqualsIgnoringCase(other.name, entry.name); };
      if (std::none_of(all.begin(), all.end(), is_same)) all.push_back(std::move(entry));
    }
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return all;
}

Result<void> ModelSources::CheckReview(const RequestContext& ctx, const std::string& name) {
  for (const auto& source : sources_) {
    NL_ASSIGN_OR_RETURN(const auto found, source->Find(ctx, name));
    if (found.has_value()) return source->CheckReview(ctx, name);
  }
  return NoSuchModel(name);
}

Result<FoundModel> ChooseModel(const RequestContext& ctx, ModelSource& models, const std::string& name,
                               const std::string& schema) {
  std::string chosen = name;
  if (chosen.empty()) {
    NL_ASSIGN_OR_RETURN(auto entries, models.List(ctx));
    if (entries.empty()) {
      return MakeError(ErrorCode::kNotFound,
                       "there is no semantic model that you may use: docs/ask.md says how to make one");
    }
    std::vector<std::string> names;
    for (const auto& entry : entries) names.push_back(entry.name);
    if (entries.size() > 1) {
      std::erase_if(entries, [&](const ModelEntry& entry) {
        return entry.schema.empty() || !EqualsIgnoringCase(entry.schema, schema);
      });
    }
    if (entries.size() != 1) {
      return MakeError(ErrorCode::kNotFound, "there are several semantic models: name one of them as \"model\": {}",
                       fmt::join(names, ", "));
    }
    chosen = entries.front().name;
  }
  NL_ASSIGN_OR_RETURN(auto found, models.Find(ctx, chosen));
  if (!found.has_value()) return NoSuchModel(chosen);
  return std::move(*found);
}

}  // namespace neurolake::ask
