#include "privacy/detector/checks.h"
#include "privacy/detector/internal/growth.h"
#include "privacy/detector/internal/pattern_lists.h"

namespace neurolake::privacy {
namespace {

using enum Entity;

constexpr Pattern kGlobal[] = {
    // Cards: in groups of four, American Express 4-6-5, Diners Club 4-6-4, or in one piece.
    {kCreditCard, R"([2-6]\d{3}([ -]\d{4}){3}(\d{3})?)", 1.0, checks::PaymentCard, 0.056},
    {kCreditCard, R"(3\d{3}[ -]\d{6}[ -]\d{4,5})", 0.5, checks::PaymentCard, 0.039},
    {kCreditCard, R"((5[06-9]|6\d)\d{10})", -2.5, checks::PaymentCard, 0.1},
    {kCreditCard, R"([2-6]\d{12,18})", -1.5, checks::PaymentCard, 0.046},

    {kIban, R"([A-Z]{2}\d{2}[A-Z0-9]{11,30})", -2.0, checks::Iban, 0.000032},
    {kIban, R"([A-Z]{2}\d{2}( [A-Z0-9]{4}){2,7}( [A-Z0-9]{1,3})?)", -1.0, checks::Iban, 0.000032},

    {kCrypto, R"([13][1-9A-HJ-NP-Za-km-z]{25,34})", 0.0, checks::BitcoinAddress, 0.0001},
    {kCrypto, R"(bc1[02-9ac-hj-np-z]{11,71})", 1.0, checks::BitcoinAddress, 0.0001},
    {kCrypto, R"(BC1[02-9AC-HJ-NP-Z]{11,71})", 1.0, checks::BitcoinAddress, 0.0001},
    {kCrypto, R"(0x[0-9a-fA-F]{40})", 1.5, checks::EthereumAddress, 0.01, false},

    // What is on either side of these is taken in afterwards: to remember where they begin would make the automaton
    // large.
    {kEmail, R"([A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\xff-]@[A-Za-z0-9\x80-\xff-]+\.[A-Za-z0-9\x80-\xff-])", 3.0,
     checks::Email, 0.9, false, Edges::kFree, false, GrowEmail},
    {kUrl, R"((https?|ftp)://[^\s"'<>()\[\]{}])", 3.0, nullptr, 1, false, Edges::kFree, true, GrowUrl},
    {kUrl, R"(\bwww\.[a-z0-9-])", 2.5, nullptr, 1, false, Edges::kFree, true, GrowUrl},
    {kUuid, R"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})", 4.0, nullptr, 1, false, Edges::kWord,
     true},

    // Four numbers with dots are versions, too; a version seldom has four parts of which one is above 20.
    {kIp, R"((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3})", 0.7, checks::IpAddress, 0.99,
     false},
    {kIp, R"([0-9a-f]{1,4}(:[0-9a-f]{1,4}){7})", 3.0, checks::IpAddress, 0.99, false, Edges::kWord, true},
    {kIp, R"([0-9a-f]{1,4}(:[0-9a-f]{1,4}){0,6}::[0-9a-f]{1,4}(:[0-9a-f]{1,4}){0,6})", 2.0, checks::IpAddress, 0.8,
     false, Edges::kWord, true},
    {kMac, R"([0-9a-f]{2}(:[0-9a-f]{2}){5})", 3.0, nullptr, 1, false, Edges::kWord, true},
    {kMac, R"([0-9a-f]{2}(-[0-9a-f]{2}){5})", 2.5, nullptr, 1, false, Edges::kWord, true},
    {kMac, R"([0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4})", 1.0, nullptr, 1, false, Edges::kWord, true},

    {kDateTime, R"(\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?)", 2.0, checks::Date,
     0.01, false},
    {kDateTime, R"(\d{1,2}[./-]\d{1,2}[./-](\d{4}|\d{2}))", 0.5, checks::Date, 0.2, false},
    {kDateTime, R"(\d{4}[./]\d{1,2}[./]\d{1,2})", 1.0, checks::Date, 0.06, false},
    {kDateTime, R"(\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.? \d{1,2}(st|nd|rd|th)?,? \d{4})",
     2.0, checks::Date, 0.15, false, Edges::kFree, true},
    {kDateTime,
     R"(\b\d{1,2}(st|nd|rd|th|\.)? (of )?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?,? \d{4})", 2.0,
     checks::Date, 0.15, false, Edges::kFree, true},
    {kDateTime, R"(([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?( ?[ap]m)?)", 1.0, nullptr, 1, false, Edges::kWord, true},
    {kDateOfBirth, R"(\d{4}-\d{2}-\d{2})", -4.0, checks::Date, 1, false},
    {kDateOfBirth, R"(\d{1,2}[./-]\d{1,2}[./-](\d{4}|\d{2}))", -4.0, checks::Date, 1, false},
    {kDateOfBirth, R"(\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.? \d{1,2}(st|nd|rd|th)?,? \d{4})",
     -4.0, checks::Date, 1, false, Edges::kFree, true},
    {kDateOfBirth,
     R"(\b\d{1,2}(st|nd|rd|th|\.)? (of )?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?,? \d{4})", -4.0,
     checks::Date, 1, false, Edges::kFree, true},

    // Candidates only: libphonenumber says whether there are such numbers (phone_numbers.h).
    {kPhone, R"(\+[1-9]\d{0,2}[ .()/-]{0,2}\d{1,4}([ .()/-]{0,2}\d{1,6}){1,6})", 0.8, nullptr, 0.3, false},
    {kPhone, R"(00[1-9]\d{0,2}[ ./-]\d{1,4}([ .()/-]{0,2}\d{2,6}){1,5})", -0.5, nullptr, 0.3, false},
    {kPhone, R"(\(\d{2,5}\)[ .-]{0,2}\d{2,4}([ .-]?\d{2,5}){1,3})", 0.5, nullptr, 0.5, false},
    {kPhone, R"(0\d{1,5}[ ./-]\d{2,4}([ ./-]?\d{2,5}){1,4})", -1.5, nullptr, 0.5, false},
    {kPhone, R"([2-9]\d{2}[.-][2-9]\d{2}[.-]\d{4})", -0.2, nullptr, 0.5, false},
    {kPhone, R"([1-9]\d{1,2}( \d{2,4}){2,4})", -2.5, nullptr, 0.5, false},
    {kPhone, R"(\d{8,11})", -4.0, nullptr, 0.5, false},
    {kZaMobile, R"(0[678]\d[ -]?\d{3}[ -]?\d{4})", -3.0, nullptr, 1, false},
    {kZaMobile, R"(\+27[ -]?[678]\d[ -]?\d{3}[ -]?\d{4})", 1.0, nullptr, 1, false},
};

}  // namespace

std::span<const Pattern> GlobalPatterns() { return kGlobal; }

}  // namespace neurolake::privacy
