#include "tables/delta/internal/roaring.h"

#include <bit>
#include <span>

namespace neurolake::tables::delta::internal {
namespace {

constexpr uint32_t kMagic = 1681511377;
constexpr uint32_t kCookieNoRuns = 12346;
constexpr uint32_t kCookieRuns = 12347;
constexpr size_t kNoOffsetsBelow = 4;  ///< With runs, fewer containers than this have no offset header.
constexpr size_t kArraySizeMax = 4096;
constexpr size_t kBitmapBytes = 8192;
constexpr size_t kContainersMax = 65536;

template <typename Number>
void Append(std::string& out, Number number) {
  for (size_t i = 0; i < sizeof(Number); ++i) out += static_cast<char>(static_cast<uint64_t>(number) >> (8 * i) & 0xff);
}

std::unexpected<Error> Damaged(std::string_view what) {
  return MakeError(ErrorCode::kCorruption, "a deletion vector is damaged: {}", what);
}

/// Takes little-endian numbers off the front; remembers having run out.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}
  template <typename Number>
  Number Take() {
    const std::string_view bytes = TakeBytes(sizeof(Number));
    Number number = 0;
    for (size_t i = 0; i < bytes.size(); ++i) {
      number = static_cast<Number>(number | static_cast<Number>(static_cast<uint8_t>(bytes[i])) << (8 * i));
    }
    return number;
  }
  std::string_view TakeBytes(size_t count) {
    if (count > rest_.size()) {
      exhausted_ = true;
      rest_ = {};
      return {};
    }
    const std::string_view bytes = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return bytes;
  }
  size_t remaining() const { return rest_.size(); }
  bool exhausted() const { return exhausted_; }

 private:
  std::string_view rest_;
  bool exhausted_ = false;
};

// ---- writing ----

size_t CountRuns(std::span<const uint16_t> values) {
  size_t runs = 0;
  for (size_t i = 0; i < values.size(); ++i) runs += i == 0 || values[i] != values[i - 1] + 1;
  return runs;
}

struct Container {
  uint16_t key = 0;
  std::vector<uint16_t> values;
  bool as_runs = false;
  size_t size_bytes = 0;
};

void ChooseForm(Container& container) {
  const size_t count = container.values.size();
  const size_t plain = count <= kArraySizeMax ? 2 * count : kBitmapBytes;
  const size_t runs = 2 + 4 * CountRuns(container.values);
  container.as_runs = runs < plain;
  container.size_bytes = std::min(plain, runs);
}

void AppendContainer(std::string& out, const Container& container) {
  const std::vector<uint16_t>& values = container.values;
  if (container.as_runs) {
    Append<uint16_t>(out, static_cast<uint16_t>(CountRuns(values)));
    for (size_t begin = 0; begin < values.size();) {
      size_t end = begin + 1;
      while (end < values.size() && values[end] == values[end - 1] + 1) ++end;
      Append<uint16_t>(out, values[begin]);
      Append<uint16_t>(out, static_cast<uint16_t>(end - begin - 1));
      begin = end;
    }
  } else if (values.size() <= kArraySizeMax) {
    for (uint16_t value : values) Append<uint16_t>(out, value);
  } else {
    std::string bits(kBitmapBytes, '\0');
    for (uint16_t value : values) bits[value / 8] = static_cast<char>(bits[value / 8] | 1 << (value % 8));
    out += bits;
  }
}

/// One 32-bit bitmap of the low halves of `rows`.
void AppendBucket(std::string& out, std::span<const uint64_t> rows) {
  std::vector<Container> containers;
  for (uint64_t row : rows) {
    const auto key = static_cast<uint16_t>(row >> 16);
    if (containers.empty() || containers.back().key != key) containers.push_back({.key = key});
    containers.back().values.push_back(static_cast<uint16_t>(row));
  }
  for (Container& container : containers) ChooseForm(container);
  const size_t count = containers.size();
  const bool any_runs = std::ranges::any_of(containers, &Container::as_runs);
  const size_t begin = out.size();
  if (any_runs) {
    Append<uint32_t>(out, kCookieRuns | static_cast<uint32_t>(count - 1) << 16);
    std::string flags((count + 7) / 8, '\0');
    for (size_t i = 0; i < count; ++i) {
      if (containers[i].as_runs) flags[i / 8] = static_cast<char>(flags[i / 8] | 1 << (i % 8));
    }
    out += flags;
  } else {
    Append<uint32_t>(out, kCookieNoRuns);
    Append<uint32_t>(out, static_cast<uint32_t>(count));
  }
  for (const Container& container : containers) {
    Append<uint16_t>(out, container.key);
    Append<uint16_t>(out, static_cast<uint16_t>(container.values.size() - 1));
  }
  if (!any_runs || count >= kNoOffsetsBelow) {
    size_t offset = out.size() - begin + 4 * count;
    for (const Container& container : containers) {
      Append<uint32_t>(out, static_cast<uint32_t>(offset));
      offset += container.size_bytes;
    }
  }
  for (const Container& container : containers) AppendContainer(out, container);
}

// ---- reading ----

struct ContainerHeader {
  uint16_t key = 0;
  size_t cardinality = 0;
  bool as_runs = false;
};

struct BucketHeader {
  std::vector<ContainerHeader> containers;
  int64_t cardinality = 0;
};

Result<BucketHeader> ReadBucketHeader(ByteReader& reader) {
  const auto cookie = reader.Take<uint32_t>();
  const bool any_runs = (cookie & 0xffff) == kCookieRuns;
  size_t count = 0;
  std::string_view flags;
  if (any_runs) {
    count = (cookie >> 16) + 1;
    flags = reader.TakeBytes((count + 7) / 8);
  } else if (cookie == kCookieNoRuns) {
    count = reader.Take<uint32_t>();
  } else {
    return Damaged("an unknown bitmap format");
  }
  if (reader.exhausted() || count > kContainersMax || count * 4 > reader.remaining()) return Damaged("it is cut off");
  BucketHeader header;
  header.containers.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    ContainerHeader container{.key = reader.Take<uint16_t>(), .cardinality = reader.Take<uint16_t>() + size_t{1}};
    container.as_runs = any_runs && (static_cast<uint8_t>(flags[i / 8]) >> (i % 8) & 1) != 0;
    if (i > 0 && container.key <= header.containers.back().key) return Damaged("its keys are not ascending");
    header.cardinality += static_cast<int64_t>(container.cardinality);
    header.containers.push_back(container);
  }
  // Offsets only help random access; everything is read in order here.
  if (!any_runs || count >= kNoOffsetsBelow) reader.TakeBytes(4 * count);
  if (reader.exhausted()) return Damaged("it is cut off");
  return header;
}

