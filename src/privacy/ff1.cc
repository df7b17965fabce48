#include "privacy/ff1.h"

#include <openssl/bn.h>
#include <openssl/evp.h>

#include <array>

#include "common/check.h"

namespace neurolake::privacy {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr size_t kBlockBytes = 16;
constexpr int kRounds = 10;
// A half of up to 96 bits: then a round's number, four bytes longer, fits into 128.
constexpr size_t kWideBytesMax = 12;

using Number = std::unique_ptr<BIGNUM, decltype(&BN_clear_free)>;
Number NewNumber() {
  Number number(BN_new(), &BN_clear_free);
  NL_CHECK(number != nullptr);
  return number;
}

/// Halves that fit into a machine's number: cards, phones, identifiers of up to 57 digits.
class WideHalf {
 public:
  explicit WideHalf(uint32_t radix) : radix_(radix) {}
  using Modulus = Wide;
  Modulus PowerOf(size_t count) const {
    Wide power = 1;
    for (size_t i = 0; i < count; ++i) power *= radix_;
    return power;
  }
  void Read(std::span<const uint16_t> numerals) {
    value_ = 0;
    for (const uint16_t numeral : numerals) value_ = value_ * radix_ + numeral;
  }
  void Write(std::span<uint16_t> numerals) const {
    Wide rest = value_;
    for (size_t i = numerals.size(); i-- > 0; rest /= radix_) numerals[i] = static_cast<uint16_t>(rest % radix_);
  }
  void ToBytes(std::span<uint8_t> out) const {
    Wide rest = value_;
    for (size_t i = out.size(); i-- > 0; rest >>= 8) out[i] = static_cast<uint8_t>(rest);
  }
  void Move(std::span<const uint8_t> bytes, const Modulus& modulus, bool forward) {
    Wide step = 0;
    for (const uint8_t byte : bytes) step = step << 8 | byte;
    step %= modulus;
    value_ = forward ? (value_ + step) % modulus : (value_ + (modulus - step)) % modulus;
  }

 private:
  uint32_t radix_;
  Wide value_ = 0;
};

/// Halves of any length.
class LongHalf {
 public:
  explicit LongHalf(uint32_t radix) : radix_(radix), value_(NewNumber()) {}
  using Modulus = Number;
  Modulus PowerOf(size_t count) const {
    Number power = NewNumber();
    NL_CHECK(BN_one(power.get()) == 1);
    for (size_t i = 0; i < count; ++i) NL_CHECK(BN_mul_word(power.get(), radix_) == 1);
    return power;
  }
  void Read(std::span<const uint16_t> numerals) {
    BN_zero(value_.get());
    for (const uint16_t numeral : numerals) {
      NL_CHECK(BN_mul_word(value_.get(), radix_) == 1 && BN_add_word(value_.get(), numeral) == 1);
    }
  }
  void Write(std::span<uint16_t> numerals) const {
    const Number rest = NewNumber();
    NL_CHECK(BN_copy(rest.get(), value_.get()) != nullptr);
    for (size_t i = numerals.size(); i-- > 0;) {
      numerals[i] = static_cast<uint16_t>(BN_div_word(rest.get(), radix_));
    }
  }
  void ToBytes(std::span<uint8_t> out) const {
    NL_CHECK(BN_bn2binpad(value_.get(), out.data(), static_cast<int>(out.size())) >= 0);
  }
  void Move(std::span<const uint8_t> bytes, const Modulus& modulus, bool forward) {
    const std::unique_ptr<BN_CTX, decltype(&BN_CTX_free)> scratch(BN_CTX_secure_new(), &BN_CTX_free);
    const Number step = NewNumber();
    NL_CHECK(scratch != nullptr && BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), step.get()) != nullptr);
    const int done = forward ? BN_mod_add(value_.get(), value_.get(), step.get(), modulus.get(), scratch.get())
                             : BN_mod_sub(value_.get(), value_.get(), step.get(), modulus.get(), scratch.get());
    NL_CHECK(done == 1);
  }

 private:
  uint32_t radix_;
  Number value_;
};

