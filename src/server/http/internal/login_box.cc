#include "server/http/internal/login_box.h"

#include <sodium.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "net/base64url.h"
#include "net/strict_json.h"

namespace neurolake::server {
namespace {

constexpr size_t kPathBytesMax = 2000;

const unsigned char* Bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

LoginBox::LoginBox() {
  static_assert(crypto_secretbox_KEYBYTES == 32);
  NL_CHECK(sodium_init() >= 0);
  randombytes_buf(key_.data(), key_.size());
}

std::string LoginBox::Seal(const PendingLogin& pending) const {
  const std::string text =
      boost::json::serialize(boost::json::value{{"state", pending.login.state},
                                                {"nonce", pending.login.nonce},
                                                {"verifier", pending.login.code_verifier},
                                                {"return_to", pending.return_to},
                                                {"expires", pending.expires.time_since_epoch().count()}});
  std::string sealed(crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + text.size(), '\0');
  auto* const nonce = reinterpret_cast<unsigned char*>(sealed.data());
  randombytes_buf(nonce, crypto_secretbox_NONCEBYTES);
  crypto_secretbox_easy(nonce + crypto_secretbox_NONCEBYTES, Bytes(text), text.size(), nonce, key_.data());
  return net::EncodeBase64Url(sealed);
}

std::optional<PendingLogin> LoginBox::Open(std::string_view sealed_text, WallTime now) const {
  const auto sealed = net::DecodeBase64Url(sealed_text);
  constexpr size_t kHead = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;
  if (!sealed || sealed->size() < kHead) return std::nullopt;
  std::string text(sealed->size() - kHead, '\0');
  if (crypto_secretbox_open_easy(reinterpret_cast<unsigned char*>(text.data()),
                                 Bytes(*sealed) + crypto_secretbox_NONCEBYTES,
                                 sealed->size() - crypto_secretbox_NONCEBYTES, Bytes(*sealed), key_.data()) != 0) {
    return std::nullopt;
  }
  const auto object = net::ParseStrictObject(text, "a login");
  if (!object) return std::nullopt;
  PendingLogin pending{.login = {.state = net::TextMember(*object, "state"),
                                 .nonce = net::TextMember(*object, "nonce"),
                                 .code_verifier = net::TextMember(*object, "verifier")},
                       .return_to = net::TextMember(*object, "return_to"),
                       .expires = WallTime(std::chrono::microseconds(object->at("expires").as_int64()))};
  if (pending.expires <= now) return std::nullopt;
  return pending;
}

std::optional<std::string> LocalPath(std::string_view text) {
  if (text.empty()) return "/";
  // Browsers read "\" as "/", and leave out tabs and line ends before they look.
  const bool plain = std::ranges::all_of(text, [](unsigned char c) { return c > ' ' && c < 0x7F && c != '\\'; });
  if (!plain || text.size() > kPathBytesMax || !text.starts_with('/') || text.starts_with("//")) return std::nullopt;
  return std::string(text);
}

}  // namespace neurolake::server
