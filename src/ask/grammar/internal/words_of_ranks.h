#pragma once
#include <optional>
#include <string_view>

#include "ask/grammar/internal/fragment.h"

/// The words that ranks.cc reads: folded, blanks between; a hyphen may stand for a blank.
namespace neurolake::ask {

inline constexpr std::string_view kTopsLeads[] = {
    "the",         "our",         "which are the", "who are the", "what are the", "which",          "who",
    "list the",    "show me the", "show the",      "give me the", "show me",      "list",           "give me",
    "show",        "what is the", "which is the",  "find the",    "who is the",   "which were the", "what were the",
    "who are our", "what are our"};
inline constexpr std::string_view kTopBysLeads[] = {
    "brought us the", "gave us the",   "made us the",   "earned us the",
    "cost us the",    "brings us the", "with",          "has",
    "have",           "had",           "with the",      "has the",
    "have the",       "had the",       "having the",    "the",
    "made the",       "generated the", "received the",  "saw the",
    "shows the",      "show the",      "having",        "that has the",
    "that have the",  "that had the",  "who has the",   "who have the",
    "who had the",    "generate the",  "generates the", "makes the",
    "recorded the",   "produced the",  "made",          "by",
    "brought in the", "brings in the", "by the",        "experienced the",
    "got the",        "did",           "were the",      "brings the",
    "bring the",      "brought the",   "gets the",      "get the",
    "sees the",       "drives the",    "serves the",    "handles the"};
inline constexpr std::string_view kOrderBysBy[] = {
    "by",          "based on",     "in terms of", "according to", "ranked by",    "sorted by",   "ordered by",
    "measured by", "sort by",      "order by",    "rank by",      "ranked on",    "in order of", "when ranked by",
    "regarding",   "rank them by", "sorted on",   "by their",     "sort them by", "by its"};
inline constexpr std::string_view kOrderBysDown[] = {
    "descending",         "desc",          "in descending order",       "from highest to lowest",
    "highest first",      "largest first", "from high to low",          "from largest to smallest",
    "most first",         "decreasing",    "starting with the highest", "from most to least",
    "in decreasing order"};
inline constexpr std::string_view kOrderBysUp[] = {"ascending",          "asc",
                                                   "in ascending order", "from lowest to highest",
                                                   "lowest first",       "smallest first",
                                                   "from low to high",   "from smallest to largest",
                                                   "increasing",         "in increasing order"};
inline constexpr std::string_view kOrderBysNames[] = {"alphabetically", "in alphabetical order",
                                                      "sorted alphabetically", "by name alphabetically"};
inline constexpr std::string_view kOrderBysTimes[] = {"chronologically", "in chronological order", "oldest first"};

}  // namespace neurolake::ask
