#include "retrieval/static_embedder.h"

#include <cmath>

#include "retrieval/internal/byte_reader.h"
#include "retrieval/internal/files.h"

namespace neurolake::retrieval {
namespace {

constexpr std::string_view kMagic = "NLEMBED1";
constexpr size_t kFileBytesMax = 256 << 20;
constexpr uint32_t kDimensionMax = 4096;
constexpr uint32_t kPiecesMax = 65'536;  // Merges name them in 16 bits.
constexpr uint32_t kMergesMax = 1 << 20;
constexpr uint8_t kWhole = 1;
/// Each looks at the clock once, so that a cancelled call ends.
constexpr size_t kTextsPerLook = 1024;

std::unexpected<Error> Broken(const std::string& path, std::string_view what) {
  return MakeError(ErrorCode::kCorruption, "file of word embeddings does not hold together, {}: {}", what, path);
}

struct Header {
  uint32_t dimension = 0;
  uint32_t pieces = 0;
  uint32_t merges = 0;
  std::string model;
};

bool ReadHeader(ByteReader& reader, Header& header) {
  header.dimension = reader.Get<uint32_t>();
  header.pieces = reader.Get<uint32_t>();
  header.merges = reader.Get<uint32_t>();
  header.model = reader.Bytes(reader.Get<uint32_t>());
  return reader.ok() && header.dimension > 0 && header.dimension <= kDimensionMax && header.pieces > 0 &&
         header.pieces <= kPiecesMax && header.merges <= kMergesMax && !header.model.empty();
}

bool ReadVocabulary(ByteReader& reader, const Header& header, BpeVocabulary& vocabulary) {
  for (uint32_t piece = 0; piece < header.pieces && reader.ok(); ++piece) {
    vocabulary.whole.push_back((reader.Get<uint8_t>() & kWhole) != 0);
    vocabulary.pieces.emplace_back(reader.Bytes(reader.Get<uint16_t>()));
    if (vocabulary.pieces.back().empty()) return false;
  }
  for (uint32_t merge = 0; merge < header.merges && reader.ok(); ++merge) {
    const auto left = reader.Get<uint16_t>();
    const auto right = reader.Get<uint16_t>();
    const auto merged = reader.Get<uint16_t>();
    if (std::max({left, right, merged}) >= header.pieces) return false;
    vocabulary.merges.push_back({left, right, merged});
  }
  return reader.ok();
}

}  // namespace

Result<std::unique_ptr<StaticEmbedder>> StaticEmbedder::Open(const std::string& path) {
  NL_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path, kFileBytesMax));
  if (bytes.size() < kMagic.size() + kDigestBytes) return Broken(path, "it is too short");
  if (!bytes.starts_with(kMagic)) {
    return MakeError(ErrorCode::kNotSupported, "not a file of word embeddings of version 1: {}", path);
  }
  const std::string_view body = std::string_view(bytes).substr(0, bytes.size() - kDigestBytes);
  if (Digest(body) != std::string_view(bytes).substr(body.size())) return Broken(path, "its checksum differs");
  ByteReader reader(body.substr(kMagic.size()));
  Header header;
  if (!ReadHeader(reader, header)) return Broken(path, "its head is out of bounds");
  BpeVocabulary vocabulary;
  if (!ReadVocabulary(reader, header, vocabulary)) return Broken(path, "its pieces are out of bounds");
  std::vector<float> scales(header.pieces);
  std::vector<int8_t> codes(static_cast<size_t>(header.pieces) * header.dimension);
  reader.Fill(std::span(scales));
  reader.Fill(std::span(codes));
  const bool finite = std::ranges::all_of(scales, [](float scale) { return std::isfinite(scale); });
  if (!reader.ok() || reader.left() != 0 || !finite) return Broken(path, "its table is out of bounds");
  return std::unique_ptr<StaticEmbedder>(new StaticEmbedder(
      {.id = header.model, .dimension = header.dimension}, std::move(vocabulary), std::move(scales), std::move(codes)));
}

Result<EmbeddingBatch> StaticEmbedder::Embed(const RequestContext& ctx, std::span<const std::string_view> texts) const {
  EmbeddingBatch batch(texts.size(), model_.dimension);
  std::vector<uint32_t> ids;
  for (size_t row = 0; row < texts.size(); ++row) {
    if (row % kTextsPerLook == 0) NL_RETURN_IF_ERROR(ctx.CheckAlive());
    EmbedOne(texts[row], ids, batch[row]);
  }
  return batch;
}

void StaticEmbedder::EmbedOne(std::string_view text, std::vector<uint32_t>& ids, std::span<float> vector) const {
  ids.clear();
  tokenizer_.Encode(text, ids);
  float* const sums = vector.data();
  const size_t dimension = vector.size();
  for (const uint32_t id : ids) {
    const int8_t* const row = codes_.data() + id * dimension;
    const float scale = scales_[id];
    for (size_t at = 0; at < dimension; ++at) sums[at] += scale * static_cast<float>(row[at]);
  }
  // The mean differs from the sum by a factor, which goes here.
  Normalize(vector);
}

}  // namespace neurolake::retrieval
