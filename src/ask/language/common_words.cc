#include <unordered_set>

#include "ask/language/words.h"

namespace neurolake::ask {

namespace {

// Words near the vocabulary of business data, which a misspelling of that is likely to hit; chosen by hand.
constexpr std::string_view kCommonWords[] = {
    "about",    "above",   "after",    "again",   "against", "almost",   "along",    "already",  "always",    "among",
    "amount",   "angle",   "answer",   "apart",   "april",   "around",   "asked",    "august",   "author",    "avenue",
    "average",  "based",   "basic",    "batch",   "because", "become",   "before",   "began",    "begin",     "behind",
    "being",    "below",   "better",   "between", "beyond",  "board",    "bonus",    "books",    "border",    "bought",
    "brand",    "bread",   "break",    "brief",   "bring",   "broken",   "brother",  "brought",  "build",     "built",
    "business", "called",  "camera",   "cancel",  "capital", "career",   "cargo",    "cause",    "causes",    "center",
    "central",  "chain",   "chance",   "change",  "changed", "charge",   "cheap",    "check",    "child",     "choice",
    "clear",    "clerk",   "click",    "client",  "clock",   "close",    "closed",   "clothes",  "coast",     "coach",
    "color",    "colour",  "combine",  "coming",  "common",  "company",  "compare",  "complete", "concern",   "contact",
    "contain",  "content", "contract", "control", "correct", "costly",   "could",    "count",    "counter",   "country",
    "county",   "couple",  "course",   "court",   "cover",   "create",   "credit",   "cross",    "crowd",     "curve",
    "custom",   "daily",   "death",    "debit",   "decade",  "december", "decide",   "decline",  "defect",    "degree",
    "delete",   "deliver", "demand",   "depend",  "depth",   "derby",    "design",   "detail",   "different", "direct",
    "doing",    "double",  "doubt",    "draft",   "dress",   "drink",    "drive",    "driver",   "during",    "early",
    "earth",    "eight",   "either",   "email",   "empty",   "enough",   "enter",    "entire",   "entry",     "equal",
    "error",    "event",   "every",    "exact",   "except",  "exist",    "expect",   "extra",    "faced",     "factor",
    "factory",  "fails",   "faith",    "false",   "family",  "faster",   "father",   "fault",    "favor",     "fewer",
    "field",    "fifth",   "fifty",    "fight",   "final",   "first",    "fleet",    "floor",    "focus",     "force",
    "forget",   "forget",  "forty",    "found",   "fourth",  "frame",    "fresh",    "friday",   "friend",    "front",
    "fruit",    "fully",   "future",   "gender",  "given",   "glass",    "going",    "grade",    "grant",     "great",
    "greater",  "green",   "gross",    "ground",  "group",   "grown",    "growth",   "guess",    "guest",     "guide",
    "happen",   "happy",   "heard",    "heart",   "heavy",   "height",   "helped",   "higher",   "hotel",     "hours",
    "house",    "human",   "hundred",  "ideas",   "image",   "import",   "include",  "income",   "index",     "inner",
    "input",    "inside",  "instead",  "issue",   "items",   "itself",   "joint",    "judge",    "known",     "label",
    "large",    "larger",  "later",    "latest",  "layer",   "learn",    "lease",    "least",    "leave",     "legal",
    "letter",   "level",   "light",    "limit",   "lines",   "local",    "longer",   "loose",    "loser",     "lower",
    "lucky",    "lunch",   "magic",    "major",   "maker",   "manage",   "manner",   "march",    "margin",    "match",
    "matter",   "maybe",   "means",    "median",  "medical", "member",   "mental",   "metal",    "method",    "middle",
    "might",    "miles",   "minor",    "minus",   "minute",  "missed",   "mobile",   "model",    "moment",    "monday",
    "money",    "month",   "moral",    "mother",  "motor",   "mount",    "mouse",    "moved",    "movie",     "music",
    "named",    "nation",  "nature",   "needed",  "never",   "night",    "ninth",    "noise",    "normal",    "north",
    "notice",   "number",  "object",   "occur",   "ocean",   "offer",    "office",   "often",    "older",     "oldest",
    "online",   "opened",  "option",   "orange",  "orders",  "organ",    "other",    "others",   "ought",     "outer",
    "output",   "outside", "owner",    "owned",   "paint",   "panel",    "paper",    "parent",   "parked",    "party",
    "passed",   "patient", "pattern",  "pause",   "peace",   "people",   "period",   "person",   "phase",     "phone",
    "photo",    "piece",   "pilot",    "place",   "places",  "plain",    "plane",    "plant",    "plate",     "please",
    "point",    "policy",  "popular",  "portion", "power",   "press",    "pretty",   "price",    "priced",    "prime",
    "print",    "prior",   "prize",    "problem", "process", "produce",  "producer", "product",  "profit",    "project",
    "proof",    "proper",  "proud",    "prove",   "public",  "pulse",    "purple",   "quality",  "quarter",   "queen",
    "quick",    "quiet",   "quite",    "quote",   "quota",   "radio",    "raise",    "range",    "rapid",     "rather",
    "ratio",    "reach",   "ready",    "really",  "reason",  "record",   "reduce",   "refer",    "refund",    "regard",
    "region",   "reject",  "relate",   "relay",   "remain",  "remove",   "repeat",   "reply",    "report",    "request",
    "result",   "return",  "revenue",  "review",  "right",   "river",    "roads",    "rough",    "round",     "route",
    "royal",    "rules",   "rural",    "safety",  "salary",  "sample",   "saved",    "scale",    "scene",     "school",
    "score",    "search",  "season",   "second",  "secret",  "sector",   "secure",   "seems",    "select",    "sells",
    "senior",   "sense",   "series",   "serve",   "served",  "server",   "service",  "seven",    "shape",     "share",
    "sharp",    "sheet",   "shelf",    "shell",   "shift",   "shirt",    "shock",    "shoes",    "shoot",     "short",
    "should",   "shown",   "sides",    "sight",   "signal",  "silver",   "similar",  "simple",   "since",     "single",
    "sister",   "sixth",   "sixty",    "skill",   "sleep",   "slide",    "slow",     "slower",   "small",     "smaller",
    "smart",    "smile",   "social",   "solid",   "solve",   "sorry",    "sound",    "source",   "south",     "space",
    "spare",    "speak",   "special",  "speed",   "spend",   "spent",    "split",    "spoke",    "sport",     "spring",
    "square",   "staff",   "stage",    "stake",   "stamp",   "stand",    "start",    "started",  "state",     "stated",
    "states",   "station", "status",   "steal",   "steel",   "steps",    "stick",    "still",    "stock",     "stone",
    "stood",    "store",   "storm",    "story",   "street",  "strong",   "studio",   "study",    "stuff",     "style",
    "subject",  "sugar",   "suite",    "summer",  "sunday",  "supply",   "support",  "surely",   "switch",    "system",
    "table",    "taken",   "taste",    "taxes",   "teach",   "terms",    "thank",    "their",    "theme",     "there",
    "these",    "thick",   "thing",    "things",  "think",   "third",    "thirty",   "those",    "though",    "thought",
    "thousand", "three",   "threw",    "throw",   "ticket",  "tight",    "times",    "tired",    "title",     "today",
    "topic",    "total",   "touch",    "tough",   "tower",   "track",    "trade",    "trail",    "train",     "travel",
    "treat",    "trend",   "trial",    "tried",   "tries",   "truck",    "truly",    "trust",    "truth",     "twice",
    "under",    "union",   "unique",   "united",  "units",   "until",    "upper",    "urban",    "usage",     "users",
    "usual",    "valid",   "value",    "valued",  "video",   "views",    "visit",    "voice",    "waste",     "watch",
    "water",    "wealth",  "weather",  "weeks",   "weight",  "wheel",    "where",    "which",    "while",     "white",
    "whole",    "whose",   "winter",   "within",  "without", "woman",    "women",    "words",    "world",     "worse",
    "worst",    "worth",   "would",    "write",   "wrong",   "yield",    "young",    "yours"};

// Particles, pronouns and small verbs: nobody who writes one means a name that begins so.
constexpr std::string_view kSmallWords[] = {
    "also", "away", "back", "been", "both", "came", "come", "down", "each", "else",  "even",  "ever",  "from", "gave",
    "give", "goes", "gone", "have", "here", "home", "into", "just", "kept", "know",  "last",  "less",  "like", "long",
    "made", "make", "many", "more", "most", "much", "must", "need", "next", "once",  "only",  "onto",  "over", "same",
    "seen", "some", "soon", "such", "take", "than", "that", "them", "then", "they",  "this",  "took",  "upon", "used",
    "very", "want", "went", "were", "what", "when", "will", "with", "your", "going", "until", "while", "where"};

}  // namespace

bool IsCommonWord(std::string_view word) {
  static const std::unordered_set<std::string_view> kWords = [] {
    std::unordered_set<std::string_view> words(std::begin(kCommonWords), std::end(kCommonWords));
    words.insert(std::begin(kSmallWords), std::end(kSmallWords));
    return words;
  }();
  return kWords.contains(word);
}

}  // namespace neurolake::ask