/// Bytes that hold any number below radix^count.
size_t BytesOf(uint32_t radix, size_t count) {
  const Number power = LongHalf(radix).PowerOf(count);
  NL_CHECK(BN_sub_word(power.get(), 1) == 1);
  return static_cast<size_t>(BN_num_bytes(power.get()));
}

}  // namespace

void Ff1::FreeCipher::operator()(evp_cipher_ctx_st* cipher) const { EVP_CIPHER_CTX_free(cipher); }
Ff1::Ff1(Ff1&&) noexcept = default;
Ff1& Ff1::operator=(Ff1&&) noexcept = default;
Ff1::~Ff1() = default;

Result<Ff1> Ff1::Make(std::string_view key, uint32_t radix) {
  const EVP_CIPHER* cipher = key.size() == 16   ? EVP_aes_128_ecb()
                             : key.size() == 24 ? EVP_aes_192_ecb()
                             : key.size() == 32 ? EVP_aes_256_ecb()
                                                : nullptr;
  if (cipher == nullptr) {
    return MakeError(ErrorCode::kInvalidArgument, "a key of AES has to be 16, 24 or 32 bytes long, not {}", key.size());
  }
  if (radix < 2 || radix > kRadixMax) {
    return MakeError(ErrorCode::kInvalidArgument, "a radix has to be from 2 to 65536, not {}", radix);
  }
  Ff1 ff1;
  ff1.radix_ = radix;
  for (uint64_t values = 1; values < kDomainMin; values *= radix) ++ff1.numerals_min_;
  // The standard has texts of two numerals and more.
  ff1.numerals_min_ = std::max<size_t>(ff1.numerals_min_, 2);
  ff1.cipher_.reset(EVP_CIPHER_CTX_new());
  NL_CHECK(ff1.cipher_ != nullptr);
  const auto* bytes = reinterpret_cast<const uint8_t*>(key.data());
  NL_CHECK(EVP_EncryptInit_ex(ff1.cipher_.get(), cipher, nullptr, bytes, nullptr) == 1);
  NL_CHECK(EVP_CIPHER_CTX_set_padding(ff1.cipher_.get(), 0) == 1);
  return ff1;
}

void Ff1::Block(const uint8_t* in, uint8_t* out) const {
  int size = 0;
  NL_CHECK(EVP_EncryptUpdate(cipher_.get(), out, &size, in, kBlockBytes) == 1 && size == kBlockBytes);
}

size_t Ff1::HalfBytes(size_t count) {
  if (measured_ != count) {
    measured_bytes_ = BytesOf(radix_, count);
    measured_ = count;
  }
  return measured_bytes_;
}

/// The ten rounds over one text.
class Ff1::Rounds {
 public:
  Rounds(const Ff1& ff1, size_t length, size_t half_bytes, std::string_view tweak)
      : ff1_(ff1), half_bytes_(half_bytes), made_bytes_(4 * ((half_bytes_ + 3) / 4) + 4) {
    const size_t left = length / 2;
    first_ = {1, 2, 1, 0, 0, 0, 10, static_cast<uint8_t>(left)};
    first_[3] = static_cast<uint8_t>(ff1.radix_ >> 16);
    first_[4] = static_cast<uint8_t>(ff1.radix_ >> 8);
    first_[5] = static_cast<uint8_t>(ff1.radix_);
    PutNumber(&first_[8], length);
    PutNumber(&first_[12], tweak.size());
    // What is the same in each round is enciphered once: P, and the tweak with its padding.
    const size_t padding = (kBlockBytes - (tweak.size() + half_bytes_ + 1) % kBlockBytes) % kBlockBytes;
    rest_.assign(tweak.size() + padding + 1 + half_bytes_, 0);
    std::ranges::copy(tweak, rest_.begin());
    ff1_.Block(first_.data(), first_.data());
    fixed_ = (tweak.size() + padding) / kBlockBytes * kBlockBytes;
    for (size_t at = 0; at < fixed_; at += kBlockBytes) Absorb(first_, &rest_[at]);
    made_.resize((made_bytes_ + kBlockBytes - 1) / kBlockBytes * kBlockBytes);
  }

