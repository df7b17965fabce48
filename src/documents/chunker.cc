#include "documents/chunker.h"

#include <algorithm>
#include <string_view>

namespace neurolake::documents {
namespace {

constexpr size_t kBytesMin = 64;

bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
bool Continues(char c) { return (static_cast<uint8_t>(c) & 0xC0) == 0x80; }

/// Where to cut `text`, which is longer than `limit`: after 1 to `limit` bytes.
size_t CutBefore(std::string_view text, size_t limit) {
  const std::string_view front = text.substr(0, limit);
  // Not so early that most of the room is wasted.
  const size_t early = limit / 3;
  if (const size_t at = front.rfind("\n\n"); at != std::string_view::npos && at > early) return at;
  for (size_t at = front.size() - 1; at > early; --at) {
    const bool ends = front[at - 1] == '.' || front[at - 1] == '!' || front[at - 1] == '?';
    if (IsSpace(front[at]) && ends) return at;
  }
  for (size_t at = front.size() - 1; at > early; --at) {
    if (IsSpace(front[at])) return at;
  }
  size_t at = limit;
  while (at > 1 && Continues(text[at])) --at;
  return at;
}

class Cutter {
 public:
  Cutter(const ExtractedDocument& document, const ChunkOptions& options)
      : text_(document.text), limit_(std::max(options.bytes_max, kBytesMin)), least_(options.bytes_min) {}

  void Cut(const Section& section, const std::vector<std::string>& headings, std::vector<Chunk>& chunks) {
    uint64_t begin = section.begin;
    const size_t first = chunks.size();
    while (true) {
      while (begin < section.end && IsSpace(text_[begin])) ++begin;
      if (begin >= section.end) break;
      const std::string_view rest = text_.substr(begin, section.end - begin);
      uint64_t end = begin + (rest.size() <= limit_ ? rest.size() : CutBefore(rest, limit_));
      const uint64_t next = end;
      while (end > begin && IsSpace(text_[end - 1])) --end;
      chunks.push_back({headings, begin, end, section.page});
      begin = next;
    }
    Join(chunks, first);
  }

 private:
  /// Of the section's chunks, which begin at `first`, the last one joins its neighbour when it is short.
  void Join(std::vector<Chunk>& chunks, size_t first) const {
    if (chunks.size() < first + 2) return;
    Chunk& last = chunks.back();
    Chunk& before = chunks[chunks.size() - 2];
    if (last.end - last.begin >= least_ || last.end - before.begin > limit_ + limit_ / 2) return;
    before.end = last.end;
    chunks.pop_back();
  }

  std::string_view text_;
  size_t limit_;
  size_t least_;
};

}  // namespace

std::vector<Chunk> CutIntoChunks(const ExtractedDocument& document, const ChunkOptions& options) {
  std::vector<Chunk> chunks;
  std::vector<Section> above;  // Headings that this section stands under.
  Cutter cutter(document, options);
  for (const Section& section : document.sections) {
    if (section.level > 0) {
      while (!above.empty() && above.back().level >= section.level) above.pop_back();
      above.push_back(section);
    }
    std::vector<std::string> headings;
    for (const Section& one : above) {
      if (!one.heading.empty()) headings.push_back(one.heading);
    }
    cutter.Cut(section, headings, chunks);
  }
  return chunks;
}

}  // namespace neurolake::documents
