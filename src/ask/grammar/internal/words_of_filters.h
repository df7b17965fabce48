#pragma once
#include <optional>
#include <string_view>

#include "ask/grammar/internal/fragment.h"

/// The words that filters.cc reads: folded, blanks between; a hyphen may stand for a blank.
namespace neurolake::ask {

inline constexpr std::string_view kValueFiltersNegations[] = {"not",
                                                              "not in",
                                                              "not for",
                                                              "not from",
                                                              "excluding",
                                                              "except",
                                                              "except for",
                                                              "other than",
                                                              "but not",
                                                              "outside",
                                                              "outside of",
                                                              "apart from",
                                                              "besides",
                                                              "ignoring",
                                                              "exclude",
                                                              "minus",
                                                              "not including",
                                                              "without",
                                                              "aside from",
                                                              "leaving out",
                                                              "leave out",
                                                              "everywhere but",
                                                              "anywhere but",
                                                              "but not in",
                                                              "but not from",
                                                              "but not for",
                                                              "and not",
                                                              "non",
                                                              "not at",
                                                              "all but",
                                                              "not by",
                                                              "are not",
                                                              "is not",
                                                              "was not",
                                                              "were not",
                                                              "not on",
                                                              "anything but",
                                                              "no",
                                                              "ohne",
                                                              "nicht",
                                                              "everything except",
                                                              "all except",
                                                              "that are not",
                                                              "that were not",
                                                              "which are not",
                                                              "who are not",
                                                              "which were not",
                                                              "do not include",
                                                              "neither",
                                                              "are neither",
                                                              "is neither",
                                                              "was neither",
                                                              "were neither",
                                                              "that are neither",
                                                              "which are neither",
                                                              "who are neither",
                                                              "that were neither",
                                                              "that is not",
                                                              "which is not",
                                                              "who is not",
                                                              "that was not",
                                                              "not of",
                                                              "leaving aside",
                                                              "disregarding",
                                                              "all other than",
                                                              "anything except",
                                                              "exclusive of"};
inline constexpr std::string_view kValueFiltersPrepositions[] = {
    "in",         "for",         "from",      "at",         "of",           "by",           "with",
    "on",         "to",          "via",       "through",    "within",       "where",        "only",
    "just",       "only in",     "only for",  "in the",     "only from",    "just for",     "just in",
    "located in", "based in",    "that are",  "which are",  "who are",      "living in",    "coming from",
    "made in",    "who live in", "only the",  "for the",    "who is",       "that is",      "were",
    "are",        "is",          "was",       "that were",  "which were",   "that was",     "inside",
    "paid by",    "paid with",   "sold in",   "in either",  "either",       "from either",  "in both",
    "both",       "for both",    "from both", "sold by",    "belonging to", "operated by",  "flown by",
    "run by",     "built by",    "made by",   "to the",     "on the",       "fur",          "aus",
    "en",         "carried by",  "placed in", "placed via", "sold via",     "sold through", "placed by",
    "bought in",  "over the",    "went to",   "flew to",    "left from"};
inline constexpr std::string_view kValueFiltersNot[] = {"not",
                                                        "non",
                                                        "un",
                                                        "not been",
                                                        "that are not",
                                                        "that were not",
                                                        "which are not",
                                                        "which were not",
                                                        "are not",
                                                        "were not",
                                                        "is not",
                                                        "was not",
                                                        "who are not",
                                                        "not yet",
                                                        "have not been",
                                                        "has not been",
                                                        "that have not been",
                                                        "which have not been",
                                                        "did not",
                                                        "that did not",
                                                        "which did not",
                                                        "who did not",
                                                        "do not",
                                                        "that do not",
                                                        "without being",
                                                        "not been"};
inline constexpr std::string_view kValueFiltersYes[] = {"only",
                                                        "that are",
                                                        "that were",
                                                        "which were",
                                                        "which are",
                                                        "who are",
                                                        "are",
                                                        "were",
                                                        "is",
                                                        "was",
                                                        "been",
                                                        "have been",
                                                        "has been",
                                                        "that have been",
                                                        "got",
                                                        "that got",
                                                        "which have been",
                                                        "actually"};
inline constexpr std::string_view kDimensionFiltersLeads[] = {
    "where",     "whose",        "with",        "with a", "with an",     "having",       "having a",
    "where the", "with the",     "and",         "when",   "that have a", "which have a", "who have a",
    "whose the", "of",           "in",          "for",    "from",        "and whose",    "and the",
    "and with",  "that have an", "who have an", "and a",  "for the",     "when the",     "in the"};
inline constexpr std::string_view kDimensionFiltersMissing[] = {
    "without",      "without a",       "without an",    "without any", "missing",        "with no",
    "with missing", "with unknown",    "lacking",       "lacking a",   "that have no",   "who have no",
    "having no",    "which have no",   "with an empty", "with empty",  "with a missing", "missing a",
    "missing an",   "with an unknown", "that lack",     "who lack a"};
inline constexpr std::string_view kDimensionFiltersWith[] = {"with",       "of",        "that have", "having",
                                                             "that are",   "which are", "for",       "who have",
                                                             "which have", "and",       "with a",    "where"};
/// Words before a number with a unit, which alone says what is measured; the operator is one of the number's own words
/// where it is not given.
struct AdjectiveWords {
  std::string_view words;
  std::optional<CompareOperator> op;
};
inline constexpr AdjectiveWords kUnitAdjectives[] = {{"heavier than", CompareOperator::kGreater},
                                                     {"lighter than", CompareOperator::kLess},
                                                     {"older than", CompareOperator::kGreater},
                                                     {"younger than", CompareOperator::kLess},
                                                     {"cheaper than", CompareOperator::kLess},
                                                     {"dearer than", CompareOperator::kGreater},
                                                     {"faster than", CompareOperator::kLess},
                                                     {"slower than", CompareOperator::kGreater},
                                                     {"taller than", CompareOperator::kGreater},
                                                     {"more expensive than", CompareOperator::kGreater},
                                                     {"less expensive than", CompareOperator::kLess},
                                                     {"costing", CompareOperator::kEqual},
                                                     {"that cost", CompareOperator::kEqual},
                                                     {"which cost", CompareOperator::kEqual},
                                                     {"cost", {}},
                                                     {"weighing", CompareOperator::kEqual},
                                                     {"that weigh", CompareOperator::kEqual},
                                                     {"weigh", {}},
                                                     {"lasting", CompareOperator::kEqual},
                                                     {"that lasted", CompareOperator::kEqual},
                                                     {"lasted", {}},
                                                     {"that took", CompareOperator::kEqual},
                                                     {"taking", CompareOperator::kEqual},
                                                     {"took", {}},
                                                     {"worth", {}},
                                                     {"priced", {}},
                                                     {"priced at", CompareOperator::kEqual},
                                                     {"amounting to", CompareOperator::kEqual}};
inline constexpr std::string_view kInTheNameLeads[] = {
    "with", "have", "has", "having", "that have", "which have", "containing", "who have", "whose name has"};
struct TextFilterWords {
  std::string_view words;
  FilterOperator op;
};
inline constexpr TextFilterWords kTextFilterWords[] = {{"starts with", FilterOperator::kStartsWith},
                                                       {"starting with", FilterOperator::kStartsWith},
                                                       {"start with", FilterOperator::kStartsWith},
                                                       {"begins with", FilterOperator::kStartsWith},
                                                       {"beginning with", FilterOperator::kStartsWith},
                                                       {"begin with", FilterOperator::kStartsWith},
                                                       {"prefixed with", FilterOperator::kStartsWith},
                                                       {"ends with", FilterOperator::kEndsWith},
                                                       {"ending with", FilterOperator::kEndsWith},
                                                       {"ending in", FilterOperator::kEndsWith},
                                                       {"end with", FilterOperator::kEndsWith},
                                                       {"ends in", FilterOperator::kEndsWith},
                                                       {"contains", FilterOperator::kContains},
                                                       {"containing", FilterOperator::kContains},
                                                       {"contain", FilterOperator::kContains},
                                                       {"includes", FilterOperator::kContains},
                                                       {"like", FilterOperator::kContains},
                                                       {"does not contain", FilterOperator::kNotContains},
                                                       {"do not contain", FilterOperator::kNotContains},
                                                       {"not containing", FilterOperator::kNotContains}};
struct TextFilterNulls {
  std::string_view words;
  bool null;
};
inline constexpr TextFilterNulls kTextFilterNulls[] = {
    {"is null", true},       {"is missing", true},    {"is empty", true},        {"is unknown", true},
    {"is blank", true},      {"is not set", true},    {"are missing", true},     {"is not known", true},
    {"missing", true},       {"is undefined", true},  {"was missing", true},     {"unknown", true},
    {"are unknown", true},   {"is not null", false},  {"is not missing", false}, {"is known", false},
    {"is set", false},       {"is not empty", false}, {"is present", false},     {"exists", false},
    {"are not null", false}, {"is not blank", false}, {"are null", true}};
inline constexpr std::string_view kTextFilterIs[] = {"is",    "=",           ":",     "equal to", "equals",    "was",
                                                     "are",   "is equal to", "is in", "in",       "is either", "either",
                                                     "named", "called",      "of",    "is one of"};
inline constexpr std::string_view kTextFilterIsNot[] = {
    "is not",  "!=",           "<>",      "not",        "other than",    "not in",         "is not in",
    "are not", "not equal to", "was not", "is neither", "is other than", "is not equal to"};

}  // namespace neurolake::ask
