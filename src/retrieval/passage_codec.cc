#include "retrieval/internal/passage_codec.h"

#include "retrieval/internal/byte_reader.h"

namespace neurolake::retrieval {
namespace {

constexpr uint8_t kAdded = 'A';
constexpr uint8_t kRemoved = 'R';

void WriteList(ByteWriter& writer, const std::vector<std::string>& texts) {
  writer.Put(static_cast<uint32_t>(texts.size()));
  for (const std::string& text : texts) writer.PutText(text);
}

std::string ReadText(ByteReader& reader) { return std::string(reader.Bytes(reader.Get<uint32_t>())); }

std::vector<std::string> ReadList(ByteReader& reader) {
  std::vector<std::string> texts;
  const auto count = reader.Get<uint32_t>();
  for (uint32_t at = 0; at < count && reader.ok(); ++at) texts.push_back(ReadText(reader));
  return texts;
}

void WritePassage(ByteWriter& writer, const Passage& passage) {
  writer.PutText(passage.id);
  writer.Put(static_cast<uint8_t>(passage.kind));
  writer.PutText(passage.subject);
  writer.PutText(passage.title);
  WriteList(writer, passage.headings);
  writer.PutText(passage.text.AsData());
  writer.Put(passage.begin);
  writer.Put(passage.end);
  writer.Put(passage.page);
  WriteList(writer, passage.labels);
}

bool ReadPassage(ByteReader& reader, Passage& passage) {
  passage.id = ReadText(reader);
  const auto kind = reader.Get<uint8_t>();
  if (kind > static_cast<uint8_t>(PassageKind::kQuestion)) return false;
  passage.kind = static_cast<PassageKind>(kind);
  passage.subject = ReadText(reader);
  passage.title = ReadText(reader);
  passage.headings = ReadList(reader);
  passage.text = UntrustedText(ReadText(reader));
  passage.begin = reader.Get<uint64_t>();
  passage.end = reader.Get<uint64_t>();
  passage.page = reader.Get<uint32_t>();
  passage.labels = ReadList(reader);
  return reader.ok() && PreparePassage(passage).has_value();
}

}  // namespace

std::string EncodeChanges(const std::vector<PassageChange>& changes) {
  ByteWriter writer;
  writer.Put(static_cast<uint32_t>(changes.size()));
  for (const PassageChange& change : changes) {
    writer.Put(change.removed ? kRemoved : kAdded);
    writer.Put(change.key);
    if (change.removed) continue;
    WritePassage(writer, change.passage);
    writer.PutAll(std::span<const float>(change.vector));
  }
  return std::move(writer.bytes());
}

std::optional<std::vector<PassageChange>> DecodeChanges(std::string_view payload, size_t dimension) {
  ByteReader reader(payload);
  std::vector<PassageChange> changes;
  const auto count = reader.Get<uint32_t>();
  for (uint32_t at = 0; at < count && reader.ok(); ++at) {
    const auto kind = reader.Get<uint8_t>();
    if (kind != kAdded && kind != kRemoved) return std::nullopt;
    PassageChange change{.key = reader.Get<uint64_t>(), .removed = kind == kRemoved};
    if (!change.removed) {
      change.vector.resize(dimension);
      if (!ReadPassage(reader, change.passage)) return std::nullopt;
      reader.Fill(std::span(change.vector));
    }
    changes.push_back(std::move(change));
  }
  if (!reader.ok() || reader.left() != 0) return std::nullopt;
  return changes;
}

}  // namespace neurolake::retrieval
