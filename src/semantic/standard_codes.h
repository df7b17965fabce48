#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "semantic/model.h"

namespace neurolake::semantic {

/// Names of codes, where every value of a column is of one public list and the column's last word allows that list:
/// countries (ISO 3166, two or three letters), currencies (ISO 4217), states of the USA, Australia, Canada or
/// Germany, languages (ISO 639). Empty where one value is of none, or all are of two. Pure.
std::vector<NamedValue> NamesOfStandardCodes(const std::vector<std::string>& words,
                                             std::span<const std::string> values);

/// What the people of a country are called ("Dutch" of the Netherlands); empty: not known, or as the country.
std::string PeopleOf(std::string_view country);

/// Whether a column of these words may hold such codes.
bool MayHoldStandardCodes(const std::vector<std::string>& words);

}  // namespace neurolake::semantic
