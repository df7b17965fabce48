#include "retrieval/passage_log.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <charconv>
#include <cstring>

#include "common/ids.h"
#include "retrieval/internal/byte_reader.h"
#include "retrieval/internal/files.h"
#include "retrieval/internal/passage_codec.h"

namespace neurolake::retrieval {
namespace {

namespace json = boost::json;

constexpr uint32_t kFrameMagic = 0x31464C4E;  // "NLF1"
constexpr size_t kCheckBytes = 8;
/// Magic, payload length, sequence, check of these.
constexpr size_t kFrameHeadBytes = 4 + 4 + 8 + kCheckBytes;
constexpr size_t kPayloadBytesMax = size_t{1} << 30;
constexpr size_t kFileBytesMax = size_t{64} << 30;
constexpr int kVersion = 1;

std::string Check(std::string_view bytes) { return Digest(bytes).substr(0, kCheckBytes); }

std::string Frame(uint64_t sequence, std::string_view payload) {
  ByteWriter writer;
  writer.Put(kFrameMagic);
  writer.Put(static_cast<uint32_t>(payload.size()));
  writer.Put(sequence);
  writer.PutBytes(Check(writer.bytes()));
  writer.PutBytes(payload);
  writer.PutBytes(Check(payload));
  return std::move(writer.bytes());
}

std::unexpected<Error> Damaged(const std::string& path, uint64_t offset) {
  return MakeError(ErrorCode::kCorruption, "log of passages is damaged, restore it from a backup: {} at byte {}", path,
                   offset);
}

struct ReadFrame {
  enum class State : uint8_t { kWhole, kTorn, kDamaged };
  State state = State::kTorn;
  uint64_t sequence = 0;
  std::string_view payload;
  size_t bytes = 0;
};

/// A frame whose end is not in the file was being written when the process died; one that is there and does not check
/// is damage, as a file only grows over what was written. A tail of zeros is space the file system gave and never
/// filled.
ReadFrame FrameAt(std::string_view rest) {
  using State = ReadFrame::State;
  if (rest.size() < kFrameHeadBytes || rest.find_first_not_of('\0') == std::string_view::npos) return {};
  const std::string_view head = rest.substr(0, kFrameHeadBytes - kCheckBytes);
  ByteReader reader(head);
  const auto magic = reader.Get<uint32_t>();
  const auto length = reader.Get<uint32_t>();
  const auto sequence = reader.Get<uint64_t>();
  if (magic != kFrameMagic || rest.substr(head.size(), kCheckBytes) != Check(head)) return {.state = State::kDamaged};
  const size_t whole = kFrameHeadBytes + length + kCheckBytes;
  if (rest.size() < whole) return {};
  const std::string_view payload = rest.substr(kFrameHeadBytes, length);
  if (rest.substr(kFrameHeadBytes + length, kCheckBytes) != Check(payload)) return {.state = State::kDamaged};
  return {.state = State::kWhole, .sequence = sequence, .payload = payload, .bytes = whole};
}

std::optional<uint64_t> ParseNumber(std::string_view text) {
  uint64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

Result<std::unique_ptr<PassageLog>> PassageLog::Open(const std::string& path, const EmbeddingModel& model,
                                                     const Visitor& visit) {
  std::unique_ptr<PassageLog> log(new PassageLog(path, model));
  log->lock_ = Descriptor(::open((path + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!log->lock_.valid()) {
    return MakeError(ErrorCode::kIoError, "cannot make the lock of a log of passages: {} ({})", path,
                     std::strerror(errno));
  }
  if (::flock(log->lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    return MakeError(ErrorCode::kConflict, "log of passages is open in another process: {}", path);
  }
  Result<std::string> bytes = ReadFile(path, kFileBytesMax);
  if (!bytes.has_value() && bytes.error().code() != ErrorCode::kNotFound) return std::unexpected(bytes.error());
  // A head that never got whole was never acknowledged.
  const bool empty = !bytes.has_value() || FrameAt(*bytes).state == ReadFrame::State::kTorn;
  if (empty) {
    log->id_ = NewUuid();
    NL_RETURN_IF_ERROR(log->Start({}));
    return log;
  }
  NL_RETURN_IF_ERROR(log->ReadAll(*bytes, visit));
  NL_RETURN_IF_ERROR(log->OpenFile());
  if (log->size_ < bytes->size() &&
      (::ftruncate(log->file_.get(), static_cast<off_t>(log->size_)) != 0 || ::fsync(log->file_.get()) != 0)) {
    return MakeError(ErrorCode::kIoError, "cannot cut off an unfinished change: {} ({})", path, std::strerror(errno));
  }
  return log;
}

Result<void> PassageLog::OpenFile() {
  file_ = Descriptor(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  if (!file_.valid()) {
    return MakeError(ErrorCode::kIoError, "cannot open a log of passages: {} ({})", path_, std::strerror(errno));
  }
  return {};
}

std::string PassageLog::Head(uint64_t sequence) const {
  const json::object head = {{"format", kVersion}, {"log", id_}, {"model", model_.id}, {"dimension", model_.dimension}};
  return Frame(sequence, json::serialize(head));
}

Result<void> PassageLog::Start(std::string_view more_frames) {
  const std::string bytes = Head(base_sequence_) + std::string(more_frames);
  NL_RETURN_IF_ERROR(ReplaceFile(path_, bytes));
  size_ = bytes.size();
  return OpenFile();
}

Result<void> PassageLog::ReadHead(std::string_view payload, uint64_t sequence) {
  boost::system::error_code failure;
  const json::value value = json::parse(payload, failure);
  const json::object* head = failure ? nullptr : value.if_object();
  const json::value* version = head == nullptr ? nullptr : head->if_contains("format");
  if (version == nullptr || !version->is_int64()) return Damaged(path_, 0);
  if (version->as_int64() != kVersion) {
    return MakeError(ErrorCode::kNotSupported, "log of passages has format {}, this program reads format {}: {}",
                     version->as_int64(), kVersion, path_);
  }
  const json::value* id = head->if_contains("log");
  const json::value* model = head->if_contains("model");
  const json::value* dimension = head->if_contains("dimension");
  if (id == nullptr || !id->is_string() || model == nullptr || !model->is_string() || dimension == nullptr ||
      !dimension->is_int64()) {
    return Damaged(path_, 0);
  }
  if (model->as_string() != model_.id || static_cast<size_t>(dimension->as_int64()) != model_.dimension) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "index was made with another embedding model: it has {} of {} dimensions, configured is {} of {}; "
                     "configure that one, or ingest the documents into a new index",
                     std::string_view(model->as_string()), dimension->as_int64(), model_.id, model_.dimension);
  }
  id_ = id->as_string();
  base_sequence_ = sequence;
  return {};
}

Result<void> PassageLog::ReadAll(std::string_view bytes, const Visitor& visit) {
  while (size_ < bytes.size()) {
    const ReadFrame frame = FrameAt(bytes.substr(size_));
    if (frame.state == ReadFrame::State::kTorn) break;
    const bool first = size_ == 0;
    if (frame.state == ReadFrame::State::kDamaged || (!first && frame.sequence != sequence_ + 1)) {
      return Damaged(path_, size_);
    }
    if (first) {
      NL_RETURN_IF_ERROR(ReadHead(frame.payload, frame.sequence));
    } else {
      auto changes = DecodeChanges(frame.payload, model_.dimension);
      if (!changes) return Damaged(path_, size_);
      NL_RETURN_IF_ERROR(visit(frame.sequence, std::move(*changes)));
    }
    sequence_ = frame.sequence;
    size_ += frame.bytes;
  }
  return {};
}

Result<void> PassageLog::Append(const std::vector<PassageChange>& changes) {
  if (broken_) {
    return MakeError(ErrorCode::kUnavailable,
                     "log of passages failed before and takes no changes until it is opened again");
  }
  const std::string payload = EncodeChanges(changes);
  if (payload.size() > kPayloadBytesMax) {
    return MakeError(ErrorCode::kPayloadTooLarge, "too many passages at once: more than {} bytes", kPayloadBytesMax);
  }
  const std::string frame = Frame(sequence_ + 1, payload);
  Result<void> written = WriteAll(file_.get(), frame, path_);
  if (written.has_value() && ::fsync(file_.get()) != 0) {
    written = MakeError(ErrorCode::kIoError, "cannot sync a log of passages: {} ({})", path_, std::strerror(errno));
  }
  if (!written.has_value()) {
    broken_ = true;
    // What this leaves behind is cut off now or by the next Open. A frame that got whole but not synced must go, or a
    // change that was reported as failed would come back.
    if (::ftruncate(file_.get(), static_cast<off_t>(size_)) == 0) ::fsync(file_.get());
    return written;
  }
  ++sequence_;
  size_ += frame.size();
  return {};
}

Result<void> PassageLog::Compact(const std::vector<PassageChange>& changes) {
  constexpr size_t kChangesPerFrame = 1024;
  const uint64_t base = sequence_ + 1;
  uint64_t next = base;
  std::string frames;
  for (size_t at = 0; at < changes.size(); at += kChangesPerFrame) {
    const auto from = changes.begin() + static_cast<std::ptrdiff_t>(at);
    const auto to = changes.begin() + static_cast<std::ptrdiff_t>(std::min(at + kChangesPerFrame, changes.size()));
    frames += Frame(++next, EncodeChanges(std::vector<PassageChange>(from, to)));
  }
  base_sequence_ = base;
  // Whether the file was replaced is not known after a failure: no more is added to either.
  broken_ = true;
  NL_RETURN_IF_ERROR(Start(frames));
  broken_ = false;
  sequence_ = next;
  return {};
}

std::string PassageLog::Mark() const { return fmt::format("{}:{}", id_, sequence_); }

std::optional<uint64_t> PassageLog::SequenceOf(const std::string& mark) const {
  const std::string prefix = id_ + ":";
  if (!mark.starts_with(prefix)) return std::nullopt;
  const std::optional<uint64_t> sequence = ParseNumber(std::string_view(mark).substr(prefix.size()));
  // What a compaction dropped cannot be followed.
  if (!sequence || *sequence < base_sequence_ || *sequence > sequence_) return std::nullopt;
  return sequence;
}

}  // namespace neurolake::retrieval
