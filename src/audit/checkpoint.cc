#include "audit/checkpoint.h"

#include <charconv>

namespace neurolake::audit {
namespace {

/// The line at `*rest`, which goes on behind it. nullopt where there is no whole line.
std::optional<std::string_view> TakeLine(std::string_view& rest) {
  const size_t end = rest.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return line;
}

std::optional<uint64_t> ReadSize(std::string_view text) {
  uint64_t size = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), size);
  const bool plain = problem == std::errc() && end == text.data() + text.size();
  // One text for each size: no leading zeros.
  return plain && std::to_string(size) == text ? std::optional(size) : std::nullopt;
}

}  // namespace

std::string FormatCheckpoint(const Checkpoint& checkpoint) {
  return fmt::format("{}\n{}\n{}\n", checkpoint.origin, checkpoint.size, ToBase64(checkpoint.root));
}

Result<Checkpoint> ParseCheckpoint(std::string_view text) {
  const auto origin = TakeLine(text), size_line = TakeLine(text), root_line = TakeLine(text);
  const auto size = size_line ? ReadSize(*size_line) : std::nullopt;
  const auto root = root_line ? FromBase64(*root_line) : Result<std::string>("");
  if (!size || origin->empty() || !root || root->size() != Hash().size()) {
    return MakeError(ErrorCode::kCorruption, "a text is no checkpoint of a log");
  }
  Checkpoint checkpoint{.origin = std::string(*origin), .size = *size};
  std::ranges::copy(*root, reinterpret_cast<char*>(checkpoint.root.data()));
  return checkpoint;
}

Result<Checkpoint> OpenCheckpoint(std::string_view note, const VerifierKey& key) {
  NL_ASSIGN_OR_RETURN(const std::string text, OpenNote(note, key));
  NL_ASSIGN_OR_RETURN(Checkpoint checkpoint, ParseCheckpoint(text));
  if (checkpoint.origin != key.name()) {
    return MakeError(ErrorCode::kCorruption, "a checkpoint is of another log: {}", checkpoint.origin);
  }
  return checkpoint;
}

LastNote FindLastNote(std::string_view notes) {
  // Text, blank line, signatures, blank line, and so on. A checkpoint's text has no blank lines.
  LastNote last;
  size_t text_begin = std::string_view::npos;
  for (size_t begin = std::min(notes.find_first_not_of('\n'), notes.size());;) {
    const size_t end = notes.find("\n\n", begin);
    if (end == std::string_view::npos) return last;
    if (!notes.substr(begin).starts_with(kSignatureMark)) {
      text_begin = begin;
    } else if (text_begin != std::string_view::npos) {
      last = {.note = std::string(notes.substr(text_begin, end + 1 - text_begin)), .valid_bytes = end + 2};
      text_begin = std::string_view::npos;
    }
    begin = end + 2;
  }
}

}  // namespace neurolake::audit
