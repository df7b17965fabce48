#include "net/certificate.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <filesystem>

#include "common/text.h"
#include "net/internal/freed.h"

namespace neurolake::net {
namespace {

namespace fs = std::filesystem;

constexpr const char* kOrganization = "NeuroLake (made on this machine)";
constexpr long kLifeSeconds = 365L * 24 * 3600;
constexpr long kRenewSeconds = 30L * 24 * 3600;

using Certificate = std::unique_ptr<X509, Freed<&X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<&EVP_PKEY_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<&X509_EXTENSION_free>>;
using File = std::unique_ptr<FILE, Freed<&std::fclose>>;

std::unexpected<Error> Failed(std::string_view what, const std::string& path) {
  return MakeError(ErrorCode::kIoError, "cannot {}: {}", what, path);
}

bool AddExtension(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

/// This machine's name, if it is one that can stand in a certificate.
std::string HostName() {
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0) return {};
  const std::string_view text = name;
  const bool plain = std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '.'; });
  return plain && !text.empty() && text.size() < 64 ? std::string(text) : std::string();
}

Certificate Sign(EVP_PKEY* key, WallTime now) {
  Certificate certificate(X509_new());
  unsigned char serial[16];
  RAND_bytes(serial, sizeof serial);
  serial[0] &= 0x7F;
  const std::unique_ptr<BIGNUM, Freed<&BN_free>> number(BN_bin2bn(serial, sizeof serial, nullptr));
  BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate.get()));
  X509_set_version(certificate.get(), X509_VERSION_3);
  std::time_t at = std::chrono::system_clock::to_time_t(now);
  // Clocks that are a little behind see it as valid, too.
  X509_time_adj(X509_getm_notBefore(certificate.get()), -3600, &at);
  X509_time_adj(X509_getm_notAfter(certificate.get()), kLifeSeconds, &at);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  const auto add = [&](const char* field, const char* text) {
    X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(text), -1, -1, 0);
  };
  add("O", kOrganization);
  add("CN", "localhost");
  X509_set_issuer_name(certificate.get(), name);
  const std::string host = HostName();
  const std::string names = "DNS:localhost,IP:127.0.0.1,IP:::1" + (host.empty() ? "" : ",DNS:" + host);
  const bool complete = AddExtension(certificate.get(), NID_subject_alt_name, names) &&
                        AddExtension(certificate.get(), NID_basic_constraints, "critical,CA:FALSE") &&
                        AddExtension(certificate.get(), NID_key_usage, "critical,digitalSignature") &&
                        AddExtension(certificate.get(), NID_ext_key_usage, "serverAuth") &&
                        AddExtension(certificate.get(), NID_subject_key_identifier, "hash") &&
                        AddExtension(certificate.get(), NID_authority_key_identifier, "keyid:always") &&
                        X509_sign(certificate.get(), key, EVP_sha256()) > 0;
  return complete ? std::move(certificate) : nullptr;
}

/// In a new file that nobody else can read, moved to its place when it is complete.
template <typename WriteTo>
Result<void> WriteFile(const std::string& path, WriteTo write) {
  const std::string making = path + ".new";
  const mode_t mask = ::umask(077);
  File file(std::fopen(making.c_str(), "we"));
  ::umask(mask);
  if (file == nullptr || write(file.get()) != 1 || std::fflush(file.get()) != 0 || ::fsync(::fileno(file.get())) != 0) {
    return Failed("write", making);
  }
  file.reset();
  std::error_code failure;
  fs::rename(making, path, failure);
  return failure ? Failed("write", path) : Result<void>();
}

/// One that this program made and that ends soon. Somebody's own is theirs to renew.
bool WantsRenewal(const std::string& path, WallTime now) {
  const File file(std::fopen(path.c_str(), "re"));
  if (file == nullptr) return false;
  const Certificate certificate(PEM_read_X509(file.get(), nullptr, nullptr, nullptr));
  if (certificate == nullptr) return false;
  char organization[128] = {};
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_organizationName, organization,
                            sizeof organization);
  std::time_t soon = std::chrono::system_clock::to_time_t(now) + kRenewSeconds;
  return organization == std::string_view(kOrganization) &&
         X509_cmp_time(X509_get0_notAfter(certificate.get()), &soon) < 0;
}

}  // namespace

Result<CertificateFiles> LocalCertificate(const std::string& directory, const Clock& clock) {
  const CertificateFiles files{directory + "/certificate.pem", directory + "/key.pem"};
  std::error_code failure;
  const bool has_certificate = fs::exists(files.certificate, failure);
  const bool has_key = fs::exists(files.key, failure);
  if (has_certificate != has_key) {
    return MakeError(ErrorCode::kInvalidArgument, "a certificate and its key belong together, one is missing in: {}",
                     directory);
  }
  if (has_certificate && !WantsRenewal(files.certificate, clock.Now())) return files;
  fs::create_directories(directory, failure);
  fs::permissions(directory, fs::perms::owner_all, failure);
  if (failure) return Failed("make", directory);
  const Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  const Certificate certificate = key == nullptr ? nullptr : Sign(key.get(), clock.Now());
  if (certificate == nullptr) return Failed("make a certificate for", directory);
  // The key first: a certificate without it is refused, a key alone as well, so that neither is used half.
  NL_RETURN_IF_ERROR(WriteFile(files.key, [&](FILE* file) {
    return PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  }));
  NL_RETURN_IF_ERROR(WriteFile(files.certificate, [&](FILE* file) { return PEM_write_X509(file, certificate.get()); }));
  return files;
}

std::vector<std::string> AlternativeNames(const x509_st* certificate) {
  std::vector<std::string> names;
  auto* const found =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  const std::unique_ptr<GENERAL_NAMES, Freed<&GENERAL_NAMES_free>> all(found);
  for (int i = 0; i < sk_GENERAL_NAME_num(found); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(found, i);
    if (name->type != GEN_DNS && name->type != GEN_URI) continue;
    const ASN1_IA5STRING* value = name->type == GEN_DNS ? name->d.dNSName : name->d.uniformResourceIdentifier;
    const std::string_view text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                                static_cast<size_t>(ASN1_STRING_length(value)));
    if (!std::ranges::all_of(text, [](unsigned char c) { return c > 0x20 && c < 0x7F; })) return {};
    names.push_back(name->type == GEN_DNS ? "dns:" + LowerAscii(text) : "uri:" + std::string(text));
  }
  return names;
}

}  // namespace neurolake::net
