// Values per second and core of each mask and cipher, over e-mail addresses, cards and numbers. Builds by
// `ninja masking_bench`; not part of a build otherwise.
#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "privacy/field_cipher.h"
#include "privacy/format_preserving.h"
#include "privacy/number_mask.h"
#include "privacy/text_mask.h"

namespace {

using namespace neurolake::privacy;

constexpr size_t kValues = 200'000;

void Report(const char* name, size_t bytes, const std::function<size_t()>& run) {
  const auto begin = std::chrono::steady_clock::now();
  const size_t sum = run();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  fmt::print("{:<28} {:>12.0f} values/s {:>9.1f} MB/s  ({})\n", name, kValues / took.count(),
             static_cast<double>(bytes) / took.count() / 1e6, sum % 10);
}

size_t Run(TextMask& mask, const std::vector<std::string>& values) {
  std::string out;
  size_t sum = 0;
  for (const auto& value : values) {
    if (mask.Apply(value, out)) sum += static_cast<unsigned char>(out.back());
  }
  return sum;
}

void Masks(const SecretKey& key, const std::vector<std::string>& mails, const std::vector<std::string>& cards) {
  const size_t bytes = kValues * mails[0].size(), card_bytes = kValues * cards[0].size();
  const auto last = NewLastCharactersMask(4), hash = NewHashMask(key, "d"), token = NewTokenMask(key, "d");
  const auto name = NewPseudonymMask(key, "d", "person").value();
  const auto card = NewFormatPreservingMask(key, "d", "card").value();
  Report("last 4", bytes, [&] { return Run(*last, mails); });
  Report("hash (HMAC-SHA-256)", bytes, [&] { return Run(*hash, mails); });
  Report("token (BLAKE2b)", bytes, [&] { return Run(*token, mails); });
  Report("pseudonym", bytes, [&] { return Run(*name, mails); });
  Report("FF1, cards", card_bytes, [&] { return Run(*card, cards); });
  for (const int bits : {32, 64}) {
    auto permutation = NumberPermutation::Make(key, "d", bits).value();
    Report(bits == 32 ? "FF1, 32-bit numbers" : "FF1, 64-bit numbers", kValues * static_cast<size_t>(bits) / 8, [&] {
      size_t sum = 0;
      for (size_t i = 0; i < kValues; ++i) sum += permutation.Encrypt(i);
      return sum;
    });
  }
  Report("date to month", kValues * 4, [&] {
    size_t sum = 0;
    for (size_t i = 0; i < kValues; ++i) {
      sum += static_cast<size_t>(TruncateDay(static_cast<int32_t>(i % 20'000), DatePart::kMonth));
    }
    return sum;
  });
}

void Cells(const SecretKey& key, const std::vector<std::string>& mails) {
  const size_t bytes = kValues * mails[0].size();
  for (const auto mode : {CellHeader::Mode::kRandomized, CellHeader::Mode::kDeterministic}) {
    const bool randomized = mode == CellHeader::Mode::kRandomized;
    const FieldCipher cipher(key, {"key", 1}, {"table", "column"}, mode);
    std::vector<std::string> cells;
    Report(randomized ? "encrypt, XChaCha20-Poly1305" : "encrypt, AES-SIV", bytes, [&] {
      for (const auto& mail : mails) cells.push_back(cipher.Encrypt(mail).value());
      return cells.size();
    });
    Report(randomized ? "decrypt, XChaCha20-Poly1305" : "decrypt, AES-SIV", bytes, [&] {
      size_t sum = 0;
      for (const auto& cell : cells) sum += cipher.Decrypt(cell).value().size();
      return sum;
    });
  }
}

}  // namespace

int main() {
  const SecretKey key = SecretKey::Random();
  std::vector<std::string> mails, cards;
  for (size_t i = 0; i < kValues; ++i) {
    mails.push_back(fmt::format("person.{:07}@example.org", i));
    std::vector<uint16_t> digits;
    const std::string body = fmt::format("41111{:010}", i);
    for (const char c : body) digits.push_back(static_cast<uint16_t>(c - '0'));
    cards.push_back(body + std::to_string(LuhnDigit(digits)));
  }
  Masks(key, mails, cards);
  Cells(key, mails);
}
