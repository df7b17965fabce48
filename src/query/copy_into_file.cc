#include "query/copy_into_file.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <atomic>
#include <boost/json/parse.hpp>
#include <cstring>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "common/text.h"

namespace neurolake::query {
namespace {

constexpr int64_t kPartBytes = int64_t{16} << 20;
constexpr size_t kPieceBytes = size_t{1} << 20;
constexpr int kThreads = 2;

/// Size and time of a file in an object store.
Result<struct stat> StatusOf(const SourceFile& file) {
  NL_ASSIGN_OR_RETURN(const auto info, file.store->Head(file.path));
  struct stat status {};
  status.st_size = info.size_bytes;
  const auto since_epoch = info.modified.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
  status.st_mtim.tv_sec = seconds.count();
  status.st_mtim.tv_nsec = std::chrono::nanoseconds(since_epoch - seconds).count();
  return status;
}

/// A local file by its descriptor, or an object; reads of one may come from several threads.
class OpenFile {
 public:
  static Result<OpenFile> Open(const SourceFile& file) {
    if (file.store != nullptr) {
      NL_ASSIGN_OR_RETURN(const struct stat found, StatusOf(file));
      OpenFile opened(-1, found);
      opened.source_ = &file;
      return opened;
    }
    const int descriptor = open(file.path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat status {};
    if (descriptor < 0 || fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
      if (descriptor >= 0) close(descriptor);
      return MakeError(ErrorCode::kIoError, "cannot read the file {}: it is gone, or not a readable regular file",
                       file.name);
    }
    return OpenFile(descriptor, status);
  }
  OpenFile(OpenFile&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)), status_(other.status_), source_(other.source_) {}
  ~OpenFile() {
    if (descriptor_ >= 0) close(descriptor_);
  }

