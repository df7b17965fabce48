#pragma once
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/result.h"

struct x509_st;

namespace neurolake::net {

struct CertificateFiles {
  std::string certificate;  ///< PEM.
  std::string key;          ///< PEM, for its owner alone.
};

/// The certificate in `directory`/certificate.pem and its key in key.pem, made when there is none, or when the one
/// there was made so and ends within 30 days: self-signed, P-256, for localhost, 127.0.0.1, ::1 and this machine's
/// name, for a year. Clients trust it by its file. Errors: kIoError; kInvalidArgument for a certificate without its
/// key.
Result<CertificateFiles> LocalCertificate(const std::string& directory, const Clock& clock);

/// The names of a certificate, as "dns:etl.example.org" (in lower case) and "uri:spiffe://example.org/etl". Its subject
/// is not looked at (RFC 6125, section 6.4.4). A certificate with a name that holds a NUL or anything else than
/// printable ASCII has no names at all: it was made to be read in two ways.
std::vector<std::string> AlternativeNames(const x509_st* certificate);

}  // namespace neurolake::net
