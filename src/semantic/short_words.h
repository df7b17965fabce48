#pragma once
#include <string_view>
#include <vector>

#include "semantic/infer.h"

namespace neurolake::semantic {

/// What a short word of names stands for whoever writes it: "quantity" of qty; empty: it is none. Of lower case.
std::string_view ShortWord(std::string_view word);
/// The same of parts of words that are written together ("custacct"): fewer, as many are parts of other words.
std::string_view ShortWordInside(std::string_view part);

/// Short words that only these tables tell ("clm_no" is the key of claims), set as KnownTable::written_out of all of
/// them. By keys that are called short for their table, by initials, and by words that stand whole in another name or
/// as a kind of people ("adjuster"). Two that fit leave a word as it is. Pure but for its argument; does nothing twice.
void LearnShortWords(std::vector<KnownTable>& tables);

/// "prd" for product, "whs" for warehouse: its letters stand in the word in their order, the first one first.
bool Abbreviates(std::string_view letters, std::string_view word);
/// "po" for purchase orders.
bool AreInitials(std::string_view letters, const std::vector<std::string>& noun);

}  // namespace neurolake::semantic
