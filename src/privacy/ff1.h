#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "common/result.h"

struct evp_cipher_ctx_st;

namespace neurolake::privacy {

/// Format-preserving encryption FF1 over numerals 0 … radix-1: a permutation of all texts of one length, another one
/// for each tweak. Source: NIST SP 800-38G Rev. 1 (draft 2), Algorithms 7 and 8.
/// A text has at least kDomainMin possible values (radix^length), as the revision demands: smaller domains can be
/// enumerated, and attacks on few rounds apply. One thread at a time, as the cipher's state is reused.
class Ff1 {
 public:
  static constexpr uint32_t kRadixMax = 1 << 16;
  static constexpr uint64_t kDomainMin = 1'000'000;
  static constexpr size_t kNumeralsMax = 4096;  ///< The standard allows 2^32; longer texts have no format.
  static constexpr size_t kTweakBytesMax = 1 << 16;

  /// `key`: 16, 24 or 32 bytes. Errors: kInvalidArgument for other keys and radixes outside of 2 … 2^16.
  static Result<Ff1> Make(std::string_view key, uint32_t radix);
  Ff1(Ff1&&) noexcept;
  Ff1& operator=(Ff1&&) noexcept;
  ~Ff1();

  /// The fewest numerals that make kDomainMin values.
  size_t numerals_min() const { return numerals_min_; }

  /// In place. Errors: kInvalidArgument for too few or too many numerals, one that is none, too long a tweak.
  Result<void> Encrypt(std::span<uint16_t> numerals, std::string_view tweak);
  Result<void> Decrypt(std::span<uint16_t> numerals, std::string_view tweak);

 private:
  class Rounds;
  struct FreeCipher {
    void operator()(evp_cipher_ctx_st* cipher) const;
  };
  Ff1() = default;
  Result<void> Check(std::span<const uint16_t> numerals, std::string_view tweak) const;
  Result<void> Run(std::span<uint16_t> numerals, std::string_view tweak, bool forward);
  /// One block by AES; `in` and `out` may be the same.
  void Block(const uint8_t* in, uint8_t* out) const;
  /// Bytes that hold any number of so many numerals. Kept for the length asked for last: columns have few.
  size_t HalfBytes(size_t count);

  std::unique_ptr<evp_cipher_ctx_st, FreeCipher> cipher_;
  uint32_t radix_ = 0;
  size_t numerals_min_ = 0;
  size_t measured_ = 0, measured_bytes_ = 0;
};

}  // namespace neurolake::privacy
