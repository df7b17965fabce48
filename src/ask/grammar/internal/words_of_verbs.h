#pragma once
#include <string_view>

/// The verbs that having_verbs.cc reads: folded.
namespace neurolake::ask {

/// What says of a thing no more than that it has what is named behind: "orders that used a voucher".
inline constexpr std::string_view kHavingVerbs[] = {
    "use",        "uses",        "used",        "using",        "contain",    "contains",    "contained", "containing",
    "include",    "includes",    "included",    "including",    "involve",    "involves",    "involved",  "involving",
    "concern",    "concerns",    "concerned",   "concerning",   "feature",    "features",    "featured",  "featuring",
    "carry",      "carries",     "carried",     "carrying",     "hold",       "holds",       "held",      "holding",
    "pay",        "pays",        "paid",        "paying",       "charge",     "charges",     "charged",   "charging",
    "earn",       "earns",       "earned",      "earning",      "reach",      "reaches",     "reached",   "reaching",
    "achieve",    "achieves",    "achieved",    "achieving",    "score",      "scores",      "scored",    "scoring",
    "need",       "needs",       "needed",      "needing",      "require",    "requires",    "required",  "requiring",
    "receive",    "receives",    "received",    "receiving",    "get",        "gets",        "got",       "getting",
    "offer",      "offers",      "offered",     "offering",     "cover",      "covers",      "covered",   "covering",
    "experience", "experiences", "experienced", "experiencing", "suffer",     "suffers",     "suffered",  "suffering",
    "show",       "shows",       "showed",      "showing",      "own",        "owns",        "owned",     "owning",
    "generate",   "generates",   "generated",   "generating",   "bring",      "brings",      "brought",   "bringing",
    "produce",    "produces",    "produced",    "producing",    "record",     "records",     "recorded",  "recording",
    "see",        "sees",        "saw",         "seeing",       "work",       "works",       "worked",    "working",
    "log",        "logs",        "logged",      "logging",      "collect",    "collects",    "collected", "collecting",
    "cause",      "causes",      "caused",      "causing",      "handle",     "handles",     "handled",   "handling",
    "clock",      "clocked",     "run",         "runs",         "ran",        "running",     "make",      "makes",
    "made",       "making",      "attract",     "attracts",     "attracted",  "post",        "posted",    "register",
    "registered", "enjoy",       "enjoyed",     "spend",        "spends",     "spent",       "take",      "takes",
    "took",       "taking",      "incur",       "incurred",     "accumulate", "accumulated", "total",     "totalled",
    "totaled",    "average",     "averaged",    "averages",     "attained",   "find",        "found",     "finds",
    "fix",        "fixed",       "solve",       "solved",       "teach",      "taught",      "teaches",   "serve",
    "served",     "serves",      "create",      "created",      "complete",   "completed",   "process",   "processed",
    "close",      "closed",      "win",         "won",          "wins",       "ship",        "shipped",   "gain",
    "gained",     "delivered",   "deliver",     "sold",         "sell",       "sells",       "wrote",     "write"};

}  // namespace neurolake::ask
