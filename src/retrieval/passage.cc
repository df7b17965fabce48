#include "retrieval/passage.h"

#include <algorithm>
#include <array>

namespace neurolake::retrieval {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"document", "description", "metric", "question"};
constexpr size_t kNameBytesMax = 4096;

Result<void> CheckLabel(const std::string& label) {
  const bool control = std::ranges::any_of(label, [](unsigned char c) { return c < ' ' || c == 0x7f; });
  if (label.empty() || label.size() > kLabelBytesMax || control) {
    return MakeError(ErrorCode::kInvalidArgument, "label of a passage must have 1 to {} bytes and no control character",
                     kLabelBytesMax);
  }
  return {};
}

}  // namespace

std::string_view NameOf(PassageKind kind) { return kNames.at(static_cast<size_t>(kind)); }

Result<PassageKind> PassageKindOf(std::string_view name) {
  const auto found = std::ranges::find(kNames, name);
  if (found == kNames.end()) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "unknown kind of passage (document, description, metric or question)");
  }
  return static_cast<PassageKind>(found - kNames.begin());
}

Result<void> PreparePassage(Passage& passage) {
  if (passage.id.empty() || passage.id.size() > kNameBytesMax) {
    return MakeError(ErrorCode::kInvalidArgument, "passage needs an id of 1 to {} bytes", kNameBytesMax);
  }
  if (passage.labels.empty()) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "passage has no label: nobody could be allowed to see it (give one that everybody has)");
  }
  for (const std::string& label : passage.labels) NL_RETURN_IF_ERROR(CheckLabel(label));
  if (passage.begin > passage.end) {
    return MakeError(ErrorCode::kInvalidArgument, "passage ends before it begins, at byte {}", passage.end);
  }
  if (passage.text.size_bytes() > kPassageBytesMax) {
    return MakeError(ErrorCode::kPayloadTooLarge, "passage is larger than {} bytes; cut it into chunks",
                     kPassageBytesMax);
  }
  std::ranges::sort(passage.labels);
  const auto repeated = std::ranges::unique(passage.labels);
  passage.labels.erase(repeated.begin(), repeated.end());
  return {};
}

}  // namespace neurolake::retrieval
