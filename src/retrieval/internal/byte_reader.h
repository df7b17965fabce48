#pragma once
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

namespace neurolake::retrieval {

/// Reads little-endian numbers and pieces of bytes in turn. What is not there reads as zero, and `ok` is false from
/// then on.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  size_t left() const { return rest_.size(); }

  std::string_view Bytes(size_t count) {
    if (count > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view piece = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return piece;
  }

  template <typename Number>
  Number Get() {
    static_assert(std::is_arithmetic_v<Number>);
    Number number{};
    const std::string_view piece = Bytes(sizeof(Number));
    if (!piece.empty()) std::memcpy(&number, piece.data(), sizeof(Number));
    return number;
  }

  /// Fills `numbers`, or leaves them as they are when there are not as many.
  template <typename Number>
  void Fill(std::span<Number> numbers) {
    const std::string_view piece = Bytes(numbers.size_bytes());
    if (!piece.empty()) std::memcpy(numbers.data(), piece.data(), piece.size());
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

/// Appends little-endian numbers and pieces of bytes.
class ByteWriter {
 public:
  template <typename Number>
  void Put(Number number) {
    static_assert(std::is_arithmetic_v<Number>);
    bytes_.append(reinterpret_cast<const char*>(&number), sizeof(Number));
  }
  void PutBytes(std::string_view bytes) { bytes_.append(bytes); }
  /// Length in 32 bits, then the bytes.
  void PutText(std::string_view text) {
    Put(static_cast<uint32_t>(text.size()));
    bytes_.append(text);
  }
  template <typename Number>
  void PutAll(std::span<const Number> numbers) {
    bytes_.append(reinterpret_cast<const char*>(numbers.data()), numbers.size_bytes());
  }

  std::string& bytes() { return bytes_; }

 private:
  std::string bytes_;
};

}  // namespace neurolake::retrieval
