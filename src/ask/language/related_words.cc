#include "ask/language/related_words.h"

#include <algorithm>
#include <array>

#include "ask/language/words.h"

namespace neurolake::ask {
namespace {

using Words = std::span<const std::string_view>;

struct NounVerbs {
  std::string_view nouns;  ///< Blanks around each.
  Words verbs;
};

constexpr std::string_view kOrder[] = {"place",     "places",    "placed",     "order",  "orders", "ordered",
                                       "ordering",  "buy",       "buys",       "bought", "buying", "purchase",
                                       "purchases", "purchased", "purchasing", "sent in"};
constexpr std::string_view kSale[] = {"sell",   "sells",    "sold",       "selling",  "buy",       "buys",
                                      "bought", "purchase", "purchased",  "generate", "generates", "generated",
                                      "earn",   "earned",   "brought in", "bring in", "brings in"};
constexpr std::string_view kLoan[] = {"borrow",      "borrows",   "borrowed", "borrowing", "lend",
                                      "lent",        "loaned",    "grant",    "grants",    "granted",
                                      "checked out", "check out", "took out", "take out",  "taken out"};
constexpr std::string_view kFlight[] = {"fly",      "flies",    "flew",      "flown", "flying", "operate",
                                        "operates", "operated", "operating", "serve", "serves", "served"};
constexpr std::string_view kVisit[] = {"visit", "visits", "visited", "visiting", "came", "come"};
constexpr std::string_view kMeeting[] = {"attend", "attended", "schedule", "scheduled",
                                         "held",   "hold",     "book",     "booked"};
constexpr std::string_view kBooking[] = {"book",     "books", "booked", "booking", "reserve", "reserves",
                                         "reserved", "stay",  "stays",  "stayed",  "staying"};
constexpr std::string_view kShipment[] = {"ship",    "ships",       "shipped",      "shipping", "send",
                                          "sends",   "sent",        "transport",    "carry",    "carries",
                                          "carried", "transported", "transporting", "haul",     "hauled"};
constexpr std::string_view kDelivery[] = {"deliver", "delivers", "delivered", "delivering"};
constexpr std::string_view kRental[] = {"rent", "rents", "rented", "renting", "use", "uses", "used", "borrowed"};
constexpr std::string_view kPayment[] = {"pay", "pays", "paid", "paying"};
constexpr std::string_view kInvoice[] = {"bill", "bills", "billed", "invoice", "invoiced", "issue", "issued"};
constexpr std::string_view kPrescription[] = {"prescribe", "prescribes", "prescribed", "prescribing"};
constexpr std::string_view kSubscription[] = {"subscribe", "subscribes", "subscribed"};
constexpr std::string_view kTicket[] = {"raise", "raised", "opened",    "open",   "log",     "logged",   "file",
                                        "filed", "submit", "submitted", "handle", "handled", "worked on"};
constexpr std::string_view kCall[] = {"call", "calls", "called", "answer", "answered", "handle", "handled"};
constexpr std::string_view kClaim[] = {"file", "files", "filed", "claim", "claims", "claimed", "submit", "submitted"};
constexpr std::string_view kReview[] = {"review", "reviews", "reviewed", "write", "wrote", "written", "left"};
constexpr std::string_view kEnrolment[] = {"enroll",   "enrolls",   "enrolled",   "enrol",   "enrolled in",
                                           "register", "registers", "registered", "took",    "take",
                                           "takes",    "taken",     "attend",     "attended"};
constexpr std::string_view kSession[] = {"browse", "browsed", "visit", "visited"};
constexpr std::string_view kTrip[] = {"travel", "travels", "traveled", "travelled", "ride", "rode", "ridden",
                                      "drive",  "drove",   "driven",   "use",       "uses", "used"};
constexpr std::string_view kReturn[] = {"return", "returns", "returned", "refund", "refunded"};
constexpr std::string_view kTransfer[] = {"transfer", "transfers", "transferred"};
constexpr std::string_view kProduction[] = {"produce", "produces", "produced", "manufacture", "manufactured"};
constexpr std::string_view kInspection[] = {"inspect", "inspects", "inspected"};
constexpr std::string_view kDonation[] = {"donate", "donates", "donated", "gave", "give", "given"};
constexpr std::string_view kApplication[] = {"apply", "applies", "applied", "submit", "submitted"};
constexpr std::string_view kTreatment[] = {"treat", "treats", "treated", "perform", "performed"};
constexpr std::string_view kLesson[] = {"teach", "teaches", "taught", "attend", "attended"};
constexpr std::string_view kMatch[] = {"play", "plays", "played"};
constexpr std::string_view kUse[] = {"use", "uses", "used", "consume", "consumes", "consumed", "consuming"};
constexpr std::string_view kRepair[] = {"repair", "repairs", "repaired", "service", "serviced"};
constexpr std::string_view kDownload[] = {"download", "downloads", "downloaded"};
constexpr std::string_view kStream[] = {"stream", "streams", "streamed", "listen", "listened to",
                                        "watch",  "watched", "played",   "play"};

constexpr NounVerbs kNounVerbs[] = {
    {" order purchase ", kOrder},
    {" sale revenue turnover transaction ", kSale},
    {" loan checkout borrowing lending ", kLoan},
    {" flight ", kFlight},
    {" visit ", kVisit},
    {" appointment meeting ", kMeeting},
    {" booking reservation stay ", kBooking},
    {" shipment freight consignment ", kShipment},
    {" delivery ", kDelivery},
    {" rental ", kRental},
    {" payment ", kPayment},
    {" invoice bill ", kInvoice},
    {" prescription ", kPrescription},
    {" subscription ", kSubscription},
    {" ticket case request incident issue ", kTicket},
    {" call ", kCall},
    {" claim ", kClaim},
    {" review ", kReview},
    {" enrollment enrolment registration ", kEnrolment},
    {" session pageview ", kSession},
    {" trip ride ", kTrip},
    {" return refund ", kReturn},
    {" transfer ", kTransfer},
    {" production batch ", kProduction},
    {" inspection ", kInspection},
    {" donation gift ", kDonation},
    {" application ", kApplication},
    {" treatment procedure surgery ", kTreatment},
    {" lesson course class ", kLesson},
    {" match game ", kMatch},
    {" consumption usage reading ", kUse},
    {" repair maintenance ", kRepair},
    {" download ", kDownload},
    {" stream play listen view ", kStream},
};

constexpr std::string_view kPrices[] = {"price",  "cost",  "fare",  "rate",    "fee",
                                        "amount", "value", "total", "premium", "charge"};
constexpr std::string_view kLengths[] = {"duration", "length", "minute",   "hour", "second", "night",     "day",
                                         "page",     "time",   "distance", "mile", "km",     "kilometer", "week"};
constexpr std::string_view kWeights[] = {"weight", "mass", "kg"};
constexpr std::string_view kAges[] = {"age",         "birth",        "born",        "built",       "founded",
                                      "founding",    "opened",       "opening",     "established", "published",
                                      "publication", "construction", "manufactured"};
// Only what can be no other: a department is large by its people or by its budget.
constexpr std::string_view kSizes[] = {"size", "area", "capacity", "population", "square", "m2", "sqm"};
constexpr std::string_view kHeights[] = {"height", "altitude", "elevation"};
constexpr std::string_view kDepths[] = {"depth"};
constexpr std::string_view kWidths[] = {"width"};
constexpr std::string_view kDistances[] = {"distance", "mile", "km", "kilometer"};
constexpr std::string_view kSpeeds[] = {"speed", "velocity"};
constexpr std::string_view kWaits[] = {"duration", "time", "delay", "transit", "minute", "hour", "day", "latency"};
constexpr std::string_view kPay[] = {"salary", "wage", "compensation", "income"};
constexpr std::string_view kRatings[] = {"rating", "score", "star", "satisfaction"};
constexpr std::string_view kTemperatures[] = {"temperature"};
constexpr std::string_view kProfits[] = {"profit", "margin"};
constexpr std::string_view kValues[] = {"value", "revenue", "sale", "spend", "turnover", "amount", "price"};
constexpr std::string_view kDelays[] = {"delay"};
constexpr std::string_view kStrengths[] = {"power", "strength"};
constexpr std::string_view kSeats[] = {"population", "density"};

constexpr MeasuredBy kSuperlatives[] = {
    {"cheapest", false, false, kPrices},
    {"priciest", true, false, kPrices},
    {"dearest", true, false, kPrices},
    {"costliest", true, false, kPrices},
    {"longest", true, false, kLengths},
    {"shortest", false, false, kLengths},
    {"heaviest", true, false, kWeights},
    {"lightest", false, false, kWeights},
    {"largest", true, false, kSizes},
    {"biggest", true, false, kSizes},
    {"smallest", false, false, kSizes},
    {"tallest", true, false, kHeights},
    {"highest", true, false, kHeights},
    {"lowest", false, false, kHeights},
    {"deepest", true, false, kDepths},
    {"widest", true, false, kWidths},
    {"narrowest", false, false, kWidths},
    {"farthest", true, false, kDistances},
    {"furthest", true, false, kDistances},
    {"nearest", false, false, kDistances},
    {"closest", false, false, kDistances},
    {"fastest", true, false, kSpeeds},
    {"slowest", false, false, kSpeeds},
    {"quickest", false, false, kWaits},
    {"hottest", true, false, kTemperatures},
    {"warmest", true, false, kTemperatures},
    {"coldest", false, false, kTemperatures},
    {"coolest", false, false, kTemperatures},
    {"strongest", true, false, kStrengths},
    {"oldest", false, true, kAges},
    {"youngest", true, true, kAges},
    {"newest", true, true, kAges},
    {"latest", true, true, {}},
    {"earliest", false, true, {}},
    {"last", true, true, {}},
    {"first", false, true, {}},
};
constexpr MeasuredBy kGradables[] = {
    {"valuable", true, false, kValues},    {"expensive", true, false, kPrices},
    {"costly", true, false, kPrices},      {"recent", true, true, {}},
    {"delayed", true, false, kDelays},     {"profitable", true, false, kProfits},
    {"powerful", true, false, kStrengths}, {"populous", true, false, kSeats},
    {"populated", true, false, kSeats},    {"distant", true, false, kDistances},
};
/// "highest paid", "best rated": what the participle behind the superlative says is measured.
constexpr MeasuredBy kParticiples[] = {{"paid", true, false, kPay},       {"paying", true, false, kPay},
                                       {"earning", true, false, kPay},    {"rated", true, false, kRatings},
                                       {"scored", true, false, kRatings}, {"scoring", true, false, kRatings},
                                       {"priced", true, false, kPrices}};

const MeasuredBy* Look(std::span<const MeasuredBy> table, std::string_view word) {
  const auto found = std::ranges::find(table, word, &MeasuredBy::word);
  return found == table.end() ? nullptr : &*found;
}

}  // namespace

std::span<const std::string_view> VerbsOf(std::string_view noun) {
  const std::string padded = " " + std::string(noun) + " ";
  for (const NounVerbs& entry : kNounVerbs) {
    if (entry.nouns.find(padded) != std::string_view::npos) return entry.verbs;
  }
  return {};
}

const MeasuredBy* SuperlativeOf(std::string_view word) { return Look(kSuperlatives, word); }
const MeasuredBy* GradableOf(std::string_view word) { return Look(kGradables, word); }
const MeasuredBy* ParticipleOf(std::string_view word) { return Look(kParticiples, word); }

std::vector<std::string> EventNouns(std::string_view words) {
  struct Irregular {
    std::string_view verb;
    std::string_view noun;
  };
  static constexpr Irregular kIrregular[] = {{"cancelled", "cancellation"},
                                             {"canceled", "cancellation"},
                                             {"admitted", "admission"},
                                             {"arrived", "arrival"},
                                             {"departed", "departure"},
                                             {"delivered", "delivery"},
                                             {"registered", "registration"},
                                             {"opened", "opening"},
                                             {"closed", "closure"},
                                             {"renewed", "renewal"},
                                             {"terminated", "termination"},
                                             {"resigned", "resignation"},
                                             {"approved", "approval"},
                                             {"paid", "payment"},
                                             {"published", "publication"},
                                             {"enrolled", "enrollment"},
                                             {"graduated", "graduation"},
                                             {"installed", "installation"},
                                             {"activated", "activation"},
                                             {"created", "creation"},
                                             {"born", "birth"},
                                             {"died", "death"},
                                             {"signed up", "sign up"},
                                             {"signed up", "signup"},
                                             {"checked in", "check in"},
                                             {"checked in", "checkin"},
                                             {"checked out", "check out"},
                                             {"checked out", "checkout"},
                                             {"inspected", "inspection"},
                                             {"resolved", "resolution"},
                                             {"completed", "completion"},
                                             {"promoted", "promotion"},
                                             {"expired", "expiry"},
                                             {"left", "departure"},
                                             {"joined", "join"},
                                             {"signup", "sign up"},
                                             {"sign up", "signup"},
                                             {"check in", "checkin"},
                                             {"check out", "checkout"},
                                             {"checkin", "check in"},
                                             {"checkout", "check out"},
                                             {"hiring", "hire"}};
  std::vector<std::string> nouns;
  for (const Irregular& entry : kIrregular) {
    if (entry.verb == words) nouns.emplace_back(entry.noun);
  }
  const bool is_verb = words.size() > 4 && words.ends_with("ed") && words.find(' ') == std::string_view::npos;
  if (is_verb && nouns.empty()) {
    if (words.ends_with("ied")) nouns.push_back(std::string(words.substr(0, words.size() - 3)) + "y");  // "reply"
    nouns.emplace_back(words.substr(0, words.size() - 2));                                              // "started"
    nouns.emplace_back(words.substr(0, words.size() - 1));                                              // "hired"
  }
  if (!is_verb) nouns.emplace_back(words);  // "hire" of hire date
  return nouns;
}

std::span<const std::string_view> AlikeNouns(std::string_view noun) {
  using Nouns = std::vector<std::string_view>;
  static const std::vector<Nouns> kAlike{{"customer", "client", "buyer", "shopper", "account holder", "clientele"},
                                         {"employee", "staff", "staff member", "worker", "colleague", "personnel",
                                          "team member", "headcount", "workforce"},
                                         {"supplier", "vendor"},
                                                                            {"invoice", "bill"},
                                         {"product", "article", "sku"},
                                         {"shop", "store", "outlet"},
                                         {"city", "town", "municipality"},
                                         {"revenue", "turnover"},
                                         {"expense", "spending", "expenditure"},
                                         {"salary", "wage"},
                                         {"warehouse", "depot"},
                                         {"ship", "vessel"},
                                         {"plane", "aircraft", "airplane", "aeroplane"},
                                         {"car", "automobile"},
                                         {"pupil", "student"},
                                         {"teacher", "lecturer", "instructor"},
                                         {"doctor", "physician", "clinician"},
                                         {"movie", "film"},
                                         {"vacation", "holiday"},
                                         {"manager", "supervisor", "boss", "superior"},
                                         {"department", "division"},
                                         {"email", "e mail", "e mail address", "email address", "mail address"},
                                         {"phone number", "telephone number", "telephone"},
                                         {"gender", "sex"},
                                         {"postcode", "zip code", "postal code", "zip"},
                                         {"refund", "reimbursement"},
                                         {"trip", "ride", "journey"},
                                         {"dish", "meal"},
                                         {"contract", "agreement"},
                                         {"ticket", "support case"},
                                         {"region", "territory"},
                                         {"site", "location", "facility"},
                                         {"payment method", "means of payment"},
                                         {"guest", "visitor"},
                                         {"seller", "salesperson", "sales rep", "sales representative"},
                                         {"manufacturer", "maker", "producer"},
                                         {"nationality", "citizenship"},
                                         {"attendance", "turnout"},
                                         {"enrolment", "enrollment"},
                                         {"programme", "program"},
                                         {"licence", "license"},
                                         {"cancellation", "cancelation"}};
  for (const Nouns& nouns : kAlike) {
    if (std::ranges::find(nouns, noun) != nouns.end()) return nouns;
  }
  return {};
}

}  // namespace neurolake::ask
