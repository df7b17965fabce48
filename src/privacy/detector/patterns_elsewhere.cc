#include "privacy/detector/checks.h"
#include "privacy/detector/internal/pattern_lists.h"

namespace neurolake::privacy {
namespace {

using enum Entity;

constexpr Pattern kOther[] = {
    // --- The Americas ---
    {kMedicalLicense, R"([ABCDEFGHJKLMPRSTUX][A-Z9]\d{7})", -1.5, checks::UsDea, 0.1, true, Edges::kWord, true},
    {kUsSsn, R"(\d{3}-\d{2}-\d{4})", 0.7, checks::UsSsn, 0.88, false},
    {kUsSsn, R"(\d{3}[ .]\d{2}[ .]\d{4})", -1.0, checks::UsSsn, 0.88, false},
    {kUsSsn, R"(\d{9})", -4.0, checks::UsSsn, 0.88, false},
    {kUsItin, R"(9\d{2}[ -](5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])[ -]\d{4})", 0.8},
    {kUsItin, R"(9\d{2}(5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])\d{4})", -4.0},
    {kUsPassport, R"(\d{9})", -4.2},
    {kUsPassport, R"([A-Z]\d{8})", -3.5},
    {kUsDriverLicense, R"([A-Z]\d{3,8}|[A-Z]\d{11,14}|[A-Z]{2}\d{6}[A-Z]?|\d{7,9}|[A-Z]\d{3}-\d{4}-\d{4}|[A-Z]\d{3}-\d{3}-\d{2}-\d{3}-\d)", -4.4},
    {kUsBankNumber, R"(\d{8,17})", -4.4},
    {kAbaRouting, R"(\d{9})", -4.0, checks::AbaRouting, 0.047},
    {kAbaRouting, R"(\d{4}-\d{4}-\d)", -1.0, checks::AbaRouting, 0.047},
    {kUsNpi, R"([12]\d{9})", -4.0, checks::UsNpi, 0.1},
    {kUsMbi, R"([1-9][AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d[AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d[AC-HJKMNP-RT-Y]{2}\d{2})", 1.0},
    {kUsMbi, R"([1-9][AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d-[AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d-[AC-HJKMNP-RT-Y]{2}\d{2})", 3.0},
    {kUsHealthInsurance, R"([A-Z]{1,5}-?\d{5,12})", -4.2},
    {kUsPriorAuthorization, R"(PA-?\d{6,12})", -3.0},
    {kUsPriorAuthorization, R"(\d{6,12})", -4.4},
    {kCaSin, R"([1-79]\d{2}[ -]\d{3}[ -]\d{3})", -1.0, checks::Luhn, 0.1},
    {kCaSin, R"([1-79]\d{8})", -4.0, checks::Luhn, 0.1},
    {kCaPostalCode, R"([ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z] \d[ABCEGHJ-NPRSTV-Z]\d)", 1.0},
    {kCaPostalCode, R"([ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z]-?\d[ABCEGHJ-NPRSTV-Z]\d)", -2.0},
    {kMxCurp, R"([A-Z][AEIOUX][A-Z]{2}\d{6}[HMX](AS|BC|BS|CC|CL|CM|CS|CH|DF|DG|GT|GR|HG|JC|MC|MN|MS|NT|NL|OC|PL|QT|QR|SP|SL|SR|TC|TS|TL|VZ|YN|ZS|NE)[B-DF-HJ-NP-TV-Z]{3}[0-9A-Z]\d)",
     3.0, checks::MxCurp, 0.0037, true, Edges::kWord, true},
    {kMxRfc, R"([A-Z&]{3,4}[ -]?\d{6}[ -]?[0-9A-Z]{2}[0-9A])", 0.0, checks::MxRfc, 0.0033},
    {kBrCpf, R"(\d{3}\.\d{3}\.\d{3}-\d{2})", 2.0, checks::BrCpf, 0.01},
    {kBrCpf, R"(\d{11})", -3.0, checks::BrCpf, 0.01},
    {kBrCnpj, R"([0-9A-Z]{2}\.[0-9A-Z]{3}\.[0-9A-Z]{3}/[0-9A-Z]{4}-\d{2})", 2.0, checks::BrCnpj, 0.01},
    {kBrCnpj, R"(\d{14})", -3.0, checks::BrCnpj, 0.01},

    // --- Asia and Oceania ---
    {kSgNric, R"([STFGM]\d{7}[A-Z])", 0.0, checks::SgNric, 0.0385, true, Edges::kWord, true},
    {kSgUen, R"(\d{8,9}[A-Z])", -2.0, checks::SgUen, 0.02},
    {kSgUen, R"([TSR]\d{2}[A-Z]{2}\d{4}[A-Z])", 0.5, checks::SgUen, 0.022},
    {kAuAbn, R"([1-9]\d \d{3} \d{3} \d{3})", 0.0, checks::AuAbn, 0.0112},
    {kAuAbn, R"([1-9]\d{10})", -3.5, checks::AuAbn, 0.0112},
    {kAuAcn, R"(\d{3} \d{3} \d{3})", -2.5, checks::AuAcn, 0.1},
    {kAuAcn, R"(\d{9})", -4.5, checks::AuAcn, 0.1},
    {kAuTfn, R"(\d{3} \d{3} \d{3})", -2.0, checks::AuTfn, 0.091},
    {kAuTfn, R"(\d{9})", -4.5, checks::AuTfn, 0.091},
    {kAuMedicare, R"([2-6]\d{3} \d{5} \d)", 0.5, checks::AuMedicare, 0.1},
    {kAuMedicare, R"([2-6]\d{9,10})", -4.0, checks::AuMedicare, 0.1},
    {kInPan, R"([A-Z]{3}[ABCFGHJLPTK][A-Z]\d{4}[A-Z])", 0.3},
    {kInAadhaar, R"([2-9]\d{3} \d{4} \d{4})", -1.0, checks::Verhoeff, 0.1},
    {kInAadhaar, R"([2-9]\d{3}-\d{4}-\d{4})", -1.0, checks::Verhoeff, 0.1},
    {kInAadhaar, R"([2-9]\d{11})", -3.5, checks::Verhoeff, 0.1},
    {kInVehicle, R"((AN|AP|AR|AS|BR|CG|CH|DD|DL|GA|GJ|HP|HR|JH|JK|KA|KL|LA|LD|MH|ML|MN|MP|MZ|NL|OD|OR|PB|PY|RJ|SK|TN|TR|TS|UK|UP|WB)[ -]?\d{1,2}[ -]?[A-Z]{1,3}[ -]?\d{4})",
     0.3},
    {kInVehicle, R"(\d{2} ?BH ?\d{4} ?[A-HJ-NP-Z]{1,2})", 0.3},
    {kInVoter, R"([A-Z]{3}\d{7})", -3.0},
    {kInPassport, R"([A-PR-WY][1-9]\d ?\d{4}[1-9])", -3.5},
    {kInGstin, R"([0-3]\d[A-Z]{5}\d{4}[A-Z][1-9A-Z]Z[0-9A-Z])", 2.5, checks::InGstin, 0.026},
    {kJpMyNumber, R"(\d{4}[ -]\d{4}[ -]\d{4})", -2.0, checks::JpMyNumber, 0.1},
    {kJpMyNumber, R"(\d{12})", -4.0, checks::JpMyNumber, 0.1},
    {kKrRrn, R"(\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])-[1-4]\d{6})", 2.0, checks::KrRrn, 0.985, false},
    {kKrRrn, R"(\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])[1-4]\d{6})", -2.5, checks::KrRrn, 0.985, false},
    {kKrFrn, R"(\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])-[5-8]\d{6})", 2.0, checks::KrFrn, 0.985, false},
    {kKrFrn, R"(\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])[5-8]\d{6})", -2.5, checks::KrFrn, 0.985, false},
    {kKrBrn, R"(\d{3}-\d{2}-\d{5})", -0.5, checks::KrBrn, 0.1},
    {kKrBrn, R"(\d{10})", -4.5, checks::KrBrn, 0.1},
    {kKrDriverLicense, R"(\d{2}-\d{2}-\d{6}-\d{2})", 0.5, checks::KrDriverLicense, 0.17, false},
    {kKrDriverLicense, R"(\d{12})", -5.0, checks::KrDriverLicense, 0.17, false},
    {kKrPassport, R"([MSROD]\d{3}[A-Z]\d{4})", -1.5},
    {kKrPassport, R"([MSROD]\d{8})", -3.5},
    {kThTnin, R"([1-8]-\d{4}-\d{5}-\d{2}-\d)", 2.0, checks::ThTnin, 0.1},
    {kThTnin, R"([1-8]\d{12})", -3.0, checks::ThTnin, 0.1},
    {kPhTin, R"(\d{3}-\d{3}-\d{3}(-\d{3})?)", -1.5, checks::PhTin, 0.091},
    {kPhTin, R"(\d{9}(\d{3})?)", -4.5, checks::PhTin, 0.091},
    {kPhUmid, R"(\d{4}-\d{7}-\d)", 0.3},
    {kPhUmid, R"(\d{12})", -4.2},
    {kPhPassport, R"([A-Z]\d{7}[A-Z]|[A-Z]{2}\d{7})", -3.5},

    // --- Africa ---
    {kZaId, R"(\d{10}[0-2]\d{2})", -2.0, checks::ZaId, 0.00365},
    {kZaPassport, R"([ADMT]\d{8})", -3.5},
    {kZaDriverLicense, R"(\d{8,10}[A-Z]{2,4})", -3.5},
    {kZaPlate, R"([A-Z]{2} ?\d{2} ?[A-Z]{2} ?(GP|ZN|WP|EC|NC|FS|LP|MP|NW|L))", 0.0},
    {kZaPlate, R"([A-Z]{3} ?\d{3} ?(GP|ZN|WP|EC|NC|FS|LP|MP|NW|L))", 0.0},
    {kZaPlate, R"(C[A-Z]{1,2} ?\d{2,6})", -4.2},
    {kZaTrafficRegister, R"(\d{13})", -4.4},
    {kZaIncomeTax, R"([01239]\d{9})", -4.0, checks::Luhn, 0.1},
    {kZaVat, R"(4\d{9})", -4.0},
    {kZaCompany, R"((19|20)\d{2}/\d{6}/\d{2})", 1.5},
    {kNgNin, R"(\d{11})", -4.0, checks::Verhoeff, 0.1},
    {kNgVehicle, R"([A-Z]{3}[ -]\d{3}[ -]?[A-Z]{2})", -0.5},
    {kNgVehicle, R"([A-Z]{3}\d{3}[A-Z]{2})", -1.5},
};

}  // namespace

std::span<const Pattern> OtherPatterns() { return kOther; }

}  // namespace neurolake::privacy
