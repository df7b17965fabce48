#pragma once
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <memory>
#include <string>

#include "common/check.h"
#include "net/base64url.h"

namespace neurolake::net {

/// A provider's signing key for tests: makes the key of its set, and tokens with any header and content.
class TokenMaker {
 public:
  /// `algorithm` of RFC 7518 or "EdDSA". `rsa_bits` may be less than is allowed.
  explicit TokenMaker(std::string algorithm, std::string key_id = "k1", unsigned rsa_bits = 2048)
      : algorithm_(std::move(algorithm)), key_id_(std::move(key_id)) {
    EVP_PKEY* key = nullptr;
    if (algorithm_ == "EdDSA") {
      key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
    } else if (algorithm_.starts_with("ES")) {
      key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", Curve().second);
    } else {
      key = EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<size_t>(rsa_bits));
    }
    NL_CHECK(key != nullptr);
    key_ = {key, &EVP_PKEY_free};
  }

  boost::json::object Jwk() const {
    boost::json::object jwk{{"kid", key_id_}, {"alg", algorithm_}, {"use", "sig"}};
    if (algorithm_ == "EdDSA") {
      unsigned char raw[32];
      size_t size = sizeof raw;
      EVP_PKEY_get_raw_public_key(key_.get(), raw, &size);
      jwk["kty"] = "OKP";
      jwk["crv"] = "Ed25519";
      jwk["x"] = EncodeBase64Url({reinterpret_cast<char*>(raw), size});
    } else if (algorithm_.starts_with("ES")) {
      jwk["kty"] = "EC";
      jwk["crv"] = Curve().first;
      jwk["x"] = Member(OSSL_PKEY_PARAM_EC_PUB_X, CurveBytes());
      jwk["y"] = Member(OSSL_PKEY_PARAM_EC_PUB_Y, CurveBytes());
    } else {
      jwk["kty"] = "RSA";
      jwk["n"] = Member(OSSL_PKEY_PARAM_RSA_N, 0);
      jwk["e"] = Member(OSSL_PKEY_PARAM_RSA_E, 0);
    }
    return jwk;
  }
  std::string Jwks() const { return boost::json::serialize(boost::json::value{{"keys", {Jwk()}}}); }

  boost::json::object Header() const { return {{"alg", algorithm_}, {"kid", key_id_}, {"typ", "JWT"}}; }
  std::string Sign(const boost::json::object& claims) const {
    return SignText(boost::json::serialize(Header()), boost::json::serialize(claims));
  }
  std::string SignText(std::string_view header, std::string_view claims) const {
    const std::string text = EncodeBase64Url(header) + "." + EncodeBase64Url(claims);
    return text + "." + EncodeBase64Url(Signature(text));
  }
  std::string Signature(const std::string& text) const {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    EVP_PKEY_CTX* details = nullptr;
    const EVP_MD* digest = algorithm_ == "EdDSA"         ? nullptr
                           : algorithm_.ends_with("256") ? EVP_sha256()
                           : algorithm_.ends_with("384") ? EVP_sha384()
                                                         : EVP_sha512();
    NL_CHECK(EVP_DigestSignInit(context.get(), &details, digest, nullptr, key_.get()) == 1);
    if (algorithm_.starts_with("PS")) {
      EVP_PKEY_CTX_set_rsa_padding(details, RSA_PKCS1_PSS_PADDING);
      EVP_PKEY_CTX_set_rsa_pss_saltlen(details, RSA_PSS_SALTLEN_DIGEST);
    }
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    size_t size = 0;
    NL_CHECK(EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) == 1);
    std::string signature(size, '\0');
    NL_CHECK(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes,
                            text.size()) == 1);
    signature.resize(size);
    return algorithm_.starts_with("ES") ? Raw(signature) : signature;
  }

 private:
  std::pair<const char*, const char*> Curve() const {
    if (algorithm_ == "ES256") return {"P-256", "P-256"};
    return algorithm_ == "ES384" ? std::pair{"P-384", "P-384"} : std::pair{"P-521", "P-521"};
  }
  int CurveBytes() const { return algorithm_ == "ES256" ? 32 : algorithm_ == "ES384" ? 48 : 66; }
  std::string Member(const char* name, int width) const {
    BIGNUM* number = nullptr;
    NL_CHECK(EVP_PKEY_get_bn_param(key_.get(), name, &number) == 1);
    std::string bytes(static_cast<size_t>(width > 0 ? width : BN_num_bytes(number)), '\0');
    BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    BN_free(number);
    return EncodeBase64Url(bytes);
  }
  /// r and s side by side, as JWS wants them.
  std::string Raw(const std::string& der) const {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    ECDSA_SIG* pair = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
    const int width = CurveBytes();
    std::string raw(static_cast<size_t>(2 * width), '\0');
    auto* bytes = reinterpret_cast<unsigned char*>(raw.data());
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), bytes, width);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), bytes + width, width);
    ECDSA_SIG_free(pair);
    return raw;
  }

  std::string algorithm_;
  std::string key_id_;
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_{nullptr, &EVP_PKEY_free};
};

}  // namespace neurolake::net
