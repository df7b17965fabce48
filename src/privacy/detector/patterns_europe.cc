#include "privacy/detector/checks.h"
#include "privacy/detector/internal/pattern_lists.h"

namespace neurolake::privacy {
namespace {

using enum Entity;

constexpr Pattern kEuropean[] = {
    {kUkNhs, R"(\d{3}[ -]\d{3}[ -]\d{4})", -2.5, checks::UkNhs, 0.091},
    {kUkNhs, R"(\d{10})", -4.0, checks::UkNhs, 0.091},
    {kUkNino, R"([ABCEGHJ-PRSTW-Z][ABCEGHJ-NPRSTW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D])", 1.0},
    {kUkPassport, R"(\d{9})", -4.2},
    {kUkPassport, R"([A-Z]{2}\d{7})", -3.0},
    {kUkPostcode,
     R"((GIR ?0AA|[A-PR-UWYZ]([0-9]{1,2}|([A-HK-Y][0-9]([0-9ABEHMNPRV-Y])?)|[0-9][A-HJKPS-UW]) [0-9][ABD-HJLNP-UW-Z]{2}))",
     0.6},
    {kUkPostcode,
     R"([A-PR-UWYZ]([0-9]{1,2}|([A-HK-Y][0-9]([0-9ABEHMNPRV-Y])?)|[0-9][A-HJKPS-UW])[0-9][ABD-HJLNP-UW-Z]{2})", -3.0},
    {kUkDrivingLicence, R"([A-Z9]{5}\d(0[1-9]|1[0-2]|5[1-9]|6[0-2])(0[1-9]|[12]\d|3[01])\d[A-Z9]{2}[A-Z0-9][A-Z]{2})",
     2.5},
    {kUkVehicle, R"([A-HJ-PR-Y]{2}\d{2} ?[A-HJ-PR-Z]{3})", -1.5},
    {kUkVehicle, R"([A-HJ-NPR-TV-Y]\d{1,3} [A-HJ-PR-Y]{3})", -2.5},
    {kIePps, R"(\d{7}[A-W][ABHWTX]?)", -1.5, checks::IePps, 0.044},

    {kDeTaxId, R"([1-9]\d{10})", -3.0, checks::DeTaxId, 0.004},
    {kDeTaxId, R"([1-9]\d \d{3} \d{3} \d{3})", -1.0, checks::DeTaxId, 0.004},
    {kDeTaxNumber, R"(\d{2,3}/\d{3}/\d{5})", -0.5, checks::DeTaxNumber, 1, false},
    {kDeTaxNumber, R"(\d{3}/\d{4}/\d{4})", -1.0, checks::DeTaxNumber, 1, false},
    {kDeTaxNumber, R"((10|11|[23][0-9]|4[01]|5\d|9\d)\d{2}0\d{8})", -3.5, checks::DeTaxNumber, 1, false},
    {kDeVatId, R"(DE ?\d{3}[ .]?\d{3}[ .]?\d{3})", 1.5, checks::DeVatId, 0.09},
    {kDeIdCard, R"([CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{8}\d)", -2.5, checks::DeIdCard, 0.1},
    {kDeIdCard, R"([CFGHJKLMNPRTVWXYZ][CFGHJKLMNPRTVWXYZ0-9]{8})", -4.0},
    {kDeIdCard, R"(T\d{8})", -3.0},
    {kDePassport, R"([CFGHJK][CFGHJKLMNPRTVWXYZ0-9]{8}\d)", -2.7, checks::DeIdCard, 0.1},
    {kDePassport, R"([CFGHJK][CFGHJKLMNPRTVWXYZ0-9]{8})", -4.0},
    {kDeSocialSecurity, R"(\d{2} ?\d{6} ?[A-Z] ?\d{3})", 0.0, checks::DeSocialSecurity, 0.0066},
    {kDeHealthInsurance, R"([A-Z]\d{9})", -2.5, checks::DeHealthInsurance, 0.1},
    {kDeLanr, R"(\d{9})", -4.5, checks::DeLanr, 0.1},
    {kDeBsnr, R"((0[1-3]|17|20|38|46|51|52|71|72|73|74|78|83|88|93|98)\d{7})", -4.4},
    {kDeDriverLicense, R"([A-Z]\d{3}[A-Z0-9]{6}\d[A-Z0-9])", -3.5},
    {kDeDriverLicense, R"([A-Z]{2}\d{8}[A-Z0-9])", -3.0},
    {kDeVehicle, R"([A-Z]([A-Z]|\xc3[\x84\x96\x9c]){0,2}[ -][A-Z]{1,2} \d{1,4}[EH]?)", -2.5},
    {kDeVehicle, R"([A-Z]([A-Z]|\xc3[\x84\x96\x9c]){0,2}-[A-Z]{1,2}-?\d{1,4}[EH]?)", -3.0},
    {kDeCommercialRegister, R"(HR[AB] ?\d{1,6}( ?[A-Z]{1,2})?)", 1.5},
    {kDePostcode, R"([0-9]\d{4})", -4.4},
    {kDePostcode, R"(D-\d{5})", -0.5},

    {kAtSvnr, R"([1-9]\d{3} ?\d{6})", -3.0, checks::AtSvnr, 0.0043},
    {kChAhv, R"(756[. ]?\d{4}[. ]?\d{4}[. ]?\d{2})", 0.5, checks::ChAhv, 0.1},
    {kFrNir, R"([1-478]\d{2}(0[1-9]|1[0-2]|[2-9]\d)(\d{2}|2[AB])\d{3}\d{3}\d{2})", -2.0, checks::FrNir, 0.0076},
    {kFrNir, R"([1-478] \d{2} (0[1-9]|1[0-2]|[2-9]\d) (\d{2}|2[AB]) \d{3} \d{3} \d{2})", 2.0, checks::FrNir, 0.0076},
    {kFrSiren, R"(\d{3} ?\d{3} ?\d{3})", -4.0, checks::Luhn, 0.1},
    {kFrSiret, R"(\d{3} ?\d{3} ?\d{3} ?\d{5})", -2.5, checks::FrSiret, 0.01},
    {kNlBsn, R"(\d{9})", -4.0, checks::NlBsn, 0.09},
    {kNlBsn, R"(\d{4}\.\d{2}\.\d{3})", -0.5, checks::NlBsn, 0.09},
    {kBeNrn, R"(\d{2}[. ]\d{2}[. ]\d{2}[- ]\d{3}[. ]\d{2})", 2.0, checks::BeNrn, 0.0024},
    {kBeNrn, R"(\d{6}[ -]?\d{3}[ .-]?\d{2})", -2.5, checks::BeNrn, 0.0024},
    {kPtNif, R"([1-9]\d{8})", -4.0, checks::PtNif, 0.09},
    {kPtNif, R"(PT ?[1-9]\d{2} ?\d{3} ?\d{3})", 0.5, checks::PtNif, 0.1},
    {kPtNif, R"([1-9]\d{2} \d{3} \d{3})", -2.5, checks::PtNif, 0.1},
    {kPtCc, R"(\d{8} ?\d ?[A-Z]{2}\d)", 0.0, checks::PtCc, 0.1},
    {kEsNif, R"(\d{8}[ -]?[A-Z])", -1.5, checks::EsNif, 0.0385},
    {kEsNie, R"([XYZ][ -]?\d{7}[ -]?[A-Z])", -0.5, checks::EsNie, 0.0385},
    {kEsPassport, R"([A-Z]{3}\d{6})", -3.5},
    {kItFiscalCode, R"([A-Z]{6}[0-9LMNP-V]{2}[ABCDEHLMPRST][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z])", 2.5,
     checks::ItFiscalCode, 0.024, true, Edges::kWord, true},
    {kItVatCode, R"(\d{11})", -4.0, checks::ItVatCode, 0.1},
    {kItVatCode, R"(IT ?\d{11})", 0.5, checks::ItVatCode, 0.1},
    {kItDriverLicense, R"(([A-Z]{2}\d{7}[A-Z]|U1[A-Z0-9]{7}[A-Z]))", -3.0},
    {kItPassport, R"([A-Z]{2}\d{7})", -4.0},
    {kItIdentityCard, R"(([A-Z]{2} ?\d{7}|\d{7}[A-Z]{2}|C[A-Z]\d{5}[A-Z]{2}))", -4.0},
    {kPlPesel, R"(\d{11})", -3.5, checks::PlPesel, 0.0184},
    {kFiPersonalId, R"(\d{6}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y])", 1.5, checks::FiPersonalId, 0.00118},
    {kSePersonnummer, R"((\d{2})?\d{6}[-+]\d{4})", 0.0, checks::SePersonnummer, 0.0073},
    {kSePersonnummer, R"((19|20)?\d{10})", -3.0, checks::SePersonnummer, 0.0073},
    {kSeOrganisation, R"([1235-9]\d[2-9]\d{3}-\d{4})", -1.0, checks::SeOrganisation, 0.1},
    {kSeOrganisation, R"([1235-9]\d[2-9]\d{7})", -4.0, checks::SeOrganisation, 0.1},
    {kDkCpr, R"(\d{6}-\d{4})", -1.5, checks::DkCpr, 0.0365, false},
    {kDkCpr, R"(\d{10})", -5.0, checks::DkCpr, 0.0365, false},
    {kNoFodselsnummer, R"(\d{6} ?\d{5})", -2.5, checks::NoFodselsnummer, 0.0017},
    {kTrNationalId, R"([1-9]\d{10})", -3.0, checks::TrNationalId, 0.01},
    {kTrPlate, R"((0[1-9]|[1-7]\d|8[01]) [A-PR-VYZ]{1,3} \d{2,5})", -1.0},
    {kTrPlate, R"((0[1-9]|[1-7]\d|8[01])-?[A-PR-VYZ]{1,3}-?\d{2,5})", -4.0},
};

}  // namespace

std::span<const Pattern> EuropeanPatterns() { return kEuropean; }

}  // namespace neurolake::privacy
