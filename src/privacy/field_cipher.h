#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "privacy/secret_key.h"

namespace neurolake::privacy {

/// Where a cell belongs: it does not decrypt anywhere else. Ids, so that renames leave cells readable.
struct CellAddress {
  std::string table_id;
  std::string column_id;
};

/// Which key a cell was encrypted with, as the cell itself says.
struct CellHeader {
  enum class Mode : uint8_t {
    kRandomized = 1,     ///< XChaCha20-Poly1305: the same value differs in each cell.
    kDeterministic = 2,  ///< AES-256-SIV: the same value is the same in a column, so that it can be compared.
  };
  Mode mode = Mode::kRandomized;
  uint64_t key_tag = 0;  ///< KeyTag() of the key's id.
  uint32_t key_version = 0;
};

/// The first 8 bytes of the SHA-256 of a key's id: which of some keys, without its 36 characters in each cell.
uint64_t KeyTag(std::string_view key_id);

/// Reads the head alone. Errors: kCorruption for what is no cell, or one of a format that this version does not know.
Result<CellHeader> ReadCellHeader(std::string_view cell);

/// What of a key encrypts the cells of one column in one mode: whoever has it can do nothing in other columns with it.
/// Secret. 32 bytes, or 64 in deterministic mode.
std::string ColumnKey(const SecretKey& key, const CellAddress& address, CellHeader::Mode mode);

/// Encrypts the cells of one column under one version of a key. The format: docs/formats/field-encryption.md.
/// Thread-safe.
class FieldCipher {
 public:
  static constexpr size_t kHeaderBytes = 14;
  static constexpr size_t kValueBytesMax = 1 << 30;

  struct Key {
    std::string id;
    uint32_t version = 0;
  };
  FieldCipher(const SecretKey& key, Key name, CellAddress address, CellHeader::Mode mode);
  /// By what ColumnKey() gave.
  FieldCipher(std::string_view column_key, Key name, CellAddress address, CellHeader::Mode mode);
  ~FieldCipher();
  FieldCipher(FieldCipher&&) noexcept;
  FieldCipher& operator=(FieldCipher&&) noexcept;

  /// Bytes that a cell has more than its value.
  size_t overhead_bytes() const;
  /// Errors: kInvalidArgument above kValueBytesMax.
  Result<std::string> Encrypt(std::string_view value) const;
  /// Errors: kCorruption for whatever is not, bit for bit, a cell of this column under this version of the key: which
  /// of these it was is not said.
  Result<std::string> Decrypt(std::string_view cell) const;

 private:
  std::string AssociatedData(std::string_view header) const;

  struct State;
  std::unique_ptr<State> state_;
};

namespace internal {

/// AES-SIV. Source: RFC 5297. `key`: 32, 48 or 64 bytes; the associated data in up to 126 pieces, none of them empty
/// (some releases of OpenSSL pass over empty ones: CVE-2023-2975). Returns the synthetic IV and the ciphertext. `value`
/// has to have at least one byte.
Result<std::string> SealSiv(std::string_view key, const std::vector<std::string_view>& associated_data,
                            std::string_view value);
/// Errors: kCorruption.
Result<std::string> OpenSiv(std::string_view key, const std::vector<std::string_view>& associated_data,
                            std::string_view sealed);
/// XChaCha20-Poly1305. Source: draft-irtf-cfrg-xchacha-03. `nonce`: 24 bytes. Returns the ciphertext and the tag.
std::string SealXChaCha(const SecretKey& key, std::string_view nonce, std::string_view associated_data,
                        std::string_view value);
/// Errors: kCorruption.
Result<std::string> OpenXChaCha(const SecretKey& key, std::string_view nonce, std::string_view associated_data,
                                std::string_view sealed);

}  // namespace internal
}  // namespace neurolake::privacy