  template <typename Half>
  void Run(std::span<uint16_t> numerals, bool forward) {
    const size_t left = numerals.size() / 2;
    Half a(ff1_.radix_), b(ff1_.radix_);
    a.Read(numerals.first(left));
    b.Read(numerals.subspan(left));
    const auto even = a.PowerOf(left), odd = a.PowerOf(numerals.size() - left);
    for (int step = 0; step < kRounds; ++step) {
      const int round = forward ? step : kRounds - 1 - step;
      const auto& modulus = round % 2 == 0 ? even : odd;
      // Forward B is read and A moved; backward the other way round. Then they change places.
      (forward ? b : a).ToBytes(std::span(rest_).last(half_bytes_));
      (forward ? a : b).Move(Make(static_cast<uint8_t>(round)), modulus, forward);
      std::swap(a, b);
    }
    a.Write(numerals.first(left));
    b.Write(numerals.subspan(left));
  }

 private:
  using Bytes = std::array<uint8_t, kBlockBytes>;
  static void PutNumber(uint8_t* out, size_t number) {
    for (int i = 0; i < 4; ++i) out[i] = static_cast<uint8_t>(number >> (24 - 8 * i));
  }

  void Absorb(Bytes& state, const uint8_t* block) const {
    for (size_t i = 0; i < kBlockBytes; ++i) state[i] ^= block[i];
    ff1_.Block(state.data(), state.data());
  }

  /// Steps 6.ii and 6.iii: what is added in this round.
  std::span<const uint8_t> Make(uint8_t round) {
    rest_[rest_.size() - half_bytes_ - 1] = round;
    Bytes state = first_;
    for (size_t at = fixed_; at < rest_.size(); at += kBlockBytes) Absorb(state, &rest_[at]);
    std::ranges::copy(state, made_.begin());
    for (size_t j = 1; j * kBlockBytes < made_bytes_; ++j) {
      Bytes block = state;
      for (int i = 0; i < 4; ++i) block[15 - i] ^= static_cast<uint8_t>(j >> (8 * i));
      ff1_.Block(block.data(), &made_[j * kBlockBytes]);
    }
    return std::span(made_).first(made_bytes_);
  }

  const Ff1& ff1_;
  const size_t half_bytes_;
  const size_t made_bytes_;
  Bytes first_{};
  std::vector<uint8_t> rest_;
  size_t fixed_ = 0;
  std::vector<uint8_t> made_;
};

Result<void> Ff1::Check(std::span<const uint16_t> numerals, std::string_view tweak) const {
  if (numerals.size() < numerals_min_ || numerals.size() > kNumeralsMax) {
    return MakeError(ErrorCode::kInvalidArgument, "format-preserving encryption with radix {} needs {} to {} numerals",
                     radix_, numerals_min_, kNumeralsMax);
  }
  if (tweak.size() > kTweakBytesMax) {
    return MakeError(ErrorCode::kInvalidArgument, "a tweak has at most {} bytes", kTweakBytesMax);
  }
  for (const uint16_t numeral : numerals) {
    if (numeral >= radix_) return MakeError(ErrorCode::kInvalidArgument, "a numeral is not below the radix {}", radix_);
  }
  return {};
}

Result<void> Ff1::Run(std::span<uint16_t> numerals, std::string_view tweak, bool forward) {
  NL_RETURN_IF_ERROR(Check(numerals, tweak));
  const size_t half_bytes = HalfBytes(numerals.size() - numerals.size() / 2);
  Rounds rounds(*this, numerals.size(), half_bytes, tweak);
  if (half_bytes <= kWideBytesMax) {
    rounds.Run<WideHalf>(numerals, forward);
  } else {
    rounds.Run<LongHalf>(numerals, forward);
  }
  return {};
}

Result<void> Ff1::Encrypt(std::span<uint16_t> numerals, std::string_view tweak) { return Run(numerals, tweak, true); }
Result<void> Ff1::Decrypt(std::span<uint16_t> numerals, std::string_view tweak) { return Run(numerals, tweak, false); }

}  // namespace neurolake::privacy
