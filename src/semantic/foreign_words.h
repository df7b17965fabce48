#pragma once
#include <string_view>

namespace neurolake::semantic {

/// The English word for a word of a German or French name, folded as names are compared (ä as ae, é as e, lower case);
/// empty: none is known. Words that are English too ("tag", "rate", "art") are left alone.
std::string_view EnglishWordFor(std::string_view word);

/// Whether the folded word is French: such names put what they are about first ("date commande").
bool IsFrench(std::string_view word);

}  // namespace neurolake::semantic
