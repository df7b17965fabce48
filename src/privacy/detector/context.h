#pragma once
#include <string>
#include <string_view>

#include "privacy/detector/entities.h"

namespace neurolake::privacy {

/// The context word of `entity` that `folded` has, as a word or as the beginning of one; empty if none. Text and words
/// are folded as the gazetteer folds names.
std::string_view ContextWordIn(std::string_view folded, Entity entity);

/// What is written around a place of `text`: 60 bytes before it and 30 after, folded. Lines end it on the right.
std::string ContextOf(std::string_view text, size_t begin, size_t end);

/// A column's name as words: "PatientBSN_nr" is " patient bsn nr patientbsnnr".
std::string WordsOfName(std::string_view column);

}  // namespace neurolake::privacy
