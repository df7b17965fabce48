#pragma once
#include <cstddef>
#include <string_view>

namespace neurolake::privacy {

/// The automaton finds the part of a long text that gives it away ("://", "@", a prefix); these take in the rest.
/// Bytes beside the match that belong to it, at most a few thousand.

void GrowEmail(std::string_view text, size_t& begin, size_t& end);
/// To the next blank, quote or bracket, without a full stop or comma that ends a sentence; letters of a scheme in
/// front.
void GrowUrl(std::string_view text, size_t& begin, size_t& end);
/// Letters, digits and "_-.=+/%~" behind it.
void GrowToken(std::string_view text, size_t& begin, size_t& end);
/// To the next blank, quote, comma or semicolon.
void GrowValue(std::string_view text, size_t& begin, size_t& end);

}  // namespace neurolake::privacy
