// Bundles as tar archives, by libarchive with nothing switched on but tar and gzip.
#include <archive.h>
#include <archive_entry.h>

#include <algorithm>

#include "governance/rego/bundle.h"

namespace neurolake::governance {
namespace {

struct ReaderClosed {
  void operator()(archive* reader) const { archive_read_free(reader); }
};
struct WriterClosed {
  void operator()(archive* writer) const { archive_write_free(writer); }
};
struct EntryFreed {
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};

std::unexpected<Error> Unreadable(archive* reader) {
  const char* text = archive_error_string(reader);
  return MakeError(ErrorCode::kInvalidArgument, "the bundle is no readable tar archive, or gzip'ed one: {}",
                   text == nullptr ? "unknown" : text);
}

std::unexpected<Error> TooLarge() {
  return MakeError(ErrorCode::kPayloadTooLarge, "a bundle has at most {} files and {} bytes", RegoBundle::kFilesMax,
                   RegoBundle::kBytesMax);
}

/// The content of the entry that `reader` is at. `left` is what the bundle may still take.
Result<std::string> ReadContent(archive* reader, size_t left) {
  std::string content;
  char piece[16 * 1024];
  while (true) {
    const la_ssize_t count = archive_read_data(reader, piece, sizeof(piece));
    if (count < 0) return Unreadable(reader);
    if (count == 0) return content;
    if (content.size() + static_cast<size_t>(count) > left) return TooLarge();
    content.append(piece, static_cast<size_t>(count));
  }
}

}  // namespace

Result<std::vector<BundleFile>> ReadBundleArchive(std::string_view bytes) {
  const std::unique_ptr<archive, ReaderClosed> reader(archive_read_new());
  archive_read_support_filter_gzip(reader.get());
  archive_read_support_format_tar(reader.get());
  if (archive_read_open_memory(reader.get(), bytes.data(), bytes.size()) != ARCHIVE_OK) return Unreadable(reader.get());
  std::vector<BundleFile> files;
  size_t left = RegoBundle::kBytesMax;
  size_t entries = 0;
  while (true) {
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(reader.get(), &entry);
    if (status == ARCHIVE_EOF) return files;
    if (status != ARCHIVE_OK) return Unreadable(reader.get());
    if (++entries > 2 * RegoBundle::kFilesMax || files.size() == RegoBundle::kFilesMax) return TooLarge();
    const auto type = archive_entry_filetype(entry);
    if (type == AE_IFDIR) continue;
    const char* path = archive_entry_pathname_utf8(entry);
    if (type != AE_IFREG || archive_entry_hardlink(entry) != nullptr || path == nullptr) {
      return MakeError(ErrorCode::kInvalidArgument, "a bundle holds files and directories, no links or devices: {}",
                       path == nullptr ? "?" : path);
    }
    std::string name = path;
    NL_ASSIGN_OR_RETURN(std::string content, ReadContent(reader.get(), left));
    left -= content.size();
    files.push_back({std::move(name), std::move(content)});
  }
}

Result<std::string> WriteBundleArchive(std::vector<BundleFile> files) {
  std::ranges::sort(files, {}, &BundleFile::path);
  size_t size = 64 * 1024;
  for (const BundleFile& file : files) size += file.content.size() + file.path.size() + 4096;
  std::string bytes(size, '\0');
  size_t used = 0;
  const std::unique_ptr<archive, WriterClosed> writer(archive_write_new());
  const std::unique_ptr<archive_entry, EntryFreed> entry(archive_entry_new());
  archive_write_add_filter_gzip(writer.get());
  // Else the time of day is in it.
  archive_write_set_filter_option(writer.get(), "gzip", "timestamp", nullptr);
  archive_write_set_format_ustar(writer.get());
  archive_write_set_bytes_in_last_block(writer.get(), 1);
  bool good = archive_write_open_memory(writer.get(), bytes.data(), bytes.size(), &used) == ARCHIVE_OK;
  for (const BundleFile& file : files) {
    archive_entry_clear(entry.get());
    archive_entry_set_pathname_utf8(entry.get(), file.path.c_str());
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(file.content.size()));
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0644);
    good = good && archive_write_header(writer.get(), entry.get()) == ARCHIVE_OK &&
           archive_write_data(writer.get(), file.content.data(), file.content.size()) ==
               static_cast<la_ssize_t>(file.content.size());
  }
  good = good && archive_write_close(writer.get()) == ARCHIVE_OK;
  if (!good) return MakeError(ErrorCode::kInvalidArgument, "the bundle cannot be packed, is a path too long?");
  bytes.resize(used);
  return bytes;
}

}  // namespace neurolake::governance
