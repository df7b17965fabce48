#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "common/ids.h"
#include "common/text.h"
#include "server/http/internal/handlers.h"
#include "server/http/internal/json.h"

namespace neurolake::server {
namespace {

constexpr std::string_view kPartPrefix = ".upload-";
constexpr size_t kPieceBytes = 256 * 1024;

Result<void> CheckName(const std::string& name) {
  const bool valid =
      !name.empty() && name.size() <= 200 && name[0] != '.' && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
               c == '-' || c == '%';
      });
  if (valid) return {};
  return MakeError(
      ErrorCode::kInvalidArgument,
      "an upload's name has 1 to 200 letters, digits, dots, hyphens, underscores or percent signs and no leading dot");
}

std::unexpected<Error> FileError() {
  if (errno == ENOSPC || errno == EDQUOT) return MakeError(ErrorCode::kDiskFull, "no space is left for the upload");
  if (errno == EROFS || errno == EACCES) return MakeError(ErrorCode::kReadOnly, "the staging folder cannot be written");
  return MakeError(ErrorCode::kIoError, "the upload could not be stored");
}

/// A file that becomes visible under its name only when it is complete and on disk.
class PendingFile {
 public:
  static Result<std::unique_ptr<PendingFile>> Create(const std::filesystem::path& path) {
    std::error_code code;
    std::filesystem::create_directories(path.parent_path(), code);
    if (code) {
      errno = code.value();
      return FileError();
    }
    const auto part = path.parent_path() / (std::string(kPartPrefix) + NewUuid());
    const int descriptor = open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor < 0) return FileError();
    return std::unique_ptr<PendingFile>(new PendingFile(path, part, descriptor));
  }
  ~PendingFile() {
    if (descriptor_ >= 0) close(descriptor_);
    if (!part_.empty()) unlink(part_.c_str());
  }

  Result<void> Write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = write(descriptor_, bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return FileError();
      bytes.remove_prefix(static_cast<size_t>(count));
    }
    return {};
  }

  /// True when a file of that name was replaced.
  Result<bool> Publish() {
    if (fsync(descriptor_) != 0) return FileError();
    const bool replaced = access(path_.c_str(), F_OK) == 0;
    if (rename(part_.c_str(), path_.c_str()) != 0) return FileError();
    part_.clear();
    const int folder = open(path_.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return FileError();
    const int synced = fsync(folder);
    close(folder);
    if (synced != 0) return FileError();
    return replaced;
  }

 private:
  PendingFile(std::filesystem::path path, std::filesystem::path part, int descriptor)
      : path_(std::move(path)), part_(std::move(part)), descriptor_(descriptor) {}
  std::filesystem::path path_;
  std::filesystem::path part_;
  int descriptor_;
};

std::unexpected<Error> TooLarge(int64_t bytes_max) {
  return MakeError(ErrorCode::kPayloadTooLarge, "the upload is larger than http.upload_bytes_max: {} bytes", bytes_max);
}

void AppendUpload(const std::string& name, int64_t size_bytes, std::string& out) {
  ObjectWriter object(out);
  object.Text("name", name).Text("uri", "upload://" + name).Integer("size_bytes", size_bytes);
  object.End();
}

}  // namespace

Result<void> PutUpload(Door& door, Call& call) {
  NL_RETURN_IF_ERROR(call.Require(Right::kWrite));
  const std::string& name = call.arguments[0];
  NL_RETURN_IF_ERROR(CheckName(name));
  const RequestContext ctx = call.Context(door, door.settings.statement_timeout);
  NL_ASSIGN_OR_RETURN(const std::string path, door.service.StagingPath(ctx, name));
  const int64_t bytes_max = door.settings.http_upload_bytes_max;
  const auto announced = call.request.body->announced_size();
  if (announced.has_value() && *announced > static_cast<uint64_t>(bytes_max)) return TooLarge(bytes_max);
  const std::string folder = std::filesystem::path(path).parent_path().string();
  door.uploads.SweepFolder(folder);
  UploadStore::Claim claim(door.uploads, folder, name);
  // What is announced is refused before it is sent; what is not is refused as it comes.
  const auto announced_bytes = static_cast<int64_t>(announced.value_or(0));
  NL_RETURN_IF_ERROR(door.uploads.Grow(claim, announced_bytes));
  NL_ASSIGN_OR_RETURN(const auto file, PendingFile::Create(path));
  std::vector<char> piece(kPieceBytes);
  int64_t size_bytes = 0;
  while (true) {
    NL_ASSIGN_OR_RETURN(const size_t count, call.request.body->Read(piece));
    if (count == 0) break;
    size_bytes += static_cast<int64_t>(count);
    if (size_bytes > bytes_max) return TooLarge(bytes_max);
    if (size_bytes > announced_bytes) NL_RETURN_IF_ERROR(door.uploads.Grow(claim, static_cast<int64_t>(count)));
    NL_RETURN_IF_ERROR(file->Write({piece.data(), count}));
  }
  NL_ASSIGN_OR_RETURN(const bool replaced, file->Publish());
  std::string out;
  AppendUpload(name, size_bytes, out);
  return call.SendJson(replaced ? 200 : 201, out);
}

Result<void> ListUploads(Door& door, Call& call) {
  NL_RETURN_IF_ERROR(call.Require(Right::kWrite));
  const RequestContext ctx = call.Context(door, door.settings.statement_timeout);
  NL_ASSIGN_OR_RETURN(const std::string any, door.service.StagingPath(ctx, "any"));
  door.uploads.SweepFolder(std::filesystem::path(any).parent_path().string());
  std::map<std::string, int64_t> uploads;
  std::error_code code;
  for (std::filesystem::directory_iterator it(std::filesystem::path(any).parent_path(), code), end; !code && it != end;
       it.increment(code)) {
    std::error_code ignored;
    const std::string name = it->path().filename().string();
    if (!it->is_regular_file(ignored) || name.starts_with('.')) continue;
    const auto size = it->file_size(ignored);
    if (!ignored) uploads.emplace(name, static_cast<int64_t>(size));
  }
  std::string out = "{\"uploads\":[";
  for (const auto& [name, size_bytes] : uploads) {
    if (out.back() != '[') out.push_back(',');
    AppendUpload(name, size_bytes, out);
  }
  return call.SendJson(200, out + "]}");
}

Result<void> DeleteUpload(Door& door, Call& call) {
  NL_RETURN_IF_ERROR(call.Require(Right::kWrite));
  const std::string& name = call.arguments[0];
  NL_RETURN_IF_ERROR(CheckName(name));
  NL_ASSIGN_OR_RETURN(const std::string path,
                      door.service.StagingPath(call.Context(door, door.settings.statement_timeout), name));
  if (unlink(path.c_str()) != 0) {
    if (errno == ENOENT) return MakeError(ErrorCode::kNotFound, "there is no such upload: {}", name);
    return FileError();
  }
  return call.Send(204, "", "");
}

}  // namespace neurolake::server