Result<void> ReadRuns(ByteReader& reader, const ContainerHeader& container, uint64_t base,
                      std::vector<uint64_t>& rows) {
  const auto runs = reader.Take<uint16_t>();
  size_t cardinality = 0;
  int64_t previous_end = -1;
  for (size_t i = 0; i < runs; ++i) {
    const uint32_t first = reader.Take<uint16_t>();
    const uint32_t last = first + reader.Take<uint16_t>();
    if (reader.exhausted()) return Damaged("it is cut off");
    if (last > 0xffff || static_cast<int64_t>(first) <= previous_end) return Damaged("its runs are not ascending");
    cardinality += last - first + 1;
    if (cardinality > container.cardinality) return Damaged("a container has another number of rows than it says");
    for (uint32_t value = first; value <= last; ++value) rows.push_back(base | value);
    previous_end = last;
  }
  if (cardinality != container.cardinality) return Damaged("a container has another number of rows than it says");
  return {};
}

Result<void> ReadArray(ByteReader& reader, const ContainerHeader& container, uint64_t base,
                       std::vector<uint64_t>& rows) {
  int64_t previous = -1;
  for (size_t i = 0; i < container.cardinality; ++i) {
    const auto value = reader.Take<uint16_t>();
    if (reader.exhausted()) return Damaged("it is cut off");
    if (value <= previous) return Damaged("its rows are not ascending");
    rows.push_back(base | value);
    previous = value;
  }
  return {};
}

Result<void> ReadBitmap(ByteReader& reader, const ContainerHeader& container, uint64_t base,
                        std::vector<uint64_t>& rows) {
  size_t cardinality = 0;
  for (uint64_t word_index = 0; word_index < kBitmapBytes / 8; ++word_index) {
    auto word = reader.Take<uint64_t>();
    cardinality += static_cast<size_t>(std::popcount(word));
    if (cardinality > container.cardinality) return Damaged("a container has another number of rows than it says");
    for (; word != 0; word &= word - 1) {
      rows.push_back(base | (word_index * 64 + static_cast<uint64_t>(std::countr_zero(word))));
    }
  }
  if (reader.exhausted()) return Damaged("it is cut off");
  if (cardinality != container.cardinality) return Damaged("a container has another number of rows than it says");
  return {};
}

}  // namespace

std::string SerializeRoaring(const std::vector<uint64_t>& rows) {
  std::string buckets;
  uint64_t bucket_count = 0;
  for (size_t begin = 0; begin < rows.size();) {
    const uint64_t key = rows[begin] >> 32;
    size_t end = begin;
    while (end < rows.size() && rows[end] >> 32 == key) ++end;
    Append<uint32_t>(buckets, static_cast<uint32_t>(key));
    AppendBucket(buckets, std::span(rows).subspan(begin, end - begin));
    ++bucket_count;
    begin = end;
  }
  std::string out;
  Append<uint32_t>(out, kMagic);
  Append<uint64_t>(out, bucket_count);
  return out + buckets;
}

Result<std::vector<uint64_t>> ParseRoaring(std::string_view bytes, int64_t cardinality) {
  ByteReader reader(bytes);
  if (reader.Take<uint32_t>() != kMagic) return Damaged("its magic number is wrong");
  const auto bucket_count = reader.Take<uint64_t>();
  if (reader.exhausted()) return Damaged("it is cut off");
  std::vector<uint64_t> rows;
  int64_t announced = 0;
  int64_t previous_key = -1;
  for (uint64_t i = 0; i < bucket_count; ++i) {
    const auto key = reader.Take<uint32_t>();
    if (reader.exhausted()) return Damaged("it is cut off");
    if (key > 0x7fffffff || static_cast<int64_t>(key) <= previous_key) return Damaged("its keys are not ascending");
    previous_key = key;
    NL_ASSIGN_OR_RETURN(auto header, ReadBucketHeader(reader));
    announced += header.cardinality;
    // Before unpacking: a few bytes of runs can stand for very many rows.
    if (announced > cardinality) return Damaged("it has another number of rows than the log says");
    for (const ContainerHeader& container : header.containers) {
      const uint64_t base = static_cast<uint64_t>(key) << 32 | static_cast<uint64_t>(container.key) << 16;
      if (container.as_runs) {
        NL_RETURN_IF_ERROR(ReadRuns(reader, container, base, rows));
      } else if (container.cardinality <= kArraySizeMax) {
        NL_RETURN_IF_ERROR(ReadArray(reader, container, base, rows));
      } else {
        NL_RETURN_IF_ERROR(ReadBitmap(reader, container, base, rows));
      }
    }
  }
  if (reader.remaining() != 0) return Damaged("something follows its end");
  if (announced != cardinality) return Damaged("it has another number of rows than the log says");
  return rows;
}

}  // namespace neurolake::tables::delta::internal