  int64_t size() const { return status_.st_size; }
  const struct stat& status() const { return status_; }
  // Bytes read, 0 at the end, -1 on an error.
  ssize_t ReadAt(char* buffer, size_t bytes, int64_t offset) const {
    if (source_ != nullptr) {
      const auto read = source_->store->ReadRange(source_->path, offset, static_cast<int64_t>(bytes));
      if (!read.has_value() || read->size() > bytes) return -1;
      std::memcpy(buffer, read->data(), read->size());
      return static_cast<ssize_t>(read->size());
    }
    size_t done = 0;
    while (done < bytes) {
      const ssize_t got = pread(descriptor_, buffer + done, bytes - done, offset + static_cast<int64_t>(done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return -1;
      if (got == 0) break;
      done += static_cast<size_t>(got);
    }
    return static_cast<ssize_t>(done);
  }

 private:
  OpenFile(int descriptor, const struct stat& status) : descriptor_(descriptor), status_(status) {}
  int descriptor_;
  struct stat status_;
  const SourceFile* source_ = nullptr;  // In an object store; the caller has it.
};

int64_t ModifiedNs(const struct stat& status) {
  return int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
}

std::unexpected<Error> CannotRead(const SourceFile& file) {
  return MakeError(ErrorCode::kIoError, "cannot read the file {}", file.name);
}
std::unexpected<Error> Damaged(const SourceFile& file, std::string_view kind) {
  return MakeError(ErrorCode::kInvalidArgument, "the {} file {} is cut off or damaged; nothing of it was loaded", kind,
                   file.name);
}

FileCompression CompressionOf(const OpenFile& file) {
  std::array<unsigned char, 4> magic{};
  const ssize_t got = file.ReadAt(reinterpret_cast<char*>(magic.data()), magic.size(), 0);
  if (got >= 2 && magic[0] == 0x1F && magic[1] == 0x8B) return FileCompression::kGzip;
  if (got == 4 && magic[0] == 0x28 && magic[1] == 0xB5 && magic[2] == 0x2F && magic[3] == 0xFD)
    return FileCompression::kZstd;
  return FileCompression::kNone;
}

/// Counts line ends over pieces of a text.
class LineEndCounter {
 public:
  void Add(std::string_view piece) {
    for (size_t at = 0; at < piece.size();) {
      const void* found = std::memchr(piece.data() + at, '\n', piece.size() - at);
      if (found == nullptr) break;
      const size_t end = static_cast<size_t>(static_cast<const char*>(found) - piece.data());
      const bool after_cr = end > 0 ? piece[end - 1] == '\r' : last_ == '\r';
      ++(after_cr ? crlf : lf);
      at = end + 1;
    }
    if (!piece.empty()) last_ = piece.back();
  }
  int64_t crlf = 0;
  int64_t lf = 0;

 private:
  char last_ = 0;
};

/// The keys of objects, one on each line, that are looked through byte by byte.
class KeyCollector {
 public:
  void EndLine() {
    expected_ = in_key_ = false;
    at_ = 0;
  }
  void ExpectKey(bool expected) { expected_ = expected; }
  void BeginText(int depth) {
    in_key_ = expected_ && depth == 1;
    expected_ = false;
    key_.clear();
  }
  /// A byte of a text; the last is its closing quote.
  void AddToText(char byte, bool last) {
    if (!in_key_) return;
    if (last) {
      in_key_ = false;
      EndKey();
    } else if (key_.size() <= kKeyBytesMax) {
      key_ += byte;
    }
  }
  std::vector<std::string> Take() { return std::move(keys_); }

 private:
  static constexpr size_t kKeysMax = 100'000;
  static constexpr size_t kKeyBytesMax = 64 << 10;

  // Lines mostly have their keys in one order, so that most of them need no look-up.
  void EndKey() {
    const size_t at = at_++;
    if (key_.size() > kKeyBytesMax) return;
    if (at < order_.size() && order_[at] == key_) return;
    if (at <= order_.size() && at < kKeysMax) {
      if (at == order_.size()) order_.emplace_back();
      order_[at] = key_;
    }
    Add();
  }
  void Add() {
    std::string name = key_;
    if (key_.find('\\') != std::string::npos) {
      boost::system::error_code broken;
      const auto value = boost::json::parse('"' + key_ + '"', broken);
      if (broken || !value.is_string()) return;
      name = value.get_string();
    }
    if (seen_.contains(name)) return;
    std::string folded = LowerAscii(name);
    if (seen_.size() >= kKeysMax && !folded_.contains(folded)) return;
    folded_.insert(std::move(folded));
    seen_.insert(name);
    keys_.push_back(std::move(name));
  }

  bool expected_ = false;
  bool in_key_ = false;
  std::string key_;
  size_t at_ = 0;                   // Of the next key in its line.
  std::vector<std::string> order_;  // Keys as they stood in the lines before.
  std::set<std::string> seen_;
  std::set<std::string> folded_;
  std::vector<std::string> keys_;
};

using Digest = std::array<unsigned char, 32>;

bool HashPart(const OpenFile& file, int64_t offset, std::vector<char>& buffer, Digest& digest) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> hash(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  if (hash == nullptr || EVP_DigestInit_ex(hash.get(), EVP_sha256(), nullptr) != 1) return false;
  const int64_t end = std::min(file.size(), offset + kPartBytes);
  for (int64_t at = offset; at < end;) {
    const auto bytes = static_cast<size_t>(std::min<int64_t>(end - at, static_cast<int64_t>(buffer.size())));
    if (file.ReadAt(buffer.data(), bytes, at) != static_cast<ssize_t>(bytes)) return false;
    EVP_DigestUpdate(hash.get(), buffer.data(), bytes);
    at += static_cast<int64_t>(bytes);
  }
  return EVP_DigestFinal_ex(hash.get(), digest.data(), nullptr) == 1;
}

Result<std::string> HashParts(const OpenFile& file, const SourceFile& source, ProductSql& sql) {
  const auto count = static_cast<size_t>((file.size() + kPartBytes - 1) / kPartBytes);
  std::vector<Digest> parts(count);
  std::atomic<size_t> next{0};
  std::atomic<bool> failed{false};
  const auto work = [&](bool may_cancel) {
    std::vector<char> buffer(kPieceBytes);
    for (size_t part = next++; part < count && !failed; part = next++) {
      if (may_cancel && !sql.CheckAlive().has_value()) failed = true;
      if (!HashPart(file, static_cast<int64_t>(part) * kPartBytes, buffer, parts[part])) failed = true;
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 1; i < kThreads && count > 1; ++i) threads.emplace_back(work, false);
    work(true);
  }
  NL_RETURN_IF_ERROR(sql.CheckAlive());
  if (failed) return CannotRead(source);
  std::string digests;
  for (const Digest& part : parts) digests.append(reinterpret_cast<const char*>(part.data()), part.size());
  return Sha256Hex(digests);
}

using Take = std::function<bool(std::string_view)>;

Result<void> ReadPlain(const OpenFile& file, const SourceFile& source, const Take& take) {
  std::vector<char> buffer(kPieceBytes);
  for (int64_t at = 0; at < file.size();) {
    const ssize_t got = file.ReadAt(buffer.data(), buffer.size(), at);
    if (got < 0) return CannotRead(source);
    if (got == 0 || !take({buffer.data(), static_cast<size_t>(got)})) return {};
    at += got;
  }
  return {};
}

Result<void> ReadGzip(const OpenFile& file, const SourceFile& source, const Take& take) {
  std::vector<char> packed(kPieceBytes);
  std::vector<char> plain(kPieceBytes);
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) return MakeError(ErrorCode::kOutOfMemory, "no memory to unpack a file");
  const std::unique_ptr<z_stream, decltype(&inflateEnd)> guard(&stream, &inflateEnd);
  int status = Z_STREAM_END;
  for (int64_t at = 0; at < file.size();) {
    const ssize_t got = file.ReadAt(packed.data(), packed.size(), at);
    if (got <= 0) return CannotRead(source);
    at += got;
    stream.next_in = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_in = static_cast<uInt>(got);
    do {
      // Members may follow each other: gzip files may be joined.
      if (status == Z_STREAM_END && stream.avail_in > 0 && stream.total_in > 0) inflateReset(&stream);
      stream.next_out = reinterpret_cast<Bytef*>(plain.data());
      stream.avail_out = static_cast<uInt>(plain.size());
      status = inflate(&stream, Z_NO_FLUSH);
      if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) return Damaged(source, "gzip");
      if (!take({plain.data(), plain.size() - stream.avail_out})) return {};
    } while (stream.avail_in > 0 || stream.avail_out == 0);
  }
  if (status != Z_STREAM_END) return Damaged(source, "gzip");
  return {};
}

Result<void> ReadZstd(const OpenFile& file, const SourceFile& source, const Take& take) {
  std::vector<char> packed(kPieceBytes);
  std::vector<char> plain(kPieceBytes);
  const std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream(ZSTD_createDStream(), &ZSTD_freeDStream);
  if (stream == nullptr) return MakeError(ErrorCode::kOutOfMemory, "no memory to unpack a file");
  size_t wanted = 0;
  for (int64_t at = 0; at < file.size();) {
    const ssize_t got = file.ReadAt(packed.data(), packed.size(), at);
    if (got <= 0) return CannotRead(source);
    at += got;
    ZSTD_inBuffer in{packed.data(), static_cast<size_t>(got), 0};
    bool full = false;
    while (in.pos < in.size || full) {
      ZSTD_outBuffer out{plain.data(), plain.size(), 0};
      wanted = ZSTD_decompressStream(stream.get(), &out, &in);
      if (ZSTD_isError(wanted) != 0) return Damaged(source, "zstd");
      full = out.pos == out.size;
      if (!take({plain.data(), out.pos})) return {};
    }
  }
  if (wanted != 0) return Damaged(source, "zstd");
  return {};
}

}  // namespace

Result<void> ReadText(const SourceFile& file, FileCompression compression, const Take& take) {
  NL_ASSIGN_OR_RETURN(const OpenFile opened, OpenFile::Open(file));
  switch (compression) {
    case FileCompression::kNone: return ReadPlain(opened, file, take);
    case FileCompression::kGzip: return ReadGzip(opened, file, take);
    case FileCompression::kZstd: return ReadZstd(opened, file, take);
  }
  NL_UNREACHABLE();
}

Result<FileInspection> InspectFile(const SourceFile& file, bool text, ProductSql& sql) {
  FileInspection inspection;
  NL_ASSIGN_OR_RETURN(const OpenFile opened, OpenFile::Open(file));
  inspection.size_bytes = opened.size();
  inspection.device = opened.status().st_dev;
  inspection.inode = opened.status().st_ino;
  inspection.modified_ns = ModifiedNs(opened.status());
  if (text) inspection.compression = CompressionOf(opened);
  NL_ASSIGN_OR_RETURN(inspection.content_hash, HashParts(opened, file, sql));
  if (inspection.compression != FileCompression::kNone) {
    NL_RETURN_IF_ERROR(
        ReadText(file, inspection.compression, [&](std::string_view) { return sql.CheckAlive().has_value(); }));
    NL_RETURN_IF_ERROR(sql.CheckAlive());
  }
  return inspection;
}

Result<void> CheckSameFile(const SourceFile& file, const FileInspection& inspection) {
  struct stat status {};
  bool found = false;
  if (file.store != nullptr) {
    const auto now = StatusOf(file);
    if (!now.has_value() && now.error().code() != ErrorCode::kNotFound) return std::unexpected(now.error());
    found = now.has_value();
    status = now.value_or(status);
  } else {
    found = stat(file.path.c_str(), &status) == 0;
    if (!found && errno == EIO) return MakeError(ErrorCode::kIoError, "the file {} cannot be looked at", file.name);
  }
  if (!found) {
    return MakeError(ErrorCode::kIoError, "the file {} vanished while it was loaded; nothing was loaded", file.name);
  }
  if (status.st_dev == inspection.device && status.st_ino == inspection.inode &&
      status.st_size == inspection.size_bytes && ModifiedNs(status) == inspection.modified_ns) {
    return {};
  }
  return MakeError(ErrorCode::kIoError,
                   "the file {} changed while it was loaded; nothing was loaded, load it again when it is complete",
                   file.name);
}

Result<bool> HasMixedLineEnds(const SourceFile& file, FileCompression compression) {
  LineEndCounter lines;
  NL_RETURN_IF_ERROR(ReadText(file, compression, [&](std::string_view piece) {
    lines.Add(piece);
    return lines.crlf == 0 || lines.lf == 0;
  }));
  return lines.crlf > 0 && lines.lf > 0;
}

Result<JsonLines> LookThroughJson(const SourceFile& file, FileCompression compression, int depth_max) {
  JsonLines lines;
  KeyCollector keys;
  int64_t line = 1;
  int depth = 0;
  bool in_text = false;
  bool escaped = false;
  NL_RETURN_IF_ERROR(ReadText(file, compression, [&](std::string_view piece) {
    for (const char byte : piece) {
      if (byte == '\n') {
        // JSON lines: what a line left open ends with it.
        ++line;
        depth = 0;
        in_text = escaped = false;
        keys.EndLine();
      } else if (in_text) {
        in_text = escaped || byte != '"';
        escaped = !escaped && byte == '\\';
        keys.AddToText(byte, !in_text);
      } else if (byte == '"') {
        in_text = true;
        keys.BeginText(depth);
      } else if (byte == '[' || byte == '{') {
        if (++depth > depth_max) lines.deep_line = line;
        keys.ExpectKey(depth == 1 && byte == '{');
      } else if (byte == ']' || byte == '}') {
        --depth;
      } else if (byte == ',' && depth == 1) {
        keys.ExpectKey(true);
      }
      if (lines.deep_line > 0) return false;
    }
    return true;
  }));
  lines.keys = keys.Take();
  return lines;
}

std::string FileIdentity(const SourceFile& file, const FileInspection& inspection) {
  const size_t slash = file.name.find_last_of('/');
  const std::string_view name =
      slash == std::string::npos ? std::string_view(file.name) : std::string_view(file.name).substr(slash + 1);
  return Sha256Hex(fmt::format("{}\n{}\n{}", name, inspection.size_bytes, inspection.content_hash));
}

}  // namespace neurolake::query
