#include "tables/delta/deletion_vector.h"

#include <zlib.h>

#include <limits>

#include "common/ids.h"
#include "tables/delta/file_path.h"
#include "tables/delta/internal/base85.h"
#include "tables/delta/internal/roaring.h"

namespace neurolake::tables::delta {
namespace {

constexpr size_t kEncodedUuidLength = 20;
constexpr char kFileVersion = 1;
/// 2 GiB unpacked. More rows than any sensible Parquet file has; a hostile log must not name its own memory use.
constexpr int64_t kCardinalityMax = int64_t{1} << 28;

uint32_t Checksum(std::string_view bytes) {
  return static_cast<uint32_t>(
      ::crc32_z(::crc32_z(0, nullptr, 0), reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

void AppendBigEndian(std::string& out, uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(number >> shift & 0xff);
}

uint32_t ReadBigEndian(std::string_view bytes) {
  uint32_t number = 0;
  for (char c : bytes.substr(0, 4)) number = number << 8 | static_cast<uint8_t>(c);
  return number;
}

std::unexpected<Error> Damaged(std::string_view what, const std::string& path) {
  return MakeError(ErrorCode::kCorruption, "the deletion vector file is damaged, {}: {}", what, path);
}

int HexDigit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

/// "d2c639aa-8816-…" to its 16 bytes.
std::string UuidBytes(std::string_view text) {
  std::string bytes;
  for (size_t i = 0; i + 1 < text.size();) {
    if (text[i] == '-') {
      ++i;
      continue;
    }
    bytes += static_cast<char>(HexDigit(text[i]) << 4 | HexDigit(text[i + 1]));
    i += 2;
  }
  return bytes;
}

std::string UuidText(std::string_view bytes) {
  std::string text;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", static_cast<uint8_t>(bytes[i]));
  }
  return text;
}

std::string FileName(std::string_view uuid) { return fmt::format("deletion_vector_{}.bin", uuid); }

Result<std::string> ReadStored(storage::ObjectStore& store, const std::string& path,
                               const DeletionVectorDescriptor& descriptor) {
  NL_ASSIGN_OR_RETURN(auto version, store.ReadRange(path, 0, 1));
  if (version != std::string(1, kFileVersion)) return Damaged("its format version is unknown", path);
  const int64_t offset = descriptor.offset.value_or(1);  // The first vector follows the version byte.
  const int64_t size = descriptor.size_bytes;
  NL_ASSIGN_OR_RETURN(auto block, store.ReadRange(path, offset, size + 8));
  if (static_cast<int64_t>(block.size()) != size + 8) return Damaged("it is cut off", path);
  if (static_cast<int64_t>(ReadBigEndian(block)) != size) return Damaged("a size differs from the log's", path);
  std::string bytes = block.substr(4, static_cast<size_t>(size));
  if (ReadBigEndian(std::string_view(block).substr(4 + bytes.size())) != Checksum(bytes)) {
    return Damaged("a checksum does not match", path);
  }
  return bytes;
}

}  // namespace

Result<std::string> DeletionVectorPath(const std::string& table_path, const DeletionVectorDescriptor& descriptor,
                                       const std::vector<ForeignRoot>& foreign) {
  const std::string& encoded = descriptor.path_or_inline_dv;
  if (descriptor.storage_type == "i") return std::string();
  if (descriptor.storage_type == "p") return ResolvePath(table_path, encoded, foreign);
  if (encoded.size() < kEncodedUuidLength) {
    return MakeError(ErrorCode::kCorruption, "a deletion vector's file name in the log is too short");
  }
  const std::string prefix = encoded.substr(0, encoded.size() - kEncodedUuidLength);
  NL_ASSIGN_OR_RETURN(auto uuid, internal::DecodeBase85(std::string_view(encoded).substr(prefix.size())));
  const std::string name = FileName(UuidText(uuid));
  return ResolvePath(table_path, EncodePath(prefix.empty() ? name : prefix + "/" + name));
}

std::optional<DeletionVectorDescriptor> AsRelativeVector(DeletionVectorDescriptor descriptor,
                                                         std::string_view relative) {
  constexpr size_t kUuidLength = 36;
  const size_t slash = relative.rfind('/');
  const std::string_view name = relative.substr(slash == std::string_view::npos ? 0 : slash + 1);
  const size_t uuid_begin = FileName("").find(".bin");
  if (name.size() != FileName("").size() + kUuidLength) return std::nullopt;
  const std::string_view uuid = name.substr(uuid_begin, kUuidLength);
  const std::string bytes = UuidBytes(uuid);
  if (bytes.size() != 16 || FileName(UuidText(bytes)) != name) return std::nullopt;
  descriptor.storage_type = "u";
  descriptor.path_or_inline_dv =
      std::string(relative.substr(0, slash == std::string_view::npos ? 0 : slash)) + internal::EncodeBase85(bytes);
  return descriptor;
}

Result<DeletedRows> ReadDeletionVector(storage::ObjectStore& store, const std::string& table_path,
                                       const DeletionVectorDescriptor& descriptor,
                                       const std::vector<ForeignRoot>& foreign) {
  if (descriptor.cardinality < 0 || descriptor.size_bytes < 0) {
    return MakeError(ErrorCode::kCorruption, "a deletion vector in the log has a negative size");
  }
  if (descriptor.cardinality > kCardinalityMax) {
    return MakeError(ErrorCode::kNotSupported, "a deletion vector has more rows than are supported: {}",
                     descriptor.cardinality);
  }
  if (descriptor.storage_type == "i") {
    NL_ASSIGN_OR_RETURN(auto bytes, internal::DecodeBase85(descriptor.path_or_inline_dv));
    const auto size = static_cast<size_t>(descriptor.size_bytes);
    if (size > bytes.size() || bytes.size() - size > 3) {  // Up to three bytes fill the last block.
      return MakeError(ErrorCode::kCorruption, "a deletion vector in the log differs in size from what it says");
    }
    bytes.resize(size);
    return internal::ParseRoaring(bytes, descriptor.cardinality);
  }
  if (descriptor.storage_type != "u" && descriptor.storage_type != "p") {
    return MakeError(ErrorCode::kCorruption, "a deletion vector in the log has an unknown storage type");
  }
  NL_ASSIGN_OR_RETURN(auto path, DeletionVectorPath(table_path, descriptor, foreign));
  NL_ASSIGN_OR_RETURN(auto bytes, ReadStored(store, path, descriptor));
  auto rows = internal::ParseRoaring(bytes, descriptor.cardinality);
  if (!rows.has_value()) return MakeError(rows.error().code(), "{}: {}", rows.error().message(), path);
  return rows;
}

Result<std::vector<DeletionVectorDescriptor>> WriteDeletionVectors(storage::ObjectStore& store,
                                                                   const std::string& table_path,
                                                                   const std::vector<DeletedRows>& vectors) {
  std::vector<DeletionVectorDescriptor> descriptors;
  if (vectors.empty()) return descriptors;
  const std::string uuid = NewUuid();
  const std::string encoded_uuid = internal::EncodeBase85(UuidBytes(uuid));
  NL_CHECK(encoded_uuid.size() == kEncodedUuidLength);
  std::string file(1, kFileVersion);
  for (const DeletedRows& rows : vectors) {
    const bool ascending = std::ranges::adjacent_find(rows, std::ranges::greater_equal()) == rows.end();
    if (!ascending || (!rows.empty() && rows.back() >> 63 != 0)) {
      return MakeError(ErrorCode::kInvalidArgument, "deleted rows must be ascending, each once, and below 2^63");
    }
    const std::string bytes = internal::SerializeRoaring(rows);
    if (file.size() + bytes.size() + 8 > static_cast<size_t>(std::numeric_limits<int32_t>::max())) {
      return MakeError(ErrorCode::kNotSupported, "the deletion vectors of one statement are too large for a file");
    }
    descriptors.push_back({.storage_type = "u",
                           .path_or_inline_dv = encoded_uuid,
                           .offset = static_cast<int32_t>(file.size()),
                           .size_bytes = static_cast<int32_t>(bytes.size()),
                           .cardinality = static_cast<int64_t>(rows.size())});
    AppendBigEndian(file, static_cast<uint32_t>(bytes.size()));
    file += bytes;
    AppendBigEndian(file, Checksum(bytes));
  }
  const std::string path = table_path.ends_with('/') ? table_path + FileName(uuid) : table_path + "/" + FileName(uuid);
  const auto put = store.PutIfAbsent(path, file);
  if (!put.has_value() && put.error().code() == ErrorCode::kCommitUnknown) {
    // A file that no log names yet decides no commit: the statement has failed, for what kept the file from being safe.
    const auto cause = std::ranges::find(put.error().details(), "cause", &std::pair<std::string, std::string>::first);
    const bool known = cause != put.error().details().end();
    return MakeError(known ? ErrorCodeFromName(cause->second) : ErrorCode::kIoError,
                     "a deletion vector was sent, but is not known to be safe: {}", path);
  }
  NL_RETURN_IF_ERROR(put);
  return descriptors;
}

}  // namespace neurolake::tables::delta
