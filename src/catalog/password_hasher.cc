#include "catalog/password_hasher.h"

#include <sodium.h>

#include "metastore/stored_text.h"

namespace neurolake::catalog {
namespace {

constexpr size_t kPasswordBytesMax = 1024;
constexpr int64_t kMemoryMin = 8LL * 1024 * 1024;
constexpr std::chrono::seconds kPlaceWait{10};

std::unexpected<Error> Busy() {
  return MakeError(ErrorCode::kTooManyRequests, "too many logins at once, try again in a moment");
}

}  // namespace

Result<std::unique_ptr<PasswordHasher>> PasswordHasher::Make(PasswordCost cost) {
  NL_CHECK(sodium_init() >= 0);
  const bool possible = cost.memory_bytes >= kMemoryMin && cost.passes >= 1 &&
                        static_cast<uint64_t>(cost.memory_bytes) <= crypto_pwhash_memlimit_max() &&
                        static_cast<uint64_t>(cost.passes) <= crypto_pwhash_opslimit_max();
  if (!possible) {
    return MakeError(ErrorCode::kInvalidArgument,
                     "passwords.memory must be at least 8 MiB and passwords.passes at least 1");
  }
  std::unique_ptr<PasswordHasher> hasher(new PasswordHasher(cost));
  std::string random(32, '\0');
  randombytes_buf(random.data(), random.size());
  NL_ASSIGN_OR_RETURN(hasher->of_nobody_, hasher->HashNow(random));
  return hasher;
}

Result<std::string> PasswordHasher::HashNow(std::string_view password) const {
  char text[crypto_pwhash_STRBYTES];
  // crypto_pwhash_str is argon2id, salted with random bytes.
  if (crypto_pwhash_str(text, password.data(), password.size(), static_cast<unsigned long long>(cost_.passes),
                        static_cast<size_t>(cost_.memory_bytes)) != 0) {
    return MakeError(ErrorCode::kOutOfMemory, "there is not enough memory for passwords.memory");
  }
  return std::string(text);
}

Result<std::string> PasswordHasher::Hash(std::string_view password) {
  if (!places_.try_acquire_for(kPlaceWait)) return Busy();
  auto hash = HashNow(password);
  places_.release();
  return hash;
}

Result<bool> PasswordHasher::Verify(std::string_view password, const std::string& hash) {
  // A long one is refused after the same work: its length is the caller's, not the principal's.
  const std::string_view checked = password.substr(0, kPasswordBytesMax);
  if (!places_.try_acquire_for(kPlaceWait)) return Busy();
  const std::string& against = hash.empty() ? of_nobody_ : hash;
  const bool same = crypto_pwhash_str_verify(against.c_str(), checked.data(), checked.size()) == 0;
  places_.release();
  return same && !hash.empty() && checked.size() == password.size();
}

bool PasswordHasher::IsOutdated(const std::string& hash) const {
  return crypto_pwhash_str_needs_rehash(hash.c_str(), static_cast<unsigned long long>(cost_.passes),
                                        static_cast<size_t>(cost_.memory_bytes)) != 0;
}

Result<void> CheckNewPassword(std::string_view password, int64_t characters_min) {
  if (!metastore::IsStorableText(password)) {
    return MakeError(ErrorCode::kInvalidArgument, "a password must be UTF-8 without NUL");
  }
  const auto characters =
      std::ranges::count_if(password, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  if (characters < characters_min) {
    return MakeError(ErrorCode::kInvalidArgument, "a password must have at least {} characters", characters_min);
  }
  if (password.size() > kPasswordBytesMax) {
    return MakeError(ErrorCode::kInvalidArgument, "a password must have at most {} bytes", kPasswordBytesMax);
  }
  return {};
}

}  // namespace neurolake::catalog
