#include "net/jwk.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>

#include "net/base64url.h"
#include "net/internal/freed.h"
#include "net/strict_json.h"

namespace neurolake::net {
namespace {

namespace json = boost::json;

constexpr int kRsaBitsMin = 2048;
constexpr int kRsaBitsMax = 8192;  // A check of a larger one takes long.
constexpr size_t kKeysMax = 100;

using Key = std::unique_ptr<EVP_PKEY, Freed<&EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freed<&EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freed<&EVP_MD_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, Freed<&BN_free>>;
using ParameterBuilder = std::unique_ptr<OSSL_PARAM_BLD, Freed<&OSSL_PARAM_BLD_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, Freed<&OSSL_PARAM_free>>;

struct Curve {
  std::string_view name;
  const char* group;
  size_t bytes;
  std::string_view algorithm;
};
constexpr Curve kCurves[] = {
    {"P-256", "prime256v1", 32, "ES256"}, {"P-384", "secp384r1", 48, "ES384"}, {"P-521", "secp521r1", 66, "ES512"}};

const unsigned char* Bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::unexpected<Error> Unusable(std::string_view why) {
  return MakeError(ErrorCode::kInvalidArgument, "the key cannot be used: {}", why);
}

/// A member in base64url. Errors: kInvalidArgument when it is not there, empty or not canonical.
Result<std::string> BytesMember(const json::object& jwk, std::string_view name) {
  NL_ASSIGN_OR_RETURN(auto bytes, DecodeBase64Url(TextMember(jwk, name)));
  if (bytes.empty()) return Unusable(fmt::format("its member {} is missing", name));
  return bytes;
}

Result<Key> MakeKey(const char* type, OSSL_PARAM_BLD& builder) {
  const Parameters parameters(OSSL_PARAM_BLD_to_param(&builder));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* made = nullptr;
  if (parameters == nullptr || context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
    return Unusable("its numbers make no key");
  }
  Key key(made);
  const KeyContext check(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  if (check == nullptr || EVP_PKEY_public_check(check.get()) != 1) return Unusable("its numbers make no valid key");
  return key;
}

/// Whether the modulus was made by the library that CVE-2017-15361 is about: its primes are powers of 65537 modulo
/// every small prime, and so is their product, which is next to impossible by chance.
bool IsRoca(const BIGNUM* modulus) {
  constexpr std::array<unsigned, 17> kPrimes = {11, 13, 17,  19,  37,  53,  61,  71, 73,
                                                79, 97, 103, 107, 109, 127, 151, 157};
  return std::ranges::all_of(kPrimes, [&](unsigned prime) {
    const auto residue = static_cast<unsigned>(BN_mod_word(modulus, prime));
    for (unsigned power = 1, i = 0; i < prime; ++i, power = power * (65537 % prime) % prime) {
      if (power == residue) return true;
    }
    return false;
  });
}

Result<Key> RsaKey(const json::object& jwk) {
  NL_ASSIGN_OR_RETURN(const std::string n, BytesMember(jwk, "n"));
  NL_ASSIGN_OR_RETURN(const std::string e, BytesMember(jwk, "e"));
  const Number modulus(BN_bin2bn(Bytes(n), static_cast<int>(n.size()), nullptr));
  const Number exponent(BN_bin2bn(Bytes(e), static_cast<int>(e.size()), nullptr));
  const int bits = BN_num_bits(modulus.get());
  if (bits < kRsaBitsMin) return Unusable("an RSA key must have at least 2048 bits");
  if (bits > kRsaBitsMax) return Unusable("an RSA key must have at most 8192 bits");
  // NIST SP 800-56B: odd, above 2^16. OpenSSL wants no more than 64 bits beside large moduli.
  if (BN_is_odd(exponent.get()) != 1 || BN_num_bits(exponent.get()) < 17 || BN_num_bits(exponent.get()) > 64) {
    return Unusable("an RSA key's exponent must be odd and at least 65537");
  }
  if (IsRoca(modulus.get())) return Unusable("an RSA key of a generator that is known to be broken");
  const ParameterBuilder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get());
  return MakeKey("RSA", *builder);
}

Result<Key> EcKey(const json::object& jwk, const Curve& curve) {
  NL_ASSIGN_OR_RETURN(const std::string x, BytesMember(jwk, "x"));
  NL_ASSIGN_OR_RETURN(const std::string y, BytesMember(jwk, "y"));
  if (x.size() != curve.bytes || y.size() != curve.bytes) return Unusable("its coordinates have the wrong length");
  const std::string point = "\x04" + x + y;
  const ParameterBuilder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve.group, 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
  return MakeKey("EC", *builder);
}

Result<Key> EdKey(const json::object& jwk) {
  if (TextMember(jwk, "crv") != "Ed25519") return Unusable("of the Edwards curves there is Ed25519");
  NL_ASSIGN_OR_RETURN(const std::string x, BytesMember(jwk, "x"));
  if (x.size() != 32) return Unusable("its coordinate has the wrong length");
  Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, Bytes(x), x.size()));
  if (key == nullptr) return Unusable("its number makes no key");
  return key;
}

Result<void> CheckUse(const json::object& jwk) {
  if (jwk.contains("use") && TextMember(jwk, "use") != "sig") return Unusable("it is not for signatures");
  if (const json::value* operations = jwk.if_contains("key_ops")) {
    if (!operations->is_array() ||
        std::ranges::find(operations->get_array(), "verify") == operations->get_array().end())
      return Unusable("it is not for checking signatures");
  }
  // Whoever reads the set can sign with it.
  if (jwk.contains("d")) return Unusable("its private part was published");
  return {};
}

