#include "query/audit_archive.h"

#include "audit/log_files.h"

namespace neurolake::query {
namespace {

constexpr uint64_t kPieceBytes = 8 << 20;

}  // namespace

Result<void> StoreArchive::Store(const std::string& name, const std::string& path) {
  NL_ASSIGN_OR_RETURN(const auto store, open_());
  NL_ASSIGN_OR_RETURN(const uint64_t bytes, audit::FileSize(path));
  NL_ASSIGN_OR_RETURN(
      const auto upload,
      store->NewUpload(place_ + "/" + name, {.if_absent = true, .expected_bytes = static_cast<int64_t>(bytes)}));
  for (uint64_t begin = 0; begin < bytes;) {
    NL_ASSIGN_OR_RETURN(const std::string piece, audit::ReadFile(path, begin, kPieceBytes));
    if (piece.empty()) return MakeError(ErrorCode::kIoError, "a segment of the audit log ended early: {}", path);
    NL_RETURN_IF_ERROR(upload->Append(piece));
    begin += piece.size();
  }
  const auto finished = upload->Finish();
  // What is there, whoever put it there and whether or not the store said so, is read back by whoever calls.
  const bool there = !finished && (finished.error().code() == ErrorCode::kAlreadyExists ||
                                   finished.error().code() == ErrorCode::kCommitUnknown);
  return there ? Result<void>() : finished;
}

Result<std::string> StoreArchive::Read(const std::string& name, uint64_t begin, uint64_t bytes) const {
  NL_ASSIGN_OR_RETURN(const auto store, open_());
  const std::string path = place_ + "/" + name;
  // Not every store answers a range behind the end with nothing.
  NL_ASSIGN_OR_RETURN(const auto info, store->Head(path));
  const auto size = static_cast<uint64_t>(info.size_bytes);
  if (begin >= size) return std::string();
  return store->ReadRange(path, static_cast<int64_t>(begin), static_cast<int64_t>(std::min(bytes, size - begin)));
}

}  // namespace neurolake::query
