#pragma once
#include <string_view>

/// Whether a text of an identifier's form also has what its issuer built in: check digits, a possible date, a list of
/// values. Each takes the text as it was found, with its separators, and says no to any other form. Pure and
/// thread-safe. `tests/identifiers.tsv` has published examples of each, valid and not, with their sources.
namespace neurolake::privacy::checks {

// --- Without borders ---
bool Luhn(std::string_view text);             ///< ISO/IEC 7812-1, annex B.
bool PaymentCard(std::string_view text);      ///< Luhn, and a length that the card's network issues.
bool Iban(std::string_view text);             ///< ISO 13616: length by country, ISO 7064 mod 97-10.
bool BitcoinAddress(std::string_view text);   ///< Base58Check, or Bech32 and Bech32m (BIP 173, 350).
bool EthereumAddress(std::string_view text);  ///< EIP-55 where letters are of both cases.
bool IpAddress(std::string_view text);        ///< As inet_pton reads it; not the unspecified address, not a broadcast.
bool Email(std::string_view text);            ///< Lengths of RFC 5321, labels of RFC 1035.
bool Date(std::string_view text);             ///< A day that exists, in the orders that are in use.
bool Jwt(std::string_view text);              ///< The header is base64url of a JSON object with "alg".
bool GithubToken(std::string_view text);      ///< The last six characters are the CRC-32 of the others, in base 62.
bool HighEntropy(std::string_view text);      ///< At least 3 bits a character, and letters as well as digits.
bool AssignedSecret(std::string_view text);   ///< HighEntropy of what stands behind `:`, `=` or "is".

// --- Europe ---
bool UkNhs(std::string_view text);
bool IePps(std::string_view text);
bool DeTaxId(std::string_view text);
bool DeTaxNumber(std::string_view text);
bool DeVatId(std::string_view text);
bool DeIdCard(std::string_view
                  text);  ///< The nine characters and the check digit behind them (ICAO 9303: 7, 3, 1); passports too.
bool DeSocialSecurity(std::string_view text);
bool DeHealthInsurance(std::string_view text);
bool DeLanr(std::string_view text);
bool AtSvnr(std::string_view text);
bool ChAhv(std::string_view text);
bool FrNir(std::string_view text);
bool FrSiret(std::string_view text);
bool NlBsn(std::string_view text);
bool BeNrn(std::string_view text);
bool PtNif(std::string_view text);
bool PtCc(std::string_view text);
bool EsNif(std::string_view text);
bool EsNie(std::string_view text);
bool ItFiscalCode(std::string_view text);
bool ItVatCode(std::string_view text);
bool PlPesel(std::string_view text);
bool FiPersonalId(std::string_view text);
bool SePersonnummer(std::string_view text);
bool SeOrganisation(std::string_view text);
bool DkCpr(std::string_view text);
bool NoFodselsnummer(std::string_view text);
bool TrNationalId(std::string_view text);

// --- The Americas ---
bool UsSsn(std::string_view text);  ///< Never area 000, 666 or 900–999, group 00, serial 0000 (SSA, randomization FAQ).
bool AbaRouting(std::string_view text);
bool UsNpi(std::string_view text);
bool UsDea(std::string_view text);
bool MxCurp(std::string_view text);
bool MxRfc(std::string_view text);
bool BrCpf(std::string_view text);
bool BrCnpj(std::string_view text);

// --- Asia, Africa, Oceania ---
bool SgNric(std::string_view text);
bool SgUen(std::string_view text);
bool AuAbn(std::string_view text);
bool AuAcn(std::string_view text);
bool AuTfn(std::string_view text);
bool AuMedicare(std::string_view text);
bool Verhoeff(std::string_view text);  ///< Dihedral group D5; Aadhaar and NIN.
bool InGstin(std::string_view text);
bool JpMyNumber(std::string_view text);
bool KrRrn(std::string_view text);
bool KrFrn(std::string_view text);
bool KrBrn(std::string_view text);
bool KrDriverLicense(std::string_view text);
bool ThTnin(std::string_view text);
bool PhTin(std::string_view text);
bool ZaId(std::string_view text);

}  // namespace neurolake::privacy::checks