const EVP_MD* DigestOf(std::string_view algorithm) {
  if (algorithm.ends_with("256")) return EVP_sha256();
  return algorithm.ends_with("384") ? EVP_sha384() : EVP_sha512();
}

/// RFC 7518, section 3.4: r and s, each as long as the curve's order, to what OpenSSL reads. Empty for anything else.
std::string EcSignature(std::string_view algorithm, std::string_view signature) {
  const Curve* curve = std::ranges::find(kCurves, algorithm, &Curve::algorithm);
  if (curve == std::end(kCurves) || signature.size() != 2 * curve->bytes) return {};
  const auto bytes = static_cast<int>(curve->bytes);
  Number r(BN_bin2bn(Bytes(signature), bytes, nullptr));
  Number s(BN_bin2bn(Bytes(signature) + bytes, bytes, nullptr));
  if (BN_is_zero(r.get()) || BN_is_zero(s.get())) return {};
  const std::unique_ptr<ECDSA_SIG, Freed<&ECDSA_SIG_free>> pair(ECDSA_SIG_new());
  ECDSA_SIG_set0(pair.get(), r.release(), s.release());
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &der);
  if (size <= 0) return {};
  std::string text(reinterpret_cast<const char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return text;
}

bool SetPadding(std::string_view algorithm, EVP_PKEY_CTX* context) {
  if (algorithm.starts_with("RS")) return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
  if (!algorithm.starts_with("PS")) return true;
  // RFC 7518, section 3.5: MGF1 with the same hash, a salt as long as the hash.
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md(context, DigestOf(algorithm)) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

}  // namespace

struct PublicKey::State {
  Key key;
};

PublicKey::PublicKey(std::unique_ptr<State> state) : state_(std::move(state)) {}
PublicKey::PublicKey(PublicKey&&) noexcept = default;
PublicKey::~PublicKey() = default;

Result<PublicKey> PublicKey::FromJwk(const json::object& jwk) {
  NL_RETURN_IF_ERROR(CheckUse(jwk));
  const std::string type = TextMember(jwk, "kty");
  Result<Key> made = Unusable("its kind is none of RSA, EC and OKP");
  std::vector<std::string> algorithms;
  if (type == "RSA") {
    made = RsaKey(jwk);
    algorithms = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"};
  } else if (type == "EC") {
    const Curve* curve = std::ranges::find(kCurves, TextMember(jwk, "crv"), &Curve::name);
    if (curve == std::end(kCurves)) return Unusable("its curve is none of P-256, P-384 and P-521");
    made = EcKey(jwk, *curve);
    algorithms = {std::string(curve->algorithm)};
  } else if (type == "OKP") {
    made = EdKey(jwk);
    algorithms = {"EdDSA"};
  }
  if (!made) return std::unexpected(made.error());
  if (jwk.contains("alg")) {
    const std::string only = TextMember(jwk, "alg");
    if (std::ranges::find(algorithms, only) == algorithms.end())
      return Unusable("its algorithm is not one of its kind");
    algorithms = {only};
  }
  if (jwk.contains("kid") && TextMember(jwk, "kid").empty()) return Unusable("its kid is no text");
  PublicKey key(std::make_unique<State>(State{std::move(*made)}));
  key.id_ = TextMember(jwk, "kid");
  key.algorithms_ = std::move(algorithms);
  return key;
}

bool PublicKey::IsFor(std::string_view algorithm) const {
  return std::ranges::find(algorithms_, algorithm) != algorithms_.end();
}

bool PublicKey::Verify(std::string_view algorithm, std::string_view text, std::string_view signature) const {
  if (!IsFor(algorithm)) return false;
  std::string encoded;
  if (algorithm.starts_with("ES")) {
    encoded = EcSignature(algorithm, signature);
    if (encoded.empty()) return false;
    signature = encoded;
  } else if (signature.size() != static_cast<size_t>(EVP_PKEY_get_size(state_->key.get()))) {
    return false;
  }
  const DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* details = nullptr;
  const EVP_MD* digest = algorithm == "EdDSA" ? nullptr : DigestOf(algorithm);
  return context != nullptr && EVP_DigestVerifyInit(context.get(), &details, digest, nullptr, state_->key.get()) == 1 &&
         SetPadding(algorithm, details) &&
         EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(text), text.size()) == 1;
}

Result<std::shared_ptr<const KeySet>> KeySet::Parse(std::string_view text) {
  NL_ASSIGN_OR_RETURN(const auto object, ParseStrictObject(text, "a key set"));
  const json::value* keys = object.if_contains("keys");
  if (keys == nullptr || !keys->is_array()) return MakeError(ErrorCode::kInvalidArgument, "a key set has no keys");
  if (keys->get_array().size() > kKeysMax) {
    return MakeError(ErrorCode::kInvalidArgument, "a key set has more than {} keys", kKeysMax);
  }
  auto set = std::make_shared<KeySet>();
  for (const json::value& one : keys->get_array()) {
    if (!one.is_object()) continue;
    if (auto key = PublicKey::FromJwk(one.get_object())) set->keys_.push_back(std::move(*key));
  }
  if (set->keys_.empty()) return MakeError(ErrorCode::kInvalidArgument, "a key set has no key that can be used");
  return set;
}

const PublicKey* KeySet::Find(std::string_view algorithm, const std::optional<std::string>& id) const {
  const PublicKey* found = nullptr;
  for (const PublicKey& key : keys_) {
    if (id ? key.id() != *id : !key.IsFor(algorithm)) continue;
    if (found != nullptr) return nullptr;
    found = &key;
  }
  return found != nullptr && found->IsFor(algorithm) ? found : nullptr;
}

bool KeySet::Has(std::string_view id) const {
  return std::ranges::any_of(keys_, [&](const PublicKey& key) { return key.id() == id; });
}

}  // namespace neurolake::net
