#include "audit/internal/segments.h"

#include <sys/stat.h>

#include <bit>
#include <charconv>
#include <cstring>

#include "common/check.h"

namespace neurolake::audit {
namespace {

constexpr uint64_t kEntryBytes = 40;
constexpr uint64_t kReadBytes = 1 << 20;
/// No record is longer; what is behind it is damage.
constexpr uint64_t kLineBytesMax = 64 << 20;

std::string LineStart(uint64_t index) { return fmt::format("{{\"index\":{},", index); }

/// What a crash can leave is none: a part of a line, or blocks that were never written.
bool IsRecord(std::string_view line, uint64_t index) {
  return line.starts_with(LineStart(index)) && line.ends_with('}') &&
         std::ranges::none_of(line, [](char c) { return c >= 0 && c < ' '; });
}

std::string EncodeEntry(const Hash& leaf, uint64_t end) {
  std::string bytes(reinterpret_cast<const char*>(leaf.data()), leaf.size());
  for (int shift = 0; shift < 64; shift += 8) bytes += static_cast<char>(end >> shift);
  return bytes;
}

}  // namespace

std::vector<Segments::IndexEntry> Segments::DecodeEntries(std::string_view bytes) {
  std::vector<IndexEntry> entries(bytes.size() / kEntryBytes);
  for (size_t i = 0; i < entries.size(); ++i) {
    const char* at = bytes.data() + i * kEntryBytes;
    std::memcpy(entries[i].leaf.data(), at, sizeof(Hash));
    for (int byte = 7; byte >= 0; --byte) {
      entries[i].end = entries[i].end << 8 | static_cast<uint8_t>(at[sizeof(Hash) + static_cast<size_t>(byte)]);
    }
  }
  return entries;
}

Segments::Segments(Options options, LogFiles& files) : options_(std::move(options)), files_(files) {
  NL_CHECK(std::has_single_bit(options_.records_per_segment));
}

std::string Segments::PathOf(uint64_t segment, const char* suffix) const {
  return fmt::format("{}/{:020}{}", options_.directory, segment * options_.records_per_segment, suffix);
}

Result<std::set<uint64_t>> Segments::ListFirsts(const std::string& directory) {
  std::set<uint64_t> first_records;
  std::error_code failure;
  for (std::filesystem::directory_iterator entry(directory, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    const std::string name = entry->path().filename().string();
    uint64_t first = 0;
    const auto [last, problem] = std::from_chars(name.data(), name.data() + name.size(), first);
    const bool is_segment = std::string_view(last) == ".jsonl" || std::string_view(last) == ".archived";
    if (problem == std::errc() && is_segment) first_records.insert(first);
  }
  if (failure)
    return MakeError(ErrorCode::kIoError, "the audit log's segments cannot be listed: {}", failure.message());
  return first_records;
}

Result<uint64_t> Segments::RecordsPerSegment(const std::string& directory, uint64_t wished) {
  NL_ASSIGN_OR_RETURN(const auto firsts, ListFirsts(directory));
  uint64_t step = 0;
  for (auto at = firsts.begin(); at != firsts.end() && std::next(at) != firsts.end(); ++at) {
    const uint64_t records = *std::next(at) - *at;
    step = step == 0 ? records : std::min(step, records);
  }
  if (step == wished) return wished;
  uint64_t records = 0;
  const std::string first = fmt::format("{}/{:020}.jsonl", directory, 0);
  for (uint64_t begin = 0;;) {
    const auto piece = ReadFile(first, begin, kReadBytes);
    if (!piece || piece->empty()) break;
    records += static_cast<uint64_t>(std::ranges::count(*piece, '\n'));
    begin += piece->size();
  }
  if (step == 0) return std::max(wished, std::bit_ceil(records));
  // Where the second one is missing, the first one still tells.
  if (std::has_single_bit(records) && step % records == 0) return records;
  return std::has_single_bit(step) ? step : wished;
}

Result<uint64_t> Segments::CountFiles() const {
  NL_ASSIGN_OR_RETURN(const auto first_records, ListFirsts(options_.directory));
  uint64_t expected = 0;
  for (const uint64_t first : first_records) {
    if (first != expected) {
      return MakeError(ErrorCode::kCorruption, "a segment of the audit log is missing or not its own: {:020}.jsonl",
                       std::min(first, expected));
    }
    expected += options_.records_per_segment;
  }
  return first_records.size();
}

Result<Segments::Scan> Segments::ScanSegment(uint64_t segment) const {
  const bool here = FileSize(PathOf(segment)).has_value();
  if (!here && IsArchived(segment)) {
    if (auto scan = ScanIndex(segment)) return scan;
  }
  return ScanLines(segment, [&](uint64_t begin) { return ReadSegment(segment, begin, kReadBytes); });
}

Result<Segments::Scan> Segments::ScanIndex(uint64_t segment) const {
  NL_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(PathOf(segment, ".index")));
  if (bytes.size() != options_.records_per_segment * kEntryBytes) {
    return MakeError(ErrorCode::kCorruption, "the index of an archived segment of the audit log is not whole: {}",
                     PathOf(segment, ".index"));
  }
  Scan scan;
  scan.entries = DecodeEntries(bytes);
  scan.file_bytes = scan.entries.back().end;
  return scan;
}

Result<Segments::Scan> Segments::ScanLines(uint64_t segment, const ReadPiece& read) const {
  Scan scan;
  const auto rest = [&]() -> Result<void> {
    // Only how much there is counts behind what is no record.
    for (;;) {
      NL_ASSIGN_OR_RETURN(const std::string more, read(scan.file_bytes));
      if (more.empty()) return {};
      scan.file_bytes += more.size();
    }
  };
  std::string held;
  uint64_t begin = 0;
  uint64_t index = segment * options_.records_per_segment;
  for (;;) {
    NL_ASSIGN_OR_RETURN(const std::string more, read(scan.file_bytes));
    if (more.empty()) return scan;
    scan.file_bytes += more.size();
    held += more;
    size_t taken = 0;
    for (size_t end = held.find('\n'); end != std::string::npos; end = held.find('\n', taken)) {
      const std::string_view line = std::string_view(held).substr(taken, end - taken);
      if (!IsRecord(line, index) || scan.entries.size() == options_.records_per_segment) {
        NL_RETURN_IF_ERROR(rest());
        return scan;
      }
      begin += line.size() + 1;
      scan.entries.push_back({LeafHash(line), begin});
      ++index;
      taken = end + 1;
    }
    held.erase(0, taken);
    if (held.size() <= kLineBytesMax) continue;
    NL_RETURN_IF_ERROR(rest());
    return scan;
  }
}

Result<uint64_t> Segments::CutTorn(uint64_t segment, const Scan& scan, const std::string& torn_path) {
  const uint64_t whole = scan.entries.empty() ? 0 : scan.entries.back().end;
  if (whole == scan.file_bytes) return uint64_t{0};
  // Kept: whoever looks into it later can see that it was no record.
  NL_ASSIGN_OR_RETURN(const std::string torn, ReadFile(PathOf(segment), whole));
  NL_RETURN_IF_ERROR(CreateFile(torn_path, torn));
  NL_ASSIGN_OR_RETURN(const auto file, files_.OpenForAppend(PathOf(segment)));
  NL_RETURN_IF_ERROR(file->Truncate(whole));
  return scan.file_bytes - whole;
}

Result<std::vector<Hash>> Segments::ReadRoots(uint64_t count) const {
  const auto text = ReadFile(options_.directory + "/roots");
  std::vector<Hash> roots;
  if (!text || text->size() < count * sizeof(Hash)) return roots;
  roots.resize(count);
  std::memcpy(roots.data(), text->data(), count * sizeof(Hash));
  return roots;
}

Result<bool> Segments::ScanFrom(uint64_t first, uint64_t count, const Checkpoint& checkpoint, uint64_t& torn_bytes,
                                const std::string& torn_path) {
  const uint64_t per_segment = options_.records_per_segment;
  bool agrees = edge_.size() == checkpoint.size && edge_.Root() == checkpoint.root;
  for (uint64_t segment = first; segment < count; ++segment) {
    NL_ASSIGN_OR_RETURN(const Scan scan, ScanSegment(segment));
    const bool is_last = segment + 1 == count;
    const uint64_t whole = scan.entries.empty() ? 0 : scan.entries.back().end;
    const uint64_t records = segment * per_segment + scan.entries.size();
    const bool damaged = whole != scan.file_bytes || (!is_last && scan.entries.size() != per_segment);
    // Only behind the checkpoint, and at the very end, can it be what a crash left.
    if (damaged && (!is_last || records < checkpoint.size)) {
      return MakeError(ErrorCode::kCorruption,
                       "the audit log has something that is no record; neurolake-audit-verify tells more. Record {}",
                       records);
    }
    if (damaged) {
      NL_ASSIGN_OR_RETURN(torn_bytes, CutTorn(segment, scan, torn_path));
    }
    segment_edge_ = TreeEdge();
    for (const IndexEntry& entry : scan.entries) {
      edge_.Append(entry.leaf);
      segment_edge_.Append(entry.leaf);
      if (edge_.size() == checkpoint.size) agrees = edge_.Root() == checkpoint.root;
    }
    NL_RETURN_IF_ERROR(WriteIndex(segment, scan.entries));
    segment_ = segment;
    segment_bytes_ = whole;
    if (segment_edge_.size() < per_segment) continue;
    roots_.push_back(segment_edge_.Root());
    segment_ = segment + 1;
    segment_bytes_ = 0;
    segment_edge_ = TreeEdge();
  }
  return agrees;
}

Result<uint64_t> Segments::Load(const Checkpoint& checkpoint, const std::string& torn_path) {
  NL_ASSIGN_OR_RETURN(const uint64_t count, CountFiles());
  const uint64_t covered = checkpoint.size / options_.records_per_segment;
  uint64_t torn_bytes = 0;
  bool agrees = false;
  // With the roots of the segments that the checkpoint covers, and if those are not right, from all records.
  NL_ASSIGN_OR_RETURN(std::vector<Hash> roots, ReadRoots(covered));
  for (const bool from_roots : {true, false}) {
    if (from_roots && (roots.size() != covered || covered > count)) continue;
    edge_ = TreeEdge();
    segment_edge_ = TreeEdge();
    roots_ = from_roots ? roots : std::vector<Hash>();
    segment_ = roots_.size();
    segment_bytes_ = 0;
    for (const Hash& root : roots_) edge_.AppendSubtree(root, options_.records_per_segment);
    NL_ASSIGN_OR_RETURN(agrees, ScanFrom(segment_, count, checkpoint, torn_bytes, torn_path));
    if (agrees) break;
  }
  if (!agrees && edge_.size() < checkpoint.size) {
    return MakeError(ErrorCode::kCorruption, "the audit log was cut off: it has {} records, and had {} at least",
                     edge_.size(), checkpoint.size);
  }
  if (!agrees) {
    return MakeError(ErrorCode::kCorruption,
                     "records of the audit log are not those that its last checkpoint was made of; "
                     "neurolake-audit-verify tells which, among the first {}",
                     checkpoint.size);
  }
  std::string bytes;
  for (const Hash& root : roots_) bytes.append(reinterpret_cast<const char*>(root.data()), root.size());
  if (!roots_.empty()) NL_RETURN_IF_ERROR(ReplaceFile(options_.directory + "/roots", bytes));
  return torn_bytes;
}

std::vector<Segments::Chunk> Segments::Split(std::span<const std::string> bodies) const {
  std::vector<Chunk> chunks;
  uint64_t index = edge_.size();
  uint64_t end = segment_bytes_;
  for (const std::string& body : bodies) {
    const uint64_t segment = index / options_.records_per_segment;
    if (chunks.empty() || chunks.back().segment != segment) {
      if (segment != segment_) end = 0;
      chunks.push_back({.segment = segment, .bytes = {}, .entries = {}});
    }
    const std::string line = LineStart(index) + body;
    end += line.size() + 1;
    chunks.back().bytes += line;
    chunks.back().bytes += '\n';
    chunks.back().entries.push_back({LeafHash(line), end});
    ++index;
  }
  return chunks;
}

Result<void> Segments::OpenSegment(uint64_t segment) {
  if (file_ != nullptr && segment == segment_) return {};
  index_.reset();
  NL_ASSIGN_OR_RETURN(file_, files_.OpenForAppend(PathOf(segment)));
  segment_ = segment;
  // The index only saves time, so nothing hangs on it, as long as it has nothing that is not so.
  const uint64_t entries = segment == edge_.size() / options_.records_per_segment ? segment_edge_.size() : 0;
  const std::string path = PathOf(segment, ".index");
  if (FileSize(path).value_or(0) != entries * kEntryBytes) {
    const auto scan = ScanSegment(segment);
    if (!scan || scan->entries.size() != entries || !WriteIndex(segment, scan->entries)) {
      std::ignore = files_.Remove(path);
      return {};
    }
  }
  if (auto index = files_.OpenForAppend(path)) index_ = std::move(*index);
  return {};
}

Result<void> Segments::WriteChunk(const Chunk& chunk) {
  NL_RETURN_IF_ERROR(OpenSegment(chunk.segment));
  NL_RETURN_IF_ERROR(file_->Append(chunk.bytes));
  auto synced = file_->Sync();
  // The kernel may have dropped the pages, and would report a second try as a success.
  unknown_ = !synced;
  if (!synced || index_ == nullptr) return synced;
  std::string entries;
  for (const IndexEntry& entry : chunk.entries) entries += EncodeEntry(entry.leaf, entry.end);
  if (!index_->Append(entries)) index_.reset();
  return {};
}

Result<void> Segments::UndoFrom(const Chunk& first, uint64_t bytes_before, uint64_t segment_before) {
  file_.reset();
  index_.reset();
  for (uint64_t segment = segment_; segment > first.segment; --segment) {
    NL_RETURN_IF_ERROR(files_.Remove(PathOf(segment)));
    NL_RETURN_IF_ERROR(files_.Remove(PathOf(segment, ".index")));
  }
  segment_ = segment_before;
  const auto written = FileSize(PathOf(first.segment));
  if (!written && written.error().code() == ErrorCode::kNotFound) return {};
  NL_ASSIGN_OR_RETURN(const auto file, files_.OpenForAppend(PathOf(first.segment)));
  return file->Truncate(first.segment == segment_before ? bytes_before : 0);
}

void Segments::Take(const Chunk& chunk) {
  std::lock_guard lock(mutex_);
  for (const IndexEntry& entry : chunk.entries) {
    edge_.Append(entry.leaf);
    segment_edge_.Append(entry.leaf);
  }
  segment_bytes_ = chunk.entries.back().end;
  if (segment_edge_.size() < options_.records_per_segment) return;
  const Hash root = segment_edge_.Root();
  roots_.push_back(root);
  segment_edge_ = TreeEdge();
  if (auto roots = files_.OpenForAppend(options_.directory + "/roots")) {
    std::ignore = (*roots)->Append({reinterpret_cast<const char*>(root.data()), root.size()});
  }
}

Result<void> Segments::Write(std::span<const std::string> bodies) {
  if (unknown_) {
    return MakeError(ErrorCode::kUnavailable,
                     "the audit log could not be written and nobody knows what is on the disk; restart the server");
  }
  const std::vector<Chunk> chunks = Split(bodies);
  const uint64_t bytes_before = segment_bytes_, segment_before = segment_;
  for (const Chunk& chunk : chunks) {
    auto written = WriteChunk(chunk);
    if (written) continue;
    // Nobody was told of any of them yet, and no checkpoint has them.
    const auto undone = UndoFrom(chunks.front(), bytes_before, segment_before);
    unknown_ = unknown_ || !undone;
    return written;
  }
  for (const Chunk& chunk : chunks) Take(chunk);
  return {};
}

uint64_t Segments::size() const {
  std::shared_lock lock(mutex_);
  return edge_.size();
}

std::pair<uint64_t, Hash> Segments::Head() const {
  std::shared_lock lock(mutex_);
  return {edge_.size(), edge_.Root()};
}

Result<void> Segments::WriteIndex(uint64_t segment, std::span<const IndexEntry> entries) const {
  std::string bytes;
  for (const IndexEntry& entry : entries) bytes += EncodeEntry(entry.leaf, entry.end);
  return ReplaceFile(PathOf(segment, ".index"), bytes);
}

Result<std::vector<Segments::IndexEntry>> Segments::ReadIndex(uint64_t segment, uint64_t first, uint64_t last) const {
  const auto bytes = ReadFile(PathOf(segment, ".index"), first * kEntryBytes, (last - first) * kEntryBytes);
  if (bytes && bytes->size() == (last - first) * kEntryBytes) {
    return DecodeEntries(*bytes);
  }
  NL_ASSIGN_OR_RETURN(Scan scan, ScanSegment(segment));
  if (scan.entries.size() < last) {
    return MakeError(ErrorCode::kCorruption, "a segment of the audit log has fewer records than it had: {}", segment);
  }
  if (IsArchived(segment)) NL_RETURN_IF_ERROR(KeepIndex(segment, scan));
  return std::vector<IndexEntry>(scan.entries.begin() + static_cast<ptrdiff_t>(first),
                                 scan.entries.begin() + static_cast<ptrdiff_t>(last));
}

Result<std::vector<std::string>> Segments::Read(uint64_t first, uint64_t count) const {
  const uint64_t end = std::min(size(), first + std::min(count, UINT64_MAX - first));
  std::vector<std::string> lines;
  while (first < end) {
    const uint64_t segment = first / options_.records_per_segment;
    const uint64_t base = segment * options_.records_per_segment;
    const uint64_t last = std::min(end, base + options_.records_per_segment);
    const uint64_t before = first == base ? 0 : 1;
    const uint64_t indexed = first - base - before;
    NL_ASSIGN_OR_RETURN(const auto entries, ReadIndex(segment, indexed, last - base));
    const uint64_t begin = before == 0 ? 0 : entries.front().end;
    const bool archived = IsArchived(segment);
    NL_ASSIGN_OR_RETURN(const std::string bytes, ReadSegment(segment, begin, entries.back().end - begin));
    for (size_t taken = 0; first < last; ++first) {
      const size_t line_end = bytes.find('\n', taken);
      if (line_end == std::string::npos) {
        return MakeError(ErrorCode::kCorruption, "a record of the audit log is not where it was: {}", first);
      }
      lines.push_back(bytes.substr(taken, line_end - taken));
      // Others may look after the archive than after the log.
      if (archived && LeafHash(lines.back()) != entries[first - base - indexed].leaf) {
        return MakeError(ErrorCode::kCorruption, "a record in the archive of the audit log was changed: {}", first);
      }
      taken = line_end + 1;
    }
  }
  return lines;
}

Result<Hash> Segments::RootAt(uint64_t size) const {
  if (size > this->size()) {
    return MakeError(ErrorCode::kInvalidArgument, "the audit log has fewer records than that: {}", size);
  }
  return RangeRoot(0, size, [this](uint64_t begin, uint64_t end) { return Subtree(begin, end); });
}

Result<Hash> Segments::Subtree(uint64_t begin, uint64_t end) const {
  const uint64_t per_segment = options_.records_per_segment;
  if (end - begin > per_segment) {
    NL_ASSIGN_OR_RETURN(const Hash left, Subtree(begin, begin + (end - begin) / 2));
    NL_ASSIGN_OR_RETURN(const Hash right, Subtree(begin + (end - begin) / 2, end));
    return NodeHash(left, right);
  }
  const uint64_t segment = begin / per_segment;
  if (end - begin == per_segment) {
    std::shared_lock lock(mutex_);
    return roots_.at(segment);
  }
  const uint64_t base = segment * per_segment;
  NL_ASSIGN_OR_RETURN(const auto entries, ReadIndex(segment, begin - base, end - base));
  TreeEdge edge;
  for (const IndexEntry& entry : entries) edge.Append(entry.leaf);
  return edge.Root();
}

}  // namespace neurolake::audit
